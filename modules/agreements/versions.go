package agreements

import (
	"context"
	"slices"
	"time"

	"shubbak/platform/ids"
)

// Kept is one version in the list of versions.
type Kept struct {
	Version  int64
	SHA256   string
	Why      string
	ByTenant ids.ID[ids.Tenant]
	At       time.Time
}

// Versions lists the versions that the reader may open, newest first.
func (s *Service) Versions(ctx context.Context, id ids.ID[ids.Agreement]) (out []Kept, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		o, err := s.Get(ctx, id)
		if err != nil {
			return err
		}
		rows, err := textRows(ctx, id, s.firstFor(ctx, o.Agreement))
		for _, r := range rows {
			if r.Kept || r.Version == o.Version {
				out = append(out, Kept{r.Version, r.SHA256, r.Why, r.ByTenant, r.At})
			}
		}
		return err
	})
	return out, err
}

// At gives one version's text.
func (s *Service) At(ctx context.Context, id ids.ID[ids.Agreement], version int64) (t Text, hash string, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		o, err := s.Get(ctx, id)
		if err != nil {
			return err
		}
		if version < s.firstFor(ctx, o.Agreement) {
			return gone(errNoVersion)
		}
		t, hash, err = s.textOf(ctx, o.Agreement, version)
		return err
	})
	return t, hash, err
}

// Part is one part of a text that differs between two versions.
type Part struct {
	ID    string // of an article, "" for what is not one
	What  string // article, title, object, or another field's name
	Title Title
	State string // added, removed, changed
	Ar    []Run
	Fr    []Run
}

// Difference says what two versions have differently, article by article and word by
// word.
func (s *Service) Difference(ctx context.Context, id ids.ID[ids.Agreement], from, to int64) ([]Part, error) {
	a, _, err := s.At(ctx, id, from)
	if err != nil {
		return nil, err
	}
	b, _, err := s.At(ctx, id, to)
	if err != nil {
		return nil, err
	}
	return Compare(a, b), nil
}

// Compare is Difference of two texts.
func Compare(a, b Text) []Part {
	var out []Part
	add := func(p Part, fromAr, toAr, fromFr, toFr string) {
		if p.State == "" {
			p.State = "changed"
		}
		p.Ar, p.Fr = Words(fromAr, toAr), Words(fromFr, toFr)
		out = append(out, p)
	}
	if a.Title != b.Title {
		add(Part{What: "title"}, a.Title.Ar, b.Title.Ar, a.Title.Fr, b.Title.Fr)
	}
	if a.Object != b.Object {
		add(Part{What: "object"}, a.Object.Ar, b.Object.Ar, a.Object.Fr, b.Object.Fr)
	}
	for _, x := range b.Articles {
		i := a.article(x.ID.String())
		if i < 0 {
			add(Part{ID: x.ID.String(), What: "article", Title: x.Title, State: "added"}, "", x.Body.Ar, "", x.Body.Fr)
			continue
		}
		old := a.Articles[i]
		if old.Title != x.Title || old.Body != x.Body {
			add(Part{ID: x.ID.String(), What: "article", Title: x.Title}, headed(old.Title.Ar, old.Body.Ar, old.Title == x.Title), headed(x.Title.Ar, x.Body.Ar, old.Title == x.Title),
				headed(old.Title.Fr, old.Body.Fr, old.Title == x.Title), headed(x.Title.Fr, x.Body.Fr, old.Title == x.Title))
		}
	}
	for _, x := range a.Articles {
		if b.article(x.ID.String()) < 0 {
			add(Part{ID: x.ID.String(), What: "article", Title: x.Title, State: "removed"}, x.Body.Ar, "", x.Body.Fr, "")
		}
	}
	am, err1 := members(a)
	bm, err2 := members(b)
	if err1 != nil || err2 != nil {
		return out
	}
	for _, name := range fields {
		if string(am[name]) != string(bm[name]) {
			out = append(out, Part{What: name, State: "changed"})
		}
	}
	return out
}

// headed is a body with its title in front, where the titles differ.
func headed(title, body string, same bool) string {
	if same {
		return body
	}
	return title + "\n" + body
}

// fields are the parts that a difference names without their words, in this order.
var fields = []string{"parties", "effective_on", "ends_on", "renewal", "notice_days", "needs_visa", "territory", "population", "focal_points", "committees", "scopes", "sharing", "quotas", "obligations"}

// firstFor is the first version that the reader's tenant may open.
func (s *Service) firstFor(ctx context.Context, a Agreement) int64 {
	if slices.Contains(s.Relations(ctx, a), "keeper") {
		return 1
	}
	return a.SharedFrom
}
