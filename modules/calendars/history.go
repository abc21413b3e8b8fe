package calendars

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"shubbak/platform/clock"
	"shubbak/platform/ids"
	"shubbak/tenants"
)

// For gives the working time of a unit of any tenant, as it stood since an instant
// and stands now: its own hours, else those of the nearest unit above, else the
// tenant's, else the published ones. Without a unit it is the tenant's.
func (s *Service) For(ctx context.Context, tenant tenants.ID, unit ids.ID[ids.Unit], since time.Time) (h clock.History, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		rows, err := versions(ctx, tenant, unit, since)
		if err != nil {
			return err
		}
		h, err = history(rows, since)
		return err
	})
	return h, err
}

// Expected lists the holidays between two instants that are still estimates at a
// unit's tenant; a unit that works through them all has none.
func (s *Service) Expected(ctx context.Context, tenant tenants.ID, unit ids.ID[ids.Unit], a, b time.Time) (out []Unsure, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		rows, err := versions(ctx, tenant, unit, a)
		if err != nil {
			return err
		}
		c, content, err := standing(rows, a)
		if err == nil && !c.Always {
			out = content.expected(a, b)
		}
		return err
	})
	return out, err
}

// history puts the versions of a unit's chain into eras, oldest first.
func history(rows []version, since time.Time) (clock.History, error) {
	edits := []time.Time{{}}
	for _, r := range rows {
		edits = append(edits, r.ChangedAt, r.SupersededAt)
	}
	slices.SortFunc(edits, time.Time.Compare)
	edits = slices.CompactFunc(edits, time.Time.Equal)
	for len(edits) > 1 && !edits[1].After(since) {
		edits = edits[1:] // nothing before is ever asked
	}
	out := make(clock.History, 0, len(edits))
	for _, at := range edits {
		c, _, err := standing(rows, at)
		if err != nil {
			return nil, err
		}
		out = append(out, clock.Era{From: at, Calendar: c})
	}
	return out, nil
}

// standing is the calendar that the rows make at an instant, and the tenant's part.
func standing(rows []version, at time.Time) (clock.Calendar, Content, error) {
	content := published()
	var own *UnitContent
	nearest := 0
	for _, r := range rows {
		if r.ChangedAt.After(at) || !r.SupersededAt.IsZero() && !r.SupersededAt.After(at) {
			continue
		}
		if r.Depth == 0 {
			var c Content
			if err := json.Unmarshal([]byte(r.Content), &c); err != nil {
				return clock.Calendar{}, Content{}, err
			}
			content = c.whole()
			continue
		}
		var u UnitContent
		if err := json.Unmarshal([]byte(r.Content), &u); err != nil {
			return clock.Calendar{}, Content{}, err
		}
		if !u.Inherit && (nearest == 0 || r.Depth < nearest) {
			own, nearest = &u, r.Depth
		}
	}
	return content.calendar(own), content, nil
}
