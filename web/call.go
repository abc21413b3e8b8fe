package web

import (
	"bytes"
	"context"
	"encoding"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"strings"

	"shubbak/platform/audit"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/tenants"

	"github.com/gofiber/fiber/v2"
)

// call is one request on its way through the kernel.
type call struct {
	*fiber.Ctx
	s       *Server
	route   *Route
	tenant  *tenants.Tenant
	session Session
	base    string // "/t/hospital", or "" under the tenant's own host
	lang    i18n.Lang
	id      string
	body    []byte
	at      string // the page that the answer is a part of
	form    url.Values
	src     *source
	away    bool // the database is out of reach: the page asks it nothing
}

func (c *call) isAPI() bool { return strings.Contains(c.Path(), "/api/v1") }

// pattern is the route's pattern: what logs and metrics name instead of a path.
func (c *call) pattern() string {
	if c.route == nil {
		if r := c.Route(); r != nil && r.Path != "/" {
			return r.Path
		}
		return "-"
	}
	if c.route.API {
		return "/t/:tenant/api/v1" + c.route.Path
	}
	return "/t/:tenant" + c.route.Path
}

func (c *call) bearer() string {
	scheme, token, ok := strings.Cut(c.Get(fiber.HeaderAuthorization), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// open finds the session and makes the request act for its actor.
func (c *call) open(token string) error {
	sess, err := c.s.deps.Sessions.Find(c.UserContext(), token)
	if err != nil {
		return err
	}
	sess.Token = token
	sess.Actor.Tenant = c.tenant
	if sess.Actor.Lang == "" {
		sess.Actor.Lang = c.lang
	}
	sess.Actor.Lang = c.tenant.In(sess.Actor.Lang)
	c.lang = sess.Actor.Lang
	c.session = sess
	ctx := audit.With(c.UserContext(), audit.Who{User: sess.Actor.User, RequestID: c.id})
	c.SetUserContext(tenants.With(ctx, sess.Actor))
	return nil
}

// decode fills in from path, query and body, in the contract's order: size, media
// type, readable, then every fault of the fields at once.
func (c *call) decode(in any) error {
	v := reflect.ValueOf(in).Elem()
	wantsBody := unsafeMethod(c.Method()) && len(fieldsOf(v.Type())) > 0
	if unsafeMethod(c.Method()) {
		if err := c.readBody(MaxJSON); err != nil {
			return err
		}
		if len(bytes.TrimSpace(c.body)) > 0 && !jsonMedia(c.Get(fiber.HeaderContentType)) {
			return fault.New(fault.UnsupportedMedia)
		}
	}
	if err := c.decodeAddress(v); err != nil {
		return err
	}
	if wantsBody || len(bytes.TrimSpace(c.body)) > 0 {
		return decodeJSON(c.body, in, c.checkOf(in))
	}
	return nil
}

// checkOf is what the route's own check says of a body; nil for none.
func (c *call) checkOf(in any) func() error {
	if c.route.check == nil {
		return nil
	}
	return func() error { return c.route.check(c.UserContext(), in) }
}

// decodeAddress fills path and query fields.
func (c *call) decodeAddress(v reflect.Value) error {
	for _, f := range reflect.VisibleFields(v.Type()) {
		if name := f.Tag.Get("path"); name != "" {
			u, ok := v.FieldByIndex(f.Index).Addr().Interface().(encoding.TextUnmarshaler)
			if !ok {
				v.FieldByIndex(f.Index).SetString(c.Params(name))
			} else if p := c.Params(name); len(p) != 36 || u.UnmarshalText([]byte(p)) != nil {
				return fault.New(fault.NotFound)
			}
		}
		if name := f.Tag.Get("query"); name != "" {
			value := c.Query(name)
			if value == "" {
				continue
			}
			field := v.FieldByIndex(f.Index)
			if u, ok := field.Addr().Interface().(encoding.TextUnmarshaler); ok {
				if u.UnmarshalText([]byte(value)) != nil {
					return Malformed(name)
				}
			} else {
				if !validText(value) {
					return Malformed(name)
				}
				field.SetString(value)
			}
		}
	}
	return nil
}

// readBody reads at most limit bytes. What is too large is still drained for a
// while, so that the sender reads the answer instead of a reset connection.
func (c *call) readBody(limit int) error {
	if c.body != nil {
		return nil
	}
	if n := c.Request().Header.ContentLength(); n > limit {
		c.drain()
		return fault.New(fault.TooLarge)
	}
	r := c.stream()
	if r == nil {
		c.body = c.Request().Body()
		if len(c.body) > limit {
			return fault.New(fault.TooLarge)
		}
		return nil
	}
	b, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return fault.Of(fault.Unreadable, err)
	}
	if len(b) > limit {
		c.drain()
		return fault.New(fault.TooLarge)
	}
	c.body = b
	return nil
}

// drain reads away up to 64 MiB of a refused body and ends the connection.
func (c *call) drain() {
	if r := c.stream(); r != nil {
		_, _ = io.CopyN(io.Discard, r, 64<<20)
	}
	c.Context().SetConnectionClose()
}

// source is the streamed body of one request. Its end is remembered: whoever read
// on would read the next request of the connection.
type source struct {
	r     io.Reader
	ended bool
}

func (s *source) Read(p []byte) (int, error) {
	if s.ended {
		return 0, io.EOF
	}
	n, err := s.r.Read(p)
	s.ended = err != nil
	return n, err
}

// stream is the body as it arrives; nil when all of it is in memory.
func (c *call) stream() *source {
	if c.src == nil {
		r := c.Context().RequestBodyStream()
		if r == nil {
			return nil
		}
		c.src = &source{r: r}
	}
	return c.src
}

// finish reads what the handler left of the body: the last boundary of a form, or
// all of what was refused unread. It would be taken for the connection's next
// request.
func (c *call) finish() {
	if !unsafeMethod(c.Method()) || c.Context().Response.ConnectionClose() {
		return
	}
	if r := c.stream(); r != nil {
		if _, err := io.CopyN(io.Discard, r, 64<<20); !errors.Is(err, io.EOF) {
			c.Context().SetConnectionClose()
		}
	}
}

func jsonMedia(header string) bool {
	m, _, err := mime.ParseMediaType(header)
	return err == nil && (m == "application/json" || m == "application/merge-patch+json")
}

// answer runs the act, once per Idempotency-Key, and encodes what it returned.
func (c *call) answer(act func(ctx context.Context) (any, error)) error {
	out, replayed, err := c.once(act)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	if replayed {
		c.Set("Idempotency-Replayed", "true")
	}
	if c.route.Doc.Status == http.StatusNoContent {
		return c.SendStatus(http.StatusNoContent)
	}
	b, err := json.Marshal(out)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/json")
	return c.Status(c.route.Doc.Status).Send(b)
}

// client is the address of the caller; a trusted proxy may say it.
func (c *call) client() string {
	direct, err := netip.ParseAddr(c.Context().RemoteIP().String())
	if err != nil {
		return "unknown"
	}
	trusted := func(a netip.Addr) bool {
		for _, p := range c.s.deps.Proxies {
			if p.Contains(a.Unmap()) {
				return true
			}
		}
		return false
	}
	if !trusted(direct) {
		return direct.String()
	}
	// The last address that no trusted proxy wrote.
	hops := strings.Split(c.Get(fiber.HeaderXForwardedFor), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		a, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		if !trusted(a) {
			return a.String()
		}
	}
	return direct.String()
}

// OriginalPath is the path and query as the reader typed them, below the base.
func (c *call) OriginalPath() string {
	p := strings.TrimPrefix(c.OriginalURL(), "/t/"+c.tenant.Slug)
	if !strings.HasPrefix(p, "/") {
		return "/"
	}
	return p
}

func escapeQuery(s string) string { return url.QueryEscape(s) }

func validText(s string) bool { return strings.ToValidUTF8(s, "") == s && !hasControl(s) }

// caller is what services may know of where a request comes from.
type caller struct{ address, device string }

type callerKey struct{}

// called is the context for services.
func (c *call) called() context.Context {
	return context.WithValue(c.UserContext(), callerKey{}, caller{c.client(), deviceOf(c.Get(fiber.HeaderUserAgent))})
}

// Client is the network address of the caller, for throttling only.
func Client(ctx context.Context) string {
	x, _ := ctx.Value(callerKey{}).(caller)
	return x.address
}

// Device is the caller's browser and system in two words, "" when unknown: enough
// for people to know their own sessions, too little to know a machine.
func Device(ctx context.Context) string {
	x, _ := ctx.Value(callerKey{}).(caller)
	return x.device
}

// deviceOf finds the first known name of each kind in a User-Agent: the order
// matters, since every browser also claims to be those it follows.
func deviceOf(agent string) string {
	var out []string
	for _, names := range [][][2]string{
		{{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}},
		{{"Android", "Android"}, {"iPhone", "iOS"}, {"iPad", "iOS"}, {"Windows", "Windows"}, {"Mac OS", "macOS"}, {"Linux", "Linux"}},
	} {
		for _, n := range names {
			if strings.Contains(agent, n[0]) {
				out = append(out, n[1])
				break
			}
		}
	}
	return strings.Join(out, ", ")
}

var errForm = errors.New("web: unreadable form")
