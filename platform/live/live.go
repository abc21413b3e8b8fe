// Package live tells open pages to look again. A hint holds ids only and is never
// needed for correctness: every stream looks by itself as often as Every says, so
// a lost hint costs seconds and nothing else.
//
// In one process hints go from hand to hand; across replicas they also go through
// Redis publish/subscribe.
package live

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"shubbak/platform/ids"
)

// How often a stream looks without being told, and how many of them one user may
// hold open in one process: a browser needs one.
const (
	Often   = 5 * time.Second  // nobody can tell us: PostgreSQL without Redis
	Seldom  = 15 * time.Second // hints arrive
	PerUser = 4
)

// Hint says who should look: a user who has a new notice, or whoever has a record
// open that has changed.
type Hint struct {
	User         ids.ID[ids.User]         `json:"user,omitzero"`
	Notification ids.ID[ids.Notification] `json:"notification,omitzero"`
	Referral     ids.ID[ids.Referral]     `json:"referral,omitzero"`
}

// Config says how hints travel.
type Config struct {
	// RedisURL carries hints between processes; "" keeps them in this one.
	RedisURL string
	// Alone says that no other process writes the same database.
	Alone bool
	// Prefix names the channel, so that tests share one Redis.
	Prefix string
	// Every overrules how often streams look, for tests.
	Every time.Duration
}

// Hub knows the open streams of this process.
type Hub struct {
	cfg  Config
	log  *slog.Logger
	wire wire
	// heard is whether hints of other processes arrive now.
	heard atomic.Bool

	mu    sync.Mutex
	users map[ids.ID[ids.User]][]*Seat
	pages map[ids.ID[ids.Referral]]map[*Seat]struct{}
}

// Seat is the place of one open stream.
type Seat struct {
	hub  *Hub
	user ids.ID[ids.User]
	page ids.ID[ids.Referral]
	wake chan struct{}
	over chan struct{}
	once sync.Once
}

// New makes a hub; until Start it carries hints inside this process only.
func New(cfg Config, log *slog.Logger) *Hub {
	if cfg.Prefix == "" {
		cfg.Prefix = "shubbak"
	}
	h := &Hub{cfg: cfg, log: log, users: map[ids.ID[ids.User]][]*Seat{}, pages: map[ids.ID[ids.Referral]]map[*Seat]struct{}{}}
	if cfg.RedisURL != "" {
		h.wire.out = make(chan []Hint, backlog)
	}
	return h
}

// Every is how often a stream looks without a hint.
func (h *Hub) Every() time.Duration {
	switch {
	case h.cfg.Every > 0:
		return h.cfg.Every
	case h.cfg.Alone || h.heard.Load():
		return Seldom
	}
	return Often
}

// Join opens a place for a stream of a user who looks at a page, zero for none.
// Beyond PerUser the oldest stream ends: the newest page is the one being read.
func (h *Hub) Join(user ids.ID[ids.User], page ids.ID[ids.Referral]) *Seat {
	s := &Seat{hub: h, user: user, page: page, wake: make(chan struct{}, 1), over: make(chan struct{})}
	h.mu.Lock()
	var oldest *Seat
	if list := h.users[user]; len(list) >= PerUser {
		oldest = list[0]
	}
	h.users[user] = append(h.users[user], s)
	if !page.IsZero() {
		if h.pages[page] == nil {
			h.pages[page] = map[*Seat]struct{}{}
		}
		h.pages[page][s] = struct{}{}
	}
	h.mu.Unlock()
	if oldest != nil {
		oldest.Leave()
	}
	return s
}

// Watch opens a place for something that follows one record and is no stream of a
// user: it ends nobody's.
func (h *Hub) Watch(page ids.ID[ids.Referral]) *Seat {
	s := &Seat{hub: h, page: page, wake: make(chan struct{}, 1), over: make(chan struct{})}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pages[page] == nil {
		h.pages[page] = map[*Seat]struct{}{}
	}
	h.pages[page][s] = struct{}{}
	return s
}

// Wake says that something may be new.
func (s *Seat) Wake() <-chan struct{} { return s.wake }

// Over says that the stream has to end.
func (s *Seat) Over() <-chan struct{} { return s.over }

// Leave gives the place back; again changes nothing.
func (s *Seat) Leave() {
	s.once.Do(func() {
		h := s.hub
		h.mu.Lock()
		defer h.mu.Unlock()
		list := h.users[s.user]
		for i, x := range list {
			if x == s {
				list = append(list[:i:i], list[i+1:]...)
				break
			}
		}
		if len(list) == 0 {
			delete(h.users, s.user)
		} else {
			h.users[s.user] = list
		}
		if watching := h.pages[s.page]; watching != nil {
			delete(watching, s)
			if len(watching) == 0 {
				delete(h.pages, s.page)
			}
		}
		close(s.over)
	})
}

// Open counts the streams of this process.
func (h *Hub) Open() (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, list := range h.users {
		n += len(list)
	}
	return n
}

// Tell passes hints on, here and to the other processes. Call it after the commit.
// It never waits and never fails.
func (h *Hub) Tell(hints ...Hint) {
	if h == nil {
		return
	}
	for _, x := range hints {
		h.deliver(x)
	}
	h.wire.send(hints)
}

func (h *Hub) deliver(x Hint) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.users[x.User] {
		s.nudge()
	}
	if !x.Referral.IsZero() {
		for s := range h.pages[x.Referral] {
			s.nudge()
		}
	}
}

// Again makes the next look follow at once.
func (s *Seat) Again() { s.nudge() }

// nudge never blocks: one "look again" covers all that came before the look.
func (s *Seat) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
