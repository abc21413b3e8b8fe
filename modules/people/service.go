package people

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"shubbak/platform/audit"
	"shubbak/platform/clock"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/platform/vault"
	"shubbak/tenants"
	"shubbak/web"
)

// Register adds a person to the tenant's register. It refuses with
// possible_duplicate while records that may be the same person are not named in
// distinctFrom.
func (s *Service) Register(ctx context.Context, p Person, distinctFrom []ids.ID[ids.Person]) (Person, error) {
	a, now := tenants.From(ctx), s.Clock.Now()
	if err := s.normalise(&p); err != nil {
		return p, err
	}
	p.ID, p.TenantID, p.Version, p.CreatedBy, p.CreatedAt, p.UpdatedAt = ids.New[ids.Person](), tenants.Current(ctx), 1, a.User, now, now
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		// Whoever gives no name may be known by a telephone or an identity number.
		found, err := s.candidates(ctx, p)
		if err != nil {
			return err
		}
		found = slices.DeleteFunc(found, func(c Candidate) bool { return slices.Contains(distinctFrom, c.ID) })
		if len(found) > 0 {
			return fault.New(fault.PossibleDuplicate).With("candidates", found)
		}
		if p.KeyID, err = s.Vault.NewKey(ctx); err != nil {
			return err
		}
		if err := s.Audit.Did(ctx, audit.Entry{Action: "register", Object: "person", ID: p.ID.String()}); err != nil {
			return err
		}
		if p.Anonymous {
			if p.Number, err = tenants.NextNumber(ctx, "person", now.In(clock.Casablanca()).Year()); err != nil {
				return err
			}
		}
		return s.save(ctx, p, true)
	})
	return p, err
}

// Candidates lists the records that may be the person whom somebody is typing.
func (s *Service) Candidates(ctx context.Context, p Person) (out []Candidate, err error) {
	if err := s.normalise(&p); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		out, err = s.candidates(ctx, p)
		return err
	})
	if err == nil && len(out) > 0 {
		err = s.Audit.Opened(ctx, audit.Entry{Action: "compare", Object: "person", IDs: idsOf(out)})
	}
	return out, err
}

func idsOf(list []Candidate) []string {
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = c.ID.String()
	}
	return out
}

func (s *Service) candidates(ctx context.Context, p Person) ([]Candidate, error) {
	given, family, numbers := duplicateTokens(p)
	hash := func(t []string) ([]string, error) { return s.Vault.Hash(ctx, "name", t...) }
	g, err := hash(given)
	if err != nil {
		return nil, err
	}
	f, err := hash(family)
	if err != nil {
		return nil, err
	}
	n, err := hash(numbers)
	if err != nil {
		return nil, err
	}
	rows, err := withTokens(ctx, g, f, n)
	if err != nil {
		return nil, err
	}
	if err := s.unseal(ctx, rows); err != nil {
		return nil, err
	}
	arabic := tenants.From(ctx).Lang == i18n.Arabic
	out := []Candidate{}
	for _, r := range rows {
		if c, ok := compare(p, r.Person, arabic); ok && r.ID != p.ID {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b Candidate) int {
		if c := cmp.Compare(b.Score, a.Score); c != 0 {
			return c
		}
		return cmp.Compare(b.ID.String(), a.ID.String())
	})
	return out[:min(len(out), 10)], nil
}

// Get opens one record; the read is in the audit trail before it returns.
func (s *Service) Get(ctx context.Context, id ids.ID[ids.Person]) (Person, error) {
	p, err := s.Load(ctx, id)
	if err != nil {
		return p, err
	}
	return p, s.Audit.Opened(ctx, audit.Entry{Action: "open", Object: "person", ID: id.String(), Fields: []string{"identity", "contact"}})
}

// Load reads a record for other work of the same tenant, which writes its own
// audit entry.
func (s *Service) Load(ctx context.Context, id ids.ID[ids.Person]) (p Person, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		rows, err := byIDs(ctx, []ids.ID[ids.Person]{id})
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return fault.New(fault.NotFound)
		}
		if err := s.unseal(ctx, rows); err != nil {
			return err
		}
		p = rows[0].Person
		return nil
	})
	return p, err
}

