package agreements

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/tenants"
	"shubbak/web"
)

// VersionView is one version in the list of versions.
type VersionView struct {
	Version  int64     `json:"version" validate:"required"`
	SHA256   string    `json:"sha256" validate:"required"`
	Why      string    `json:"why" validate:"required"`
	ByTenant string    `json:"by_tenant,omitempty"`
	At       time.Time `json:"at" validate:"required"`
}

// TextView is one version with its words.
type TextView struct {
	Version int64  `json:"version" validate:"required"`
	SHA256  string `json:"sha256" validate:"required"`
	Text    Text   `json:"text" validate:"required"`
}

// PartView is one part that differs between two versions.
type PartView struct {
	ArticleID string `json:"article_id,omitempty"`
	What      string `json:"what" validate:"required"`
	Title     *Title `json:"title,omitempty"`
	State     string `json:"state" validate:"required,oneof=added removed changed"`
	Ar        []Run  `json:"ar,omitempty"`
	Fr        []Run  `json:"fr,omitempty"`
}

// CommentView is what one side said. Who said it stays on its own side.
type CommentView struct {
	ID        ids.ID[ids.Message] `json:"id" validate:"required"`
	At        time.Time           `json:"at" validate:"required"`
	Tenant    string              `json:"tenant" validate:"required"`
	Version   int64               `json:"version" validate:"required"`
	ArticleID string              `json:"article_id,omitempty"`
	Text      string              `json:"text,omitempty"`
	Proposal  *Body               `json:"proposal,omitempty"`
	State     string              `json:"state,omitempty"`
}

// EventView is one line of the history.
type EventView struct {
	Sequence  int64     `json:"sequence" validate:"required"`
	Event     string    `json:"event" validate:"required"`
	FromState string    `json:"from_state" validate:"required"` // empty where it begins
	ToState   string    `json:"to_state" validate:"required"`
	Version   int64     `json:"version" validate:"required"`
	Party     string    `json:"party,omitempty"`
	Reason    string    `json:"reason,omitempty"`
	Days      int       `json:"days,omitempty"`
	Tenant    string    `json:"tenant,omitempty"`
	At        time.Time `json:"at" validate:"required"`
}

// ResourceID lets a replay find the comment again.
func (v CommentView) ResourceID() string { return v.ID.String() }

type versionPath struct {
	ID     ids.ID[ids.Agreement] `path:"id" json:"-"`
	Number string                `path:"number" json:"-"`
}

type differenceQuery struct {
	ID   ids.ID[ids.Agreement] `path:"id" json:"-"`
	From string                `query:"from" json:"-"`
	To   string                `query:"to" json:"-"`
}

type pagedPath struct {
	web.Paging
	ID ids.ID[ids.Agreement] `path:"id" json:"-"`
}

type commentBody struct {
	ID        ids.ID[ids.Agreement] `path:"id" json:"-"`
	Text      string                `json:"text" validate:"max=4000"`
	ArticleID string                `json:"article_id" validate:"max=40"`
	Proposal  *Body                 `json:"proposal"`
}

type settleBody struct {
	ID      ids.ID[ids.Agreement] `path:"id" json:"-"`
	Comment ids.ID[ids.Message]   `path:"comment" json:"-"`
	Version int64                 `json:"version" validate:"required"`
}

func (s *Service) commentView(ctx context.Context, c Comment) CommentView {
	v := CommentView{ID: c.ID, At: c.At, Tenant: s.Tenants.Slug(ctx, c.TenantID), Version: c.Version, ArticleID: c.ArticleID, Text: c.Body, State: c.State}
	if c.ProposalAr != "" || c.ProposalFr != "" {
		v.Proposal = &Body{c.ProposalAr, c.ProposalFr}
	}
	return v
}

// EventsOf lists the history, oldest first. A party sees it from negotiation on.
func (s *Service) EventsOf(ctx context.Context, id ids.ID[ids.Agreement], page web.PageOf) (out []Event, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		if _, err := s.Get(ctx, id); err != nil {
			return err
		}
		out, err = eventsOf(ctx, id, page.After, page.Limit+1)
		return err
	})
	return out, err
}

func (s *Service) eventView(ctx context.Context, e Event) EventView {
	v := EventView{Sequence: e.Sequence, Event: e.Event, FromState: string(e.FromState), ToState: string(e.ToState), Version: e.Version, Party: e.Party, Reason: e.Reason, Days: e.Days, At: e.At}
	if !e.ByTenant.IsZero() {
		v.Tenant = s.Tenants.Slug(ctx, e.ByTenant)
	}
	return v
}

