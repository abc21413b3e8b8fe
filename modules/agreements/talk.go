package agreements

import (
	"context"
	"slices"
	"strings"
	"time"

	"shubbak/platform/audit"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/tenants"
)

// Comment is what one side says of the text, or of one article; a proposal says how
// the article should read, and the keeper takes it or not.
type Comment struct {
	ID          ids.ID[ids.Message] `bun:",pk"`
	AgreementID ids.ID[ids.Agreement]
	TenantID    ids.ID[ids.Tenant]
	UserID      ids.ID[ids.User]
	Version     int64
	ArticleID   string
	Body        string
	ProposalAr  string
	ProposalFr  string
	State       string // of a proposal: open, accepted, refused
	At          time.Time
	SettledAt   time.Time `bun:",nullzero"`
}

// The states of a proposal.
const (
	open     = "open"
	accepted = "accepted"
	refused  = "refused"
)

// commentable are the states in which the parties speak of the text.
var commentable = []State{Negotiation, Signing}

// Say adds a comment. What a proposal leaves out of the two languages stays as it is.
func (s *Service) Say(ctx context.Context, id ids.ID[ids.Agreement], c Comment) (Comment, error) {
	c.Body, c.ProposalAr, c.ProposalFr = strings.TrimSpace(c.Body), strings.TrimSpace(c.ProposalAr), strings.TrimSpace(c.ProposalFr)
	proposes := c.ProposalAr != "" || c.ProposalFr != ""
	var f fault.Collect
	if c.Body == "" && !proposes {
		f.Add("text", "required")
	}
	if proposes && c.ArticleID == "" {
		f.Add("article_id", "required")
	}
	if err := f.Err(); err != nil {
		return c, err
	}
	return c, s.DB.InTx(ctx, func(ctx context.Context) error {
		a, err := s.reach(ctx, id)
		if err != nil {
			return err
		}
		if !s.Law.Allow(tenants.From(ctx), comment, s.Relations(ctx, a)...) {
			return fault.New(fault.Forbidden)
		}
		if !slices.Contains(commentable, a.State) {
			return a.illegal("comment")
		}
		t, _, err := s.textOf(ctx, a, a.Version)
		if err != nil {
			return err
		}
		if c.ArticleID != "" && t.article(c.ArticleID) < 0 {
			return fault.In("article_id", "unknown_code")
		}
		now, actor := s.Clock.Now(), tenants.From(ctx)
		c.ID, c.AgreementID, c.TenantID, c.UserID, c.Version, c.At = ids.New[ids.Message](), id, actor.Tenant.ID, actor.User, a.Version, now
		if proposes {
			c.State = open
		}
		if err := insertComment(ctx, c); err != nil {
			return err
		}
		e := a.note("commented", now)
		if proposes {
			e.Event = "proposed"
		}
		if err := save(ctx, a); err != nil {
			return err
		}
		return s.record(ctx, a, []Event{e})
	})
}

func (t Text) article(id string) int {
	return slices.IndexFunc(t.Articles, func(x Article) bool { return x.ID.String() == id })
}

// Settle takes a proposal, which makes the edit, or refuses it.
func (s *Service) Settle(ctx context.Context, id ids.ID[ids.Agreement], which ids.ID[ids.Message], version int64, take bool) (c Comment, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		a, err := s.reach(ctx, id)
		if err != nil {
			return err
		}
		if c, err = commentByID(ctx, id, which); err != nil {
			return gone(err)
		}
		if a.TenantID != tenants.Current(ctx) {
			return fault.New(fault.Forbidden)
		}
		if a.Version != version {
			return fault.New(fault.VersionConflict)
		}
		if c.State != open || !a.State.Editable() {
			return a.illegal("settle")
		}
		t, _, err := s.textOf(ctx, a, a.Version)
		if err != nil {
			return err
		}
		i := t.article(c.ArticleID)
		c.State = refused
		if take {
			if i < 0 {
				return a.illegal("settle") // the article is gone
			}
			c.State = accepted
		}
		now := s.Clock.Now()
		if err := settleComment(ctx, c.ID, id, c.State, now); err != nil {
			return err
		}
		if !take {
			e := a.note("proposal_refused", now)
			if err := save(ctx, a); err != nil {
				return err
			}
			return s.record(ctx, a, []Event{e})
		}
		if c.ProposalAr != "" {
			t.Articles[i].Body.Ar = c.ProposalAr
		}
		if c.ProposalFr != "" {
			t.Articles[i].Body.Fr = c.ProposalFr
		}
		if err := s.Audit.Did(ctx, audit.Entry{Action: "accept_proposal", Object: "agreement", ID: id.String()}); err != nil {
			return err
		}
		return s.rewrite(ctx, &a, t, "proposal")
	})
	return c, err
}

// missing is the language that a proposed wording leaves out, "" for none.
func (c Comment) missing() string {
	switch {
	case c.ProposalAr != "" && c.ProposalFr == "":
		return "fr"
	case c.ProposalFr != "" && c.ProposalAr == "":
		return "ar"
	}
	return ""
}

// Comments lists what was said, oldest first.
func (s *Service) Comments(ctx context.Context, id ids.ID[ids.Agreement], after string, limit int) (out []Comment, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		if _, err := s.Get(ctx, id); err != nil {
			return err
		}
		out, err = commentsOf(ctx, id, after, limit)
		return err
	})
	return out, err
}

// FocalPoints are the addresses of the focal points that an agreement names at the
// tenant of ctx.
func (s *Service) FocalPoints(ctx context.Context, id ids.ID[ids.Agreement]) (out []string, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		a, err := byID(ctx, id)
		if err != nil {
			return gone(err)
		}
		t, _, err := s.textOf(ctx, a, a.Version)
		own := s.Tenants.Slug(ctx, tenants.Current(ctx))
		for _, x := range t.FocalPoints {
			if x.Party == own && x.Email != "" {
				out = append(out, x.Email)
			}
		}
		return err
	})
	return out, err
}
