package people

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/web"
)

func TestRegister(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.register(fatima())
		got, err := h.Get(h.ctx(), p.ID)
		if err != nil || got.Version != 1 || got.Private.NationalID != "F123456" || got.Private.Phones[0].Number != "+212661000027" || !got.Private.Phones[0].Safe ||
			got.DisplayName(true) != "فاطمة بوزيان" || got.DisplayName(false) != "Fatima Bouziane" {
			t.Errorf("%+v %v", got, err)
		}
		if _, err := h.Get(h.as(h.hospital), p.ID); !fault.Has(err, fault.NotFound) {
			t.Errorf("another tenant: %v", err)
		}
		if _, err := h.Get(h.ctx(), ids.New[ids.Person]()); !fault.Has(err, fault.NotFound) {
			t.Errorf("an invented id: %v", err)
		}
	})
}

func TestWhatIsSealedStandsNowhereInClear(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.register(fatima())
		err := h.DB.InTx(h.ctx(), func(ctx context.Context) error {
			rows, err := byIDs(ctx, []pid{p.ID})
			if err != nil || len(rows) != 1 {
				return fmt.Errorf("%d rows: %w", len(rows), err)
			}
			for _, secret := range []string{"661000027", "F123456", "Oliviers", "darija"} {
				if bytes.Contains(rows[0].Private, []byte(secret)) {
					t.Errorf("%s stands in the row", secret)
				}
			}
			var tokens []string
			if err := db.Conn(ctx).NewSelect().Model((*tokenRow)(nil)).Column("token").Where("tenant_id = ?", db.Tenant(ctx)).Scan(ctx, &tokens); err != nil {
				return err
			}
			if len(tokens) < 10 {
				t.Errorf("%d tokens", len(tokens))
			}
			for _, token := range tokens {
				if strings.Contains(token, "fatima") || strings.Contains(token, "661000027") || strings.Contains(token, "فاطم") || len(token) != 32 {
					t.Errorf("the token %s", token)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestPossibleDuplicates(t *testing.T) {
	for name, c := range map[string]struct {
		second Person
		same   bool
	}{
		"the same again":                         {fatima(), true},
		"the names in the other script":          {Person{GivenName: "Fatma", FamilyName: "Bouzian", Sex: "female", BirthDate: "1990-05-04"}, true},
		"with the article":                       {Person{GivenNameAr: "فاطمه", FamilyNameAr: "البوزيان", Sex: "female"}, true},
		"names alike and no birth date":          {Person{GivenName: "FATIMA", FamilyName: "BOUZIANE", Sex: "female"}, true},
		"names alike and the year alone":         {Person{GivenName: "Fatima", FamilyName: "Bouziane", Sex: "female", BirthDate: "1990-01-01", BirthPrecision: "year"}, true},
		"names alike and an age about right":     {Person{GivenName: "Fatima", FamilyName: "Bouziane", Sex: "female", BirthDate: "1992-01-01", BirthPrecision: "estimated"}, true},
		"names alike, another year":              {Person{GivenName: "Fatima", FamilyName: "Bouziane", Sex: "female", BirthDate: "1991-01-01", BirthPrecision: "year"}, false},
		"names alike, another birthday":          {Person{GivenName: "Fatima", FamilyName: "Bouziane", Sex: "female", BirthDate: "1990-05-05"}, false},
		"only the family name":                   {Person{GivenName: "Khadija", FamilyName: "Bouziane", Sex: "female", BirthDate: "1990-05-04"}, false},
		"only the given name":                    {Person{GivenName: "Fatima", FamilyName: "Alaoui", Sex: "female", BirthDate: "1990-05-04"}, false},
		"only the birthday":                      {Person{GivenName: "Karim", FamilyName: "Alaoui", Sex: "male", BirthDate: "1990-05-04"}, false},
		"an equal phone under another name":      {Person{GivenName: "Karim", FamilyName: "Alaoui", Sex: "male", Private: Private{Phones: []Phone{{Number: "0661000027"}}}}, true},
		"an equal identity number":               {Person{GivenName: "Karim", FamilyName: "Alaoui", Sex: "male", Private: Private{NationalID: "F-123456"}}, true},
		"another phone and number":               {Person{GivenName: "Karim", FamilyName: "Alaoui", Sex: "male", Private: Private{NationalID: "F123457", Phones: []Phone{{Number: "0661000028"}}}}, false},
		"given and family name exchanged":        {Person{GivenName: "Bouziane", FamilyName: "Fatima", Sex: "female", BirthDate: "1990-05-04"}, false},
		"somebody anonymous is never a likeness": {Person{Anonymous: true, Alias: "Fatima Bouziane"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, h *house) {
				first := h.register(fatima())
				_, err := h.Register(h.ctx(), c.second, nil)
				if got := candidatesOf(err); c.same != slices.Equal(got, []pid{first.ID}) || !c.same && err != nil {
					t.Fatalf("candidates %v, %v", got, err)
				}
				if !c.same {
					return
				}
				if _, err := h.Register(h.ctx(), c.second, []pid{ids.New[ids.Person]()}); candidatesOf(err) == nil {
					t.Errorf("another id in distinct_from let it pass: %v", err)
				}
				if _, err := h.Register(h.ctx(), c.second, []pid{first.ID}); err != nil {
					t.Errorf("said to be distinct: %v", err)
				}
			})
		})
	}
}

func TestDuplicatesAreLookedForInOneTenantOnly(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.register(fatima())
		if _, err := h.Register(h.as(h.hospital), fatima(), nil); err != nil {
			t.Errorf("another tenant's register answered: %v", err)
		}
	})
}

// Particles do not separate people (domain.md §6): written apart or as one word, in
// either script and in any order, a name is found.
func TestSearchWithParticles(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		var want []pid
		for _, p := range []Person{
			{GivenNameAr: "محمد", FamilyNameAr: "بنعلي", Sex: "male", BirthDate: "1987-01-01", BirthPrecision: "day"},
			{GivenNameAr: "محمد", FamilyNameAr: "بن علي", Sex: "male", BirthDate: "1991-01-01", BirthPrecision: "day"},
			{GivenName: "Mohamed", FamilyName: "Benali", Sex: "male", BirthDate: "1960-01-01", BirthPrecision: "day"},
			{GivenName: "Mohamed", FamilyName: "Ben Ali", Sex: "male", BirthDate: "1944-01-01", BirthPrecision: "day"},
		} {
			want = append([]pid{h.register(p).ID}, want...)
		}
		h.register(Person{GivenName: "Karim", FamilyName: "Bennis", Sex: "male"})
		for _, q := range []string{"بنعلي", "بن علي", "محمد بن علي", "بن علي محمد", "بنعلي محمد", "Ben Ali", "Benali", "Mohamed Ben Ali", "ben ali mohammed"} {
			if got := h.find(Query{Name: q}); !slices.Equal(got, want) {
				t.Errorf("%q finds %d of %d", q, len(got), len(want))
			}
		}
	})
}