// Listed reads a page of records without their sealed part, in one query.
func (s *Service) Listed(ctx context.Context, list []ids.ID[ids.Person]) (map[ids.ID[ids.Person]]Person, error) {
	out := map[ids.ID[ids.Person]]Person{}
	if len(list) == 0 {
		return out, nil
	}
	err := s.DB.Read(ctx, func(ctx context.Context) error {
		rows, err := byIDs(ctx, list)
		for _, r := range rows {
			out[r.ID] = r.Person
		}
		return err
	})
	return out, err
}

// Patch is a change of a record; fields that are not set stay.
type Patch struct {
	Version        int64
	Anonymous      web.Optional[bool]
	Alias          web.Optional[string]
	GivenNameAr    web.Optional[string]
	FamilyNameAr   web.Optional[string]
	GivenName      web.Optional[string]
	FamilyName     web.Optional[string]
	Sex            web.Optional[string]
	BirthDate      web.Optional[string]
	BirthPrecision web.Optional[string]
	Commune        web.Optional[string]
	NationalID     web.Optional[string]
	Address        web.Optional[string]
	Phones         web.Optional[[]Phone]
	Languages      web.Optional[[]string]
	Situations     web.Optional[[]string]
}

// apply writes what the patch sets over a record.
func (patch Patch) apply(p *Person) {
	p.Anonymous, p.Alias = patch.Anonymous.Of(p.Anonymous), patch.Alias.Of(p.Alias)
	p.GivenNameAr, p.FamilyNameAr = patch.GivenNameAr.Of(p.GivenNameAr), patch.FamilyNameAr.Of(p.FamilyNameAr)
	p.GivenName, p.FamilyName = patch.GivenName.Of(p.GivenName), patch.FamilyName.Of(p.FamilyName)
	if p.Anonymous && !patch.Anonymous.Set && len(p.Names()) > 0 {
		p.Anonymous = false // identified later
	}
	p.Sex, p.Commune = patch.Sex.Of(p.Sex), patch.Commune.Of(p.Commune)
	p.BirthDate, p.BirthPrecision = patch.BirthDate.Of(p.BirthDate), patch.BirthPrecision.Of(p.BirthPrecision)
	if patch.BirthDate.Set && !patch.BirthPrecision.Set {
		p.BirthPrecision = ""
	}
	q := &p.Private
	if id := patch.NationalID; id.Set && (id.Value != mask(q.NationalID) || id.Value == "") { // as it was read, it stays
		q.NationalID = id.Value
	}
	q.Address = patch.Address.Of(q.Address)
	q.Phones, q.Languages, q.Situations = patch.Phones.Of(q.Phones), patch.Languages.Of(q.Languages), patch.Situations.Of(q.Situations)
}

// check tries a patch on a record with which nothing is wrong: whatever is found is
// the patch's own, and no record has to be looked up for it.
func (patch Patch) check(s *Service) error {
	p := Person{GivenNameAr: "س", FamilyNameAr: "س", GivenName: "X", FamilyName: "X", Sex: "unknown", BirthDate: "2000-01-01", BirthPrecision: "day"}
	if patch.Anonymous.Value { // only the record can tell whether it has names
		p.GivenNameAr, p.FamilyNameAr, p.GivenName, p.FamilyName = "", "", "", ""
	}
	patch.apply(&p)
	if strings.Contains(p.Private.NationalID, "*") {
		p.Private.NationalID = "" // whether it is the mask of the record, only the record can tell
	}
	return s.normalise(&p)
}

// normalise checks and tidies a record as of today in the tenant's zone.
func (s *Service) normalise(p *Person) error {
	return p.normalise(s.Clock.Now().In(clock.Casablanca()), s.terms, s.isCommune)
}

// Change applies a patch to the version that the caller saw.
func (s *Service) Change(ctx context.Context, id ids.ID[ids.Person], patch Patch) (p Person, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		if p, err = s.Load(ctx, id); err != nil {
			return err
		}
		if p.Version != patch.Version {
			return fault.New(fault.VersionConflict)
		}
		patch.apply(&p)
		if err := s.normalise(&p); err != nil {
			return err
		}
		p.Version, p.UpdatedAt = p.Version+1, s.Clock.Now()
		if err := s.save(ctx, p, false); err != nil {
			return err
		}
		if err := s.Audit.Did(ctx, audit.Entry{Action: "change", Object: "person", ID: id.String(), Fields: patch.fields()}); err != nil {
			return err
		}
		return s.Bus.Publish(ctx, Changed{Tenant: p.TenantID, Person: p.ID, Version: p.Version})
	})
	return p, err
}

