// Package web is what people see and call: the Fiber kernel, sessions, CSRF,
// errors, typed endpoints, the frame of the pages, static files and OpenAPI.
//
// A module hands in routes (JSON, Stream, Page, Upload); the kernel keeps the
// contract's order of refusals around them, so a handler starts with a known
// tenant, an actor whose role may do this, and a decoded body.
package web

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"shubbak/platform/audit"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/observe"
	"shubbak/policies"
	"shubbak/tenants"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/utils"
	"github.com/google/uuid"
	"github.com/valyala/fasthttp"
)

// Sessions finds the session of a token, inside the tenant of ctx. accounts
// satisfies it; an unknown or ended token is Unauthenticated.
type Sessions interface {
	Find(ctx context.Context, token string) (Session, error)
	// Seen notes that the session of ctx is in use.
	Seen(ctx context.Context) error
	// Keep seals a form that a locked session posted, until its owner is back.
	Keep(ctx context.Context, path string, form url.Values) error
}

// Session is one sign-in.
type Session struct {
	Actor tenants.Actor // Lang is "" where the user has chosen none
	Token string
	// Locked pages were left alone too long: they ask for the password again.
	Locked bool
	// Stale sessions are in use and were not noted for a while.
	Stale bool
	// Enrol says that the institution wants a second factor and the user has none
	// yet: until then only its set-up is open.
	Enrol bool
	// Idle is the number of minutes after which a page locks, 0 for never.
	Idle int
	// NoKeys says that the user wants no single-key shortcuts.
	NoKeys bool
}

// Check is one line of /readyz.
type Check struct {
	Name string
	// Soft checks say "degraded" and leave the answer 200: people keep working.
	Soft bool
	Run  func(ctx context.Context) error
}

// Deps is what the kernel needs.
type Deps struct {
	DB       *db.DB
	Catalog  *i18n.Catalog
	Tenants  *tenants.Registry
	Law      *policies.Law
	Sessions Sessions
	Audit    *audit.Log
	Clock    clock.Clock
	Log      *slog.Logger
	Metrics  *observe.Metrics
	Checks   []Check
	// Unread counts the notices that the actor of ctx has not read, at most 100.
	Unread func(ctx context.Context) (int, error)
	// Portal says where an opaque code leads; no tenants for none.
	Portal func(ctx context.Context, code string) (Lead, error)
	// Link says which tenant the one-time link of a mail leads to; zero for none.
	Link func(ctx context.Context, code string) (tenants.ID, error)
	// SignIn opens a session at the tenant of ctx, for the address in a mail.
	SignIn func(ctx context.Context, email, password string) (token string, until time.Time, err error)
	// PublicURL is the address that people type; https makes cookies Secure.
	PublicURL string
	// Proxies are trusted to say the client's address and scheme.
	Proxies []netip.Prefix
	// Full says that what is left of the disk is kept for reading; nil is never.
	Full func() bool
	// StreamLife and Patience shorten how long a stream of events lasts and how long
	// an answer waits for a reader who does not read, for tests.
	StreamLife, Patience time.Duration
}

// Server is the HTTP side of one process.
type Server struct {
	zips    sync.Pool // writers of compressed pages
	deps    Deps
	app     *fiber.App
	routes  []Route
	nav     []NavEntry
	closing atomic.Bool
	ending  chan struct{} // closed when streams have to end
	end     func()
	running sync.Map // idempotent calls that run in this process
	hearing atomic.Pointer[silent]
	openapi func() ([]byte, error)
	secure  bool
}