func TestSearch(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		f := h.register(fatima())
		m := h.register(Person{GivenNameAr: "محمد", FamilyNameAr: "الإدريسي", Sex: "male", Private: Private{Phones: []Phone{{Number: "0612345678"}}}})
		k := h.register(Person{GivenName: "Abd El Kader", FamilyName: "Ben Ali", Sex: "male"})
		a := h.register(Person{Anonymous: true, Alias: "homme inconnu, 40 ans"})
		for q, want := range map[string][]pid{
			"فاطمة": {f.ID}, "فاطمه": {f.ID}, "Fatima": {f.ID}, "FATMA": {f.ID}, "fat": {f.ID}, "بوزيان": {f.ID}, "Bouziane Fatima": {f.ID}, "Fátima": {f.ID},
			"محمد": {m.ID}, "Mohammed": {m.ID}, "Muhammad Idrissi": {m.ID}, "الادريسي": {m.ID}, "El Idrissi": {m.ID},
			"عبد القادر": {k.ID}, "Abdelkader": {k.ID}, "Benali": {k.ID}, "بنعلي": {k.ID}, "inconnu": {a.ID},
			"Fatima Idrissi": nil, "M'hamed": nil, "Zineb": nil, "ben": nil, "  ": nil, "%": nil, "Fatima'; --": {f.ID},
		} {
			if got := h.find(Query{Name: q}); !slices.Equal(got, want) {
				t.Errorf("%q: %v, want %v", q, got, want)
			}
		}
		for name, c := range map[string]struct {
			q    Query
			want []pid
		}{
			"a phone as it is spoken":  {Query{Phone: "06 61 00 00 27"}, []pid{f.ID}},
			"a phone with its country": {Query{Phone: "00212612345678"}, []pid{m.ID}},
			"an unknown phone":         {Query{Phone: "0600000000"}, nil},
			"an identity number":       {Query{NationalID: "f123456"}, []pid{f.ID}},
			"part of one":              {Query{NationalID: "F12345"}, nil},
			"name and phone together":  {Query{Name: "Fatima", Phone: "0612345678"}, nil},
			"name and number together": {Query{Name: "Fatima", NationalID: "F123456"}, []pid{f.ID}},
		} {
			if got := h.find(c.q); !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", name, got, c.want)
			}
		}
		if _, err := h.Find(h.ctx(), Query{Phone: "12"}, web.PageOf{Limit: 5}); !slices.Equal(fieldsOf(err), []string{"phone:malformed"}) {
			t.Errorf("what is no phone: %v", err)
		}
		if list, err := h.Find(h.as(h.hospital), Query{Name: "Fatima"}, web.PageOf{Limit: 5}); err != nil || len(list) != 0 {
			t.Errorf("another tenant finds %v, %v", list, err)
		}
	})
}

