package referrals

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"shubbak/modules/agreements"
	"shubbak/modules/directory"
	"shubbak/modules/documents"
	"shubbak/modules/people"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/web"
)

// sending is the page on which a referral is written, previewed and sent.
type sending struct {
	Person    people.Person
	Name      string
	Offer     directory.Service
	Recipient *tenants.Tenant
	To        string
	Need      string
	Values    url.Values
	Problems  web.Problems
	Refused   string // why it cannot be sent, in words
	Other     ID     // the open referral that stands in the way
	Exception bool   // an exception to the agreement is asked for
	Consents  []people.Consent
	Shut      map[string]string
	Seen      []seen
	Due       string
	Held      []documents.Document // that the referral may name
	Draft     ID                   // zero for a new referral
	Version   int64

	permit agreements.Permit
	why    string
}

// The answers to "which consent carries this referral?" beside the id of one.
const (
	newConsent = "new"
	noConsent  = "none"
)

// action is where the form is sent to.
func (x sending) action() string {
	if !x.Draft.IsZero() {
		return "/referrals/" + x.Draft.String() + "/edit"
	}
	return "/people/" + x.Person.ID.String() + "/refer/" + x.Offer.ID.String()
}

// MayExcept reports that the agreement alone stands in the way: then an exception
// may be asked for.
func (x sending) MayExcept() bool { return slices.Contains(exceptions, x.why) }

// back is the step before.
func (x sending) back() string {
	return choosing{Person: x.Person, Parent: x.Values.Get("parent")}.path("", x.Need, false)
}

// load reads everything that the page needs about person, service and agreement.
func (s *Service) loadSending(ctx context.Context, v *web.View, person ids.ID[ids.Person], service ids.ID[ids.Service], f url.Values) (sending, error) {
	x := sending{Values: f, Need: f.Get("need"), Exception: f.Get("exception") == "1"}
	var err error
	if x.Person, err = s.People.Get(ctx, person); err != nil {
		return x, err
	}
	if x.Offer, err = s.Directory.Get(ctx, service); err != nil {
		return x, err
	}
	if x.Need == "" && len(x.Offer.Needs) > 0 {
		x.Need = x.Offer.Needs[0]
	}
	if x.Offer.Letter() || x.Offer.TenantID == v.Tenant.ID || !x.Offer.Serves(x.Need) {
		return x, fault.New(fault.NotFound)
	}
	if x.Recipient, err = s.Tenants.ByID(ctx, x.Offer.TenantID); err != nil {
		return x, err
	}
	x.Name, x.To = x.Person.DisplayName(v.Lang == i18n.Arabic), x.Recipient.Name(v.Lang)
	prof := profile(x.Person, v.Local(v.Now))
	permit, why, err := s.Agreements.Permits(ctx, v.Tenant.ID, agreements.Ask{To: x.Offer.TenantID, Service: x.Offer.ID, Needs: []string{x.Need}, Person: &prof})
	if err != nil {
		return x, err
	}
	x.permit, x.why = permit, string(why)
	if admits := s.Directory.Admits(x.Offer, prof); admits != "" && (x.why == "" || x.Exception) {
		x.why = admits
	}
	x.Exception = x.Exception && x.MayExcept()
	if x.Exception {
		// An exception opens card and identity at most.
		x.permit.Annex = policies.Annex{policies.Identity: {policies.CatIdentity, policies.CatContact}}
	}
	rows, err := s.People.Consents(ctx, person, web.PageOf{Limit: web.DefaultLimit})
	for _, c := range rows {
		if c.Covers("referral", x.Recipient.Slug, v.Now) {
			x.Consents = append(x.Consents, c)
		}
	}
	return x, err
}

// fill gives a new form what it begins with.
func (x *sending) fill(v *web.View) {
	fresh := people.NewConsent(v)
	for k, list := range fresh {
		if _, typed := x.Values[k]; !typed {
			x.Values[k] = list
		}
	}
	for k, first := range map[string]string{"priority": "routine", "basis": "consent", "consent": newConsent} {
		if x.Values.Get(k) == "" {
			x.Values.Set(k, first)
		}
	}
	if x.Values.Get("consent") == newConsent && len(x.Consents) > 0 && x.Values.Get("typed") == "" {
		x.Values.Set("consent", x.Consents[0].ID.String())
	}
	if x.Values.Get("consent") == newConsent && !v.May("person", "consent") {
		x.Values.Set("consent", noConsent)
	}
	x.Values.Set("need", x.Need)
}

