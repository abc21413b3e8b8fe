package agreements

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
)

// Text is what the parties sign: everything that a version says, in Arabic and in
// French. Its canonical form is its JSON with the fields in this order.
type Text struct {
	Kind        string       `json:"kind"`
	Title       Title        `json:"title"`
	Object      Body         `json:"object"`
	Parties     []PartyText  `json:"parties"`
	Articles    []Article    `json:"articles"`
	EffectiveOn string       `json:"effective_on"`
	EndsOn      string       `json:"ends_on"`
	Renewal     string       `json:"renewal"`
	NoticeDays  int          `json:"notice_days"`
	NeedsVisa   bool         `json:"needs_visa"`
	Territory   []string     `json:"territory,omitempty"` // communes
	Population  Population   `json:"population"`
	FocalPoints []FocalPoint `json:"focal_points,omitempty"`
	Committees  []Committee  `json:"committees,omitempty"`
	Scopes      []ScopeText  `json:"scopes,omitempty"`
	Sharing     []ShareText  `json:"sharing,omitempty"`
	Quotas      []Quota      `json:"quotas,omitempty"`
	Obligations []Obligation `json:"obligations,omitempty"`
}

// Title is a text in the agreement's two languages.
type Title struct {
	Ar string `json:"ar" validate:"max=300"`
	Fr string `json:"fr" validate:"max=300"`
}

// PartyText is a party with those who sign for it.
type PartyText struct {
	Party
	Signatories []Signer `json:"signatories,omitempty" validate:"max=5"`
}

// Signer signs for a party. Email names the account with which one of a tenant
// signs by code; without one anybody with the role may.
type Signer struct {
	Name         Title  `json:"name"`
	Capacity     Title  `json:"capacity"`
	Email        string `json:"email,omitempty" validate:"max=200"`
	MandateUntil string `json:"mandate_until,omitempty" validate:"max=10"`
}

// Article is one article; the key names a usual one of a template.
type Article struct {
	ID    ids.ID[ids.Entry] `json:"id"`
	Key   string            `json:"key,omitempty" validate:"max=40"`
	Title Title             `json:"title"`
	Body  Body              `json:"body"`
}

// Body is the words of an article, or of the object.
type Body struct {
	Ar string `json:"ar" validate:"max=20000"`
	Fr string `json:"fr" validate:"max=20000"`
}

// FocalPoint is whom to ask at a party.
type FocalPoint struct {
	Party string `json:"party" validate:"required,max=200"`
	Name  string `json:"name" validate:"required,max=200"`
	Email string `json:"email,omitempty" validate:"max=200"`
	Phone string `json:"phone,omitempty" validate:"max=40"`
}

// Committee meets on the agreement.
type Committee struct {
	Kind  string `json:"kind" validate:"required,oneof=steering followup technical"`
	Every string `json:"every" validate:"required,oneof=month quarter semester year"`
}

// ScopeText is what one party may refer to another, between slugs.
type ScopeText struct {
	ID         ids.ID[ids.Entry]     `json:"id"`
	From       string                `json:"from" validate:"required,max=200"`
	To         string                `json:"to" validate:"required,max=200"`
	Needs      []string              `json:"needs" validate:"required,max=100"`
	Services   []ids.ID[ids.Service] `json:"services,omitempty" validate:"max=100"`
	Priorities []string              `json:"priorities,omitempty" validate:"max=3"`
	Population Population            `json:"population"`
}

// ShareText is one line of the sharing annex: what a slice may hold.
type ShareText struct {
	From       string   `json:"from" validate:"required,max=200"`
	To         string   `json:"to" validate:"required,max=200"`
	Slice      string   `json:"slice" validate:"required,max=40"`
	Categories []string `json:"categories" validate:"required,max=10"`
	Purpose    string   `json:"purpose,omitempty" validate:"max=40"`
}

