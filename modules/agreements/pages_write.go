package agreements

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/web"
)

// termsForm is the first page of an agreement as it is written: everything but the
// articles and the clauses.
type termsForm struct {
	ID       string
	Values   url.Values
	Problems web.Problems
	Refusal  string
	Changed  []string // what others have changed since the form was opened
	Partners []web.Choice
	More     clauseForm // what the fields of population and territory want
}

func (x termsForm) action() string {
	if x.ID == "" {
		return "/agreements/new"
	}
	return "/agreements/" + x.ID + "/edit"
}

func (x termsForm) box(v *web.View, name string, rows int) web.Box {
	b := web.Box{ID: name, Label: v.T("agreements.label." + name), Value: x.Values.Get(name), Problem: x.Problems.Of(name), Dir: wordsDir(name), Max: 4000, Rows: rows}
	switch name {
	case "object":
		b.Dir = "rtl" // the Arabic one
	case "notice_days":
		b.Short, b.Mode, b.Dir, b.Max = true, "numeric", "ltr", 12
	}
	return b
}

// wordsDir is the direction of a field that holds words of one language, whatever the
// page's is; "" for any other.
func wordsDir(name string) string {
	for _, part := range strings.Split(name, "_") {
		if d := direction[part]; d != "" {
			return d
		}
	}
	return ""
}

// termControl is the control of a faulty field.
func termControl(field string) string {
	switch {
	case strings.HasPrefix(field, "parties"):
		return "partners"
	case field == "title":
		return "title_ar"
	case strings.HasPrefix(field, "population."), strings.HasPrefix(field, "territory"):
		return clauseControl(field)
	}
	return field
}

func (s *Service) agreementID(c *web.Ctx) (ids.ID[ids.Agreement], error) {
	id, err := ids.Parse[ids.Agreement](c.Params("id"))
	if err != nil {
		return id, fault.New(fault.NotFound)
	}
	return id, nil
}

func (s *Service) newPage(c *web.Ctx) error {
	today := s.today()
	f := url.Values{"kind": {"specific"}, "renewal": {"tacit"}, "notice_days": {"60"}, "committee_steering": {"semester"}, "committee_followup": {"quarter"}}
	web.SetDay(f, "effective_on", today)
	web.SetDay(f, "ends_on", Day(today, 364))
	return s.showTerms(c, termsForm{Values: f})
}

func (s *Service) editPage(c *web.Ctx) error {
	id, err := s.agreementID(c)
	if err != nil {
		return err
	}
	o, err := s.Get(c.Std(), id)
	if err != nil {
		return err
	}
	if !keeps(c.Std(), o.Agreement) || !o.State.Editable() {
		return fault.New(fault.NotFound)
	}
	t := o.Text
	f := url.Values{"version": {strconv.FormatInt(o.Version, 10)}, "kind": {t.Kind}, "title_ar": {t.Title.Ar}, "title_fr": {t.Title.Fr}, "object": {t.Object.Ar}, "object_fr": {t.Object.Fr},
		"renewal": {t.Renewal}, "notice_days": {strconv.Itoa(t.NoticeDays)}}
	if t.NeedsVisa {
		f.Set("needs_visa", "1")
	}
	for _, p := range t.Parties {
		if p.Tenant != "" {
			f.Add("partners", p.Tenant)
		} else {
			f.Set("organizations", strings.TrimPrefix(f.Get("organizations")+"\n"+p.Organization, "\n"))
		}
	}
	web.SetDay(f, "effective_on", t.EffectiveOn)
	web.SetDay(f, "ends_on", t.EndsOn)
	setMore(f, t)
	return s.showTerms(c, termsForm{ID: id.String(), Values: f, More: clauseForm{Text: t}})
}

func (s *Service) showTerms(c *web.Ctx, x termsForm) error {
	v := c.View("")
	list, err := s.Tenants.All(c.Std())
	if err != nil {
		return err
	}
	for _, t := range list {
		if t.ID != v.Tenant.ID {
			x.Partners = append(x.Partners, web.Choice{Value: t.Slug, Word: t.Name(v.Lang)})
		}
	}
	if err := s.choices(c.Std(), v, &x.More); err != nil {
		return err
	}
	x.More.Values, x.More.Problems = x.Values, x.Problems
	v.Title = v.T("agreements.new")
	if x.ID != "" {
		v.Title = v.T("agreements.edit")
	}
	return c.Render(termsView(v, x))
}

