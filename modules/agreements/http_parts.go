package agreements

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/web"
)

// PartyRef names a party: the slug of a tenant, the name of an outside body, or the
// party as the agreement shows it.
type PartyRef string

// UnmarshalJSON takes a name, or {"tenant"} and {"organization"}.
func (p *PartyRef) UnmarshalJSON(b []byte) error {
	var name string
	if json.Unmarshal(b, &name) == nil {
		*p = PartyRef(strings.TrimSpace(name))
		return nil
	}
	var x Party
	if err := json.Unmarshal(b, &x); err != nil || x.Key() == "" {
		return &fault.Error{Code: fault.Invalid, Fields: []fault.Field{{Code: "wrong_type"}}}
	}
	*p = PartyRef(x.Key())
	return nil
}

// The bodies that add one part. A version may be left out: what is added stands beside
// what others add.
type partPath struct {
	Agreement ids.ID[ids.Agreement] `path:"id" json:"-"`
	Version   int64                 `json:"version"`
}

// added is a part as the API shows it, with the version that it made.
type added struct {
	agreement ids.ID[ids.Agreement]
	part      string
}

// ResourceID lets a replay find the part again.
func (a added) ResourceID() string { return a.agreement.String() + "/" + a.part }

type articleBody struct {
	partPath
	Article
}

type articleAdded struct {
	added   `json:"-"`
	Article       // as written
	Version int64 `json:"version" validate:"required"`
}

type articlePatch struct {
	Agreement ids.ID[ids.Agreement] `path:"id" json:"-"`
	ArticleID ids.ID[ids.Entry]     `path:"article" json:"-"`
	Version   int64                 `json:"version" validate:"required"`
	Title     web.Optional[Title]   `json:"title"`
	Body      web.Optional[Body]    `json:"body"`
}

type scopeBody struct {
	partPath
	From       PartyRef              `json:"from" validate:"required"`
	To         PartyRef              `json:"to" validate:"required"`
	Needs      []string              `json:"needs" validate:"required,max=100"`
	Services   []ids.ID[ids.Service] `json:"services" validate:"max=100"`
	Priorities []string              `json:"priorities" validate:"max=3"`
	Population Population            `json:"population"`
}

type scopeAdded struct {
	added `json:"-"`
	ScopeText
	Version int64 `json:"version" validate:"required"`
}

type shareBody struct {
	partPath
	From       PartyRef `json:"from" validate:"required"`
	To         PartyRef `json:"to" validate:"required"`
	Slice      string   `json:"slice" validate:"required"`
	Categories []string `json:"categories" validate:"required,max=10"`
	Purpose    string   `json:"purpose"`
}

type shareAdded struct {
	added `json:"-"`
	ShareText
	Version int64 `json:"version" validate:"required"`
}

// quotaTerms are what a body says of a quota, all of it.
type quotaTerms struct {
	ServiceID ids.ID[ids.Service] `json:"service_id" validate:"required"`
	Period    string              `json:"period" validate:"required,oneof=week month quarter year"`
	Limit     *int                `json:"limit" validate:"required,gte=1,lte=1000000"`
	Hard      *bool               `json:"hard" validate:"required"`
}

func (b quotaTerms) quota(id ids.ID[ids.Entry]) Quota {
	return Quota{ID: id, ServiceID: b.ServiceID, Period: b.Period, Limit: *b.Limit, Hard: *b.Hard}
}

type quotaBody struct {
	partPath
	quotaTerms
}

type quotaItem struct {
	ID ids.ID[ids.Entry] `json:"id"`
	quotaTerms
}

type quotaAdded struct {
	added `json:"-"`
	Quota
	Version int64 `json:"version" validate:"required"`
}

type obligationBody struct {
	partPath
	Party     PartyRef `json:"party" validate:"required"`
	Indicator string   `json:"indicator" validate:"max=200"`
	Target    float64  `json:"target"`
	Period    string   `json:"period" validate:"required,oneof=month quarter semester year term"`
	Mode      string   `json:"mode" validate:"required,oneof=computed declared"`
	Title     Title    `json:"title"`
}

type obligationAdded struct {
	added `json:"-"`
	Obligation
	Version int64 `json:"version" validate:"required"`
}

// putBody replaces a whole list.
type putBody[T any] struct {
	path
	Version int64 `json:"version" validate:"required"`
	Items   []T   `json:"items" validate:"required,max=200,dive"`
}