// fields names what the patch touches, for the audit trail.
func (p Patch) fields() []string {
	var out []string
	for _, f := range []struct {
		name string
		set  bool
	}{{"names", p.GivenName.Set || p.FamilyName.Set || p.GivenNameAr.Set || p.FamilyNameAr.Set || p.Alias.Set || p.Anonymous.Set}, {"sex", p.Sex.Set},
		{"birth_date", p.BirthDate.Set || p.BirthPrecision.Set}, {"commune", p.Commune.Set}, {"national_id", p.NationalID.Set}, {"address", p.Address.Set},
		{"phones", p.Phones.Set}, {"languages", p.Languages.Set}, {"situations", p.Situations.Set}} {
		if f.set {
			out = append(out, f.name)
		}
	}
	return out
}

// Query is a search: a name, or an exact phone or identity number.
type Query struct {
	Name, Phone, NationalID string
}

// Find searches the register, newest first. The page of results is one audit
// entry with its ids.
func (s *Service) Find(ctx context.Context, q Query, page web.PageOf) ([]Person, error) {
	var groups [][]string
	if q.Name != "" {
		words := fold(visible(q.Name))
		for i, w := range words {
			t := searchTokens(w)
			if len(t) > 0 && i > 0 && particles[plain(words[i-1])] {
				t = append(t, searchTokens(words[i-1]+w)...) // بن علي is بنعلي
			}
			if len(t) > 0 {
				groups = append(groups, t)
			}
		}
		if len(groups) == 0 {
			return nil, nil
		}
	}
	if q.Phone != "" {
		n, ok := NormalPhone(q.Phone)
		if !ok {
			return nil, fault.In("phone", "malformed")
		}
		groups = append(groups, []string{"ph:" + n})
	}
	if q.NationalID != "" {
		groups = append(groups, []string{"id:" + normalIdentity(q.NationalID)})
	}
	if len(groups) > 8 {
		groups = groups[:8]
	}
	for i, g := range groups {
		h, err := s.Vault.Hash(ctx, "name", g...)
		if err != nil {
			return nil, err
		}
		groups[i] = h
	}
	var rows []row
	err := s.DB.Read(ctx, func(ctx context.Context) (err error) {
		if rows, err = search(ctx, groups, page.After, page.Limit+1); err != nil {
			return err
		}
		return s.unseal(ctx, rows)
	})
	if err != nil {
		return nil, err
	}
	out := make([]Person, len(rows))
	seen := make([]string, 0, len(rows))
	for i, r := range rows {
		out[i] = r.Person
		seen = append(seen, r.ID.String())
	}
	if len(seen) == 0 {
		return out, nil
	}
	return out, s.Audit.Opened(ctx, audit.Entry{Action: "search", Object: "person", IDs: seen[:min(len(seen), page.Limit)]})
}

func (s *Service) isCommune(code string) bool {
	_, ok := s.terms.Commune(code)
	return ok
}

// save writes the record and its search tokens.
func (s *Service) save(ctx context.Context, p Person, fresh bool) error {
	sealed, err := s.Vault.SealJSON(ctx, p.KeyID, "people.private:"+p.ID.String(), p.Private)
	if err != nil {
		return err
	}
	tokens, err := s.Vault.Hash(ctx, "name", allTokens(p)...)
	if err != nil {
		return err
	}
	return write(ctx, row{Person: p, Private: sealed}, tokens, fresh)
}

func (s *Service) unseal(ctx context.Context, rows []row) error {
	keys := make([]vault.KeyID, len(rows))
	for i, r := range rows {
		keys[i] = r.KeyID
	}
	if err := s.Vault.Prefetch(ctx, keys...); err != nil {
		return err
	}
	for i := range rows {
		if err := s.Vault.OpenJSON(ctx, "people.private:"+rows[i].ID.String(), rows[i].Private, &rows[i].Person.Private); err != nil {
			return err
		}
	}
	return nil
}
