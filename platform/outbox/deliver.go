package outbox

import (
	"context"
	"errors"
	"slices"

	"shubbak/platform/db"
	"shubbak/platform/fault"
)

var (
	errSuperseded = errors.New("outbox: another attempt finished first")
	errNotNow     = errors.New("outbox: gone, done, or another attempt's turn")
)

// attempt runs the handler of each delivery of a task once. It never fails towards the
// queue: the rows say what happens next.
func (b *Bus) attempt(ctx context.Context, t task) {
	if len(t.More) > 0 {
		if err := b.deliverTogether(ctx, t); err != nil {
			for _, x := range t.alone() { // one of them failed, and they do not know which
				b.attempt(ctx, x)
			}
		}
		return
	}
	r, err := b.deliver(ctx, t)
	if r.ID.IsZero() || errors.Is(err, errNotNow) {
		return
	}
	if err == nil || errors.Is(err, errSuperseded) {
		if r.OrderKey != "" {
			b.wake() // the next of the same order key may go
		}
		return
	}
	b.log.Warn("delivery failed", "subscriber", r.Subscriber, "delivery", r.ID.String(), "attempt", t.Attempt, "error", string(fault.CodeOf(err)))
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), db.Deadline)
	defer cancel()
	_ = b.db.AsSystem(end, "next attempt", func(ctx context.Context) error {
		return retry(ctx, r, b.clock.Now(), string(fault.CodeOf(err)))
	})
}

// deliverTogether runs the deliveries of a task in one transaction: all are done, or none.
func (b *Bus) deliverTogether(ctx context.Context, t task) (err error) {
	defer func() {
		if p := recover(); p != nil { // a broken handler must not end the process
			err = fault.New(fault.Internal)
		}
	}()
	sub, ok := b.subscriber(t.Subscriber)
	if !ok || sub.Outside {
		return errNotNow
	}
	var rows []row
	err = b.turn(ctx, sub, t.Tenant, func(ctx context.Context) error {
		if rows, err = load(ctx, t.ids()...); err != nil {
			return err
		}
		rows = slices.DeleteFunc(rows, func(r row) bool { return !t.matches(r) })
		if len(rows) == 0 {
			return nil
		}
		for _, r := range rows {
			if err := sub.Run(ctx, r.delivery()); err != nil {
				return err
			}
		}
		return b.done(ctx, rows...)
	})
	if err == nil && slices.ContainsFunc(rows, func(r row) bool { return r.OrderKey != "" }) {
		b.wake()
	}
	return err
}

// deliver reads the row of a task and runs its handler: in one transaction, or outside
// of any where the subscription says so. The row is zero if it could not be read.
func (b *Bus) deliver(ctx context.Context, t task) (r row, err error) {
	defer func() {
		if p := recover(); p != nil { // a broken handler must not end the process
			err = fault.New(fault.Internal)
		}
	}()
	look := func(ctx context.Context) error {
		rows, err := load(ctx, t.ID)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return errNotNow
		}
		if r = rows[0]; !t.matches(r) {
			return errNotNow
		}
		return nil
	}
	if sub, ok := b.subscriber(t.Subscriber); ok && !sub.Outside && t.Tenant != "" {
		err = b.turn(ctx, sub, t.Tenant, func(ctx context.Context) error {
			if err := look(ctx); err != nil {
				return err
			}
			return b.handle(ctx, sub, r)
		})
		return r, err
	}
	if err := b.db.ReadAsSystem(ctx, "load a delivery", look); err != nil {
		return r, err
	}
	sub, ok := b.subscriber(r.Subscriber)
	if !ok {
		return r, errors.New("no such subscriber")
	}
	if !sub.Outside {
		return r, b.turn(ctx, sub, r.TenantID, func(ctx context.Context) error { return b.handle(ctx, sub, r) })
	}
	ctx = db.As(ctx, r.TenantID)
	if err := sub.Run(ctx, r.delivery()); err != nil {
		return r, err
	}
	return r, b.db.InTx(ctx, func(ctx context.Context) error { return b.done(ctx, r) })
}

// turn is a transaction of a tenant in which deliveries of a subscription run.
func (b *Bus) turn(ctx context.Context, sub Subscription, tenant string, fn func(ctx context.Context) error) error {
	return b.db.InTx(db.As(ctx, tenant), func(ctx context.Context) error {
		if err := inTurn(ctx, sub, tenant); err != nil {
			return err
		}
		return fn(ctx)
	})
}

// handle runs a handler and marks its delivery as done, in the transaction of ctx.
func (b *Bus) handle(ctx context.Context, sub Subscription, r row) error {
	if err := sub.Run(ctx, r.delivery()); err != nil {
		return err
	}
	return b.done(ctx, r)
}

func (b *Bus) subscriber(name string) (Subscription, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	sub, ok := b.subs[name]
	return sub, ok
}

func (b *Bus) done(ctx context.Context, rows ...row) error {
	n, err := markDone(ctx, rows, b.clock.Now())
	if err != nil {
		return err
	}
	if n != int64(len(rows)) {
		return errSuperseded
	}
	return nil
}
