package notifications

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"time"

	"shubbak/modules/referrals"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/platform/live"
	"shubbak/web"
)

// streamQuery is for OpenAPI; watch is what a page of ours shows.
type streamQuery struct {
	Watch string `query:"watch" json:"-"`
}

func (s *Service) streams() []web.Route {
	return []web.Route{
		web.Stream(http.MethodGet, "/stream", "Follow the reader's notices: server-sent events with the notice's id and its event; Last-Event-ID goes on where a stream has ended", Read,
			web.Doc{Status: http.StatusOK, In: reflect.TypeFor[streamQuery](), Media: []string{"text/event-stream"}}, s.stream),
	}
}

// stream answers GET /stream. A page adds what it shows ("page", or the id of an
// open referral) and gets the event "look" besides, which holds nothing.
func (s *Service) stream(c *web.Ctx) error {
	f := &follower{s: s, user: c.Actor().User, page: c.Query("watch") != ""}
	if w := c.Query("watch"); f.page && w != "page" {
		id, err := ids.Parse[ids.Referral](w)
		if err != nil {
			return web.Malformed("watch")
		}
		f.watch = id
	}
	if raw := c.Get("Last-Event-ID"); raw != "" {
		id, err := ids.Parse[ids.Notification](raw)
		if err != nil {
			return web.Malformed("Last-Event-ID")
		}
		f.last = id
	}
	if err := f.begin(c.Std()); err != nil {
		return err
	}
	f.seat = s.Live.Join(f.user, f.watch)
	return c.Events(web.Feed{Look: f.look, Wake: f.seat.Wake(), Over: f.seat.Over(), Every: s.Live.Every, Close: f.seat.Leave})
}

// follower is what one stream knows between two looks.
type follower struct {
	s     *Service
	seat  *live.Seat
	user  ids.ID[ids.User]
	page  bool
	watch referrals.ID
	seen  referrals.Glimpse
	last  ids.ID[ids.Notification]
	known map[ids.ID[ids.Notification]]bool // the latest, that need not be told again
	asked bool
}

// late is how much later than its id a notice may be committed: a delivery's
// transaction, and clocks of replicas that do not quite agree.
const late = 10 * time.Second

// batch is how many notices one look takes at most.
const batch = 200

// begin finds out where the stream starts: after Last-Event-ID, else after the
// newest notice.
func (f *follower) begin(ctx context.Context) error {
	return f.s.DB.Read(ctx, func(ctx context.Context) error {
		if f.last.IsZero() {
			newest, err := list(ctx, f.user, false, "", 1)
			if err != nil || len(newest) == 0 {
				return err
			}
			f.last = newest[0].ID
		}
		rows, err := between(ctx, f.user, f.last.Before(late), f.last, 5*batch)
		f.note(rows)
		return err
	})
}

func (f *follower) note(rows []Notification) {
	floor := f.last.Before(late)
	for id := range f.known {
		if id.Compare(floor) <= 0 {
			delete(f.known, id)
		}
	}
	if f.known == nil {
		f.known = map[ids.ID[ids.Notification]]bool{}
	}
	for _, n := range rows {
		f.known[n.ID] = true
	}
}

func (f *follower) look(ctx context.Context) ([]web.Event, error) {
	var fresh []Notification
	err := f.s.DB.Read(ctx, func(ctx context.Context) error {
		rows, err := between(ctx, f.user, f.last.Before(late), ids.ID[ids.Notification]{}, batch+len(f.known))
		for _, n := range rows {
			if !f.known[n.ID] {
				fresh = append(fresh, n)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(fresh) >= batch {
		fresh = fresh[:batch]
		f.seat.Again()
	}
	var out []web.Event
	for _, n := range fresh {
		if n.ID.Compare(f.last) > 0 {
			f.last = n.ID
		}
		b, err := json.Marshal(struct {
			ID    ids.ID[ids.Notification] `json:"id"`
			Event string                   `json:"event"`
		}{n.ID, n.Event})
		if err != nil {
			return nil, err
		}
		out = append(out, web.Event{ID: n.ID.String(), Name: n.Event, Data: string(b)})
	}
	f.note(fresh)
	changed, err := f.changed(ctx)
	if err != nil {
		return nil, err
	}
	if f.page && (changed || len(fresh) > 0) {
		out = append(out, web.Event{Name: "look", Data: "{}"})
	}
	return out, nil
}

// changed reports whether the referral that the page shows has moved, or was shut;
// the first time it says yes: the page may be older than the stream.
func (f *follower) changed(ctx context.Context) (bool, error) {
	first := !f.asked
	f.asked = true
	if f.watch.IsZero() {
		return first, nil
	}
	now, err := f.s.Referrals.Peek(ctx, f.watch)
	if fault.Has(err, fault.NotFound) {
		now, err = referrals.Glimpse{}, nil
	}
	if err != nil {
		f.asked = !first
		return false, err
	}
	moved := now != f.seen
	f.seen = now
	return first || moved, nil
}
