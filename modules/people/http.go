package people

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"shubbak/platform/clock"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/tenants"
	"shubbak/web"
)

// personBody is the body of POST /people.
type personBody struct {
	GivenNameAr    string               `json:"given_name_ar"`
	FamilyNameAr   string               `json:"family_name_ar"`
	GivenName      string               `json:"given_name"`
	FamilyName     string               `json:"family_name"`
	Sex            string               `json:"sex"`
	BirthDate      string               `json:"birth_date"`
	BirthPrecision string               `json:"birth_precision"`
	NationalID     string               `json:"national_id"`
	Phones         []phoneBody          `json:"phones" validate:"dive"`
	Languages      []string             `json:"languages" validate:"max=20"`
	Commune        string               `json:"commune"`
	Address        string               `json:"address"`
	Situations     []string             `json:"situations" validate:"max=30"`
	DistinctFrom   []ids.ID[ids.Person] `json:"distinct_from"`
	Anonymous      bool                 `json:"anonymous"`
	Alias          string               `json:"alias"`
}

// phoneBody is a telephone number in a body: whether it is safe to call is never
// left out (domain.md §6).
type phoneBody struct {
	Number string `json:"number" validate:"required,max=40"`
	Safe   *bool  `json:"safe" validate:"required"`
	Hours  string `json:"hours" validate:"max=200"`
}

func phonesOf(list []phoneBody) []Phone {
	out := make([]Phone, len(list))
	for i, b := range list {
		out[i] = Phone{Number: b.Number, Safe: b.Safe != nil && *b.Safe, Hours: b.Hours}
	}
	return out
}

func (b personBody) person() Person {
	return Person{Anonymous: b.Anonymous, Alias: b.Alias, GivenNameAr: b.GivenNameAr, FamilyNameAr: b.FamilyNameAr, GivenName: b.GivenName, FamilyName: b.FamilyName,
		Sex: b.Sex, BirthDate: b.BirthDate, BirthPrecision: b.BirthPrecision, Commune: b.Commune,
		Private: Private{NationalID: b.NationalID, Phones: phonesOf(b.Phones), Address: b.Address, Languages: b.Languages, Situations: b.Situations}}
}

// View is a person as the API shows it.
type View struct {
	ID             ids.ID[ids.Person] `json:"id" validate:"required"`
	Version        int64              `json:"version" validate:"required"`
	Anonymous      bool               `json:"anonymous,omitempty"`
	Alias          string             `json:"alias,omitempty"`
	Number         string             `json:"number,omitempty"`
	DisplayName    string             `json:"display_name" validate:"required"`
	GivenNameAr    string             `json:"given_name_ar,omitempty"`
	FamilyNameAr   string             `json:"family_name_ar,omitempty"`
	GivenName      string             `json:"given_name,omitempty"`
	FamilyName     string             `json:"family_name,omitempty"`
	Sex            string             `json:"sex" validate:"required"`
	BirthDate      string             `json:"birth_date,omitempty"`
	BirthPrecision string             `json:"birth_precision" validate:"required"`
	NationalID     string             `json:"national_id,omitempty"`
	Phones         []Phone            `json:"phones,omitempty"`
	Languages      []string           `json:"languages,omitempty"`
	Commune        string             `json:"commune,omitempty"`
	Address        string             `json:"address,omitempty"`
	Situations     []string           `json:"situations,omitempty"`
	CreatedAt      time.Time          `json:"created_at" validate:"required"`
}

// ResourceID lets a replay find the person again.
func (v View) ResourceID() string { return v.ID.String() }

func view(ctx context.Context, p Person) View {
	q := p.Private
	return View{ID: p.ID, Version: p.Version, Anonymous: p.Anonymous, Alias: p.Alias, Number: p.Number,
		DisplayName: p.DisplayName(tenants.From(ctx).Lang == i18n.Arabic),
		GivenNameAr: p.GivenNameAr, FamilyNameAr: p.FamilyNameAr, GivenName: p.GivenName, FamilyName: p.FamilyName,
		Sex: p.Sex, BirthDate: p.BirthDate, BirthPrecision: p.BirthPrecision, NationalID: mask(q.NationalID), Phones: q.Phones,
		Languages: q.Languages, Commune: p.Commune, Address: q.Address, Situations: q.Situations, CreatedAt: p.CreatedAt}
}

type personPath struct {
	ID ids.ID[ids.Person] `path:"id" json:"-"`
}

type searchBody struct {
	Q          string `json:"q" validate:"max=200"`
	Phone      string `json:"phone" validate:"max=40"`
	NationalID string `json:"national_id" validate:"max=60"`
	Limit      *int   `json:"limit"`
	After      string `json:"after"`
}

