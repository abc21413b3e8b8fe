package agreements

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"shubbak/platform/clock"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/web"
)

func (s *Service) pages() []web.Route {
	return []web.Route{
		web.Page(http.MethodGet, "/agreements", Read, s.listPage),
		web.Page(http.MethodGet, "/agreements/network", ReadDraft, s.networkPage),
		web.Page(http.MethodGet, "/agreements/new", write, s.newPage),
		web.Page(http.MethodPost, "/agreements/new", write, s.termsPost),
		web.Page(http.MethodGet, "/agreements/code/:code", actPermission(Sign), s.codePage),
		web.Page(http.MethodGet, "/agreements/:id", Read, s.agreementPage),
		web.Page(http.MethodGet, "/agreements/:id/edit", write, s.editPage),
		web.Page(http.MethodPost, "/agreements/:id/edit", write, s.termsPost),
		web.Page(http.MethodGet, "/agreements/:id/articles/:article", write, s.articlePage),
		web.Page(http.MethodPost, "/agreements/:id/articles/:article", write, s.articlePost),
		web.Page(http.MethodPost, "/agreements/:id/act/:command", Read, s.actPost),
		web.Page(http.MethodPost, "/agreements/:id/comments", comment, s.commentPost),
		web.Page(http.MethodPost, "/agreements/:id/comments/:comment", write, s.settlePost),
		web.Page(http.MethodGet, "/agreements/:id/committee", measure, s.committeePage),
		web.Page(http.MethodPost, "/agreements/:id/measures", measure, s.measurePost),
		web.Page(http.MethodPost, "/agreements/:id/measures/:measure", measure, s.answerPost),
		web.Page(http.MethodGet, "/agreements/:id/difference", Read, s.differencePage),
		web.Page(http.MethodGet, "/agreements/:id/scopes", write, s.clausePage(scopeClause)),
		web.Page(http.MethodPost, "/agreements/:id/scopes", write, s.clausePost(scopeClause)),
		web.Page(http.MethodGet, "/agreements/:id/quotas", write, s.clausePage(quotaClause)),
		web.Page(http.MethodPost, "/agreements/:id/quotas", write, s.clausePost(quotaClause)),
		web.Page(http.MethodGet, "/agreements/:id/obligations", write, s.clausePage(obligationClause)),
		web.Page(http.MethodPost, "/agreements/:id/obligations", write, s.clausePost(obligationClause)),
		web.Page(http.MethodGet, "/agreements/:id/sharing", write, s.sharingPage),
		web.Page(http.MethodPost, "/agreements/:id/sharing", write, s.sharingPost),
		web.Upload("/agreements/:id/sign/paper", actPermission(Sign), s.paperPost),
		web.Page(http.MethodGet, "/agreements/:id/sign", actPermission(Sign), s.signPage),
		web.Page(http.MethodPost, "/agreements/:id/sign", actPermission(Sign), s.signPost),
	}
}

// perPage is how many agreements a page shows.
const perPage = 25

// look is how a state stands on a page: tone and icon.
type look struct{ Tone, Icon string }

var looks = map[string]look{
	"draft": {"n", "pencil"}, "internal_review": {"n", "eye"}, "negotiation": {"b", "message"}, "approved": {"t", "check"}, "signing": {"s", "signature"}, "signed": {"t", "signature"},
	"awaiting_visa": {"s", "stamp"}, "in_force": {"g", "check"}, "expiring": {"s", "warning"}, "suspended": {"s", "pause"}, "expired": {"r", "hourglass"}, "renewed": {"n", "refresh"},
	"terminated": {"r", "x-disc"}, "abandoned": {"n", "x-disc"},
}

// listing is what the list of agreements shows.
type listing struct {
	Rows        []line
	First, Next string
}

type line struct {
	View
	Title   string
	Parties string
	Ends    string
}

