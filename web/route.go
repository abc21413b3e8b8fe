package web

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"shubbak/policies"

	"github.com/gofiber/fiber/v2"
)

// Route is one address of the platform. It is made by JSON, Stream, Page or
// Action, each of which wants a permission: there is no way to register a route
// that anybody may call by accident.
type Route struct {
	Method string
	Path   string // below /t/{tenant}/api/v1 for an API route, below /t/{tenant} for a page
	API    bool
	Perm   policies.Permission
	Public bool // sign-in only
	Doc    Doc

	unlocked bool // answers while the session is locked or waits for its second factor
	aside    bool // asked by an open page itself: nobody need sit before it
	replay   func(ctx context.Context, id string) (any, error)
	asks     bool // changes nothing: a replay asks again
	check    func(ctx context.Context, in any) error
	timeout  time.Duration
	serve    func(*call) error
}

// Doc describes an API route for OpenAPI.
type Doc struct {
	Summary string
	Status  int
	In, Out reflect.Type
	// Upload says that the body is multipart instead of JSON.
	Upload bool
	// Download says that the answer is a file.
	Download bool
	// Media are the types of an answer that is neither JSON nor a kept file.
	Media []string
}

// Nothing is the body of a call or an answer that has none.
type Nothing struct{}

// Public is the permission of the few routes that need no session; Server checks
// that only those listed in publicRoutes use it.
var Public = policies.Permission{Object: "public", Action: "any"}

// publicRoutes is the whole list of addresses that answer without a session.
var publicRoutes = map[string]string{
	"POST /session":    "signing in",
	"GET /sign-in":     "the sign-in page",
	"POST /sign-in":    "signing in on the page",
	"POST /language":   "the language of the sign-in page",
	"GET /link/:code":  "a one-time link of a mail or of the shell",
	"POST /link/:code": "a one-time link of a mail or of the shell",
	"GET /forgotten":   "asking for a new password",
	"POST /forgotten":  "asking for a new password",
	"GET /code":        "a code that the administrator handed over",
	"POST /code":       "a code that the administrator handed over",
}

// JSON makes a typed API route. In holds path parameters (`path:"id"`), query
// parameters (`query:"limit"`) and the fields of the body (`json:"…"`). The
// kernel keeps the contract's order of refusals around fn.
func JSON[In, Out any](method, path, summary string, perm policies.Permission, fn func(ctx context.Context, in In) (Out, error)) Route {
	r := Route{Method: method, Path: path, API: true, Perm: perm, Public: perm == Public, timeout: 10 * time.Second,
		Doc: Doc{Summary: summary, Status: statusOf[Out](method), In: reflect.TypeFor[In](), Out: reflect.TypeFor[Out]()}}
	r.serve = func(c *call) error {
		var in In
		if err := c.decode(&in); err != nil {
			return err
		}
		return c.answer(func(ctx context.Context) (any, error) { return fn(ctx, in) })
	}
	return r
}

// Checked adds what is wrong with a body by itself, whatever is stored: the contract
// names every such fault at once, before anything is looked up. A field whose value
// could not be read stands empty in the body, and is not named twice.
func Checked[In any](r Route, check func(ctx context.Context, in In) error) Route {
	r.check = func(ctx context.Context, in any) error {
		body, ok := in.(*In)
		if !ok {
			return fmt.Errorf("web: %s %s checks a body of another type than it reads", r.Method, r.Path)
		}
		return check(ctx, *body)
	}
	return r
}

// statusOf is 204 where there is no answer, 201 where POST makes a resource, else
// 200; With changes it.
func statusOf[Out any](method string) int {
	if reflect.TypeFor[Out]() == reflect.TypeFor[Nothing]() {
		return http.StatusNoContent
	}
	return http.StatusOK
}

// Creates marks a route that answers 201.
func (r Route) Creates() Route {
	r.Doc.Status = http.StatusCreated
	return r
}

// Stream makes an API route that reads or writes its body itself; only a module's
// http_stream.go uses it.
func Stream(method, path, summary string, perm policies.Permission, doc Doc, fn func(c *Ctx) error) Route {
	doc.Summary = summary
	return Route{Method: method, Path: path, API: true, Perm: perm, Doc: doc, timeout: 10 * time.Minute,
		serve: func(c *call) error { return fn(&Ctx{call: c}) }}
}

// Page makes a route for people. Unsafe methods are checked for the CSRF field
// before fn runs.
func Page(method, path string, perm policies.Permission, fn func(c *Ctx) error) Route {
	return Route{Method: method, Path: path, Perm: perm, Public: perm == Public, timeout: 10 * time.Second,
		serve: func(c *call) error { return fn(&Ctx{call: c}) }}
}

// WhileShut lets a page answer while its session is locked or waits for a second
// factor: the way back in, and the way out.
func (r Route) WhileShut() Route {
	r.unlocked = true
	return r
}

// Aside marks what an open page asks for by itself: it is no sign that somebody
// still sits there, so the minutes to the lock run on.
func (r Route) Aside() Route {
	r.aside = true
	return r
}

// Upload makes a page route whose form carries a file: the CSRF field is the first
// part, and fn reads the rest as a stream.
func Upload(path string, perm policies.Permission, fn func(c *Ctx) error) Route {
	r := Page(fiber.MethodPost, path, perm, fn)
	r.Doc.Upload = true
	r.timeout = 10 * time.Minute
	return r
}