func TestPagesOfASearchMeet(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		var want []pid
		for i := range 7 {
			p := h.register(Person{GivenName: "Karim", FamilyName: "Alaoui", Sex: "male", BirthDate: fmt.Sprintf("19%d0-01-01", i+1)})
			want = append([]pid{p.ID}, want...)
		}
		var got []pid
		for after := ""; ; {
			list, err := h.Find(h.ctx(), Query{Name: "Karim"}, web.PageOf{Limit: 3, After: after})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range list[:min(3, len(list))] {
				got = append(got, p.ID)
				after = p.ID.String()
			}
			if len(list) <= 3 {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

func TestChange(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.register(fatima())
		set := func(s string) web.Optional[string] { return web.Optional[string]{Set: true, Value: s} }
		q, err := h.Change(h.ctx(), p.ID, Patch{Version: 1, FamilyName: set("Alaoui"), FamilyNameAr: set("العلوي"), Address: web.Optional[string]{Set: true, Null: true}})
		if err != nil || q.Version != 2 || q.GivenName != "Fatima" || q.Private.Address != "" || q.Private.NationalID != "F123456" {
			t.Fatalf("%+v %v", q, err)
		}
		if len(h.find(Query{Name: "Bouziane"})) != 0 || len(h.find(Query{Name: "Alaoui"})) != 1 {
			t.Error("the search knows the old name")
		}
		if _, err := h.Change(h.ctx(), p.ID, Patch{Version: 1, FamilyName: set("Old")}); !fault.Has(err, fault.VersionConflict) {
			t.Errorf("an old version: %v", err)
		}
		if _, err := h.Change(h.as(h.hospital), p.ID, Patch{Version: 2}); !fault.Has(err, fault.NotFound) {
			t.Errorf("another tenant: %v", err)
		}
		var wg sync.WaitGroup
		results := make([]error, 4)
		for i := range results {
			wg.Go(func() { _, results[i] = h.Change(h.ctx(), p.ID, Patch{Version: 2, GivenName: set("Fatna")}) })
		}
		wg.Wait()
		won := 0
		for _, err := range results {
			if err == nil {
				won++
			} else if !fault.Has(err, fault.VersionConflict) {
				t.Errorf("%v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d of four changes at once won", won)
		}
	})
}

func TestSomebodyAnonymousIsIdentifiedLater(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.register(Person{Anonymous: true})
		second := h.register(Person{Anonymous: true, Alias: "femme, environ 30 ans"})
		if p.Number != "2026/0001" || second.Number != "2026/0002" || p.DisplayName(true) != "2026/0001" || second.DisplayName(true) != "femme, environ 30 ans" {
			t.Errorf("%q and %q", p.Number, second.Number)
		}
		set := func(s string) web.Optional[string] { return web.Optional[string]{Set: true, Value: s} }
		if _, err := h.Change(h.ctx(), p.ID, Patch{Version: 1, GivenName: set("Fatima")}); !errors.Is(err, fault.New(fault.Invalid)) {
			t.Errorf("half a name: %v", err)
		}
		q, err := h.Change(h.ctx(), p.ID, Patch{Version: 1, GivenName: set("Fatima"), FamilyName: set("Bouziane"), Sex: set("female")})
		if err != nil || q.Anonymous || q.DisplayName(false) != "Fatima Bouziane" {
			t.Errorf("%+v %v", q, err)
		}
	})
}

