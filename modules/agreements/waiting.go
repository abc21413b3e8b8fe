package agreements

import (
	"context"
	"slices"

	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/web"
)

// Waits is an agreement in which something waits for the reader: a signature, a text in
// negotiation, proposals of a wording, or declarations to be counter-signed.
type Waits struct {
	ID     ids.ID[ids.Agreement]
	Number string
	Title  Title
	What   string
	Count  int
}

// Path is where the reader does it.
func (w Waits) Path() string {
	return "/agreements/" + w.ID.String() + map[string]string{"signature": "/sign", "negotiation": "?tab=text", "proposals": "?tab=text#comments", "declarations": "?tab=overview#measures"}[w.What]
}

// mostWaiting is how many a home page shows, of texts and of declarations.
const mostWaiting = 20

// Waiting lists what waits for the actor in the agreements of its institution, what is
// to be signed first.
func (s *Service) Waiting(ctx context.Context) (out []Waits, err error) {
	a := tenants.From(ctx)
	// The role signs by code; whoever records papers finds them on the agreement.
	signs, speaks := a.Has("signatory"), s.Law.Allow(a, comment, policies.Party)
	settles, counters := s.Law.Allow(a, write, policies.Keeper), s.Law.Allow(a, measure, policies.Party)
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		if signs || speaks || settles {
			rows, err := openTexts(ctx, a.Tenant.Slug, signs, settles, speaks, mostWaiting)
			if err != nil {
				return err
			}
			for _, r := range rows {
				w := Waits{ID: r.ID, Number: r.Number, Title: Title{r.TitleAr, r.TitleFr}, What: "negotiation"}
				switch {
				case r.State == Signing:
					w.What = "signature"
				case r.TenantID == a.Tenant.ID:
					w.What, w.Count = "proposals", r.Proposals
				}
				out = append(out, w)
			}
		}
		if !counters {
			return nil
		}
		declared, err := uncountersigned(ctx, mostWaiting)
		out = append(out, declared...)
		return err
	})
	slices.SortStableFunc(out, func(x, y Waits) int { return order(x) - order(y) })
	return out, err
}

func order(w Waits) int {
	return slices.Index([]string{"signature", "proposals", "negotiation", "declarations"}, w.What)
}

// Words is what waits, as a home page says it.
func (w Waits) Words(v *web.View) string {
	return v.T("agreements.waits."+w.What, "Count", max(w.Count, 1))
}

// TitleIn is the agreement's title in the reader's language.
func (w Waits) TitleIn(v *web.View) string { return w.Title.in(v.Lang) }

// Icon stands beside the words.
func (w Waits) Icon() string {
	return map[string]string{"signature": "signature", "proposals": "message", "negotiation": "message", "declarations": "check"}[w.What]
}
