package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"shubbak/platform/db"
	"shubbak/platform/fault"

	"github.com/gofiber/fiber/v2"
)

// statuses is the only place that knows status numbers.
var statuses = map[fault.Code]int{
	fault.Unauthenticated: http.StatusUnauthorized, fault.InvalidCredentials: http.StatusUnauthorized, fault.CodeRequired: http.StatusUnauthorized,
	fault.Forbidden: http.StatusForbidden, fault.NotOpen: http.StatusForbidden,
	fault.NotFound: http.StatusNotFound, fault.MethodNotAllowed: http.StatusMethodNotAllowed,
	fault.TooLarge: http.StatusRequestEntityTooLarge, fault.UnsupportedMedia: http.StatusUnsupportedMediaType,
	fault.Unreadable: http.StatusBadRequest, fault.Invalid: http.StatusUnprocessableEntity,
	fault.VersionConflict: http.StatusConflict, fault.IllegalTransition: http.StatusConflict, fault.PossibleDuplicate: http.StatusConflict,
	fault.NotPermitted: http.StatusConflict, fault.AlreadyOpen: http.StatusConflict,
	fault.IdempotencyMismatch: http.StatusConflict, fault.InProgress: http.StatusConflict,
	fault.TooMany: http.StatusTooManyRequests, fault.Unavailable: http.StatusServiceUnavailable, fault.Internal: http.StatusInternalServerError,
}

// problem is an RFC 9457 document.
type problem struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Code      fault.Code     `json:"code"`
	Detail    string         `json:"detail"`
	RequestID string         `json:"request_id"`
	Errors    []problemField `json:"errors,omitempty"`
}

type problemField struct {
	Field  string `json:"field"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// asFault turns whatever a handler returned into one fault.
func asFault(err error) *fault.Error {
	var f *fault.Error
	if errors.As(err, &f) {
		return f
	}
	var fe *fiber.Error
	if errors.As(err, &fe) {
		switch fe.Code {
		case http.StatusNotFound:
			return fault.New(fault.NotFound)
		case http.StatusMethodNotAllowed:
			return fault.New(fault.MethodNotAllowed)
		case http.StatusRequestEntityTooLarge:
			return fault.New(fault.TooLarge)
		case http.StatusServiceUnavailable:
			return fault.Of(fault.Unavailable, err)
		}
		if fe.Code < 500 {
			return fault.New(fault.Unreadable)
		}
	}
	if db.NoRows(err) {
		return fault.New(fault.NotFound)
	}
	if db.Gone(err) || errors.Is(err, context.DeadlineExceeded) {
		return fault.Of(fault.Unavailable, err)
	}
	return fault.Of(fault.Internal, err)
}

// fail answers an error, as a problem document or as a page.
func (s *Server) fail(c *call, err error) error {
	f := asFault(err)
	// The route's own deadline ended with its handler; the answer is still to be made.
	c.SetUserContext(context.WithoutCancel(c.UserContext()))
	status := statuses[f.Code]
	if status == 0 {
		status = http.StatusInternalServerError
	}
	if status >= 500 {
		// The cause may repeat a value, so only its type and a database's state go out.
		s.deps.Log.Error("request failed", "code", string(f.Code), "route", c.pattern(), "request_id", c.id, "cause", causeOf(f.Cause))
	}
	if f.Code == fault.Unavailable {
		c.Set(fiber.HeaderRetryAfter, "5")
	}
	if after, ok := f.Data["retry_after"].(int); ok {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(after))
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Status(status)
	if !c.isAPI() {
		return c.errorPage(f, status)
	}
	p := problem{Type: "urn:shubbak:" + string(f.Code), Title: http.StatusText(status), Status: status, Code: f.Code, Detail: c.sentence(f), RequestID: c.id}
	for _, x := range f.Fields {
		p.Errors = append(p.Errors, problemField{x.Field, x.Code, c.fieldSentence(x)})
	}
	b, merr := json.Marshal(p)
	if merr != nil {
		return merr
	}
	if len(f.Data) > 0 {
		extra, merr := json.Marshal(f.Data)
		if merr != nil {
			return merr
		}
		b = append(append(b[:len(b)-1], ','), extra[1:]...)
	}
	c.Set(fiber.HeaderContentType, "application/problem+json")
	return c.Send(b)
}

func causeOf(err error) string {
	var f *db.Failure
	if errors.As(err, &f) {
		return f.Error()
	}
	if err == nil {
		return ""
	}
	return typeName(err)
}

// sentence is the fault in the reader's language.
func (c *call) sentence(f *fault.Error) string {
	key := f.Key
	if key == "" {
		key = "fault." + string(f.Code)
	}
	return c.s.deps.Catalog.T(c.lang, key, f.Args)
}

// fieldSentence is one field's fault in the reader's language.
func (c *call) fieldSentence(f fault.Field) string {
	key := f.Key
	if key == "" {
		key = "fault.field." + f.Code
		if !c.s.deps.Catalog.Has(c.lang, key) {
			key = "fault.field.malformed"
		}
	}
	return c.s.deps.Catalog.T(c.lang, key, f.Args)
}
