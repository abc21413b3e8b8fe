package referrals

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"shubbak/modules/people"
	"shubbak/platform/i18n"
	"shubbak/policies"
	"shubbak/web"
)

// draftOf loads a draft of the reader's own; a referral that has gone on is shown
// as it stands.
func (s *Service) draftOf(c *web.Ctx) (r Referral, w Writing, err error) {
	id, err := pageID(c)
	if err != nil {
		return r, w, err
	}
	if r, err = s.reach(c.Std(), id, update); err != nil || !r.mine(c) {
		return r, w, err
	}
	err = s.DB.Read(c.Std(), func(ctx context.Context) error {
		w, err = s.writing(ctx, r)
		return err
	})
	return r, w, err
}

// mine reports a draft of the reader's tenant.
func (r Referral) mine(c *web.Ctx) bool { return r.State == Draft && r.FromTenant == c.Tenant().ID }

func (s *Service) draftPage(c *web.Ctx) error {
	r, w, err := s.draftOf(c)
	if err != nil {
		return err
	}
	if !r.mine(c) {
		return c.See("/referrals/" + r.ID.String())
	}
	f := url.Values{"need": {w.Need}, "priority": {w.Priority}, "basis": {w.Basis}, "reason": {w.Reason}}
	if !w.ConsentID.IsZero() {
		f.Set("consent", w.ConsentID.String())
	}
	if r.Exception {
		f.Set("exception", "1")
	}
	for _, d := range w.Documents {
		f.Add("documents", d.String())
	}
	for q, a := range w.Triage {
		f.Set("triage_"+q, a)
	}
	v := c.View("")
	x, err := s.loadSending(c.Std(), v, r.PersonID, r.ServiceID, f)
	if err != nil {
		return err
	}
	x.Draft, x.Version = r.ID, r.Version
	return s.showSending(c, v, x)
}

func (s *Service) draftPost(c *web.Ctx) error {
	r, _, err := s.draftOf(c)
	if err != nil {
		return err
	}
	if !r.mine(c) {
		return c.See("/referrals/" + r.ID.String())
	}
	v := c.View("")
	x, err := s.loadSending(c.Std(), v, r.PersonID, r.ServiceID, c.Form())
	if err != nil {
		return err
	}
	x.Draft = r.ID
	x.Version, _ = strconv.ParseInt(x.Values.Get("version"), 10, 64)
	return s.dispatch(c, v, x)
}

// seen is one line of the preview: what the partner sees, when, with real values.
type seen struct {
	Kind, Icon, When, What, Value string
	Details                       []string
}

// seen computes the preview from the same rule that opens the slices later: annex
// and consent, or the other legal basis.
func (s *Service) seen(v *web.View, x sending) []seen {
	basis := x.Values.Get("basis")
	g := policies.Share(x.permit.Annex, basis, x.consented(), nil, x.Recipient.Declared().Care)
	open := map[policies.Slice]bool{}
	for _, o := range g.Open(policies.Started) {
		open[o] = true
	}
	shut := func(slice policies.Slice, category string) string {
		switch {
		case x.Exception && !slices.Contains(x.permit.Annex[slice], category):
			return v.T("send.shut.exception")
		case !slices.Contains(x.permit.Annex[slice], category):
			return v.T("referrals.shut.annex")
		case basis != "consent":
			return v.T("referrals.shut.basis")
		case x.Values.Get("consent") == noConsent:
			return v.T("send.shut.not_yet")
		}
		return v.T("referrals.shut.consent")
	}
	line := func(slice policies.Slice, category, when, what, value string, details ...string) seen {
		if open[slice] {
			return seen{"later", "unlock", v.T(when), what, value, details}
		}
		return seen{"shut", "minus", v.T("referrals.ladder.never"), what, "", []string{shut(slice, category)}}
	}
	out := []seen{{"open", "eye", v.T("referrals.ladder.sent"), v.T("referrals.slice.card"), "", s.cardWords(v, x)}}
	birth := birthWords(v, identityOf(x.Person, false))
	out = append(out, line(policies.Identity, policies.CatIdentity, "referrals.ladder.accepted", v.T("referrals.slice.identity_only"), x.Name+comma(v)+birth, contactWords(v, x.Person, g.Contact)...))
	if g.Identity && !g.Contact {
		out = append(out, seen{"shut", "minus", v.T("referrals.ladder.never"), v.T("people.category.contact"), "", []string{shut(policies.Identity, policies.CatContact)}})
	}
	reason := short(x.Values.Get("reason"), 160)
	if reason == "" {
		reason = v.T("send.seen.reason_empty")
	}
	out = append(out, line(policies.Social, policies.CatSocial, "referrals.ladder.accepted", v.T("ref.reason"), "", reason))
	out = append(out, line(policies.Documents, policies.CatDocuments, "referrals.ladder.one_by_one", v.T("referrals.slice.documents"), "", v.T("referrals.slice.documents.detail")))
	if g.Documents && !g.HealthDocuments {
		why := shut(policies.Documents, policies.CatHealth)
		if !x.Recipient.Declared().Care {
			why = v.T("send.shut.care")
		}
		out = append(out, seen{"shut", "minus", v.T("referrals.ladder.never"), v.T("people.category.health"), "", []string{why}})
	}
	out = append(out, line(policies.Summary, policies.CatSocial, "referrals.ladder.started", v.T("referrals.slice.summary"), "", v.T("referrals.slice.summary.detail")))
	return append(out, seen{"shut", "minus", v.T("send.seen.never"), v.T("send.seen.clinical"), "", []string{v.T("send.seen.clinical_why")}})
}

// pair is a word with its value, which keeps its own direction.
func pair(v *web.View, word, value string) string {
	return v.T("referrals.problem", "Field", word, "Problem", "\u2068"+value+"\u2069")
}

func comma(v *web.View) string {
	if v.Lang == i18n.Arabic {
		return "، "
	}
	return ", "
}

// cardWords are the values of the anonymous card.
func (s *Service) cardWords(v *web.View, x sending) []string {
	var r Referral
	s.setCard(&r, x.Person, v.Now)
	out := []string{v.T("need." + x.Need), sexWord(v, r.CardSex) + comma(v) + ageWords(v, r.CardAgeBand)}
	if d := s.placeWord(v, r.CardDistrict); d != "" {
		out = append(out, d)
	}
	if r.CardLanguage != "" {
		out = append(out, v.T("lang."+r.CardLanguage))
	}
	out = append(out, v.T("urgency."+x.Values.Get("priority")))
	for _, q := range x.Offer.Triage {
		if a := x.Values.Get("triage_" + q.Code); a != "" {
			out = append(out, pair(v, q.Text.In(v.Lang), choiceWord(v, q, a)))
		}
	}
	return out
}

// contactWords are the safe phones with their hours, or that there is none.
func contactWords(v *web.View, p people.Person, contact bool) []string {
	if !contact {
		return nil
	}
	var out []string
	for _, ph := range identityOf(p, true).Phones {
		text := "\u2066" + web.PhoneWords(ph.Number) + "\u2069"
		if h := strings.TrimSpace(ph.Hours); h != "" {
			text += comma(v) + h
		}
		out = append(out, text)
	}
	if len(out) == 0 {
		out = append(out, v.T("send.seen.no_phone"))
	}
	if w := p.Private.Address; w != "" {
		out = append(out, v.T("ben.address"))
	}
	return out
}
