package web

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"shubbak/platform/fault"

	"github.com/go-playground/validator/v10"
)

// MaxJSON is the size of a JSON body.
const MaxJSON = 1 << 20

// Optional is a field of a merge patch: absent, null, or a value.
type Optional[T any] struct {
	Set   bool // the field stands in the body
	Null  bool // and is null: clear it
	Value T
}

// Of is the value to store: the patch's where it says something, else old.
func (o Optional[T]) Of(old T) T {
	if !o.Set {
		return old
	}
	return o.Value
}

// Name is a name in a body: Arabic and French are wanted, English falls back to
// French (i18n.CheckName).
type Name struct {
	Ar string `json:"ar" validate:"required,max=200"`
	Fr string `json:"fr" validate:"required,max=200"`
	En string `json:"en" validate:"max=200"`
}

// decodeJSON reads a body into dst, naming every faulty field: encoding/json
// stops at the first and replaces bad bytes silently. check says what else is wrong
// with the body by itself; it may be nil.
func decodeJSON(body []byte, dst any, check func() error) error {
	if !utf8.Valid(body) {
		return fault.New(fault.Unreadable)
	}
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) == 0 {
		// No body says as much as an empty object, where nothing has to be said.
		err := decodeJSON([]byte("{}"), dst, check)
		if fault.Has(err, fault.Invalid) {
			err = fault.New(fault.Unreadable)
		}
		return err
	}
	if trimmed[0] != '{' || !json.Valid(trimmed) {
		return fault.New(fault.Unreadable)
	}
	var faults fault.Collect
	decodeValue(trimmed, reflect.ValueOf(dst).Elem(), "", &faults)
	if err := faults.Join(validate(dst)); err != nil {
		return err
	}
	if check != nil {
		if err := faults.Join(check()); err != nil {
			return err
		}
	}
	return faults.Err()
}

func decodeValue(raw json.RawMessage, v reflect.Value, path string, faults *fault.Collect) {
	null := string(bytes.TrimSpace(raw)) == "null"
	if isOptional(v.Type()) {
		v.Field(0).SetBool(true)
		v.Field(1).SetBool(null)
		if !null {
			decodeValue(raw, v.Field(2), path, faults)
		}
		return
	}
	if null {
		return // as if it were absent; `required` still wants it
	}
	if v.Kind() == reflect.Pointer {
		p := reflect.New(v.Type().Elem())
		decodeValue(raw, p.Elem(), path, faults)
		v.Set(p)
		return
	}
	if u, ok := v.Addr().Interface().(json.Unmarshaler); ok {
		if err := u.UnmarshalJSON(raw); err != nil {
			faults.Add(path, codeOf(err))
		}
		return
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		var s string
		if json.Unmarshal(raw, &s) != nil {
			faults.Add(path, "wrong_type")
		} else if err := u.UnmarshalText([]byte(s)); err != nil {
			faults.Add(path, codeOf(err))
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		decodeStruct(raw, v, path, faults)
	case reflect.Slice:
		var items []json.RawMessage
		if json.Unmarshal(raw, &items) != nil {
			faults.Add(path, "wrong_type")
			return
		}
		out := reflect.MakeSlice(v.Type(), len(items), len(items))
		for i, item := range items {
			decodeValue(item, out.Index(i), fmt.Sprintf("%s[%d]", path, i), faults)
		}
		v.Set(out)
	case reflect.Map:
		items, ok := membersOf(raw, path, faults)
		if !ok {
			faults.Add(path, "wrong_type")
			return
		}
		out := reflect.MakeMapWithSize(v.Type(), len(items))
		for _, m := range items {
			e := reflect.New(v.Type().Elem()).Elem()
			decodeValue(m.value, e, path+"."+m.name, faults)
			out.SetMapIndex(reflect.ValueOf(m.name).Convert(v.Type().Key()), e)
		}
		v.Set(out)
	case reflect.String:
		var s string
		if json.Unmarshal(raw, &s) != nil {
			faults.Add(path, "wrong_type")
			return
		}
		if hasControl(s) {
			faults.Add(path, "control_sign")
			return
		}
		if halfSign(raw, s) {
			faults.Add(path, "malformed")
			return
		}
		v.SetString(s)
	default:
		if json.Unmarshal(raw, v.Addr().Interface()) != nil {
			faults.Add(path, "wrong_type")
		}
	}
}

// isOptional reports an Optional[T] of any T.
func isOptional(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.PkgPath() == reflect.TypeFor[Nothing]().PkgPath() && strings.HasPrefix(t.Name(), "Optional[")
}

func decodeStruct(raw json.RawMessage, v reflect.Value, path string, faults *fault.Collect) {
	members, ok := membersOf(raw, path, faults)
	if !ok {
		faults.Add(path, "wrong_type")
		return
	}
	fields := fieldsOf(v.Type())
	for _, m := range members {
		index, ok := fields[m.name]
		if !ok {
			faults.Add(below(path, m.name), "unknown_field")
			continue
		}
		decodeValue(m.value, v.FieldByIndex(index), below(path, m.name), faults)
	}
}

func below(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

type member struct {
	name  string
	value json.RawMessage
}

// membersOf lists an object's members as they stand, so that faults are named in
// the order of the body; a name that stands twice is one. ok is false for what is
// no object.
func membersOf(raw json.RawMessage, path string, faults *fault.Collect) (out []member, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, false
	}
	seen := map[string]bool{}
	for dec.More() {
		t, err := dec.Token()
		name, isName := t.(string)
		var m member
		if err != nil || !isName || dec.Decode(&m.value) != nil {
			return nil, false
		}
		if m.name = name; seen[name] {
			faults.Add(below(path, name), "twice")
			continue
		}
		seen[name] = true
		out = append(out, m)
	}
	return out, true
}

// halfSign reports half of a pair of UTF-16 in a text (\ud83d alone), which
// encoding/json replaces silently.
func halfSign(raw json.RawMessage, s string) bool {
	return strings.ContainsRune(s, utf8.RuneError) && !bytes.ContainsRune(raw, utf8.RuneError) && !bytes.Contains(bytes.ToLower(raw), []byte(`\ufffd`))
}

var fieldCache sync.Map // reflect.Type → map[string][]int

// fieldsOf maps the JSON names of a struct's fields, embedded structs included.
func fieldsOf(t reflect.Type) map[string][]int {
	if m, ok := fieldCache.Load(t); ok {
		return m.(map[string][]int)
	}
	m := map[string][]int{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || !f.IsExported() || name == "-" || name == "" {
			continue
		}
		m[name] = f.Index
	}
	fieldCache.Store(t, m)
	return m
}

// hasControl reports control signs; a line break and a tab are writing.
func hasControl(s string) bool {
	for _, r := range s {
		if (r < 0x20 && r != '\n' && r != '\t' && r != '\r') || (r >= 0x7f && r <= 0x9f) {
			return true
		}
	}
	return false
}

// codeOf is the field code of a value's own refusal.
func codeOf(err error) string {
	var f *fault.Error
	if errors.As(err, &f) && len(f.Fields) > 0 {
		return f.Fields[0].Code
	}
	return "malformed"
}

var shape = sync.OnceValue(func() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return name
	})
	return v
})

