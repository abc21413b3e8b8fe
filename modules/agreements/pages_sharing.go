package agreements

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"shubbak/platform/fault"
	"shubbak/policies"
	"shubbak/web"
)

// sharingForm is the sharing annex of one direction as a grid, with what it would show
// the receiver of an example person.
type sharingForm struct {
	clauseForm
	From, To   string
	Directions []tab // Code is from>to
	Care       bool  // the receiver may hold health data
	Stages     []exampleStage
}

// exampleStage is what opens at one moment: facts of the example, or why nothing does.
type exampleStage struct {
	Slice, When string
	Open        bool
	Facts       []string
}

// directions are the ordered pairs of the tenants among the parties.
func (x *sharingForm) directions(v *web.View) {
	for _, a := range x.Parties {
		for _, b := range x.Parties {
			if a.Value != b.Value {
				x.Directions = append(x.Directions, tab{Code: a.Value + ">" + b.Value, Word: v.T("agreements.clause.direction", "From", a.Word, "To", b.Word)})
			}
		}
	}
}

func (s *Service) sharingPage(c *web.Ctx) error {
	o, err := s.edited(c)
	if err != nil {
		return err
	}
	from, to, _ := strings.Cut(c.Query("of"), ">")
	if from == "" {
		from, to = firstDirection(o.Text)
	}
	f := url.Values{"version": {strconv.FormatInt(o.Version, 10)}, "from": {from}, "to": {to}}
	for _, x := range o.Text.Sharing {
		if x.From == from && x.To == to && x.refers() {
			for _, category := range x.Categories {
				f.Add("share", x.Slice+":"+category)
			}
		}
	}
	return s.showSharing(c, o, sharingForm{clauseForm: clauseForm{Values: f}})
}

// firstDirection is what the annex already knows, else from the first tenant to the next.
func firstDirection(t Text) (from, to string) {
	if len(t.Sharing) > 0 {
		return t.Sharing[0].From, t.Sharing[0].To
	}
	if len(t.Scopes) > 0 {
		return t.Scopes[0].From, t.Scopes[0].To
	}
	var list []string
	for _, p := range t.Parties {
		if p.Tenant != "" {
			list = append(list, p.Tenant)
		}
	}
	if len(list) < 2 {
		return "", ""
	}
	return list[0], list[1]
}

// refers reports that a line is for referrals: the grid shows these, lines of another
// purpose stay as they are.
func (x ShareText) refers() bool { return x.Purpose == "" || x.Purpose == "referral" }

func (s *Service) showSharing(c *web.Ctx, o Opened, x sharingForm) error {
	v := c.View("")
	x.ID, x.Number, x.Part, x.Text = o.ID, o.Number, "sharing", o.Text
	x.From, x.To = x.Values.Get("from"), x.Values.Get("to")
	if err := s.choices(c.Std(), v, &x.clauseForm); err != nil {
		return err
	}
	x.directions(v)
	if len(x.Directions) > 0 && !slices.ContainsFunc(x.Directions, func(t tab) bool { return t.Code == x.From+">"+x.To }) {
		return fault.New(fault.NotFound)
	}
	if t, err := s.Tenants.BySlug(c.Std(), x.To); err != nil {
		return err
	} else if t != nil {
		x.Care = t.Declared().Care
	}
	x.Stages = example(v, annexOf(x.Values["share"]), x.Care)
	v.Title, v.Failed = v.T("agreements.clause.sharing"), len(x.Problems) > 0 || x.Refusal != ""
	return c.Render(sharingView(v, x))
}

// annexOf is the grid as the rule of reading takes it.
func annexOf(ticked []string) policies.Annex {
	a := policies.Annex{}
	for _, x := range ticked {
		slice, category, _ := strings.Cut(x, ":")
		a[policies.Slice(slice)] = append(a[policies.Slice(slice)], category)
	}
	return a
}

// example is what the receiver would see of an invented person who consents to
// everything: by the very rule that opens referrals later.
func example(v *web.View, a policies.Annex, care bool) []exampleStage {
	g := policies.Share(a, "consent", gridCategories, nil, care)
	open := g.Open(policies.Started)
	words := func(keys ...string) (out []string) {
		for _, k := range keys {
			out = append(out, v.T("agreements.example."+k))
		}
		return out
	}
	facts := map[policies.Slice][]string{policies.Card: words("card"), policies.Identity: words("name", "birth"), policies.Social: words("reason", "domains"), policies.Documents: words("papers"), policies.Summary: words("summary")}
	if g.Contact {
		facts[policies.Identity] = append(facts[policies.Identity], words("phone", "address")...)
	}
	if g.HealthDocuments {
		facts[policies.Documents] = append(facts[policies.Documents], words("medical")...)
	}
	when := map[policies.Slice]string{policies.Card: "sent", policies.Summary: "started", policies.Documents: "one_by_one"}
	var out []exampleStage
	for _, slice := range policies.Slices {
		stage := exampleStage{Slice: string(slice), When: when[slice], Open: slices.Contains(open, slice), Facts: facts[slice]}
		if stage.When == "" {
			stage.When = "accepted"
		}
		out = append(out, stage)
	}
	return out
}

func (s *Service) sharingPost(c *web.Ctx) error {
	o, err := s.edited(c)
	if err != nil {
		return err
	}
	f := c.Form()
	x := sharingForm{clauseForm: clauseForm{Values: f}}
	if f.Get("preview") == "1" {
		return s.showSharing(c, o, x)
	}
	from, to := f.Get("from"), f.Get("to")
	version, _ := strconv.ParseInt(f.Get("version"), 10, 64)
	_, err = s.Edit(c.Std(), o.ID, max(version, 1), "sharing", func(t *Text) error {
		t.Sharing = slices.DeleteFunc(t.Sharing, func(y ShareText) bool { return y.From == from && y.To == to && y.refers() })
		for slice, categories := range annexOf(f["share"]) {
			t.Sharing = append(t.Sharing, ShareText{From: from, To: to, Slice: string(slice), Categories: categories, Purpose: "referral"})
		}
		slices.SortStableFunc(t.Sharing, func(a, b ShareText) int { return slices.Index(Slices, a.Slice) - slices.Index(Slices, b.Slice) })
		return nil
	})
	if err == nil {
		c.Flash("flash.agreements.clause", "")
		return c.See("/agreements/" + o.ID.String() + "/sharing?of=" + url.QueryEscape(from+">"+to))
	}
	if x.Problems, x.Refusal, x.Changed, err = s.comesBack(c, o, version, err); err != nil {
		return err
	}
	for i := range x.Problems {
		x.Problems[i].Field = "share" // the grid is the only thing that can be wrong
	}
	f.Set("version", strconv.FormatInt(o.Version, 10))
	return s.showSharing(c, o, x)
}