// termsOf writes what a form says into a text.
func termsOf(f url.Values, own string) func(t *Text) error {
	return func(t *Text) error {
		days, err := strconv.Atoi(web.Latin(f.Get("notice_days")))
		if err != nil {
			return fault.In("notice_days", "malformed")
		}
		t.Title, t.Object = Title{strings.TrimSpace(f.Get("title_ar")), strings.TrimSpace(f.Get("title_fr"))}, Body{strings.TrimSpace(f.Get("object")), strings.TrimSpace(f.Get("object_fr"))}
		t.EffectiveOn, t.EndsOn, t.Renewal, t.NoticeDays, t.NeedsVisa = web.Day(f, "effective_on"), web.Day(f, "ends_on"), f.Get("renewal"), days, f.Get("needs_visa") == "1"
		var keys []Party
		for _, slug := range slices.Concat([]string{own}, f["partners"]) {
			if !slices.Contains(keys, Party{Tenant: slug}) {
				keys = append(keys, Party{Tenant: slug})
			}
		}
		for _, line := range strings.Split(f.Get("organizations"), "\n") {
			if name := strings.TrimSpace(line); name != "" {
				keys = append(keys, Party{Organization: name})
			}
		}
		parties := make([]PartyText, len(keys))
		for i, k := range keys {
			parties[i] = PartyText{Party: k}
			if old, ok := t.Party(k.Key()); ok {
				parties[i] = old // with its signatories
			}
		}
		t.Parties = parties
		return moreOf(f, t)
	}
}

func (s *Service) termsPost(c *web.Ctx) error {
	f := c.Form()
	x := termsForm{Values: f}
	change := termsOf(f, c.Tenant().Slug)
	var a Agreement
	var err error
	if c.Params("id") == "" {
		t := Text{Kind: f.Get("kind")}
		if err = change(&t); err == nil {
			a, err = s.Create(c.Std(), t)
		}
	} else {
		id, perr := s.agreementID(c)
		if perr != nil {
			return perr
		}
		x.ID = id.String()
		o, gerr := s.edited(c)
		if gerr != nil {
			return gerr
		}
		x.More.Text = o.Text
		version, _ := strconv.ParseInt(f.Get("version"), 10, 64)
		if a, err = s.Edit(c.Std(), id, max(version, 1), "terms", change); fault.Has(err, fault.VersionConflict) {
			if _, x.Refusal, x.Changed, err = s.comesBack(c, o, version, err); err != nil {
				return err
			}
			f.Set("version", strconv.FormatInt(o.Version, 10))
			return s.showTerms(c, x)
		}
	}
	switch {
	case err == nil:
		return c.See("/agreements/" + a.ID.String())
	case len(web.Faults(err)) > 0:
		x.Problems = web.ProblemsOf(c, web.Faults(err), "agreements.label.", termControl)
	case fault.Has(err, fault.VersionConflict), fault.Has(err, fault.IllegalTransition):
		var known *fault.Error
		asFault(err, &known)
		x.Refusal = c.Sentence(known)
	default:
		return err
	}
	c.Unprocessable(err)
	return s.showTerms(c, x)
}

// articleForm is one article in both languages, side by side.
type articleForm struct {
	Agreement ids.ID[ids.Agreement]
	ID        string
	Number    string
	Values    url.Values
	Refusal   string
}

func (s *Service) articlePage(c *web.Ctx) error {
	id, err := s.agreementID(c)
	if err != nil {
		return err
	}
	o, err := s.Get(c.Std(), id)
	if err != nil {
		return err
	}
	i := o.Text.article(c.Params("article"))
	if i < 0 && c.Params("article") != "new" || !keeps(c.Std(), o.Agreement) || !o.State.Editable() {
		return fault.New(fault.NotFound)
	}
	f := url.Values{"version": {strconv.FormatInt(o.Version, 10)}}
	if i >= 0 {
		x := o.Text.Articles[i]
		f.Set("title_ar", x.Title.Ar)
		f.Set("title_fr", x.Title.Fr)
		f.Set("body_ar", x.Body.Ar)
		f.Set("body_fr", x.Body.Fr)
	}
	return s.showArticle(c, articleForm{Agreement: id, ID: c.Params("article"), Number: o.Number, Values: f})
}

func (s *Service) showArticle(c *web.Ctx, x articleForm) error {
	v := c.View("")
	v.Title = v.T("agreements.article.edit")
	return c.Render(articleView(v, x))
}

func (s *Service) articlePost(c *web.Ctx) error {
	id, err := s.agreementID(c)
	if err != nil {
		return err
	}
	f, which := c.Form(), c.Params("article")
	version, _ := strconv.ParseInt(f.Get("version"), 10, 64)
	_, err = s.Edit(c.Std(), id, max(version, 1), "articles", func(t *Text) error {
		x := Article{Title: Title{strings.TrimSpace(f.Get("title_ar")), strings.TrimSpace(f.Get("title_fr"))}, Body: Body{strings.TrimSpace(f.Get("body_ar")), strings.TrimSpace(f.Get("body_fr"))}}
		i := t.article(which)
		switch {
		case i < 0 && which != "new":
			return fault.New(fault.NotFound)
		case i >= 0 && f.Get("remove") == "1":
			t.Articles = slices.Delete(t.Articles, i, i+1)
			return nil
		case x.blank():
			return fault.In("title_ar", "required")
		case i < 0:
			t.Articles = append(t.Articles, x)
			return nil
		}
		x.ID, x.Key = t.Articles[i].ID, t.Articles[i].Key
		t.Articles[i] = x
		return nil
	})
	if said := s.refusal(c, err); said != "" {
		c.Unprocessable(err)
		return s.showArticle(c, articleForm{Agreement: id, ID: which, Values: f, Refusal: said})
	}
	if err != nil {
		return err
	}
	return c.See("/agreements/" + id.String())
}

