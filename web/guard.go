package web

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/fault"
)

// Guard says whether content that is on its way may go on.
type Guard struct {
	// Again asks anew, as whoever reads stands now.
	Again func(ctx context.Context) error
	Wake  <-chan struct{} // ask now
	Close func()
}

// How often a guard asks without being told: each second, and before each so many
// bytes, since a fast line is through in less.
const (
	guardEvery = time.Second
	guardBytes = 4 << 20
)

// SendGuarded answers content that is cut as soon as it may not be read any more:
// the connection is reset, so that what the system still holds of it goes nowhere.
// The session is asked too.
func (c *Ctx) SendGuarded(ctx context.Context, body io.ReadCloser, size int64, g Guard) {
	stands := c.standing(c.route.Perm, false)
	b := &guarded{body: body, guard: g, conn: c.Context().Conn(), done: make(chan struct{})}
	b.again = func() error {
		ask, cancel := context.WithTimeout(ctx, db.Deadline)
		defer cancel()
		now, err := stands(ask)
		if err == nil {
			err = g.Again(now)
		}
		return err
	}
	go b.watch()
	c.Context().SetBodyStream(b, int(size))
}

type guarded struct {
	body  io.ReadCloser
	guard Guard
	conn  net.Conn
	again func() error
	since int64 // bytes since the last question
	shut  atomic.Bool
	done  chan struct{}
	once  sync.Once
}

// Read is called by the connection's own goroutine, outside the kernel's recovery.
func (b *guarded) Read(p []byte) (n int, err error) {
	defer func() {
		if recover() != nil {
			n, err = 0, fault.New(fault.Internal)
		}
	}()
	if b.since >= guardBytes {
		b.since = 0
		if err := b.again(); err != nil {
			return 0, err
		}
	}
	n, err = b.body.Read(p)
	b.since += int64(n)
	if b.shut.Load() {
		return 0, fault.New(fault.NotOpen) // what was read meanwhile stays here
	}
	return n, err
}

// watch asks while the content leaves. Whoever may not read is cut at once; where
// nobody can tell, the reader is cut after the third question in vain.
func (b *guarded) watch() {
	tick := time.NewTicker(guardEvery)
	defer tick.Stop()
	for vain := 0; ; {
		select {
		case <-b.done:
			return
		case <-b.guard.Wake:
		case <-tick.C:
		}
		err := b.ask()
		switch fault.CodeOf(err) {
		case fault.NotFound, fault.NotOpen, fault.Forbidden, fault.Unauthenticated:
			b.cut()
			return
		}
		if vain++; err == nil {
			vain = 0
		} else if vain == 3 {
			b.cut()
			return
		}
	}
}

// ask keeps a broken question from ending the process.
func (b *guarded) ask() (err error) {
	defer func() {
		if recover() != nil {
			err = fault.New(fault.Internal)
		}
	}()
	return b.again()
}

func (b *guarded) cut() {
	b.shut.Store(true)
	select {
	case <-b.done: // it has left: the connection may be another answer's by now
		return
	default:
	}
	if t, ok := b.conn.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	_ = b.conn.Close()
}

// Close is called once the content has left, or cannot.
func (b *guarded) Close() error {
	var err error
	b.once.Do(func() {
		close(b.done)
		b.guard.Close()
		err = b.body.Close()
	})
	return err
}