func TestWhatARecordMustHold(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for name, c := range map[string]struct {
			p    Person
			want []string
		}{
			"nothing":                        {Person{}, []string{"family_name:required", "given_name:required", "sex:required"}},
			"half in one script":             {Person{GivenName: "Fatima", FamilyNameAr: "بوزيان", Sex: "female"}, []string{"family_name:required"}},
			"a sign that is no name's":       {fatima(func(p *Person) { p.GivenName = "Fatima<b>" }), []string{"given_name:unexpected_sign"}},
			"a name that is too long":        {fatima(func(p *Person) { p.FamilyName = strings.Repeat("a", 101) }), []string{"family_name:too_long"}},
			"a sex that is not listed":       {fatima(func(p *Person) { p.Sex = "f" }), []string{"sex:unknown_code"}},
			"a birthday tomorrow":            {fatima(func(p *Person) { p.BirthDate = "2026-11-24" }), []string{"birth_date:in_the_future"}},
			"a birthday long ago":            {fatima(func(p *Person) { p.BirthDate = "1850-01-01" }), []string{"birth_date:out_of_range"}},
			"no day of the calendar":         {fatima(func(p *Person) { p.BirthDate = "1990-02-30" }), []string{"birth_date:malformed"}},
			"a precision without a date":     {fatima(func(p *Person) { p.BirthDate = "" }), []string{"birth_date:required"}},
			"an unknown commune":             {fatima(func(p *Person) { p.Commune = "99.9" }), []string{"commune:unknown_code"}},
			"a phone that is none":           {fatima(func(p *Person) { p.Private.Phones[0].Number = "12" }), []string{"phones[0].number:malformed"}},
			"a language that is not listed":  {fatima(func(p *Person) { p.Private.Languages = []string{"ar", "de"} }), []string{"languages[1]:unknown_code"}},
			"a situation that is not listed": {fatima(func(p *Person) { p.Private.Situations = []string{"x"} }), []string{"situations[0]:unknown_code"}},
		} {
			if _, err := h.Register(h.ctx(), c.p, nil); !slices.Equal(fieldsOf(err), c.want) {
				t.Errorf("%s: %v, want %v", name, fieldsOf(err), c.want)
			}
		}
		hidden := h.register(fatima(func(p *Person) { p.GivenName = "\u200fFa\u200btima\u202e" }))
		if hidden.GivenName != "Fatima" {
			t.Errorf("invisible signs stay: %q", hidden.GivenName)
		}
	})
}