// consented are the categories that the chosen consent holds, recorded or still in
// the form.
func (x sending) consented() []string {
	switch chosen := x.Values.Get("consent"); chosen {
	case newConsent:
		return x.Values["categories"]
	case noConsent:
		return nil
	default:
		for _, c := range x.Consents {
			if c.ID.String() == chosen {
				return c.Categories
			}
		}
	}
	return nil
}

func (s *Service) sendPage(c *web.Ctx) error {
	person, err := pagePerson(c)
	if err != nil {
		return err
	}
	service, err := ids.Parse[ids.Service](c.Params("service"))
	if err != nil {
		return fault.New(fault.NotFound)
	}
	f := url.Values{"need": {c.Query("need")}, "exception": {c.Query("exception")}, "parent": {parentOf(c.Query("parent"))}}
	v := c.View("")
	x, err := s.loadSending(c.Std(), v, person, service, f)
	if err != nil {
		return err
	}
	return s.showSending(c, v, x)
}

func (s *Service) showSending(c *web.Ctx, v *web.View, x sending) error {
	x.fill(v)
	x.Shut = map[string]string{}
	for category, slice := range map[string]policies.Slice{policies.CatIdentity: policies.Identity, policies.CatContact: policies.Identity, policies.CatSocial: policies.Social,
		policies.CatDocuments: policies.Documents, policies.CatHealth: policies.Documents} {
		switch {
		case category == policies.CatHealth && !x.Recipient.Declared().Care:
			x.Shut[category] = v.T("send.shut.care")
		case slices.Contains(x.permit.Annex[slice], category):
		case x.Exception:
			x.Shut[category] = v.T("send.shut.exception")
		case x.permit.Annex != nil:
			x.Shut[category] = v.T("send.shut.annex", "Number", x.permit.Number)
		default:
			x.Shut[category] = v.T("referrals.shut.annex")
		}
	}
	if x.Refused == "" && x.why != "" {
		x.Refused = v.T("referrals.not_permitted." + x.why)
		if key, args := x.permit.Words(agreements.Reason(x.why)); key != "" {
			x.Refused = v.Say(key, args)
		}
	}
	if x.Refused != "" && !strings.HasSuffix(x.Refused, ".") {
		x.Refused += "."
	}
	var err error
	if v.May("document", "read") {
		if x.Held, err = s.held(c.Std(), x.Person.ID, x.Draft); err != nil {
			return err
		}
	}
	x.Seen = s.seen(v, x)
	receiver, err := s.calendarOf(c.Std(), x.Offer.TenantID, x.Offer.UnitID, v.Now)
	if err != nil {
		return err
	}
	x.Due = when(v, termOf("acknowledge", x.Values.Get("priority")).from(receiver, v.Now))
	v.Title = v.T("send.title")
	v.Failed = len(x.Problems) > 0
	return c.Render(s.sendView(v, x))
}

func (s *Service) sendPost(c *web.Ctx) error {
	person, err := pagePerson(c)
	if err != nil {
		return err
	}
	service, err := ids.Parse[ids.Service](c.Params("service"))
	if err != nil {
		return fault.New(fault.NotFound)
	}
	v := c.View("")
	x, err := s.loadSending(c.Std(), v, person, service, c.Form())
	if err != nil {
		return err
	}
	return s.dispatch(c, v, x)
}

