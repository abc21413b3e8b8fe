package agreements

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/tenants"
	"shubbak/web"
)

// View is an agreement as the API shows it; a list leaves out what is below the dates.
type View struct {
	ID          ids.ID[ids.Agreement] `json:"id" validate:"required"`
	Number      string                `json:"number" validate:"required"`
	Version     int64                 `json:"version" validate:"required"`
	State       string                `json:"state" validate:"required"`
	Kind        string                `json:"kind" validate:"required"`
	Title       Title                 `json:"title" validate:"required"`
	Parties     []PartyText           `json:"parties" validate:"required"`
	Object      string                `json:"object,omitempty"`
	ObjectFr    string                `json:"object_fr,omitempty"`
	EffectiveOn string                `json:"effective_on" validate:"required"`
	EndsOn      string                `json:"ends_on" validate:"required"`
	Renewal     string                `json:"renewal" validate:"required"`
	NoticeDays  int                   `json:"notice_days" validate:"required"`

	TerminatesOn string                `json:"terminates_on,omitempty"`
	ObjectedOn   string                `json:"objected_on,omitempty"`
	Reason       string                `json:"reason,omitempty"`
	ParentID     ids.ID[ids.Agreement] `json:"parent_id,omitzero"`
	RenewsID     ids.ID[ids.Agreement] `json:"renews_id,omitzero"`
	Visa         *VisaView             `json:"visa,omitempty"`

	SHA256      string          `json:"sha256,omitempty"`
	NeedsVisa   bool            `json:"needs_visa,omitempty"`
	Territory   []string        `json:"territory,omitempty"`
	Population  *Population     `json:"population,omitempty"`
	FocalPoints []FocalPoint    `json:"focal_points,omitempty"`
	Committees  []Committee     `json:"committees,omitempty"`
	Articles    []Article       `json:"articles,omitempty"`
	Scopes      []ScopeText     `json:"scopes,omitempty"`
	Sharing     []ShareText     `json:"sharing,omitempty"`
	Quotas      []Quota         `json:"quotas,omitempty"`
	Obligations []Obligation    `json:"obligations,omitempty"`
	Signatures  []SignatureView `json:"signatures,omitempty"`
	Amendments  []Link          `json:"amendments,omitempty"`
	Renewals    []Link          `json:"renewals,omitempty"`
}

// ResourceID lets a replay find the agreement again.
func (v View) ResourceID() string { return v.ID.String() }

// VisaView is the visa of the authority that an agreement waited for.
type VisaView struct {
	Number    string `json:"number" validate:"required"`
	Date      string `json:"date" validate:"required"`
	Authority string `json:"authority" validate:"required"`
}

// Link is another agreement that belongs to this one.
type Link struct {
	ID     ids.ID[ids.Agreement] `json:"id" validate:"required"`
	Number string                `json:"number" validate:"required"`
	State  string                `json:"state" validate:"required"`
}

// SignatureView is a signature as every party reads it.
type SignatureView struct {
	Party      string               `json:"party" validate:"required"`
	Name       Title                `json:"name" validate:"required"`
	Capacity   Title                `json:"capacity" validate:"required"`
	Method     string               `json:"method" validate:"required"`
	At         time.Time            `json:"at" validate:"required"`
	Version    int64                `json:"version" validate:"required"`
	SHA256     string               `json:"sha256" validate:"required"`
	DocumentID ids.ID[ids.Document] `json:"document_id,omitzero"`
	FileSHA256 string               `json:"file_sha256,omitempty"`
}

func view(a Agreement) View {
	v := View{ID: a.ID, Number: a.Number, Version: a.Version, State: string(a.State), Kind: a.Kind, Title: Title{a.TitleAr, a.TitleFr}, Parties: []PartyText{},
		Object: a.Object, ObjectFr: a.ObjectFr, EffectiveOn: a.EffectiveOn, EndsOn: a.EndsOn, Renewal: a.Renewal, NoticeDays: a.NoticeDays,
		TerminatesOn: a.TerminatesOn, ObjectedOn: a.ObjectedOn, Reason: a.Reason, ParentID: a.ParentID, RenewsID: a.RenewsID}
	for _, p := range a.Parties {
		v.Parties = append(v.Parties, PartyText{Party: p})
	}
	if a.VisaNumber != "" {
		v.Visa = &VisaView{a.VisaNumber, a.VisaDate, a.VisaAuthority}
	}
	return v
}