func (b searchBody) page() (web.PageOf, error) {
	return web.PageFor(b.Limit, b.After, b.Q, b.Phone, b.NationalID)
}

func (b searchBody) check() error {
	var f fault.Collect
	if _, err := b.page(); f.Join(err) != nil {
		return err
	}
	if _, ok := NormalPhone(b.Phone); b.Phone != "" && !ok {
		f.Add("phone", "malformed")
	}
	return f.Err()
}

type patchBody struct {
	personPath
	Version        int64                     `json:"version" validate:"required"`
	Anonymous      web.Optional[bool]        `json:"anonymous"`
	Alias          web.Optional[string]      `json:"alias"`
	GivenNameAr    web.Optional[string]      `json:"given_name_ar"`
	FamilyNameAr   web.Optional[string]      `json:"family_name_ar"`
	GivenName      web.Optional[string]      `json:"given_name"`
	FamilyName     web.Optional[string]      `json:"family_name"`
	Sex            web.Optional[string]      `json:"sex"`
	BirthDate      web.Optional[string]      `json:"birth_date"`
	BirthPrecision web.Optional[string]      `json:"birth_precision"`
	Commune        web.Optional[string]      `json:"commune"`
	NationalID     web.Optional[string]      `json:"national_id"`
	Address        web.Optional[string]      `json:"address"`
	Phones         web.Optional[[]phoneBody] `json:"phones"`
	Languages      web.Optional[[]string]    `json:"languages"`
	Situations     web.Optional[[]string]    `json:"situations"`
}

func (b patchBody) patch() Patch {
	phones := web.Optional[[]Phone]{Set: b.Phones.Set, Null: b.Phones.Null, Value: phonesOf(b.Phones.Value)}
	return Patch{b.Version, b.Anonymous, b.Alias, b.GivenNameAr, b.FamilyNameAr, b.GivenName, b.FamilyName, b.Sex,
		b.BirthDate, b.BirthPrecision, b.Commune, b.NationalID, b.Address, phones, b.Languages, b.Situations}
}

// check names what is wrong with a patch, whatever record it is for.
func (b patchBody) check(s *Service) error {
	var f fault.Collect
	for i, p := range b.Phones.Value {
		if p.Safe == nil {
			f.Add(fmt.Sprintf("phones[%d].safe", i), "required")
		}
	}
	if err := f.Join(b.patch().check(s)); err != nil {
		return err
	}
	return f.Err()
}

type consentBody struct {
	PersonID   ids.ID[ids.Person] `path:"id" json:"-"`
	Purpose    string             `json:"purpose"`
	Recipients []string           `json:"recipients" validate:"max=50"`
	Categories []string           `json:"categories" validate:"max=20"`
	Mode       string             `json:"mode"`
	Witness    string             `json:"witness" validate:"max=200"`
	GivenBy    *GivenBy           `json:"given_by"`
	Language   string             `json:"language" validate:"max=20"`
	ExpiresAt  Instant            `json:"expires_at"`
}

func (b consentBody) consent() Consent {
	c := Consent{PersonID: b.PersonID, Purpose: b.Purpose, Recipients: b.Recipients, Categories: b.Categories, Mode: b.Mode,
		Language: b.Language, ExpiresAt: b.ExpiresAt.Time, Evidence: Evidence{Witness: b.Witness}}
	if b.GivenBy != nil {
		c.Evidence.GivenBy = *b.GivenBy
	}
	return c
}

// Instant is an RFC 3339 time, or a date, which means its last second in UTC.
type Instant struct{ time.Time }

// UnmarshalText reads either form.
func (i *Instant) UnmarshalText(b []byte) error {
	t, err := time.Parse(time.RFC3339, string(b))
	if err != nil {
		if t, err = time.Parse(time.DateOnly, string(b)); err != nil {
			return fault.In("", "malformed")
		}
		t = time.Date(t.Year(), t.Month(), t.Day(), 23, 59, 59, 0, clock.Casablanca()) // days are those of the tenant's zone
	}
	i.Time = t.UTC().Truncate(time.Microsecond)
	return nil
}

// UnmarshalJSON hides time.Time's own, which takes other forms.
func (i *Instant) UnmarshalJSON(b []byte) error {
	if len(b) < 2 || b[0] != '"' {
		return fault.In("", "wrong_type")
	}
	return i.UnmarshalText(b[1 : len(b)-1])
}

// ConsentView is a consent as the API shows it.
type ConsentView struct {
	ID          ids.ID[ids.Consent] `json:"id" validate:"required"`
	Version     int64               `json:"version" validate:"required"`
	State       string              `json:"state" validate:"required"`
	Purpose     string              `json:"purpose" validate:"required"`
	Recipients  []string            `json:"recipients" validate:"required"`
	Categories  []string            `json:"categories" validate:"required"`
	Mode        string              `json:"mode" validate:"required"`
	Language    string              `json:"language,omitempty"`
	ExpiresAt   time.Time           `json:"expires_at" validate:"required"`
	WithdrawnAt *time.Time          `json:"withdrawn_at,omitempty"`
	CreatedAt   time.Time           `json:"created_at" validate:"required"`
}