// New mounts the routes. It fails when a route has no permission, one that nobody
// has, or is public without standing in the list of public routes.
func New(deps Deps, routes []Route, nav []NavEntry) (*Server, error) {
	s := &Server{deps: deps, nav: nav, secure: strings.HasPrefix(deps.PublicURL, "https:"), ending: make(chan struct{})}
	s.end = sync.OnceFunc(func() { close(s.ending) })
	s.routes = append(routes, s.referencePage())
	for _, r := range s.routes {
		name := r.Method + " " + r.Path
		switch {
		case r.Perm == policies.Permission{}:
			return nil, fmt.Errorf("web: route %s has no permission", name)
		case r.Perm == Public && publicRoutes[name] == "":
			return nil, fmt.Errorf("web: route %s is public and not in the list of public routes", name)
		case r.forgets():
			return nil, fmt.Errorf("web: route %s gives an answer that a replay could not find again", name)
		case r.Perm != Public && !deps.Law.Knows(r.Perm):
			return nil, fmt.Errorf("web: route %s wants %s, which the law gives to nobody", name, r.Perm)
		}
	}
	s.app = fiber.New(fiber.Config{
		Immutable: true, DisableStartupMessage: true, StreamRequestBody: true, DisablePreParseMultipartForm: true,
		ReadBufferSize: 16 << 10, BodyLimit: MaxJSON, ReadTimeout: headerTime, IdleTimeout: 75 * time.Second,
		ErrorHandler: s.onError, ServerHeader: "", CaseSensitive: true, UnescapePath: false,
	})
	s.openapi = sync.OnceValues(s.document)
	s.app.Use(s.enter)
	s.app.Get("/healthz", func(c *fiber.Ctx) error { return c.SendString("ok\n") })
	s.app.Get("/readyz", s.ready)
	s.mountStatic()
	s.app.Get("/n/:code", s.neutral)
	s.app.Post("/n/:code", s.neutralPost)
	s.app.Get("/", s.chooser)
	s.app.Use("/t/:tenant", s.tenant)
	s.app.Use("/t/:tenant/api/v1", s.apiSession)
	for i := range s.routes {
		s.mount(&s.routes[i])
	}
	s.app.Get("/t/:tenant/api/v1/openapi.json", s.serveOpenAPI)
	s.app.Get("/t/:tenant", func(fc *fiber.Ctx) error { // the home page sends strangers to sign-in
		c := callOf(fc)
		return c.Redirect(c.base+c.tenant.Declared().Home, http.StatusSeeOther)
	})
	return s, nil
}

// Handler serves requests; a tenant's own host name is rewritten to its prefix
// before the router sees it.
func (s *Server) Handler() fasthttp.RequestHandler {
	inner := s.app.Handler()
	return func(ctx *fasthttp.RequestCtx) {
		host, _, err := net.SplitHostPort(string(ctx.Host()))
		if err != nil {
			host = string(ctx.Host())
		}
		if t := s.deps.Tenants.ByHost(strings.ToLower(host)); t != nil {
			p := string(ctx.Path())
			if !outsideTenants(p) {
				ctx.SetUserValue("own_host", true)
				ctx.URI().SetPath("/t/" + t.Slug + p)
				ctx.Request.SetRequestURIBytes(ctx.URI().RequestURI())
			}
		}
		if !slices.Contains(fiber.DefaultMethods, string(ctx.Method())) {
			ctx.Request.Header.SetMethod(unanswered) // the router itself would answer in words of its own
		}
		inner(ctx)
	}
}

// unanswered is a method that no route has: what else nobody knows goes through the
// same refusals.
const unanswered = http.MethodTrace

func outsideTenants(path string) bool {
	for _, p := range []string{"/static/", "/n/", "/healthz", "/readyz"} {
		if strings.HasPrefix(path, p) {
			return true
		}
	}
	return false
}

// Serve answers on l until Shutdown.
func (s *Server) Serve(l net.Listener) error {
	srv := s.app.Server()
	srv.Handler = s.Handler()
	s.app.Handler() // builds the route tree once
	h := hearing(l)
	s.hearing.Store(h)
	return srv.Serve(h)
}

// Closing turns /readyz to 503, so that a balancer sends no more.
func (s *Server) Closing() { s.closing.Store(true) }

