package web

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/policies"
	"shubbak/tenants"

	"github.com/gofiber/fiber/v2"
)

// patience is how long one piece of an answer may wait for a reader who does not
// read. The deadline moves with each piece: a slow line is served to its end.
const patience = 30 * time.Second

// body is an answer that is made while it leaves. The reader's pace makes it: a
// piece is made when the one before has gone, so a slow line holds one piece, and
// one that never reads ends at the deadline.
type body struct {
	conn     net.Conn
	patience time.Duration
	piece
	next  func(p *piece) error // io.EOF after the last piece
	end   error
	close func()
	once  sync.Once
}

type piece struct{ bytes.Buffer }

// Read is called by the connection's own goroutine, outside the kernel's recovery:
// whatever breaks here must break this answer alone.
func (b *body) Read(p []byte) (n int, err error) {
	defer func() {
		if recover() != nil {
			n, err = 0, fault.New(fault.Internal)
		}
	}()
	for b.Len() == 0 {
		if b.end != nil {
			return 0, b.end
		}
		b.Reset()
		b.end = b.next(&b.piece)
		if b.end != nil && b.end != io.EOF {
			return 0, b.end // cut: without the last chunk the reader sees that it is not whole
		}
	}
	_ = b.conn.SetWriteDeadline(time.Now().Add(b.patience))
	return b.Buffer.Read(p)
}

// Close is called once the answer has left, or cannot.
func (b *body) Close() error {
	b.once.Do(b.close)
	return nil
}

// send hands an answer over to the connection.
func (c *call) send(b *body) {
	b.conn, b.patience = c.Context().Conn(), patience
	if p := c.s.deps.Patience; p > 0 {
		b.patience = p
	}
	c.Context().SetConnectionClose() // its deadline would hang over the next answer
	c.Context().SetBodyStream(b, -1)
}

// standing asks, outside the request's own time, whether its session still stands
// and may still do this; ctx then carries the actor as they are now. What follows an
// open page ends with the lock, while a file that is on its way arrives.
func (c *call) standing(perm policies.Permission, follows bool) func(ctx context.Context) (context.Context, error) {
	sessions, law, token, tenant, lang := c.s.deps.Sessions, c.s.deps.Law, c.session.Token, c.tenant, c.lang
	return func(ctx context.Context) (context.Context, error) {
		now, err := sessions.Find(db.As(ctx, tenant.ID.String()), token)
		if err != nil {
			return ctx, err
		}
		if follows && now.Locked {
			return ctx, fault.New(fault.Unauthenticated)
		}
		if now.Actor.Tenant = tenant; !law.May(now.Actor, perm) {
			return ctx, fault.New(fault.Forbidden)
		}
		if now.Actor.Lang == "" {
			now.Actor.Lang = lang
		}
		return tenants.With(ctx, now.Actor), nil
	}
}

// exportTime is how long one file may take to leave.
const exportTime = 30 * time.Minute

// File answers a file that is made while it leaves, in pieces: write is called for
// the next piece until it says io.EOF. The session is looked at before each one.
func (c *Ctx) File(mediaType, disposition string, write func(ctx context.Context, w io.Writer) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Std()), exportTime)
	stands := c.standing(c.route.Perm, false)
	c.Set(fiber.HeaderContentType, mediaType)
	c.Set(fiber.HeaderCacheControl, "no-store")
	if disposition != "" {
		c.Set(fiber.HeaderContentDisposition, disposition)
	}
	c.send(&body{close: cancel, next: func(p *piece) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		now, err := stands(ctx)
		if err != nil {
			return err
		}
		return write(now, p)
	}})
	return nil
}

// Event is one server-sent event; the data is one line.
type Event struct{ ID, Name, Data string }

// Feed is what a stream of events is made of.
type Feed struct {
	// Look gives what is new. A refusal ends the stream; whatever else goes wrong is
	// tried again.
	Look func(ctx context.Context) ([]Event, error)
	Wake <-chan struct{} // look now
	Over <-chan struct{} // end now
	// Every is how long to wait for Wake at most.
	Every func() time.Duration
	Close func()
}

// retry is how many milliseconds a browser waits before it comes again.
const retry = 3000

// StreamLife is how long a stream lasts before the reader has to come again: a
// reader that never reads, on a line that never breaks, ends here.
const StreamLife = 10 * time.Minute

// Events answers server-sent events until the session ends, the feed is over, the
// process shuts down or StreamLife has passed.
func (c *Ctx) Events(f Feed) error {
	life := StreamLife
	if c.s.deps.StreamLife > 0 {
		life = c.s.deps.StreamLife
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Std()), life)
	stands := c.standing(c.route.Perm, true)
	c.Set(fiber.HeaderContentType, "text/event-stream; charset=utf-8")
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set("X-Accel-Buffering", "no") // a proxy must pass each event on at once
	if t, ok := c.Context().Conn().(*net.TCPConn); ok {
		_ = t.SetWriteBuffer(16 << 10) // what a reader leaves lying is held by the system
	}
	e := &events{Feed: f, ctx: ctx, stands: stands, ending: c.s.ending, looked: make(chan struct{})}
	close(e.looked) // the first look is at once
	c.send(&body{next: e.next, close: func() {
		cancel()
		f.Close()
	}})
	return nil
}

// events turns a feed into text.
type events struct {
	Feed
	ctx    context.Context
	stands func(ctx context.Context) (context.Context, error)
	ending <-chan struct{}
	looked chan struct{} // closed while nothing has been looked at yet
}

func (e *events) next(p *piece) error {
	first := e.looked
	look := time.NewTimer(e.Every())
	defer look.Stop()
	select {
	case <-e.ctx.Done():
		return io.EOF
	case <-e.Over:
		// Another page of this reader took the place: do not come again at once.
		fmt.Fprintf(p, "retry: %d\n\n", 20*retry)
		return io.EOF
	case <-e.ending:
		return io.EOF
	case <-first:
		e.looked = nil
		fmt.Fprintf(p, "retry: %d\n\n", retry)
	case <-e.Wake:
	case <-look.C:
	}
	return e.look(p)
}

func (e *events) look(p *piece) error {
	ctx, cancel := context.WithTimeout(e.ctx, db.Deadline)
	defer cancel()
	ctx, err := e.stands(ctx)
	var list []Event
	if err == nil {
		list, err = e.Look(ctx)
	}
	switch fault.CodeOf(err) {
	case fault.Unauthenticated, fault.Forbidden:
		return io.EOF
	}
	for _, x := range list {
		if x.ID != "" {
			fmt.Fprintf(p, "id: %s\n", x.ID)
		}
		fmt.Fprintf(p, "event: %s\ndata: %s\n\n", x.Name, x.Data)
	}
	if p.Len() == 0 {
		p.WriteString(":\n\n") // nothing new: a dead line is noticed by writing to it
	}
	return nil
}
