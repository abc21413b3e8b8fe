package agreements

import (
	"context"
	"encoding/json"

	"shubbak/platform/ids"
)

// lateCounts is how many obligations of each agreement are late, at risk of it, or
// unmet. It reads texts, figures and measures of all of them at once.
func (s *Service) lateCounts(ctx context.Context, rows []Agreement) (map[ids.ID[ids.Agreement]]int, error) {
	out := map[ids.ID[ids.Agreement]]int{}
	err := s.DB.Read(ctx, func(ctx context.Context) error {
		var list []ids.ID[ids.Agreement]
		for _, a := range rows {
			list = append(list, a.ID)
		}
		texts, err := textsOf(ctx, list)
		if err != nil {
			return err
		}
		for _, a := range rows {
			o := Opened{Agreement: a}
			if raw, ok := texts[a.ID]; !ok || json.Unmarshal([]byte(raw), &o.Text) != nil || len(o.Text.Obligations) == 0 {
				continue
			}
			f, err := s.Follow(ctx, o)
			if err != nil {
				return err
			}
			for _, x := range f.Obligations {
				if x.State == Late || x.State == Unmet {
					out[a.ID]++
				}
			}
		}
		return nil
	})
	return out, err
}