// Shutdown ends the streams, which would last, and lets running requests finish
// until ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	s.closing.Store(true)
	s.end()
	if h := s.hearing.Load(); h != nil {
		_ = h.Close() // nothing new comes in while the silent ones go
		h.hangUp()
	}
	return s.app.Server().ShutdownWithContext(ctx)
}

// Routes lists what is mounted, for the tests that walk every address.
func (s *Server) Routes() []Route { return slices.Clone(s.routes) }

func (s *Server) mount(r *Route) {
	prefix := "/t/:tenant"
	if r.API {
		prefix += "/api/v1"
	}
	s.app.Add(r.Method, prefix+r.Path, func(fc *fiber.Ctx) error {
		c := callOf(fc)
		c.route = r
		if !r.API {
			if done, err := s.pageSession(c); done || err != nil {
				return err
			}
		}
		if !r.Public && !s.deps.Law.May(c.session.Actor, r.Perm) {
			return fault.New(fault.Forbidden)
		}
		if err := c.room(r); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(c.UserContext(), r.timeout)
		defer cancel()
		_ = fc.Context().Conn().SetReadDeadline(time.Now().Add(r.timeout))
		c.SetUserContext(ctx)
		if !r.API && unsafeMethod(r.Method) && !r.Doc.Upload {
			if err := c.checkForm(); err != nil {
				return err
			}
		}
		return r.serve(c)
	})
}

// room refuses acts and uploads on a full disk. Coming and going writes little and
// goes on, as reading does.
func (c *call) room(r *Route) error {
	if c.s.deps.Full == nil || !unsafeMethod(r.Method) || r.Public || r.unlocked || !c.s.deps.Full() {
		return nil
	}
	if r.Perm.Action == "search" || r.Perm.Action == "read" { // a body keeps names out of addresses
		return nil
	}
	if r.Doc.Upload && r.API {
		c.drain() // a page reads first what stands before the file
	}
	return fault.New(fault.Unavailable)
}

func unsafeMethod(m string) bool {
	return m != http.MethodGet && m != http.MethodHead && m != http.MethodOptions
}

type callKey struct{}

func callOf(c *fiber.Ctx) *call {
	x, _ := c.Locals(callKey{}).(*call)
	return x
}

// enter is the outermost layer: request id, headers, panics, log and metrics.
func (s *Server) enter(fc *fiber.Ctx) (err error) {
	c := &call{Ctx: fc, s: s, id: uuid.Must(uuid.NewV7()).String(), lang: i18n.Arabic}
	fc.Locals(callKey{}, c)
	start := time.Now()
	h := &fc.Response().Header
	h.Set("X-Request-Id", c.id)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Content-Security-Policy", contentPolicy)
	if s.secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	c.SetUserContext(audit.With(context.Background(), audit.Who{RequestID: c.id}))
	c.lang = i18n.Accept(fc.Get(fiber.HeaderAcceptLanguage), i18n.Arabic)
	func() {
		defer func() {
			if p := recover(); p != nil {
				// The value of a panic may hold anything: its type and the stack tell enough.
				s.deps.Log.Error("panic", "type", typeName(p), "request_id", c.id, "route", c.pattern(), "stack", string(debug.Stack()))
				err = fault.New(fault.Internal)
			}
		}()
		err = fc.Next()
	}()
	if err != nil {
		err = s.fail(c, err)
	}
	c.finish()
	status := fc.Response().StatusCode()
	d := time.Since(start)
	s.deps.Metrics.Requests.WithLabelValues(fc.Method(), c.pattern(), fmt.Sprint(status)).Observe(d.Seconds())
	s.deps.Log.Debug("request", "method", fc.Method(), "route", c.pattern(), "status", status, "ms", d.Milliseconds(), "request_id", c.id)
	return err
}

