package directory

import (
	"slices"
	"time"

	"shubbak/platform/ids"
)

// Words are a name in three languages.
type Words struct {
	Ar string `json:"ar" validate:"required"`
	Fr string `json:"fr" validate:"required"`
	En string `json:"en" validate:"required"`
}

// Service is an offer of one tenant (HSDS 3.0: service with its capacity).
type Service struct {
	ID             ids.ID[ids.Service] `bun:",pk"`
	TenantID       ids.ID[ids.Tenant]
	UnitID         ids.ID[ids.Unit]         `bun:",nullzero"`
	OrganizationID ids.ID[ids.Organization] `bun:",nullzero"` // an outside body: one goes there with a letter
	PapersAr       string                   // what to bring, a line each
	PapersFr       string
	Version        int64
	NameAr         string
	NameFr         string
	NameEn         string
	Needs          []string
	Eligibility    Eligibility
	Triage         []Question
	Outcomes       []string // codes that the service uses; none means all
	Hours          []Hours
	Status         string // capacity, no_capacity, waitlist, assessment_required
	Available      int
	Maximum        int
	Discreet       bool // prints its street address, never its name
	Active         bool
	CreatedAt      time.Time
}

// Name is the name in three languages.
func (s Service) Name() Words { return Words{s.NameAr, s.NameFr, s.NameEn} }

// Letter reports that the service is an outside body's: a referral to it is a letter.
func (s Service) Letter() bool { return !s.OrganizationID.IsZero() }

// Mode is how one refers there (contract: GET /services).
func (s Service) Mode() string {
	if s.Letter() {
		return "letter"
	}
	return "platform"
}

// Papers is what to bring, a line each.
func (s Service) Papers(arabic bool) string { return either(arabic, s.PapersAr, s.PapersFr) }

// Eligibility says whom the service is for; empty is everybody.
type Eligibility struct {
	AgeMin     *int     `json:"age_min,omitempty"`
	AgeMax     *int     `json:"age_max,omitempty"`
	Sex        string   `json:"sex,omitempty"`
	Communes   []string `json:"communes,omitempty"`
	Situations []string `json:"situations,omitempty"`
}

// Question is a closed triage question: its answers may stand on the anonymous
// card, so there is no free text.
type Question struct {
	Code     string   `json:"code"`
	Text     Words    `json:"text"`
	Choices  []Choice `json:"choices"`
	Required bool     `json:"required"`
}

// Choice is one answer.
type Choice struct {
	Code string `json:"code"`
	Text Words  `json:"text"`
}

// Hours are the working hours of one weekday, 1 is Monday.
type Hours struct {
	Day  int    `json:"day"`
	From string `json:"from"`
	To   string `json:"to"`
}

// Capacity says how many places a service has.
type Capacity struct {
	Status    string `json:"status" validate:"required"`
	Available int    `json:"available"`
	Maximum   int    `json:"maximum"`
}

// Reasons of a service (contract: POST /referrals).
const (
	NotEligible   = "not_eligible"
	NoCapacity    = "no_capacity"
	ServiceClosed = "service_closed"
)

// standing is why nobody can be referred to the service now; "" when one can.
func (s Service) standing() string {
	switch {
	case !s.Active:
		return ServiceClosed
	case s.Status == "no_capacity":
		return NoCapacity
	}
	return ""
}

// Serves reports whether the service answers to a need.
func (s Service) Serves(need string) bool { return slices.Contains(s.Needs, need) }

// near reports whether people of a commune may come: a service that names no
// communes takes everybody.
func (s Service) near(commune string) bool {
	return commune == "" || len(s.Eligibility.Communes) == 0 || slices.Contains(s.Eligibility.Communes, commune)
}

// Uses reports whether an outcome is one that the service declares.
func (s Service) Uses(outcome string) bool {
	return len(s.Outcomes) == 0 || slices.Contains(s.Outcomes, outcome)
}

// CheckTriage names the answers that do not fit the service's questions.
func (s Service) CheckTriage(answers map[string]string) (field, code string) {
	for q, a := range answers {
		i := slices.IndexFunc(s.Triage, func(x Question) bool { return x.Code == q })
		if i < 0 {
			return "triage." + q, "unknown_field"
		}
		if !slices.ContainsFunc(s.Triage[i].Choices, func(c Choice) bool { return c.Code == a }) {
			return "triage." + q, "unknown_code"
		}
	}
	for _, q := range s.Triage {
		if q.Required && answers[q.Code] == "" {
			return "triage." + q.Code, "required"
		}
	}
	return "", ""
}

// StillAsked are the answers that the service's questions of today can hold: what
// was answered to a question that was dropped since goes with the question.
func (s Service) StillAsked(answers map[string]string) map[string]string {
	out := map[string]string{}
	for q, a := range answers {
		i := slices.IndexFunc(s.Triage, func(x Question) bool { return x.Code == q })
		if i >= 0 && slices.ContainsFunc(s.Triage[i].Choices, func(c Choice) bool { return c.Code == a }) {
			out[q] = a
		}
	}
	return out
}