func fullView(o Opened) View {
	v, t := view(o.Agreement), o.Text
	v.SHA256, v.Parties, v.NeedsVisa, v.Territory, v.FocalPoints, v.Committees = o.SHA256, t.Parties, t.NeedsVisa, t.Territory, t.FocalPoints, t.Committees
	v.Population, v.Articles, v.Scopes, v.Sharing, v.Quotas, v.Obligations = &t.Population, t.Articles, t.Scopes, t.Sharing, t.Quotas, t.Obligations
	for _, x := range o.Signatures {
		v.Signatures = append(v.Signatures, SignatureView{x.Party, Title{x.NameAr, x.NameFr}, Title{x.CapacityAr, x.CapacityFr}, x.Method, x.At, x.Version, x.SHA256, x.DocumentID, x.FileSHA256})
	}
	for _, r := range o.Relatives {
		l := Link{r.ID, r.Number, string(r.State)}
		if r.ParentID == o.ID {
			v.Amendments = append(v.Amendments, l)
		} else {
			v.Renewals = append(v.Renewals, l)
		}
	}
	return v
}

type listQuery struct {
	web.Paging
	State string `query:"state" json:"-"`
}

// states reads the query of a list; what it does not know is malformed.
func (q listQuery) states() (out []string, err error) {
	switch q.State {
	case "":
	case "open":
		for _, x := range States {
			if !x.Ended() {
				out = append(out, string(x))
			}
		}
	default:
		out = strings.Split(q.State, ",")
	}
	for _, code := range out {
		if !slices.Contains(States, State(code)) {
			return nil, web.Malformed("state")
		}
	}
	return out, nil
}

type path struct {
	ID ids.ID[ids.Agreement] `path:"id" json:"-"`
}

// bothTitles is a title that is wanted in both languages.
type bothTitles struct {
	Ar string `json:"ar" validate:"required,max=300"`
	Fr string `json:"fr" validate:"required,max=300"`
}

// check names what of a title nobody could read.
func (t bothTitles) check(f *fault.Collect) {
	if i18n.Blank(t.Ar) {
		f.Add("title.ar", "required")
	}
	if i18n.Blank(t.Fr) {
		f.Add("title.fr", "required")
	}
}

type createBody struct {
	Kind        string       `json:"kind" validate:"required,oneof=framework specific data_sharing placement"`
	Title       bothTitles   `json:"title" validate:"required"`
	Parties     []PartyText  `json:"parties" validate:"required,max=10,dive"`
	Object      string       `json:"object" validate:"required,max=4000"`
	ObjectFr    string       `json:"object_fr" validate:"max=4000"`
	EffectiveOn string       `json:"effective_on" validate:"required"`
	EndsOn      string       `json:"ends_on" validate:"required"`
	Renewal     string       `json:"renewal" validate:"required,oneof=tacit express none"`
	NoticeDays  *int         `json:"notice_days" validate:"required,gte=0,lte=3650"`
	NeedsVisa   bool         `json:"needs_visa"`
	Territory   []string     `json:"territory" validate:"max=300"`
	Population  Population   `json:"population"`
	FocalPoints []FocalPoint `json:"focal_points" validate:"max=20,dive"`
	Committees  []Committee  `json:"committees" validate:"max=5,dive"`
	Articles    []Article    `json:"articles" validate:"max=100,dive"`
}

func (b createBody) text() Text {
	t := Text{Kind: b.Kind, Title: Title(b.Title), Object: Body{b.Object, b.ObjectFr}, Parties: b.Parties, EffectiveOn: b.EffectiveOn, EndsOn: b.EndsOn, Renewal: b.Renewal, NoticeDays: *b.NoticeDays,
		NeedsVisa: b.NeedsVisa, Territory: b.Territory, Population: b.Population, FocalPoints: b.FocalPoints, Committees: b.Committees, Articles: b.Articles}
	return t
}

// check names the required words that say nothing.
func (b createBody) check() error {
	var f fault.Collect
	b.Title.check(&f)
	if i18n.Blank(b.Object) {
		f.Add("object", "required")
	}
	for i, x := range b.Articles {
		x.check(&f, index("articles", i)+".")
	}
	return f.Err()
}