func (s *Service) listPage(c *web.Ctx) error {
	ctx, v := c.Std(), c.View("")
	page, err := (web.Paging{Limit: strconv.Itoa(perPage), After: c.Query("after")}).Decode("page")
	if err != nil {
		return err
	}
	rows, err := s.List(ctx, nil, page)
	if err != nil {
		return err
	}
	cut := web.Cut(page, rows, func(a Agreement) string { return a.ID.String() }, view)
	var l listing
	for _, a := range cut.Items {
		l.Rows = append(l.Rows, line{View: a, Title: a.Title.in(v.Lang), Parties: s.parties(ctx, v, plainParties(a.Parties)), Ends: day(v, a.EndsOn)})
	}
	if c.Query("after") != "" {
		l.First = "/agreements"
	}
	if cut.Next != nil {
		l.Next = "/agreements?after=" + *cut.Next
	}
	v.Title = v.T("agreements.nav")
	return c.Render(listView(v, l))
}

// sheet is what the page of one agreement shows.
type sheet struct {
	line
	From     string
	Left     string // what is left of the term
	Deadline string // until when somebody can object to tacit renewal
	Refusal  string
	Names    map[string]string // of the parties
	Scopes   []scopeLine
	Annex    []matrix
	Signed   []signed
	Comments []said
	Versions []Kept
	Acts     []Command
	Meetings []meetingLine // the latest
	Mine     bool          // the reader's tenant keeps it
	Edits    bool
	Speaks   bool
	Signs    bool
	Plans    bool // a meeting
	Records  bool // an outside body's paper signature
	Tab      string
	Kept     kept
	Words    wording // what the text says beside its articles, on its tab
}

// tab is a part of an agreement's page; Count is how many things it holds.
type tab struct {
	Code, Word string
	Count      int
}

// tabs lists the parts that the reader may see. What is being written opens with its
// text, everything else with how it is kept.
func (p sheet) tabs(v *web.View) []tab {
	out := []tab{{"overview", v.T("agreements.tab.overview"), 0}, {"text", v.T("agreements.tab.text"), len(p.Articles)}, {"scope", v.T("agreements.tab.scope"), len(p.View.Scopes)}}
	if slices.Contains(measurable, State(p.State)) || len(p.Meetings) > 0 {
		out = append(out, tab{"meetings", v.T("agreements.meetings"), len(p.Meetings)})
	}
	if len(p.Versions)+len(p.Amendments)+len(p.Renewals) > 0 {
		out = append(out, tab{"versions", v.T("agreements.tab.versions"), len(p.Versions)})
	}
	return out
}

// signed is a party with its signature, if it has given one.
type signed struct{ Party, Name, Capacity, Method, When string }

// said is a comment as a page shows it.
type said struct {
	Comment
	Who, When, About string
	Settles          bool
}

type scopeLine struct {
	From, To, Needs, Population string
}

// matrix is the sharing annex in one direction: rows are slices, columns the
// categories of data.
type matrix struct {
	From, To string
	Rows     []matrixRow
}

type matrixRow struct {
	Slice string
	Cells []string // open, consent, no
}

// grid lists the columns of the matrix, and the slices of its rows.
var (
	gridCategories = []string{"identity", "contact", "social", "health", "documents"}
	gridSlices     = []string{"card", "identity", "social", "documents", "summary"}
)

func (s *Service) agreementPage(c *web.Ctx) error {
	id, err := s.agreementID(c)
	if err != nil {
		return err
	}
	return s.showAgreement(c, id, "")
}