func (s *Service) talkRoutes() []web.Route {
	settle := func(name, summary string, take bool) web.Route {
		return web.JSON(http.MethodPost, "/agreements/:id/comments/:comment/"+name, summary, write, func(ctx context.Context, in settleBody) (View, error) {
			if _, err := s.Settle(ctx, in.ID, in.Comment, in.Version, take); err != nil {
				return View{}, err
			}
			return s.opened(ctx, in.ID)
		}).Replays(s.again)
	}
	return []web.Route{
		web.JSON(http.MethodGet, "/agreements/:id/versions", "List the versions of the text, newest first", Read, func(ctx context.Context, in path) (web.List[VersionView], error) {
			list, err := s.Versions(ctx, in.ID)
			out := web.List[VersionView]{Items: []VersionView{}}
			for _, x := range list {
				v := VersionView{Version: x.Version, SHA256: x.SHA256, Why: x.Why, At: x.At}
				if !x.ByTenant.IsZero() {
					v.ByTenant = s.Tenants.Slug(ctx, x.ByTenant)
				}
				out.Items = append(out.Items, v)
			}
			return out, err
		}),
		web.JSON(http.MethodGet, "/agreements/:id/versions/:number", "Open one version of the text", Read, func(ctx context.Context, in versionPath) (TextView, error) {
			n, err := strconv.ParseInt(in.Number, 10, 64)
			if err != nil {
				return TextView{}, fault.New(fault.NotFound)
			}
			t, hash, err := s.At(ctx, in.ID, n)
			return TextView{n, hash, t}, err
		}),
		web.JSON(http.MethodGet, "/agreements/:id/difference", "What two versions have differently, article by article and word by word", Read, func(ctx context.Context, in differenceQuery) (web.List[PartView], error) {
			from, err1 := strconv.ParseInt(in.From, 10, 64)
			to, err2 := strconv.ParseInt(in.To, 10, 64)
			if err1 != nil || err2 != nil {
				if _, err := s.Get(ctx, in.ID); err != nil {
					return web.List[PartView]{}, err
				}
				return web.List[PartView]{}, web.Malformed("from")
			}
			list, err := s.Difference(ctx, in.ID, from, to)
			out := web.List[PartView]{Items: []PartView{}}
			for _, p := range list {
				v := PartView{ArticleID: p.ID, What: p.What, State: p.State, Ar: p.Ar, Fr: p.Fr}
				if p.What == "article" {
					v.Title = &p.Title
				}
				out.Items = append(out.Items, v)
			}
			return out, err
		}),
		web.JSON(http.MethodGet, "/agreements/:id/events", "The history of an agreement, oldest first", Read, func(ctx context.Context, in pagedPath) (web.List[EventView], error) {
			page, err := in.Decode("events", in.ID.String())
			if err != nil {
				return web.List[EventView]{}, err
			}
			rows, err := s.EventsOf(ctx, in.ID, page)
			return web.Cut(page, rows, func(e Event) string { return strconv.FormatInt(e.Sequence, 10) }, func(e Event) EventView { return s.eventView(ctx, e) }), err
		}),
		web.JSON(http.MethodGet, "/agreements/:id/comments", "What the parties say of the text, oldest first", ReadDraft, func(ctx context.Context, in pagedPath) (web.List[CommentView], error) {
			page, err := in.Decode("comments", in.ID.String())
			if err != nil {
				return web.List[CommentView]{}, err
			}
			rows, err := s.Comments(ctx, in.ID, page.After, page.Limit+1)
			return web.Cut(page, rows, func(c Comment) string { return c.ID.String() }, func(c Comment) CommentView { return s.commentView(ctx, c) }), err
		}),
		web.JSON(http.MethodPost, "/agreements/:id/comments", "Comment on the text or an article, or propose its wording", comment, func(ctx context.Context, in commentBody) (CommentView, error) {
			c := Comment{ArticleID: in.ArticleID, Body: in.Text}
			if in.Proposal != nil {
				c.ProposalAr, c.ProposalFr = in.Proposal.Ar, in.Proposal.Fr
			}
			c, err := s.Say(ctx, in.ID, c)
			return s.commentView(ctx, c), err
		}).Creates().Replays(func(ctx context.Context, key string) (any, error) {
			id, err := ids.Parse[ids.Message](key)
			if err != nil {
				return nil, fault.New(fault.NotFound)
			}
			c, err := s.comment(ctx, id)
			return s.commentView(ctx, c), err
		}),
		settle("accept", "Take a proposal: it makes the edit", true),
		settle("refuse", "Leave the text as it is", false),
	}
}

// comment gives one comment of the actor's own tenant.
func (s *Service) comment(ctx context.Context, id ids.ID[ids.Message]) (c Comment, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		c, err = ownComment(ctx, id, tenants.Current(ctx))
		return gone(err)
	})
	return c, err
}