type changeBody struct {
	path
	Version     int64                      `json:"version" validate:"required"`
	Title       web.Optional[Title]        `json:"title"`
	Parties     web.Optional[[]PartyText]  `json:"parties"`
	Object      web.Optional[string]       `json:"object"`
	ObjectFr    web.Optional[string]       `json:"object_fr"`
	EffectiveOn web.Optional[string]       `json:"effective_on"`
	EndsOn      web.Optional[string]       `json:"ends_on"`
	Renewal     web.Optional[string]       `json:"renewal"`
	NoticeDays  web.Optional[int]          `json:"notice_days"`
	NeedsVisa   web.Optional[bool]         `json:"needs_visa"`
	Territory   web.Optional[[]string]     `json:"territory"`
	Population  web.Optional[Population]   `json:"population"`
	FocalPoints web.Optional[[]FocalPoint] `json:"focal_points"`
	Committees  web.Optional[[]Committee]  `json:"committees"`
}

func (b changeBody) apply(t *Text) error {
	t.Title, t.Parties, t.Object = b.Title.Of(t.Title), b.Parties.Of(t.Parties), Body{b.Object.Of(t.Object.Ar), b.ObjectFr.Of(t.Object.Fr)}
	t.EffectiveOn, t.EndsOn, t.Renewal, t.NoticeDays = b.EffectiveOn.Of(t.EffectiveOn), b.EndsOn.Of(t.EndsOn), b.Renewal.Of(t.Renewal), b.NoticeDays.Of(t.NoticeDays)
	t.NeedsVisa, t.Territory, t.Population = b.NeedsVisa.Of(t.NeedsVisa), b.Territory.Of(t.Territory), b.Population.Of(t.Population)
	t.FocalPoints, t.Committees = b.FocalPoints.Of(t.FocalPoints), b.Committees.Of(t.Committees)
	return nil
}

// check names the required fields that a patch would take away, and what is too long.
func (b changeBody) check() error {
	var f fault.Collect
	for _, x := range []struct {
		field string
		gone  bool
	}{
		{"title", b.Title.Null}, {"parties", b.Parties.Null}, {"object", b.Object.Set && i18n.Blank(b.Object.Value)}, {"effective_on", b.EffectiveOn.Set && b.EffectiveOn.Value == ""},
		{"ends_on", b.EndsOn.Set && b.EndsOn.Value == ""}, {"renewal", b.Renewal.Set && b.Renewal.Value == ""}, {"notice_days", b.NoticeDays.Null},
	} {
		if x.gone {
			f.Add(x.field, "required")
		}
	}
	if b.Title.Set && !b.Title.Null {
		bothTitles(b.Title.Value).check(&f)
	}
	for _, x := range [][2]string{{"object", b.Object.Value}, {"object_fr", b.ObjectFr.Value}} {
		if len([]rune(x[1])) > 4000 {
			f.Add(x[0], "too_long")
		}
	}
	return f.Err()
}

func (s *Service) opened(ctx context.Context, id ids.ID[ids.Agreement]) (View, error) {
	o, err := s.Get(ctx, id)
	if err != nil {
		return View{}, err
	}
	return fullView(o), nil
}

func (s *Service) again(ctx context.Context, id string) (any, error) {
	aid, err := ids.Parse[ids.Agreement](id)
	if err != nil {
		return nil, fault.New(fault.NotFound)
	}
	return s.opened(ctx, aid)
}

func (s *Service) routes() []web.Route {
	return slices.Concat([]web.Route{
		web.JSON(http.MethodGet, "/agreements", "List the agreements to which this tenant is a party", Read, func(ctx context.Context, in listQuery) (web.List[View], error) {
			want, err := in.states()
			if err != nil {
				return web.List[View]{}, err
			}
			page, err := in.Decode(in.State)
			if err != nil {
				return web.List[View]{}, err
			}
			rows, err := s.List(ctx, want, page)
			return web.Cut(page, rows, func(a Agreement) string { return a.ID.String() }, view), err
		}),
		web.JSON(http.MethodGet, "/agreements/:id", "Open an agreement", Read, func(ctx context.Context, in path) (View, error) { return s.opened(ctx, in.ID) }),
		web.Checked(web.JSON(http.MethodPost, "/agreements", "Begin an agreement: a draft with the usual articles of its kind", write, func(ctx context.Context, in createBody) (View, error) {
			a, err := s.Create(ctx, in.text())
			if err != nil {
				return View{}, err
			}
			return s.opened(ctx, a.ID)
		}).Creates().Replays(s.again), func(_ context.Context, in createBody) error { return in.check() }),
		web.Checked(web.JSON(http.MethodPatch, "/agreements/:id", "Change the text of an agreement", write, func(ctx context.Context, in changeBody) (View, error) {
			if _, err := s.Edit(ctx, in.ID, in.Version, "terms", in.apply); err != nil {
				return View{}, err
			}
			return s.opened(ctx, in.ID)
		}).Replays(s.again), func(_ context.Context, in changeBody) error { return in.check() }),
	}, s.commandRoutes())
}