// renamed gives the faults of a part of the text the names that they have in the body.
func renamed(err error, part, body string) error {
	var known *fault.Error
	if asFault(err, &known) {
		for i, x := range known.Fields {
			if rest, ok := strings.CutPrefix(x.Field, part); ok {
				known.Fields[i].Field = body + rest
			}
		}
	}
	return err
}

// add makes the route that adds one part, and gives it back from the text; put says
// which of its list it has become.
func add[B any, O web.Resource](s *Service, name, summary string, of func(b B) (ids.ID[ids.Agreement], int64), put func(b B, t *Text) int, last func(t Text, a ids.ID[ids.Agreement], version int64, id string) (O, bool)) web.Route {
	find := func(ctx context.Context, a ids.ID[ids.Agreement], id string) (O, error) {
		o, err := s.Get(ctx, a)
		var none O
		if err != nil {
			return none, err
		}
		if out, ok := last(o.Text, a, o.Version, id); ok {
			return out, nil
		}
		return none, fault.New(fault.NotFound)
	}
	return web.JSON(http.MethodPost, "/agreements/:id/"+name, summary, write, func(ctx context.Context, in B) (O, error) {
		id, version := of(in)
		var at string
		_, err := s.Edit(ctx, id, version, name, func(t *Text) error { at = index(name, put(in, t)); return nil })
		if err != nil {
			var none O
			return none, renamed(err, at+".", "")
		}
		return find(ctx, id, "")
	}).Creates().Replays(func(ctx context.Context, key string) (any, error) {
		agreement, part, _ := strings.Cut(key, "/")
		id, err := ids.Parse[ids.Agreement](agreement)
		if err != nil {
			return nil, fault.New(fault.NotFound)
		}
		return find(ctx, id, part)
	})
}

// pick finds a part by its id, or the last one.
func pick[T any](list []T, id string, of func(T) string) (out T, ok bool) {
	for i := len(list) - 1; i >= 0; i-- {
		if id == "" || of(list[i]) == id {
			return list[i], true
		}
	}
	return out, false
}

// lists makes the routes that read and replace one list of the text. part makes a part of
// what a body says; check, if any, names what is wrong with it by itself.
func lists[T, B any](s *Service, name, summary string, of func(t *Text) *[]T, part func(B) T, check func(item B, f *fault.Collect, at string)) []web.Route {
	return []web.Route{
		web.JSON(http.MethodGet, "/agreements/:id/"+name, "Read "+summary, Read, func(ctx context.Context, in path) (web.List[T], error) {
			o, err := s.Get(ctx, in.ID)
			out := web.List[T]{Items: []T{}}
			if list := *of(&o.Text); list != nil {
				out.Items = list
			}
			return out, err
		}),
		web.Checked(web.JSON(http.MethodPut, "/agreements/:id/"+name, "Replace "+summary, write, func(ctx context.Context, in putBody[B]) (View, error) {
			list := make([]T, len(in.Items))
			for i, x := range in.Items {
				list[i] = part(x)
			}
			if _, err := s.Edit(ctx, in.ID, in.Version, name, func(t *Text) error { *of(t) = list; return nil }); err != nil {
				return View{}, renamed(err, name+"[", "items[")
			}
			return s.opened(ctx, in.ID)
		}).Replays(s.again), func(_ context.Context, in putBody[B]) error {
			var f fault.Collect
			for i, x := range in.Items {
				if check != nil {
					check(x, &f, index("items", i)+".")
				}
			}
			return f.Err()
		}),
	}
}

// itself is a part whose body says all of it.
func itself[T any](x T) T { return x }