// shapeCodes are the field codes of the validator's tags.
var shapeCodes = map[string]string{
	"required": "required", "required_if": "required", "required_with": "required", "required_without": "required", "required_unless": "required",
	"max": "too_long", "min": "too_short", "oneof": "unknown_code", "email": "malformed", "gte": "out_of_range", "lte": "out_of_range", "unique": "twice",
}

func validate(dst any) error {
	err := shape().Struct(dst)
	if err == nil {
		return nil
	}
	var list validator.ValidationErrors
	if !errors.As(err, &list) {
		return err
	}
	var faults fault.Collect
	for _, e := range list {
		path, absent := named(e.StructNamespace(), reflect.ValueOf(dst).Elem())
		if absent {
			continue
		}
		code := shapeCodes[e.Tag()]
		if code == "" {
			code = "malformed"
		}
		if e.Tag() == "min" && e.Kind() == reflect.Slice || e.Tag() == "min" && e.Value() == "" {
			code = "required"
		}
		faults.Add(path, code)
	}
	return faults.Err()
}

// named turns the path of Go fields to a fault into the API's own: without embedded
// structs, and through an Optional as if it were its value. absent says that the
// path leads into an Optional that the body leaves out: nothing is wrong there.
func named(namespace string, v reflect.Value) (path string, absent bool) {
	var out []string
	// The type's own name comes first; that of a generic one holds dots and slashes.
	for _, part := range strings.Split(strings.TrimPrefix(namespace, v.Type().Name()+"."), ".") {
		name, index, indexed := strings.Cut(part, "[")
		for v.Kind() == reflect.Pointer && !v.IsNil() {
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct {
			return strings.Join(append(out, part), "."), false
		}
		if isOptional(v.Type()) {
			if !v.FieldByName("Set").Bool() {
				return "", true
			}
			v = v.FieldByName("Value")
			if indexed { // the value is a list itself
				out[len(out)-1] += "[" + index
				v = element(v, index)
			}
			continue
		}
		f, ok := v.Type().FieldByName(name)
		if !ok {
			return strings.Join(append(out, name), "."), false
		}
		v = v.FieldByName(name)
		if f.Anonymous {
			continue
		}
		word, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if word == "" {
			word = name
		}
		if indexed {
			word += "[" + index
			v = element(v, index)
		}
		out = append(out, word)
	}
	return strings.Join(out, "."), false
}

// element is a list's or map's element by "3]" or "key]".
func element(v reflect.Value, index string) reflect.Value {
	index = strings.TrimSuffix(index, "]")
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		if i, err := strconv.Atoi(index); err == nil && i < v.Len() {
			return v.Index(i)
		}
	case reflect.Map:
		if e := v.MapIndex(reflect.ValueOf(index)); e.IsValid() {
			return e
		}
	}
	return v
}