func (s *Service) showAgreement(c *web.Ctx, id ids.ID[ids.Agreement], refusal string) error {
	ctx, v := c.Std(), c.View("")
	o, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	a := fullView(o)
	p := sheet{line: line{View: a, Title: a.Title.in(v.Lang), Parties: s.parties(ctx, v, o.Agreement.Parties), Ends: day(v, a.EndsOn)}, From: day(v, a.EffectiveOn), Refusal: refusal, Mine: keeps(ctx, o.Agreement)}
	running := o.State == InForce || o.State == Expiring
	if ends, err := time.ParseInLocation(time.DateOnly, a.EndsOn, clock.Casablanca()); err == nil && running {
		if n := int(ends.Sub(v.Now).Hours() / 24); n >= 0 {
			p.Left = v.T("clock.left.days", "Count", n+1)
		}
	}
	if o.RenewsItself() && s.today() <= o.NoticeUntil() && o.NoticeUntil() <= Day(s.today(), 90) { // nothing nags before
		p.Deadline = day(v, o.NoticeUntil())
	}
	for _, x := range a.Scopes {
		l := scopeLine{From: s.name(ctx, v, x.From), To: s.name(ctx, v, x.To), Population: population(v, x.Population)}
		var needs []string
		for _, n := range x.Needs {
			needs = append(needs, v.T("need."+n))
		}
		l.Needs = strings.Join(needs, " · ")
		p.Scopes = append(p.Scopes, l)
	}
	p.Names = map[string]string{}
	for _, x := range o.Text.Parties {
		p.Names[x.Key()] = s.parties(ctx, v, []Party{x.Party})
	}
	p.Annex = s.annex(ctx, v, a.Sharing)
	s.signatures(ctx, v, o, &p)
	s.mayDo(ctx, o, &p)
	if p.Meetings, err = s.latestMeetings(ctx, v, id); err != nil {
		return err
	}
	if p.Versions, err = s.Versions(ctx, id); err != nil {
		return err
	}
	if v.May("agreement", "read_draft") {
		list, err := s.Comments(ctx, id, "", web.MaxLimit)
		if err != nil {
			return err
		}
		for _, x := range list {
			l := said{Comment: x, Who: s.name(ctx, v, s.Tenants.Slug(ctx, x.TenantID)), When: i18n.DateTime(v.Lang, v.Local(x.At)), Settles: x.State == open && p.Edits}
			if i := o.Text.article(x.ArticleID); i >= 0 {
				l.About = o.Text.Articles[i].Title.in(v.Lang)
			}
			p.Comments = append(p.Comments, l)
		}
	}
	if err := s.keeping(ctx, v, o, &p); err != nil {
		return err
	}
	if p.Tab = c.Query("tab"); !slices.ContainsFunc(p.tabs(v), func(t tab) bool { return t.Code == p.Tab }) {
		if p.Tab = "overview"; !o.State.Settled() && o.State != Abandoned {
			p.Tab = "text"
		}
	}
	if p.Tab == "text" {
		if p.Words, err = s.wording(ctx, v, o.Text); err != nil {
			return err
		}
	}
	v.Title = v.T("agreements.title", "Number", a.Number)
	return c.Render(agreementView(v, p))
}

// signatures lists the parties with what they have signed.
func (s *Service) signatures(ctx context.Context, v *web.View, o Opened, p *sheet) {
	if o.State != Signing && len(o.Signatures) == 0 {
		return
	}
	for _, x := range o.Text.Parties {
		l := signed{Party: s.parties(ctx, v, []Party{x.Party})}
		for _, y := range o.Signatures {
			if y.Party == x.Key() {
				l.Name, l.Capacity = Title{y.NameAr, y.NameFr}.in(v.Lang), Title{y.CapacityAr, y.CapacityFr}.in(v.Lang)
				l.Method, l.When = v.T("agreements.method."+y.Method), i18n.DateTime(v.Lang, v.Local(y.At))
			}
		}
		p.Signed = append(p.Signed, l)
	}
}

