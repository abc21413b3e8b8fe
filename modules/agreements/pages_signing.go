package agreements

import (
	"context"
	"strconv"

	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/web"
)

// signing is what the signing page shows.
type signing struct {
	View
	Party    string
	Title    string
	Changed  bool
	CodeSent bool
	Refusal  string
	Codes    bool // the reader signs by code
	Papers   []paperForm
	Words    wording
}

func (s *Service) signPage(c *web.Ctx) error {
	id, err := s.agreementID(c)
	if err != nil {
		return err
	}
	return s.showSigning(c, id, "", false, Act{})
}

// showSigning shows the text to be signed; typed is what a form of a file held that came
// back.
func (s *Service) showSigning(c *web.Ctx, id ids.ID[ids.Agreement], refusal string, sent bool, typed Act) error {
	o, err := s.Get(c.Std(), id)
	if err != nil {
		return err
	}
	v := c.View("")
	papers, err := s.papers(c, o, typed)
	if err != nil {
		return err
	}
	own, _ := o.Text.Party(c.Tenant().Slug)
	codes := own.Tenant != "" && s.Law.Allow(tenants.From(c.Std()), actPermission(Sign), policies.Party)
	if o.State != Signing || !codes && len(papers) == 0 {
		return c.See("/agreements/" + id.String())
	}
	x := signing{View: fullView(o), Party: c.Tenant().Slug, Refusal: refusal, CodeSent: sent || c.Query("sent") == "1", Codes: codes, Papers: papers}
	x.Title = x.View.Title.in(v.Lang)
	if x.Words, err = s.wording(c.Std(), v, o.Text); err != nil {
		return err
	}
	if seen := c.Query("seen"); seen != "" && seen != strconv.FormatInt(o.Version, 10) {
		x.Changed, x.CodeSent = true, false
	}
	v.Title = v.T("agreements.sign.title", "Number", o.Number)
	return c.Render(signView(v, x))
}

func (s *Service) signPost(c *web.Ctx) error {
	id, err := s.agreementID(c)
	if err != nil {
		return err
	}
	f := c.Form()
	version, _ := strconv.ParseInt(f.Get("version"), 10, 64)
	code := web.Latin(f.Get("code"))
	if f.Get("code") == "" && f.Get("send") != "1" {
		return s.showSigning(c, id, c.View("").T("agreements.sign.code.missing"), true, Act{})
	}
	err = s.Do(c.Std(), id, Act{Command: Sign, Version: version, Party: c.Tenant().Slug, Method: "one_time_code", Code: code})
	if err != nil {
		said := s.refusal(c, err)
		if said == "" {
			return err
		}
		c.Unprocessable(err)
		return s.showSigning(c, id, said, code != "", Act{})
	}
	if code == "" {
		return c.See("/agreements/" + id.String() + "/sign?sent=1")
	}
	c.Flash("flash.agreements.signed_by_code", "")
	return c.See("/agreements/" + id.String())
}

// codePage leads on from the link in a code's mail: to the signing page, which says
// when the text has changed since.
func (s *Service) codePage(c *web.Ctx) error {
	var r codeRow
	err := s.DB.Read(c.Std(), func(ctx context.Context) (err error) {
		r, err = ownCode(ctx, c.Params("code"), tenants.From(ctx).User)
		return err
	})
	if err != nil {
		return c.See("/agreements")
	}
	return c.See("/agreements/" + r.AgreementID.String() + "/sign?sent=1&seen=" + strconv.FormatInt(r.Version, 10))
}
