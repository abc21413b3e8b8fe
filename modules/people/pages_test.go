package people

import (
	"net/url"
	"testing"
)

func TestBirthIsTakenAsItIsKnown(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		precision, day, month, year string
		want                        birth
		key                         string
	}{
		{"day", "5", "3", "1990", birth{"1990-03-05", "day"}, ""},
		{"", "05", "03", "1990", birth{"1990-03-05", "day"}, ""},
		{"day", "٥", "٣", "١٩٩٠", birth{"1990-03-05", "day"}, ""},
		{"day", "25/11/1987", "", "", birth{"1987-11-25", "day"}, ""},
		{"day", "", "", "1987", birth{"1987-01-01", "year"}, ""},
		{"day", "", "7", "1987", birth{"1987-07-01", "month"}, ""},
		{"year", "", "", "1987", birth{"1987-01-01", "year"}, ""},
		{"year", "1987", "", "", birth{"1987-01-01", "year"}, ""},
		{"estimated", "", "", "1987", birth{"1987-01-01", "estimated"}, ""},
		{"estimated", "", "", "", birth{"", "unknown"}, ""},
		{"day", "12", "27", "1987", birth{}, "people.field.month"},
		{"day", "32", "1", "1987", birth{}, "people.field.day"},
		{"day", "1", "1", "87", birth{}, "people.field.year"},
		{"day", "1", "1", "", birth{}, "people.field.year"},
	} {
		f := url.Values{"birth_precision": {x.precision}, "birth_date": {x.day}, "birth_date_month": {x.month}, "birth_date_year": {x.year}}
		got, wrong := typedBirth(f)
		key := ""
		if len(wrong) > 0 {
			key = wrong[0].Key
		}
		if got != x.want || key != x.key {
			t.Errorf("%v: %v %q, want %v %q", f, got, key, x.want, x.key)
		}
	}
}

func TestWhatIsWrittenReadsTheSame(t *testing.T) {
	t.Parallel()
	p := Person{GivenNameAr: "محمد", FamilyNameAr: "بنعلي", GivenName: "Mohamed", FamilyName: "Benali", Sex: "male", BirthDate: "1987-01-01", BirthPrecision: "year", Commune: "02.411.01.23",
		Private: Private{NationalID: "F123456", Address: "حي القدس", Languages: []string{"darija", "fr"}, Situations: []string{"widow"},
			Phones: []Phone{{Number: "+212661000027", Safe: true, Hours: "9-12"}, {Number: "+33612345678"}}}}
	for _, precision := range []string{"day", "month", "year", "estimated"} {
		p.BirthPrecision = precision
		got, wrong := typedPerson(written(p))
		if len(wrong) > 0 {
			t.Fatalf("%s: %v", precision, wrong)
		}
		if got.BirthDate != p.BirthDate || got.BirthPrecision != p.BirthPrecision || got.DisplayName(true) != p.DisplayName(true) || got.DisplayName(false) != p.DisplayName(false) {
			t.Errorf("%s: %+v", precision, got)
		}
		if len(got.Private.Phones) != 2 || got.Private.Phones[0] != p.Private.Phones[0] || got.Private.Phones[1] != p.Private.Phones[1] {
			t.Errorf("phones: %+v", got.Private.Phones)
		}
		if len(got.Private.Languages) != 2 || len(got.Private.Situations) != 1 || got.Private.NationalID != "F123456" || got.Private.Address != p.Private.Address {
			t.Errorf("private: %+v", got.Private)
		}
	}
}

func TestAnUnusualIdentityNumberIsSaid(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]bool{"": false, "F123456": false, "FA12345": false, "1234567890": false, "F1234567890": true, "ABC123": true, "12345": true} {
		if unusual(number) != want {
			t.Errorf("%q: %v", number, !want)
		}
	}
}

func TestASearchedNameGoesToItsScript(t *testing.T) {
	t.Parallel()
	f := url.Values{}
	typedName(f, " محمد بن علي ")
	typedName(f, "Mohamed Ben Ali")
	for field, want := range map[string]string{"given_name_ar": "محمد", "family_name_ar": "بن علي", "given_name": "Mohamed", "family_name": "Ben Ali"} {
		if f.Get(field) != want {
			t.Errorf("%s: %q, want %q", field, f.Get(field), want)
		}
	}
}