func (s *Service) partRoutes() []web.Route {
	out := []web.Route{
		web.Checked(add(s, "articles", "Add an article", func(b articleBody) (ids.ID[ids.Agreement], int64) { return b.Agreement, b.Version },
			func(b articleBody, t *Text) int {
				b.Article.ID = ids.ID[ids.Entry]{}
				t.Articles = append(t.Articles, b.Article)
				return len(t.Articles) - 1
			},
			func(t Text, a ids.ID[ids.Agreement], version int64, id string) (articleAdded, bool) {
				x, ok := pick(t.Articles, id, func(x Article) string { return x.ID.String() })
				return articleAdded{added{a, x.ID.String()}, x, version}, ok
			}), func(_ context.Context, in articleBody) error {
			var f fault.Collect
			in.check(&f, "")
			return f.Err()
		}),
		web.JSON(http.MethodPatch, "/agreements/:id/articles/:article", "Change an article", write, func(ctx context.Context, in articlePatch) (View, error) {
			_, err := s.Edit(ctx, in.Agreement, in.Version, "articles", func(t *Text) error {
				i := t.article(in.ArticleID.String())
				if i < 0 {
					return fault.New(fault.NotFound)
				}
				t.Articles[i].Title, t.Articles[i].Body = in.Title.Of(t.Articles[i].Title), in.Body.Of(t.Articles[i].Body)
				var f fault.Collect
				t.Articles[i].check(&f, "")
				return f.Err()
			})
			if err != nil {
				return View{}, err
			}
			return s.opened(ctx, in.Agreement)
		}).Replays(s.again),
		add(s, "scopes", "Add what one party may refer to another", func(b scopeBody) (ids.ID[ids.Agreement], int64) { return b.Agreement, b.Version },
			func(b scopeBody, t *Text) int {
				t.Scopes = append(t.Scopes, ScopeText{From: string(b.From), To: string(b.To), Needs: b.Needs, Services: b.Services, Priorities: b.Priorities, Population: b.Population})
				return len(t.Scopes) - 1
			},
			func(t Text, a ids.ID[ids.Agreement], version int64, id string) (scopeAdded, bool) {
				x, ok := pick(t.Scopes, id, func(x ScopeText) string { return x.ID.String() })
				return scopeAdded{added{a, x.ID.String()}, x, version}, ok
			}),
		add(s, "sharing", "Add a line of the sharing annex, or write it anew", func(b shareBody) (ids.ID[ids.Agreement], int64) { return b.Agreement, b.Version },
			func(b shareBody, t *Text) int {
				t.share(ShareText{From: string(b.From), To: string(b.To), Slice: b.Slice, Categories: b.Categories, Purpose: b.Purpose})
				return len(t.Sharing) - 1
			},
			func(t Text, a ids.ID[ids.Agreement], version int64, id string) (shareAdded, bool) {
				x, ok := pick(t.Sharing, id, ShareText.key)
				return shareAdded{added{a, x.key()}, x, version}, ok
			}),
		add(s, "quotas", "Add a quota", func(b quotaBody) (ids.ID[ids.Agreement], int64) { return b.Agreement, b.Version },
			func(b quotaBody, t *Text) int {
				t.Quotas = append(t.Quotas, b.quota(ids.ID[ids.Entry]{}))
				return len(t.Quotas) - 1
			},
			func(t Text, a ids.ID[ids.Agreement], version int64, id string) (quotaAdded, bool) {
				x, ok := pick(t.Quotas, id, func(x Quota) string { return x.ID.String() })
				return quotaAdded{added{a, x.ID.String()}, x, version}, ok
			}),
		add(s, "obligations", "Add an obligation", func(b obligationBody) (ids.ID[ids.Agreement], int64) { return b.Agreement, b.Version },
			func(b obligationBody, t *Text) int {
				t.Obligations = append(t.Obligations, Obligation{Party: string(b.Party), Indicator: strings.TrimSpace(b.Indicator), Target: b.Target, Period: b.Period, Mode: b.Mode, Title: b.Title})
				return len(t.Obligations) - 1
			},
			func(t Text, a ids.ID[ids.Agreement], version int64, id string) (obligationAdded, bool) {
				x, ok := pick(t.Obligations, id, func(x Obligation) string { return x.ID.String() })
				return obligationAdded{added{a, x.ID.String()}, x, version}, ok
			}),
	}
	out = append(out, lists(s, "articles", "the articles", func(t *Text) *[]Article { return &t.Articles }, itself[Article], Article.check)...)
	out = append(out, lists(s, "scopes", "what may be referred", func(t *Text) *[]ScopeText { return &t.Scopes }, itself[ScopeText], nil)...)
	out = append(out, lists(s, "sharing", "the sharing annex", func(t *Text) *[]ShareText { return &t.Sharing }, itself[ShareText], nil)...)
	out = append(out, lists(s, "quotas", "the quotas", func(t *Text) *[]Quota { return &t.Quotas }, func(x quotaItem) Quota { return x.quota(x.ID) }, nil)...)
	return append(out, lists(s, "obligations", "the obligations", func(t *Text) *[]Obligation { return &t.Obligations }, itself[Obligation], nil)...)
}

func (x ShareText) key() string { return x.From + ">" + x.To + ":" + x.Slice + ":" + x.Purpose }

// share writes one line of the annex, in place of what stood there; it comes last.
func (t *Text) share(x ShareText) {
	var out []ShareText
	for _, y := range t.Sharing {
		if y.key() != x.key() {
			out = append(out, y)
		}
	}
	t.Sharing = append(out, x)
}
