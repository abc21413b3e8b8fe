package web

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
)

// sample is a body with every kind of field that the product's bodies have.
type sample struct {
	sampleBase
	Name    string               `json:"name" validate:"required,max=10"`
	Kind    string               `json:"kind" validate:"omitempty,oneof=a b"`
	Count   *int                 `json:"count" validate:"omitempty,gte=0,lte=5"`
	Yes     bool                 `json:"yes"`
	ID      ids.ID[ids.Person]   `json:"id"`
	IDs     []ids.ID[ids.Person] `json:"ids"`
	Words   []string             `json:"words" validate:"max=3"`
	Phones  []samplePhone        `json:"phones" validate:"dive"`
	Triage  map[string]string    `json:"triage"`
	Address Optional[string]     `json:"address"`
	Secret  string               `json:"-"`
}

type sampleBase struct {
	Version int64 `json:"version" validate:"required"`
}

type samplePhone struct {
	Number string `json:"number" validate:"required,max=20"`
	Safe   bool   `json:"safe"`
}

func decodeSample(body string) (sample, error) {
	var s sample
	err := decodeJSON([]byte(body), &s, nil)
	return s, err
}

// faultsOf lists an error's fields as field:code, in their order.
func faultsOf(err error) (out []string) {
	var f *fault.Error
	if errors.As(err, &f) {
		for _, x := range f.Fields {
			out = append(out, x.Field+":"+x.Code)
		}
	}
	return out
}