// The bodies of commands.
type base struct {
	ID      ids.ID[ids.Agreement] `path:"id" json:"-"`
	Version int64                 `json:"version" validate:"required"`
}

func (b base) target() ids.ID[ids.Agreement] { return b.ID }

type plainBody struct{ base }

func (b plainBody) command(c Command) Act { return Act{Command: c, Version: b.Version} }

type reasonBody struct {
	base
	Reason string `json:"reason" validate:"required,max=1000"`
}

func (b reasonBody) command(c Command) Act {
	return Act{Command: c, Version: b.Version, Reason: b.Reason}
}

type terminateBody struct {
	reasonBody
	EffectiveOn string `json:"effective_on" validate:"required"`
	Cause       string `json:"cause" validate:"omitempty,oneof=notice breach mutual force_majeure"`
}

func (b terminateBody) command(c Command) Act {
	a := b.reasonBody.command(c)
	a.EffectiveOn, a.Cause = b.EffectiveOn, b.Cause
	return a
}

type signBody struct {
	base
	Party      PartyRef             `json:"party" validate:"required"`
	Method     string               `json:"method" validate:"required,oneof=wet_scan one_time_code external_qualified"`
	Code       string               `json:"code" validate:"max=20"`
	DocumentID ids.ID[ids.Document] `json:"document_id"`
	Signatory  int                  `json:"signatory" validate:"gte=0,lte=10"`
}

func (b signBody) command(c Command) Act {
	return Act{Command: c, Version: b.Version, Party: string(b.Party), Method: b.Method, Code: strings.TrimSpace(b.Code), DocumentID: b.DocumentID, Signatory: b.Signatory}
}

type visaBody struct {
	base
	Number    string `json:"number" validate:"required,max=100"`
	Date      string `json:"date" validate:"required"`
	Authority string `json:"authority" validate:"required,max=300"`
}

func (b visaBody) command(c Command) Act {
	return Act{Command: c, Version: b.Version, Number: b.Number, Date: b.Date, Authority: b.Authority}
}

type commandBody interface {
	target() ids.ID[ids.Agreement]
	command(c Command) Act
}

func command[B commandBody](s *Service, c Command, summary string) web.Route {
	return web.JSON(http.MethodPost, "/agreements/:id/"+string(c), summary, actPermission(c), func(ctx context.Context, in B) (View, error) {
		if err := s.Do(ctx, in.target(), in.command(c)); err != nil {
			return View{}, err
		}
		return s.opened(ctx, in.target())
	}).Replays(s.again)
}

func (s *Service) commandRoutes() []web.Route {
	return []web.Route{
		command[plainBody](s, Submit, "Hand the draft to internal review"),
		command[plainBody](s, Negotiate, "Open the text to the other parties"),
		command[plainBody](s, Approve, "Close the negotiation: the text is agreed"),
		command[plainBody](s, OpenSigning, "Ask the parties to sign this version"),
		command[signBody](s, Sign, "Sign for a party; a simple electronic signature where it is by code (law 43-20)"),
		command[visaBody](s, Visa, "Record the visa"),
		command[reasonBody](s, Suspend, "Suspend: new referrals are refused from this second on"),
		command[plainBody](s, Resume, "Resume"),
		command[plainBody](s, Renew, "Begin the agreement that follows this one"),
		command[reasonBody](s, Object, "Object to tacit renewal"),
		command[terminateBody](s, Terminate, "Terminate on a day"),
		command[plainBody](s, Amend, "Begin an amendment"),
		command[reasonBody](s, Abandon, "Abandon a draft"),
	}
}

// mine reports whether the reader's tenant keeps an agreement.
func keeps(ctx context.Context, a Agreement) bool { return a.TenantID == tenants.Current(ctx) }
