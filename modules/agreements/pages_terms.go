package agreements

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"shubbak/platform/fault"
	"shubbak/web"
)

// The terms form also holds whom the agreement is for, who is asked at each party, who
// signs for it, and which committees meet. A form without them, which carries no
// "more", leaves them as they are.

var (
	committeeKinds  = []string{"steering", "followup", "technical"}
	committeeRhythm = []string{"month", "quarter", "semester", "year"}
)

// maxSigners is how many sign for one party at most (Text).
const maxSigners = 5

// rows are how many lines of a party the form shows: those filled, and an empty one.
func rowsOf(f url.Values, party int, name string, most int) []string {
	var out []string
	for i := range most {
		k := lineKey(party, i)
		out = append(out, k)
		if f.Get(name+k) == "" {
			break
		}
	}
	return out
}

func lineKey(party, i int) string { return "_" + strconv.Itoa(party) + "_" + strconv.Itoa(i) }

// setMore fills the form with what stands in a text.
func setMore(f url.Values, t Text) {
	f.Set("more", "1")
	setPopulation(f, t.Population)
	f["territory"] = slices.Clone(t.Territory)
	for _, c := range t.Committees {
		f.Set("committee_"+c.Kind, c.Every)
	}
	for p, party := range t.Parties {
		f.Set("party_"+strconv.Itoa(p), party.Key())
		n := 0
		for _, x := range t.FocalPoints {
			if x.Party == party.Key() {
				k := lineKey(p, n)
				f.Set("focal_name"+k, x.Name)
				f.Set("focal_email"+k, x.Email)
				f.Set("focal_phone"+k, x.Phone)
				n++
			}
		}
		for i, x := range party.Signatories {
			k := lineKey(p, i)
			f.Set("signer_ar"+k, x.Name.Ar)
			f.Set("signer_fr"+k, x.Name.Fr)
			f.Set("capacity_ar"+k, x.Capacity.Ar)
			f.Set("capacity_fr"+k, x.Capacity.Fr)
			f.Set("signer_email"+k, x.Email)
			web.SetDay(f, "mandate_until"+k, x.MandateUntil)
		}
	}
}

// moreOf writes what the form says of all this into a text, after its parties.
func moreOf(f url.Values, t *Text) error {
	if f.Get("more") != "1" {
		return nil
	}
	var faults fault.Collect
	t.Population, t.Territory = populationOf(f, &faults), f["territory"]
	t.Committees = nil
	for _, kind := range committeeKinds {
		if every := f.Get("committee_" + kind); every != "" {
			one(&faults, "committee_"+kind, every, committeeRhythm)
			t.Committees = append(t.Committees, Committee{Kind: kind, Every: every})
		}
	}
	var focal []FocalPoint
	for p := range 20 {
		key := f.Get("party_" + strconv.Itoa(p))
		i := slices.IndexFunc(t.Parties, func(x PartyText) bool { return x.Key() == key })
		if key == "" || i < 0 {
			continue // it is a party no more
		}
		for n := range 20 {
			k := lineKey(p, n)
			if name := strings.TrimSpace(f.Get("focal_name" + k)); name != "" {
				focal = append(focal, FocalPoint{Party: key, Name: name, Email: mailAddress(f, "focal_email"+k, &faults), Phone: strings.TrimSpace(f.Get("focal_phone" + k))})
			}
		}
		t.Parties[i].Signatories = signersOf(f, p, &faults)
	}
	t.FocalPoints = focal
	return faults.Err()
}

func signersOf(f url.Values, party int, faults *fault.Collect) (out []Signer) {
	for n := range maxSigners {
		k := lineKey(party, n)
		x := Signer{Name: Title{strings.TrimSpace(f.Get("signer_ar" + k)), strings.TrimSpace(f.Get("signer_fr" + k))}, Capacity: Title{strings.TrimSpace(f.Get("capacity_ar" + k)), strings.TrimSpace(f.Get("capacity_fr" + k))},
			Email: mailAddress(f, "signer_email"+k, faults), MandateUntil: web.Day(f, "mandate_until"+k)}
		if x == (Signer{}) {
			continue
		}
		if x.Name == (Title{}) {
			faults.Add("signer_ar"+k, "required")
		}
		out = append(out, x)
	}
	return out
}

func mailAddress(f url.Values, name string, faults *fault.Collect) string {
	s := strings.TrimSpace(f.Get(name))
	if at := strings.IndexByte(s, '@'); s != "" && (at < 1 || at == len(s)-1 || strings.ContainsAny(s, " \t")) {
		faults.Add(name, "malformed")
	}
	return s
}

// line is a control of one line of a party: its words are those of the column.
func (x termsForm) line(v *web.View, name, k string) web.Box {
	b := web.Box{ID: name + k, Label: v.T("agreements.label." + name), Value: x.Values.Get(name + k), Problem: x.Problems.Of(name + k), Optional: true, Dir: wordsDir(name), Max: 200}
	switch {
	case strings.HasSuffix(name, "email"):
		b.Dir, b.Mode = "ltr", "email"
	case strings.HasSuffix(name, "phone"):
		b.Dir, b.Mode, b.Max = "ltr", "tel", 40
	}
	return b
}

// wrong reports whether something of a party’s people is faulty: then they are shown unfolded.
func (x termsForm) wrong(p int) bool {
	return slices.ContainsFunc(x.Problems, func(y web.Problem) bool { return strings.Contains(y.Field, "_"+strconv.Itoa(p)+"_") })
}

func rhythms(v *web.View) []web.Choice { return words(v, "agreements.period.", committeeRhythm) }