func TestUnreadableBodies(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"nothing":          "",
		"spaces":           " \n",
		"text":             "hello",
		"an array":         "[]",
		"a string":         `"name"`,
		"a number":         "7",
		"null":             "null",
		"true":             "true",
		"half an object":   `{"name": "x"`,
		"two objects":      `{}{}`,
		"a trailing comma": `{"name": "x",}`,
		"single quotes":    `{'name': 'x'}`,
		"a comment":        `{"name": "x" /* so */}`,
		"bad bytes":        "{\"name\": \"\xff\xfe\"}",
		"half a sign":      "{\"name\": \"\xd9\"}",
		"a raw break":      "{\"name\": \"a\nb\"}",
		"a byte order":     "\ufeff{}",
		"deep arrays":      `{"words": ` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`,
		"deep objects":     strings.Repeat(`{"triage": `, 20_000) + "1" + strings.Repeat("}", 20_000),
		"a number as name": `{1: 2}`,
		"NaN":              `{"count": NaN}`,
	} {
		if _, err := decodeSample(body); !fault.Has(err, fault.Unreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFaultyFieldsAreNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		want []string
	}{
		"a number for a text":          {`{"name": 7, "version": 1}`, []string{"name:wrong_type"}},
		"an object for a text":         {`{"name": {}, "version": 1}`, []string{"name:wrong_type"}},
		"a text for a number":          {`{"name": "x", "version": "1"}`, []string{"version:wrong_type"}},
		"a fraction for a number":      {`{"name": "x", "version": 1.5}`, []string{"version:wrong_type"}},
		"a number that is too large":   {`{"name": "x", "version": 99999999999999999999}`, []string{"version:wrong_type"}},
		"a text for yes or no":         {`{"name": "x", "version": 1, "yes": "true"}`, []string{"yes:wrong_type"}},
		"a text for a list":            {`{"name": "x", "version": 1, "words": "a"}`, []string{"words:wrong_type"}},
		"a number in a list":           {`{"name": "x", "version": 1, "words": ["a", 2, "b", []]}`, []string{"words[1]:wrong_type", "words[3]:wrong_type"}},
		"a list for an object":         {`{"name": "x", "version": 1, "triage": []}`, []string{"triage:wrong_type"}},
		"a number in an object":        {`{"name": "x", "version": 1, "triage": {"q": 1}}`, []string{"triage.q:wrong_type"}},
		"an id that is none":           {`{"name": "x", "version": 1, "id": "7", "ids": ["8"]}`, []string{"id:malformed", "ids[0]:malformed"}},
		"a number for an id":           {`{"name": "x", "version": 1, "id": 7}`, []string{"id:wrong_type"}},
		"an unknown field":             {`{"name": "x", "version": 1, "nmae": 1}`, []string{"nmae:unknown_field"}},
		"an unknown field further in":  {`{"name": "x", "version": 1, "phones": [{"number": "1"}, {"number": "2", "safee": true}]}`, []string{"phones[1].safee:unknown_field"}},
		"another case is another name": {`{"Name": "x", "version": 1}`, []string{"Name:unknown_field", "name:required"}},
		"a field that is not the API's": {`{"name": "x", "version": 1, "Secret": "x", "sampleBase": {}, "-": 1}`,
			[]string{"Secret:unknown_field", "sampleBase:unknown_field", "-:unknown_field"}},
		"a name that stands twice":     {`{"name": "x", "version": 1, "name": "y"}`, []string{"name:twice"}},
		"an answer that stands twice":  {`{"name": "x", "version": 1, "triage": {"q": "a", "q": "b"}}`, []string{"triage.q:twice"}},
		"a control sign":               {`{"name": "a\u0000b", "version": 1}`, []string{"name:control_sign"}},
		"a control sign of Latin-1":    {`{"name": "a\u0085b", "version": 1}`, []string{"name:control_sign"}},
		"an escape":                    {`{"name": "\u001b[31m", "version": 1}`, []string{"name:control_sign"}},
		"half of a pair":               {`{"name": "a\ud83d", "version": 1}`, []string{"name:malformed"}},
		"what is required and null":    {`{"name": null, "version": null}`, []string{"version:required", "name:required"}},
		"what is required and missing": {`{}`, []string{"version:required", "name:required"}},
		"a text that is too long":      {`{"name": "12345678901", "version": 1}`, []string{"name:too_long"}},
		"a list that is too long":      {`{"name": "x", "version": 1, "words": ["1", "2", "3", "4"]}`, []string{"words:too_long"}},
		"a code that is not listed":    {`{"name": "x", "version": 1, "kind": "c"}`, []string{"kind:unknown_code"}},
		"out of range":                 {`{"name": "x", "version": 1, "count": 6}`, []string{"count:out_of_range"}},
		"required further in":          {`{"name": "x", "version": 1, "phones": [{"safe": true}]}`, []string{"phones[0].number:required"}},
		"null further in":              {`{"name": "x", "version": 1, "phones": [null]}`, []string{"phones[0].number:required"}},
		"several at once, in order":    {`{"zzz": 1, "version": "x", "name": 1, "aaa": 1}`, []string{"zzz:unknown_field", "version:wrong_type", "name:wrong_type", "aaa:unknown_field"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := decodeSample(c.body)
			if got := faultsOf(err); !fault.Has(err, fault.Invalid) || !slices.Equal(got, c.want) {
				t.Errorf("%v\n%v\nwant\n%v", err, got, c.want)
			}
		})
	}
}

func TestGoodBodies(t *testing.T) {
	t.Parallel()
	id := ids.New[ids.Person]()
	s, err := decodeSample(` {"version": 3, "name": "محمد\nب", "kind": "b", "count": 0, "yes": true, "id": "` + id.String() + `", "ids": [], "words": ["\ud83d\ude00", "\ufffd", "` + "\ufffd" + `"],
		"phones": [{"number": "06", "safe": true}], "triage": {"q": "yes"}, "address": null} `)
	if err != nil {
		t.Fatal(err)
	}
	if s.Version != 3 || s.Name != "محمد\nب" || s.Kind != "b" || s.Count == nil || *s.Count != 0 || !s.Yes || s.ID != id || s.IDs == nil || len(s.Phones) != 1 || s.Triage["q"] != "yes" ||
		!slices.Equal(s.Words, []string{"😀", "\ufffd", "\ufffd"}) {
		t.Errorf("%+v", s)
	}
	if !s.Address.Set || !s.Address.Null || s.Address.Of("old") != "" {
		t.Errorf("null clears: %+v", s.Address)
	}
	s, err = decodeSample(`{"version": 1, "name": "x", "kind": null, "count": null}`)
	if err != nil || s.Address.Set || s.Address.Of("old") != "old" || s.Count != nil {
		t.Errorf("what is absent stays: %+v %v", s, err)
	}
	if s, err = decodeSample(`{"version": 1, "name": "x", "address": "new"}`); err != nil || s.Address.Of("old") != "new" || s.Address.Null {
		t.Errorf("%+v %v", s.Address, err)
	}
	if _, err = decodeSample(`{"version": 1, "name": "x", "address": 7}`); !slices.Equal(faultsOf(err), []string{"address:wrong_type"}) {
		t.Errorf("a patch with a wrong type: %v", err)
	}
}

// No body is an empty object where nothing has to be said.
func TestNoBody(t *testing.T) {
	t.Parallel()
	var in struct {
		Continue bool `json:"continue"`
	}
	if err := decodeJSON(nil, &in, nil); err != nil {
		t.Errorf("nothing had to be said: %v", err)
	}
	if err := decodeJSON(nil, &in, func() error { return context.DeadlineExceeded }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("what stands in the way is said: %v", err)
	}
}

func FuzzDecodeJSON(f *testing.F) {
	for _, s := range []string{`{"version": 1, "name": "x", "phones": [{"number": "1"}]}`, `{"triage": {"a": "b"}, "ids": ["x"]}`, "null", `{"name": "\ud800"}`, `{"a": 1, "a": 2}`, "{\"name\":\"\xff\"}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var s sample
		err := decodeJSON(body, &s, nil)
		switch {
		case err == nil:
			for _, text := range append(slices.Clone(s.Words), s.Name, s.Kind, s.Address.Value) {
				if !utf8.ValidString(text) || hasControl(text) {
					t.Errorf("%q passed", text)
				}
			}
			if s.Version == 0 || s.Name == "" || s.Secret != "" {
				t.Errorf("%+v passed", s)
			}
		case fault.Has(err, fault.Unreadable):
		case fault.Has(err, fault.Invalid):
			if len(faultsOf(err)) == 0 {
				t.Error("a refusal that names no field")
			}
		default:
			t.Errorf("%v", err)
		}
	})
}

// TestEveryFaultAtOnce: what cannot be read, what is missing and what the module has
// to say of the rest stand in one answer, and no value is judged that was not read.
func TestEveryFaultAtOnce(t *testing.T) {
	t.Parallel()
	var s sample
	judge := func() error {
		var f fault.Collect
		f.Add("yes", "not_now")
		f.Add("words", "unknown_code")
		f.Add("phones[0].number", "malformed")
		f.Add("phonesafe", "malformed")
		return f.Err()
	}
	err := decodeJSON([]byte(`{"words": 5, "foo": 1, "phones": "x", "yes": true}`), &s, judge)
	want := []string{"words:wrong_type", "foo:unknown_field", "phones:wrong_type", "version:required", "name:required", "yes:not_now", "phonesafe:malformed"}
	if got := faultsOf(err); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if err := decodeJSON([]byte(`{"name": "x", "version": 1}`), &s, func() error { return context.DeadlineExceeded }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a check that could not be made: %v", err)
	}
}

func TestCursorsBelongToTheirFilter(t *testing.T) {
	t.Parallel()
	page, err := Paging{Limit: "2"}.Decode("in", "sent")
	if err != nil || page.Limit != 2 || page.After != "" {
		t.Fatalf("%+v %v", page, err)
	}
	l := Cut(page, []string{"c", "b", "a"}, func(s string) string { return s }, strings.ToUpper)
	if !slices.Equal(l.Items, []string{"C", "B"}) || l.Next == nil {
		t.Fatalf("%+v", l)
	}
	next, err := Paging{After: *l.Next}.Decode("in", "sent")
	if err != nil || next.After != "b" || next.Limit != DefaultLimit {
		t.Errorf("the next page begins after %q, %v", next.After, err)
	}
	if last := Cut(next, []string{"a"}, func(s string) string { return s }, strings.ToUpper); last.Next != nil || len(last.Items) != 1 {
		t.Errorf("the last page: %+v", last)
	}
	for name, filter := range map[string][]string{"another state": {"in", "accepted"}, "another box": {"out", "sent"}, "none": {}, "joined otherwise": {"insent"}, "one more": {"in", "sent", ""}} {
		if _, err := (Paging{After: *l.Next}).Decode(filter...); !fault.Has(err, fault.Unreadable) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := PageFor(nil, *l.Next, filter...); !slices.Equal(faultsOf(err), []string{"after:malformed"}) {
			t.Errorf("%s, in a body: %v", name, err)
		}
	}
	b, err := base64.RawURLEncoding.DecodeString(*l.Next)
	if err != nil {
		t.Fatal(err)
	}
	forged := base64.RawURLEncoding.EncodeToString(bytes.Replace(b, []byte(`"k":"b"`), []byte(`"k":"a"`), 1))
	for _, bad := range []string{forged, "x", "!!", "e30", "bnVsbA", *l.Next + "x", strings.ToUpper(*l.Next)} {
		if _, err := (Paging{After: bad}).Decode("in", "sent"); !fault.Has(err, fault.Unreadable) {
			t.Errorf("cursor %q: %v", bad, err)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for limit, want := range map[string]int{"": 50, "1": 1, "200": 200, "0": 0, "-1": 0, "201": 0, "x": 0, "1.5": 0, " 5": 0, "99999999999999999999": 0} {
		page, err := Paging{Limit: limit}.Decode()
		if (want == 0) != fault.Has(err, fault.Unreadable) || want > 0 && page.Limit != want {
			t.Errorf("limit %q: %d, %v", limit, page.Limit, err)
		}
	}
	n := func(i int) *int { return &i }
	for _, bad := range []int{0, -1, 201} {
		if _, err := PageFor(n(bad), ""); !slices.Equal(faultsOf(err), []string{"limit:out_of_range"}) {
			t.Errorf("limit %d in a body: %v", bad, err)
		}
	}
}

// samplePatch is a merge patch: what it leaves out is never at fault.
type samplePatch struct {
	sampleBase
	Name  Optional[samplePhone] `json:"name"`
	Alone bool                  `json:"alone"`
	Other string                `json:"other" validate:"required_unless=Alone true"`
}

func TestAPatchIsAtFaultOnlyInWhatItSays(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"version":1,"alone":true}`:                                           "",
		`{"version":1,"alone":true,"name":{"number":"1"}}`:                     "",
		`{"version":1,"alone":true,"name":{}}`:                                 "name.number:required",
		`{"version":1,"alone":true,"name":{"number":"123456789012345678901"}}`: "name.number:too_long",
		`{"version":1}`:  "other:required",
		`{"alone":true}`: "version:required",
	} {
		var p samplePatch
		if got := strings.Join(faultsOf(decodeJSON([]byte(body), &p, nil)), " "); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}
