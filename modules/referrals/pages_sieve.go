package referrals

import (
	"cmp"
	"context"
	"net/url"
	"slices"

	"shubbak/platform/fault"
	"shubbak/web"
)

// sieve is what a list of open referrals is narrowed by, as its address says it.
type sieve struct {
	Need    string
	Partner string // slug of the other side
	Mine    bool
	Overdue bool
}

func sieveOf(at url.Values) sieve {
	return sieve{Need: at.Get("need"), Partner: at.Get("partner"), Mine: at.Get("mine") == "1", Overdue: at.Get("overdue") == "1"}
}

// late and own are the sieve with one of its switches turned.
func (x sieve) late(on bool) sieve { x.Overdue = on; return x }
func (x sieve) own(on bool) sieve  { x.Mine = on; return x }

// sift is the search of a tab through a sieve, and as much of the sieve as the tab takes.
// A code that nobody knows is malformed.
func (s *Service) sift(ctx context.Context, box string, t tab, x sieve) (Search, sieve, error) {
	q := t.search(box)
	if !t.due() {
		x = sieve{Overdue: x.Overdue}
	}
	if x.Need != "" && !s.terms.Need(x.Need) {
		return q, x, web.Malformed("need")
	}
	if x.Partner != "" {
		t, err := s.Tenants.BySlug(ctx, x.Partner)
		if fault.Has(err, fault.NotFound) || err == nil && t == nil {
			return q, x, web.Malformed("partner")
		}
		if err != nil {
			return q, x, err
		}
		q.Partner = t.ID
	}
	q.Need, q.Mine, q.Overdue = x.Need, x.Mine, x.Overdue
	return q, x, nil
}

// offerSieves lists the needs and the other institutions, by their words.
func (s *Service) offerSieves(v *web.View, l *listing) {
	for _, n := range s.terms.Needs {
		l.Needs = append(l.Needs, web.Choice{Value: n, Word: v.T("need." + n)})
	}
	for _, t := range s.Tenants.Known() {
		if t.ID != v.Tenant.ID {
			l.Others = append(l.Others, web.Choice{Value: t.Slug, Word: t.Name(v.Lang)})
		}
	}
	slices.SortStableFunc(l.Others, func(a, b web.Choice) int { return cmp.Compare(a.Word, b.Word) })
}

// path is the address of this list with another tab, sieve or page.
func (l listing) path(code string, x sieve, after string) string {
	q := url.Values{"box": {l.Box}, "tab": {code}}
	if l.Query != "" {
		q = url.Values{"q": {l.Query}}
		if l.Box != "" {
			q.Set("box", l.Box)
		}
	}
	for name, value := range map[string]string{"need": x.Need, "partner": x.Partner, "mine": one(x.Mine), "overdue": one(x.Overdue), "after": after} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return "/referrals?" + q.Encode()
}

func one(on bool) string {
	if on {
		return "1"
	}
	return ""
}

// firstPath and nextPath are the addresses of the pager, "" where there is none.
func (l listing) firstPath() string {
	if l.After == "" {
		return ""
	}
	return l.path(l.Tab.Code, l.Sieve, "")
}

func (l listing) nextPath() string {
	if l.Next == "" {
		return ""
	}
	return l.path(l.Tab.Code, l.Sieve, l.Next)
}