// actPost gives a command from the agreement's page; a refusal is said on top of it.
func (s *Service) actPost(c *web.Ctx) error {
	id, err := s.agreementID(c)
	if err != nil {
		return err
	}
	f, command := c.Form(), Command(c.Params("command"))
	if rule, known := Table[command]; !known || rule.By == System || command == Sign {
		return fault.New(fault.NotFound)
	}
	version, _ := strconv.ParseInt(f.Get("version"), 10, 64)
	err = s.Do(c.Std(), id, Act{Command: command, Version: version, Reason: f.Get("reason"), EffectiveOn: web.Day(f, "effective_on"), Cause: f.Get("cause"),
		Number: f.Get("number"), Date: web.Day(f, "date"), Authority: f.Get("authority")})
	if err == nil && (command == Amend || command == Renew) { // what has begun is where the work goes on
		id, err = s.Follower(c.Std(), id, command)
	}
	return s.afterPost(c, id, err, "act."+string(command))
}

func (s *Service) commentPost(c *web.Ctx) error {
	id, err := s.agreementID(c)
	if err != nil {
		return err
	}
	f := c.Form()
	_, err = s.Say(c.Std(), id, Comment{ArticleID: f.Get("article_id"), Body: f.Get("text"), ProposalAr: f.Get("proposal_ar"), ProposalFr: f.Get("proposal_fr")})
	return s.afterPost(c, id, err, "said")
}

func (s *Service) settlePost(c *web.Ctx) error {
	id, err := s.agreementID(c)
	if err != nil {
		return err
	}
	which, err := ids.Parse[ids.Message](c.Params("comment"))
	if err != nil {
		return fault.New(fault.NotFound)
	}
	version, _ := strconv.ParseInt(c.Form().Get("version"), 10, 64)
	take := c.Form().Get("verdict") == accepted
	said, err := s.Settle(c.Std(), id, which, version, take)
	if missing := said.missing(); err == nil && take && missing != "" {
		// The two languages say the same: the other one is written next.
		c.Flash("flash.agreements.taken."+missing, "")
		return c.See("/agreements/" + id.String() + "/articles/" + said.ArticleID)
	}
	return s.afterPost(c, id, err, map[bool]string{true: "taken", false: "left"}[take])
}

// afterPost goes back to the agreement with a word of what was done, or with the refusal.
func (s *Service) afterPost(c *web.Ctx, id ids.ID[ids.Agreement], err error, done string) error {
	if err == nil {
		c.Flash("flash.agreements."+done, "")
		return c.See("/agreements/" + id.String())
	}
	said := s.refusal(c, err)
	if said == "" {
		return err
	}
	c.Unprocessable(err)
	return s.showAgreement(c, id, said)
}

// refusal is a fault in words, "" for one that is no answer to a form.
func (s *Service) refusal(c *web.Ctx, err error) string {
	var f *fault.Error
	if !asFault(err, &f) || !slices.Contains([]fault.Code{fault.Invalid, fault.VersionConflict, fault.IllegalTransition, fault.AlreadyOpen}, f.Code) {
		return ""
	}
	if f.Code != fault.Invalid || f.Key != "" {
		return c.Sentence(f)
	}
	var out []string
	for _, x := range f.Fields {
		text := c.FieldSentence(x)
		if label := "agreements.label." + x.Field; x.Key == "" && c.View("").Has(label) {
			text = c.View("").T("form.problem", "Field", c.View("").T(label), "Problem", text)
		}
		out = append(out, text)
	}
	return strings.Join(out, " · ")
}

// difference is what the page of two versions shows.
type difference struct {
	ID       ids.ID[ids.Agreement]
	Number   string
	From, To int64
	Parts    []changedPart
}

// changedPart is a part that differs; Own is what changed in it in the reader's words,
// where it has none in the two languages of the text.
type changedPart struct {
	Part
	Own []Run
}

func (s *Service) differencePage(c *web.Ctx) error {
	id, err := s.agreementID(c)
	if err != nil {
		return err
	}
	o, err := s.Get(c.Std(), id)
	if err != nil {
		return err
	}
	d := difference{ID: id, Number: o.Number}
	d.From, _ = strconv.ParseInt(c.Query("from"), 10, 64)
	d.To, _ = strconv.ParseInt(c.Query("to"), 10, 64)
	a, _, err := s.At(c.Std(), id, d.From)
	if err != nil {
		return err
	}
	b, _, err := s.At(c.Std(), id, d.To)
	if err != nil {
		return err
	}
	v := c.View("")
	p, err := s.speller(c.Std(), v, a, b)
	if err != nil {
		return err
	}
	for _, x := range Compare(a, b) {
		y := changedPart{Part: x}
		if len(x.Ar)+len(x.Fr) == 0 {
			y.Own = Words(plainLines(p.part(a, x.What)), plainLines(p.part(b, x.What)))
		}
		d.Parts = append(d.Parts, y)
	}
	v.Title = v.T("agreements.difference", "From", d.From, "To", d.To)
	return c.Render(differenceView(v, d))
}