// ResourceID lets a replay find the consent again, with the person it is of.
func (v ConsentView) ResourceID() string { return v.ID.String() }

func (s *Service) consentView(c Consent) ConsentView {
	v := ConsentView{ID: c.ID, Version: c.Version, State: c.State(s.Clock.Now()), Purpose: c.Purpose, Recipients: c.Recipients, Categories: c.Categories,
		Mode: c.Mode, Language: c.Language, ExpiresAt: c.ExpiresAt, CreatedAt: c.CreatedAt}
	if !c.WithdrawnAt.IsZero() {
		v.WithdrawnAt = &c.WithdrawnAt
	}
	return v
}

type consentPath struct {
	PersonID  ids.ID[ids.Person]  `path:"id" json:"-"`
	ConsentID ids.ID[ids.Consent] `path:"consent_id" json:"-"`
	Continue  bool                `json:"continue"`
}

type consentsQuery struct {
	web.Paging
	PersonID ids.ID[ids.Person] `path:"id" json:"-"`
}

func (s *Service) routes() []web.Route {
	again := func(ctx context.Context, id string) (any, error) {
		pid, err := ids.Parse[ids.Person](id)
		if err != nil {
			return nil, fault.New(fault.NotFound)
		}
		p, err := s.Get(ctx, pid)
		return view(ctx, p), err
	}
	consentAgain := func(ctx context.Context, id string) (any, error) {
		c, err := s.consentAnywhere(ctx, id)
		return s.consentView(c), err
	}
	return []web.Route{
		web.Checked(web.JSON(http.MethodPost, "/people", "Register a person", Register, func(ctx context.Context, in personBody) (View, error) {
			p, err := s.Register(ctx, in.person(), in.DistinctFrom)
			return view(ctx, p), err
		}).Creates().Replays(again), func(_ context.Context, in personBody) error {
			p := in.person()
			return s.normalise(&p)
		}),
		web.Checked(web.JSON(http.MethodPost, "/people/search", "Find persons by name, phone or identity number", Search, func(ctx context.Context, in searchBody) (web.List[View], error) {
			page, err := in.page()
			if err != nil {
				return web.List[View]{}, err
			}
			rows, err := s.Find(ctx, Query{Name: in.Q, Phone: in.Phone, NationalID: in.NationalID}, page)
			return web.Cut(page, rows, func(p Person) string { return p.ID.String() }, func(p Person) View { return view(ctx, p) }), err
		}).Asks(), func(_ context.Context, in searchBody) error { return in.check() }),
		web.JSON(http.MethodGet, "/people/:id", "Open a person's record", Read, func(ctx context.Context, in personPath) (View, error) {
			p, err := s.Get(ctx, in.ID)
			return view(ctx, p), err
		}),
		web.Checked(web.JSON(http.MethodPatch, "/people/:id", "Change a person's record", Update, func(ctx context.Context, in patchBody) (View, error) {
			p, err := s.Change(ctx, in.ID, in.patch())
			return view(ctx, p), err
		}).Replays(again), func(_ context.Context, in patchBody) error { return in.check(s) }),
		web.Checked(web.JSON(http.MethodPost, "/people/:id/consents", "Record a consent", ConsentPerm, func(ctx context.Context, in consentBody) (ConsentView, error) {
			c, err := s.Record(ctx, in.consent())
			return s.consentView(c), err
		}).Creates().Replays(consentAgain), func(ctx context.Context, in consentBody) error {
			c := in.consent()
			return s.Check(ctx, &c)
		}),
		web.JSON(http.MethodGet, "/people/:id/consents", "List a person's consents", ConsentPerm, func(ctx context.Context, in consentsQuery) (web.List[ConsentView], error) {
			page, err := in.Decode(in.PersonID.String())
			if err != nil {
				return web.List[ConsentView]{}, err
			}
			rows, err := s.Consents(ctx, in.PersonID, page)
			return web.Cut(page, rows, func(c Consent) string { return c.ID.String() }, s.consentView), err
		}),
		web.JSON(http.MethodPost, "/people/:id/consents/:consent_id/withdraw", "Withdraw a consent: effects at once", ConsentPerm, func(ctx context.Context, in consentPath) (ConsentView, error) {
			c, err := s.Withdraw(ctx, in.PersonID, in.ConsentID, in.Continue)
			return s.consentView(c), err
		}).Replays(consentAgain),
	}
}