// Quota limits the referrals to a service in a period.
type Quota struct {
	ID        ids.ID[ids.Entry]   `json:"id"`
	ServiceID ids.ID[ids.Service] `json:"service_id" validate:"required"`
	Period    string              `json:"period" validate:"required,oneof=week month quarter year"`
	Limit     int                 `json:"limit" validate:"required,min=1,max=1000000"`
	Hard      bool                `json:"hard"`
}

// Obligation is what a party promises, measured.
type Obligation struct {
	ID        ids.ID[ids.Entry] `json:"id"`
	Party     string            `json:"party" validate:"required,max=200"`
	Indicator string            `json:"indicator" validate:"max=200"`
	Target    float64           `json:"target"`
	Period    string            `json:"period" validate:"required,oneof=month quarter semester year term"`
	Mode      string            `json:"mode" validate:"required,oneof=computed declared"`
	Title     Title             `json:"title"`
}

// Indicators are what the platform computes for an obligation.
var Indicators = []string{"answered_in_time", "accepted", "completed", "outcomes_confirmed", "persons_accompanied", "places_offered", "student_hours", "trainings"}

// The closed lists of the annex.
var (
	Slices     = []string{"identity", "social", "documents", "summary"}
	Categories = []string{"identity", "contact", "social", "health", "documents"}
	Purposes   = []string{"referral", "accompaniment", "training", "statistics"}
	Priorities = []string{"routine", "urgent", "emergency"}
)

// Canonical is the form over which the hash goes.
func (t Text) Canonical() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(t)
	return bytes.TrimSpace(b.Bytes()), err
}

// HashOf is what a signature belongs to.
func HashOf(canonical []byte) string {
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:])
}

// Party finds a party by its key.
func (t *Text) Party(key string) (PartyText, bool) {
	i := slices.IndexFunc(t.Parties, func(p PartyText) bool { return p.Key() == key })
	if i < 0 {
		return PartyText{}, false
	}
	return t.Parties[i], true
}

func (t *Text) isTenant(key string) bool {
	p, ok := t.Party(key)
	return ok && p.Tenant != ""
}

// Check names what is wrong with a text whatever its state: the bad input of an
// agreement. What only a draft may leave open is not asked here.
func (t *Text) Check() error {
	var f fault.Collect
	if strings.TrimSpace(t.Title.Ar) == "" && strings.TrimSpace(t.Title.Fr) == "" {
		f.Add("title", "required")
	}
	one(&f, "kind", t.Kind, Kinds)
	one(&f, "renewal", t.Renewal, Renewals)
	t.checkDates(&f)
	t.checkParties(&f)
	for i, s := range t.Scopes {
		at := index("scopes", i)
		t.checkPair(&f, at, s.From, s.To)
		if len(s.Needs) == 0 {
			f.Add(at+".needs", "required")
		}
		every(&f, at+".priorities", s.Priorities, Priorities)
	}
	seen := map[string]bool{}
	for i, s := range t.Sharing {
		at := index("sharing", i)
		t.checkPair(&f, at, s.From, s.To)
		one(&f, at+".slice", s.Slice, Slices)
		every(&f, at+".categories", s.Categories, Categories)
		if s.Purpose != "" {
			one(&f, at+".purpose", s.Purpose, Purposes)
		}
		key := s.From + "\x00" + s.To + "\x00" + s.Slice + "\x00" + s.Purpose
		if seen[key] {
			f.Add(at+".slice", "twice")
		}
		seen[key] = true
	}
	limits := map[string]bool{}
	for i, q := range t.Quotas {
		key := q.ServiceID.String() + q.Period
		if limits[key] {
			f.Add(index("quotas", i)+".period", "twice")
		}
		limits[key] = true
	}
	for i, o := range t.Obligations {
		at := index("obligations", i)
		if _, ok := t.Party(o.Party); !ok && o.Party != AllParties {
			f.Add(at+".party", "unknown_code")
		}
		switch {
		case strings.TrimSpace(o.Indicator) == "":
			own(&f, at+".indicator", "not_measurable")
		case o.Mode == "computed" && !slices.Contains(Indicators, o.Indicator):
			own(&f, at+".indicator", "not_measurable")
		}
		if !(o.Target > 0) || o.Target > 1e9 {
			own(&f, at+".target", "not_measurable")
		}
	}
	return f.Err()
}