// onError is Fiber's own last resort; enter has answered everything before it.
func (s *Server) onError(fc *fiber.Ctx, err error) error {
	if c := callOf(fc); c != nil {
		return s.fail(c, err)
	}
	return fc.SendStatus(http.StatusBadRequest)
}

// tenant finds the institution that the address names.
func (s *Server) tenant(fc *fiber.Ctx) error {
	c := callOf(fc)
	t, err := s.deps.Tenants.BySlug(c.UserContext(), utils.CopyString(fc.Params("tenant")))
	if err != nil {
		return err
	}
	if t == nil {
		return fault.New(fault.NotFound)
	}
	c.tenant = t
	c.base = "/t/" + t.Slug
	if fc.Context().UserValue("own_host") != nil {
		c.base = ""
	}
	c.lang = i18n.Accept(fc.Get(fiber.HeaderAcceptLanguage), t.Locale)
	if l, ok := i18n.Parse(fc.Cookies(langCookie)); ok {
		c.lang = l
	}
	c.lang = t.In(c.lang)
	c.SetUserContext(db.As(c.UserContext(), t.ID.String()))
	return fc.Next()
}

// apiSession refuses every API call without a session, before the router looks
// whether the path exists.
func (s *Server) apiSession(fc *fiber.Ctx) error {
	c := callOf(fc)
	if fc.Method() == http.MethodPost && strings.HasSuffix(fc.Path(), "/api/v1/session") {
		return fc.Next()
	}
	token := c.bearer()
	// A browser sends no header with its event source, or where it follows a link.
	if token == "" && fc.Method() == http.MethodGet && (strings.HasSuffix(fc.Path(), "/api/v1/stream") || strings.HasSuffix(fc.Path(), "/api/v1/openapi.json")) {
		token = c.Cookies(sessionCookie)
	}
	if token == "" {
		return fault.New(fault.Unauthenticated)
	}
	if err := c.open(token); err != nil {
		return err
	}
	if c.session.Locked {
		return fault.New(fault.Unauthenticated)
	}
	if c.session.Enrol {
		return &fault.Error{Code: fault.CodeRequired, Key: "fault.enrol"}
	}
	return fc.Next()
}

// pageSession opens the session of a page, or leads to sign-in (done is true).
func (s *Server) pageSession(c *call) (done bool, err error) {
	token := c.Cookies(sessionCookie)
	if b := c.bearer(); b != "" && !unsafeMethod(c.Method()) {
		token = b
	}
	if token != "" {
		err = c.open(token)
		if err == nil {
			return c.s.attended(c)
		}
		if !fault.Has(err, fault.Unauthenticated) {
			return false, err
		}
	}
	if c.route.Public {
		return false, nil
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	target := c.base + "/sign-in"
	if c.Method() == http.MethodGet && c.OriginalPath() != "" {
		target += "?next=" + escapeQuery(c.OriginalPath())
	}
	return true, c.Redirect(target, http.StatusSeeOther)
}

// ready answers whether requests should be sent here.
func (s *Server) ready(fc *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	var b strings.Builder
	status := http.StatusOK
	if s.closing.Load() {
		status = http.StatusServiceUnavailable
		b.WriteString("closing\n")
	}
	for _, ch := range s.deps.Checks {
		word := "ok"
		if err := ch.Run(ctx); err != nil {
			word = "degraded"
			if !ch.Soft {
				word, status = "down", http.StatusServiceUnavailable
			}
		}
		fmt.Fprintf(&b, "%s: %s\n", ch.Name, word)
	}
	return fc.Status(status).SendString(b.String())
}

// contentPolicy allows what the pages use and nothing else: no inline style, no
// inline script, no foreign host.
const contentPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// FramesOwn lets this one page show a document of ours in a frame.
func (c *Ctx) FramesOwn() {
	c.Set("Content-Security-Policy", contentPolicy+"; frame-src 'self'")
}

func typeName(v any) string { return fmt.Sprintf("%T", v) }