// dispatch does what the pressed button says: preview, save as draft, send.
func (s *Service) dispatch(c *web.Ctx, v *web.View, x sending) error {
	do := x.Values.Get("do")
	if do != "send" && do != "draft" {
		return s.showSending(c, v, x)
	}
	w := x.writing()
	wrong := web.Faults(w.check(s.terms.Need))
	if field, code := x.Offer.CheckTriage(w.Triage); code != "" {
		wrong = append(wrong, fault.Field{Field: field, Code: code})
	}
	if x.Exception && do == "send" && strings.TrimSpace(x.Values.Get("exception_reason")) == "" {
		wrong = append(wrong, fault.Field{Field: "exception_reason", Code: "required"})
	}
	x.Problems = sendProblems(c, x, wrong)
	consent := people.ReadConsent(x.Values)
	consent.PersonID, consent.Purpose, consent.Recipients = x.Person.ID, "referral", []string{x.Recipient.Slug}
	// A draft does not wait for the consent: nothing agreed yet is no fault there.
	record := w.Basis == "consent" && x.Values.Get("consent") == newConsent && (do == "send" || len(consent.Categories) > 0)
	if record {
		x.Problems = append(x.Problems, people.ConsentProblems(c, web.Faults(s.People.Check(c.Std(), &consent)))...)
	}
	if len(x.Problems) > 0 {
		slices.SortStableFunc(x.Problems, func(a, b web.Problem) int { return cmp.Compare(sendPlace(a.Field), sendPlace(b.Field)) })
		c.Unprocessable(fault.In("form", "malformed"))
		return s.showSending(c, v, x)
	}
	if record {
		if !v.May("person", "consent") {
			return fault.New(fault.Forbidden)
		}
		kept, err := s.People.Record(c.Std(), consent)
		if err != nil {
			return err
		}
		// If the referral is refused now, the consent is given all the same.
		x.Consents = append([]people.Consent{kept}, x.Consents...)
		x.Values.Set("consent", kept.ID.String())
		w.ConsentID = kept.ID
	}
	id, err := s.write(c.Std(), x, w, do == "send")
	if err != nil {
		return s.refused(c, v, x, err)
	}
	r, err := s.Card(c.Std(), id)
	if err != nil {
		return err
	}
	if r.State == Sent {
		return c.See("/referrals/" + id.String() + "/sent")
	}
	c.Flash("flash.send."+string(r.State), r.Number)
	return c.See("/referrals/" + id.String())
}

// write makes or changes the referral, and sends it.
func (s *Service) write(ctx context.Context, x sending, w Writing, send bool) (ID, error) {
	exception := ""
	if x.Exception {
		exception = short(x.Values.Get("exception_reason"), 1000)
	}
	if x.Draft.IsZero() {
		return s.Create(ctx, w, send, exception)
	}
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		err := s.Change(ctx, x.Draft, x.Version, func(old *Writing) {
			old.Need, old.Priority, old.Basis, old.BasisNote, old.Reason, old.Triage, old.ConsentID, old.Documents = w.Need, w.Priority, w.Basis, w.BasisNote, w.Reason, w.Triage, w.ConsentID, w.Documents
		}, nil)
		if err != nil || !send {
			return err
		}
		return s.Do(ctx, x.Draft, Act{Command: Send, Version: x.Version + 1, ExceptionReason: exception})
	})
	return x.Draft, err
}

// refused shows the form again with why the referral cannot go.
func (s *Service) refused(c *web.Ctx, v *web.View, x sending, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	switch f.Code {
	case fault.Invalid:
		x.Problems = sendProblems(c, x, f.Fields)
	case fault.NotPermitted:
		x.why, _ = f.Data["reason"].(string)
		x.Refused = c.Sentence(f)
	case fault.AlreadyOpen:
		x.Refused = c.Sentence(f)
		x.Other, _ = f.Data["id"].(ID)
	default:
		return err
	}
	c.Unprocessable(err)
	return s.showSending(c, v, x)
}

// writing is the form as the service takes it.
func (x sending) writing() Writing {
	f := x.Values
	w := Writing{PersonID: x.Person.ID, Need: x.Need, ServiceID: x.Offer.ID, Priority: f.Get("priority"), Basis: f.Get("basis"), BasisNote: short(f.Get("basis_note"), 1000),
		Reason: strings.ReplaceAll(f.Get("reason"), "\r\n", "\n"), Triage: map[string]string{}}
	if w.Basis == "" {
		w.Basis = "consent"
	}
	for _, q := range x.Offer.Triage {
		if a := f.Get("triage_" + q.Code); a != "" {
			w.Triage[q.Code] = a
		}
	}
	for _, raw := range f["documents"] {
		if id, err := ids.Parse[ids.Document](raw); err == nil {
			w.Documents = append(w.Documents, id)
		}
	}
	if id, err := ids.Parse[ids.Consent](f.Get("consent")); err == nil && w.Basis == "consent" {
		w.ConsentID = id
	}
	if id, err := ids.Parse[ids.Referral](f.Get("parent")); err == nil {
		w.ParentID = id
	}
	return w
}
