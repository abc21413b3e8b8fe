package agreements

import (
	"context"
	"encoding/json"

	"shubbak/platform/ids"
)

// lateCounts is how many obligations of each agreement are late or unmet. It reads
// texts, figures and measures of all of them at once.
func (s *Service) lateCounts(ctx context.Context, rows []Agreement) (map[ids.ID[ids.Agreement]]int, error) {
	out := map[ids.ID[ids.Agreement]]int{}
	err := s.DB.Read(ctx, func(ctx context.Context) error {
		var about []ids.ID[ids.Agreement]
		for _, a := range rows {
			about = append(about, a.ID)
		}
		texts, err := textsOf(ctx, about)
		if err != nil {
			return err
		}
		var list []Opened
		for _, a := range rows {
			o := Opened{Agreement: a}
			if raw, ok := texts[a.ID]; ok && json.Unmarshal([]byte(raw), &o.Text) == nil && len(o.Text.Obligations) > 0 {
				list = append(list, o)
			}
		}
		if len(list) == 0 {
			return nil
		}
		e, err := s.evidence(ctx, list)
		if err != nil {
			return err
		}
		for _, o := range list {
			promises, err := s.keep(ctx, o, e)
			if err != nil {
				return err
			}
			for _, x := range promises {
				if x.State == Late || x.State == Unmet {
					out[o.ID]++
				}
			}
		}
		return nil
	})
	return out, err
}
