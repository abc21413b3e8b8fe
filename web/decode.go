package web

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
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

// decodeJSON reads a body into dst, naming every faulty field: encoding/json
// stops at the first and replaces bad bytes silently.
func decodeJSON(body []byte, dst any) error {
	if !utf8.Valid(body) {
		return fault.New(fault.Unreadable)
	}
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) == 0 {
		trimmed = []byte("{}")
	}
	if trimmed[0] != '{' || !json.Valid(trimmed) {
		return fault.New(fault.Unreadable)
	}
	var faults fault.Collect
	decodeValue(trimmed, reflect.ValueOf(dst).Elem(), "", &faults)
	if err := faults.Err(); err != nil {
		return err
	}
	return validate(dst)
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
		var items map[string]json.RawMessage
		if json.Unmarshal(raw, &items) != nil {
			faults.Add(path, "wrong_type")
			return
		}
		out := reflect.MakeMapWithSize(v.Type(), len(items))
		for k, item := range items {
			e := reflect.New(v.Type().Elem()).Elem()
			decodeValue(item, e, path+"."+k, faults)
			out.SetMapIndex(reflect.ValueOf(k).Convert(v.Type().Key()), e)
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
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		faults.Add(path, "wrong_type")
		return
	}
	fields := fieldsOf(v.Type())
	for name, value := range members {
		full := name
		if path != "" {
			full = path + "." + name
		}
		index, ok := fields[name]
		if !ok {
			faults.Add(full, "unknown_field")
			continue
		}
		decodeValue(value, v.FieldByIndex(index), full, faults)
	}
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
	"required": "required", "required_if": "required", "required_with": "required", "required_without": "required",
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
		_, path, _ := strings.Cut(e.Namespace(), ".")
		path = withoutEmbedded(path, reflect.TypeOf(dst).Elem())
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

// withoutEmbedded takes the names of embedded structs out of a path: the API does
// not know them.
func withoutEmbedded(path string, t reflect.Type) string {
	for i := 0; t.Kind() == reflect.Struct && i < t.NumField(); i++ {
		f := t.Field(i)
		if rest, ok := strings.CutPrefix(path, f.Name+"."); ok && f.Anonymous {
			return withoutEmbedded(rest, f.Type)
		}
	}
	return path
}