// mayDo fills what the reader can do now.
func (s *Service) mayDo(ctx context.Context, o Opened, p *sheet) {
	actor, rels := tenants.From(ctx), s.Relations(ctx, o.Agreement)
	for _, c := range []Command{Submit, Negotiate, Approve, OpenSigning, Visa, Resume, Amend, Renew, Object, Suspend, Terminate, Abandon} {
		if o.May(c) && s.Law.Allow(actor, actPermission(c), rels...) && (c != Object || o.RenewsItself() && s.today() <= o.NoticeUntil()) && (c != Terminate || o.TerminatesOn == "") {
			p.Acts = append(p.Acts, c)
		}
	}
	p.Edits = p.Mine && o.State.Editable() && s.Law.Allow(actor, write, rels...)
	p.Speaks = slices.Contains(commentable, o.State) && s.Law.Allow(actor, comment, rels...)
	own := slices.ContainsFunc(o.Signatures, func(x Signature) bool { return x.Party == actor.Tenant.Slug })
	p.Plans = s.plans(ctx, o.Agreement)
	p.Signs = o.State == Signing && !own && actor.Has("signatory")
	p.Records = o.State == Signing && s.Law.Allow(actor, actPermission(Sign), policies.Keeper) && slices.ContainsFunc(o.Text.Parties, func(x PartyText) bool {
		return x.Tenant == "" && !slices.ContainsFunc(o.Signatures, func(y Signature) bool { return y.Party == x.Key() })
	})
}

// annex arranges the lines of the sharing annex by direction.
func (s *Service) annex(ctx context.Context, v *web.View, lines []ShareText) []matrix {
	var out []matrix
	for _, x := range lines {
		from, to := s.name(ctx, v, x.From), s.name(ctx, v, x.To)
		if slices.ContainsFunc(out, func(m matrix) bool { return m.From == from && m.To == to }) {
			continue
		}
		m := matrix{From: from, To: to}
		for _, slice := range gridSlices {
			row := matrixRow{Slice: slice}
			for _, category := range gridCategories {
				cell := "no"
				for _, y := range lines {
					if y.From == x.From && y.To == x.To && y.Slice == slice && slices.Contains(y.Categories, category) {
						cell = "consent"
					}
				}
				row.Cells = append(row.Cells, cell)
			}
			m.Rows = append(m.Rows, row)
		}
		out = append(out, m)
	}
	return out
}

func (s *Service) name(ctx context.Context, v *web.View, slug string) string {
	t, err := s.Tenants.BySlug(ctx, slug)
	if err != nil || t == nil {
		return slug
	}
	return t.Name(v.Lang)
}

func (s *Service) parties(ctx context.Context, v *web.View, list []Party) string {
	var out []string
	for _, p := range list {
		if p.Tenant != "" {
			out = append(out, s.name(ctx, v, p.Tenant))
		} else {
			out = append(out, p.Organization)
		}
	}
	return strings.Join(out, " · ")
}

// in is the title in the reader's language, French for readers of English.
func (t Title) in(l i18n.Lang) string {
	if l == i18n.Arabic || t.Fr == "" {
		return t.Ar
	}
	return t.Fr
}

func day(v *web.View, s string) string {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return s
	}
	return i18n.Date(v.Lang, t)
}

// population says in words whom a scope covers.
func population(v *web.View, p Population) string {
	var out []string
	switch {
	case p.AgeMin != nil && p.AgeMax != nil:
		out = append(out, v.T("agreements.age.band", "From", *p.AgeMin, "To", *p.AgeMax))
	case p.AgeMin != nil:
		out = append(out, v.T("agreements.age.from", "From", *p.AgeMin))
	case p.AgeMax != nil:
		out = append(out, v.T("agreements.age.to", "To", *p.AgeMax))
	}
	if p.Sex == "female" || p.Sex == "male" {
		out = append(out, v.T("agreements.sex."+p.Sex))
	}
	for _, code := range p.Situations {
		out = append(out, v.T("vul."+code))
	}
	if n := len(p.Communes); n > 0 {
		out = append(out, v.T("agreements.communes", "Count", n))
	}
	if len(out) == 0 {
		return v.T("agreements.everybody")
	}
	return strings.Join(out, " · ")
}

func plainParties(list []PartyText) []Party {
	out := make([]Party, len(list))
	for i, p := range list {
		out[i] = p.Party
	}
	return out
}