// AllParties stands for an obligation of every party.
const AllParties = "all"

func (t *Text) checkDates(f *fault.Collect) {
	from, err1 := time.Parse(time.DateOnly, t.EffectiveOn)
	to, err2 := time.Parse(time.DateOnly, t.EndsOn)
	if err1 != nil || from.Year() < 1990 || from.Year() > 2200 {
		f.Add("effective_on", "malformed")
	}
	if err2 != nil || to.Year() > 2200 {
		f.Add("ends_on", "malformed")
	}
	if err1 != nil || err2 != nil {
		return
	}
	if to.Before(from) {
		own(f, "ends_on", "before_start")
		return
	}
	term := int(to.Sub(from).Hours()/24) + 1
	switch {
	case t.NoticeDays < 0:
		f.Add("notice_days", "out_of_range")
	case t.NoticeDays >= term:
		own(f, "notice_days", "longer_than_term")
	}
}

func (t *Text) checkParties(f *fault.Collect) {
	seen := map[string]bool{}
	for i, p := range t.Parties {
		at := index("parties", i)
		if (p.Tenant == "") == (strings.TrimSpace(p.Organization) == "") {
			f.Add(at, "required")
			continue
		}
		key := strings.ToLower(strings.Join(strings.Fields(p.Key()), " "))
		if seen[key] || p.Organization == AllParties {
			own(f, at, "party_twice")
		}
		seen[key] = true
		for j, s := range p.Signatories {
			sat := at + "." + index("signatories", j)
			if s.Name.Ar == "" && s.Name.Fr == "" {
				f.Add(sat+".name", "required")
			}
			if _, err := time.Parse(time.DateOnly, s.MandateUntil); s.MandateUntil != "" && err != nil {
				f.Add(sat+".mandate_until", "malformed")
			}
		}
	}
	if len(t.Parties) < 2 {
		own(f, "parties", "two_parties")
	}
	for i, x := range t.FocalPoints {
		if _, ok := t.Party(x.Party); !ok {
			f.Add(index("focal_points", i)+".party", "unknown_code")
		}
	}
}

func (t *Text) checkPair(f *fault.Collect, at, from, to string) {
	if !t.isTenant(from) {
		f.Add(at+".from", "unknown_code")
	}
	if !t.isTenant(to) || from == to {
		f.Add(at+".to", "unknown_code")
	}
}

func index(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }

// own notes a fault that has a sentence of this module.
func own(f *fault.Collect, field, code string) {
	f.AddField(fault.Field{Field: field, Code: code, Key: "agreements.fault." + code})
}

func one(f *fault.Collect, field, value string, list []string) {
	if !slices.Contains(list, value) {
		code := "unknown_code"
		if value == "" {
			code = "required"
		}
		f.Add(field, code)
	}
}

func every(f *fault.Collect, field string, values, list []string) {
	for _, v := range values {
		if !slices.Contains(list, v) {
			f.Add(field, "unknown_code")
			return
		}
	}
}

// Rebase gives what an amendment makes of a text that has changed since it was
// begun: each part that the amendment wrote differently, else the part as it stands.
func Rebase(base, now, amended Text) (Text, error) {
	b, err1 := members(base)
	n, err2 := members(now)
	a, err3 := members(amended)
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			return now, err
		}
	}
	for key, was := range b {
		if !bytes.Equal(was, a[key]) {
			n[key] = a[key]
		}
	}
	for key, v := range a {
		if b[key] == nil {
			n[key] = v
		}
	}
	for key, v := range n {
		if v == nil {
			delete(n, key)
		}
	}
	raw, err := json.Marshal(n)
	if err != nil {
		return now, err
	}
	var out Text
	return out, json.Unmarshal(raw, &out)
}

func members(t Text) (out map[string]json.RawMessage, err error) {
	raw, err := t.Canonical()
	if err != nil {
		return nil, err
	}
	return out, json.Unmarshal(raw, &out)
}
