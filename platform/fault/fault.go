// Package fault is the one error type of the product: a stable code for
// programs, a message key for people, and the cause for the log.
//
// A fault knows no status number and no language. web/errors.go turns the code
// into a status and the key into a sentence of the reader's language, so the
// same value is problem+json for the API and an error page in the portal.
package fault

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Code is the stable, English snake_case code that the contract promises.
type Code string

// The codes of the contract ("API rules").
const (
	Unauthenticated     Code = "unauthenticated"
	InvalidCredentials  Code = "invalid_credentials"
	CodeRequired        Code = "code_required"
	Forbidden           Code = "forbidden"
	NotFound            Code = "not_found"
	MethodNotAllowed    Code = "method_not_allowed"
	TooLarge            Code = "too_large"
	UnsupportedMedia    Code = "unsupported_media_type"
	Unreadable          Code = "unreadable"
	Invalid             Code = "invalid"
	NotOpen             Code = "not_open"
	VersionConflict     Code = "version_conflict"
	IllegalTransition   Code = "illegal_transition"
	PossibleDuplicate   Code = "possible_duplicate"
	NotPermitted        Code = "not_permitted"
	AlreadyOpen         Code = "already_open"
	IdempotencyMismatch Code = "idempotency_mismatch"
	InProgress          Code = "in_progress"
	TooMany             Code = "too_many_requests"
	Unavailable         Code = "unavailable"
	Internal            Code = "internal"
)

// Field is one faulty field of a request body.
type Field struct {
	// Field is the path of the value, in the words of the API: phones[0].number.
	Field string
	// Code is stable: required, wrong_type, unknown_field, too_long, …
	Code string
	// Key is the message key; empty means "fault.field." + Code.
	Key string
	// Args fill the message.
	Args map[string]any
}

// Error is what every layer returns when something is refused or broken.
type Error struct {
	Code   Code
	Key    string         // message key; empty means "fault." + Code
	Args   map[string]any // values for the message; never personal data
	Fields []Field        // for Invalid
	Data   map[string]any // further members of the problem document: candidates, reason, id
	Cause  error          // for the log only
}

// Error names the code, the faulty fields and the cause; values never appear.
func (e *Error) Error() string {
	s := string(e.Code)
	for _, f := range e.Fields {
		s += " " + f.Field + ":" + f.Code
	}
	if e.Cause != nil {
		return fmt.Sprintf("%s: %v", s, e.Cause)
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is makes errors.Is(err, fault.New(fault.NotFound)) true for any fault with that code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// New makes a fault with the code's own message.
func New(code Code) *Error { return &Error{Code: code} }

// Of wraps a cause under a code.
func Of(code Code, cause error) *Error { return &Error{Code: code, Cause: cause} }

// In makes an Invalid fault that names one field.
func In(field, code string) *Error {
	return &Error{Code: Invalid, Fields: []Field{{Field: field, Code: code}}}
}

// With adds a member to the problem document and returns the same fault.
func (e *Error) With(name string, value any) *Error {
	if e.Data == nil {
		e.Data = map[string]any{}
	}
	e.Data[name] = value
	return e
}

// DataOf gives the further members of the first fault in the chain.
func DataOf(err error) map[string]any {
	var f *Error
	if errors.As(err, &f) {
		return f.Data
	}
	return nil
}

// CodeOf gives the code of the first fault in the chain, else Internal.
func CodeOf(err error) Code {
	var f *Error
	if errors.As(err, &f) {
		return f.Code
	}
	return Internal
}

// Has reports whether err is a fault with this code.
func Has(err error, code Code) bool { return err != nil && CodeOf(err) == code }

// Collect joins the fields of several Invalid faults; nil when there are none.
type Collect struct{ fields []Field }

// Add notes one faulty field.
func (c *Collect) Add(field, code string) {
	c.fields = append(c.fields, Field{Field: field, Code: code})
}

// AddField notes one faulty field with its own message.
func (c *Collect) AddField(f Field) { c.fields = append(c.fields, f) }

// Join takes the fields of another Invalid fault over, but for those of a value that
// was noted already, and of what stands in or around it: what could not be read
// cannot be judged. Any other error comes back.
func (c *Collect) Join(err error) error {
	var f *Error
	if err == nil {
		return nil
	}
	if !errors.As(err, &f) || f.Code != Invalid {
		return err
	}
	noted := len(c.fields)
	for _, x := range f.Fields {
		if !slices.ContainsFunc(c.fields[:noted], func(y Field) bool { return within(x.Field, y.Field) || within(y.Field, x.Field) }) {
			c.fields = append(c.fields, x)
		}
	}
	return nil
}

// within reports whether a path is another, or stands below it.
func within(path, other string) bool {
	rest, ok := strings.CutPrefix(path, other)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// Err gives the fault, or nil when nothing was noted.
func (c *Collect) Err() error {
	if len(c.fields) == 0 {
		return nil
	}
	return &Error{Code: Invalid, Fields: c.fields}
}
