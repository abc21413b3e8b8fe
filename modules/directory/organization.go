package directory

import (
	"slices"
	"strings"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/platform/terms"
)

// Organization is a body that is not on the platform (HSDS 3.0: organization with
// its location): a person is sent there with a letter. The tenant that keeps it in
// the directory also keeps its services.
type Organization struct {
	ID        ids.ID[ids.Organization] `bun:",pk"`
	TenantID  ids.ID[ids.Tenant]
	Version   int64
	NameAr    string
	NameFr    string
	NameEn    string
	Kind      string // civil_status, health_centre, employment, court, social_register, association, administration, other
	Commune   string
	Phone     string
	AddressAr string
	AddressFr string
	AccessAr  string // how one gets there
	AccessFr  string
	Joined    ids.ID[ids.Tenant] `bun:",nullzero"` // the partner that it has become
	AssuredOn string             // the day on which somebody last confirmed all this
	CreatedAt time.Time
}

// OrganizationKinds are the kinds of outside bodies.
var OrganizationKinds = []string{"civil_status", "health_centre", "employment", "court", "social_register", "association", "administration", "other"}

// Name is the name in three languages.
func (o Organization) Name() Words { return Words{o.NameAr, o.NameFr, o.NameEn} }

// Address is the address in a language; English reads the French one.
func (o Organization) Address(arabic bool) string { return either(arabic, o.AddressAr, o.AddressFr) }

// Access is how one gets there.
func (o Organization) Access(arabic bool) string { return either(arabic, o.AccessAr, o.AccessFr) }

func either(arabic bool, ar, fr string) string {
	if arabic && ar != "" || fr == "" {
		return ar
	}
	return fr
}

func (o *Organization) check() error {
	var f fault.Collect
	i18n.CheckName(&f, "name", &o.NameAr, &o.NameFr, &o.NameEn)
	if !slices.Contains(OrganizationKinds, o.Kind) {
		f.Add("kind", "unknown_code")
	}
	if _, ok := terms.Load().Commune(o.Commune); !ok {
		f.Add("commune", "unknown_code")
	}
	for field, text := range map[string]*string{"address": &o.AddressAr, "address_fr": &o.AddressFr, "access": &o.AccessAr, "access_fr": &o.AccessFr} {
		if *text = strings.TrimSpace(*text); len([]rune(*text)) > 500 {
			f.Add(field, "too_long")
		}
	}
	if o.AddressAr == "" && o.AddressFr == "" {
		f.Add("address", "required") // a letter without an address leads nowhere
	}
	if o.Phone = strings.TrimSpace(o.Phone); len(o.Phone) > 30 || strings.Trim(o.Phone, "+0123456789 ") != "" {
		f.Add("phone", "malformed")
	}
	return f.Err()
}
