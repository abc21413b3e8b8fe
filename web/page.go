package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"

	"shubbak/platform/clock"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/policies"
	"shubbak/tenants"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"
)

const (
	sessionCookie = "shubbak_session"
	langCookie    = "shubbak_lang"
	nonceCookie   = "shubbak_nonce" // CSRF protection before there is a session
	flashCookie   = "shubbak_flash"
	mailCookie    = "shubbak_mail" // the session again, for the address in a mail
)

// Ctx is what a page handler works with: the request, its actor and its words.
type Ctx struct{ *call }

// NavEntry is one possible entry of the navigation; a kind of tenant chooses and
// orders them by path, the law hides what the reader may not do.
type NavEntry struct {
	Path string
	Key  string
	Icon string
	Perm policies.Permission
	// Shown hides the entry from readers to whom the permission says too little; nil
	// shows it.
	Shown func(a tenants.Actor) bool
	// Count says how many things wait there; nil for none.
	Count func(ctx context.Context) (int, error)
}

// NavItem is an entry as it is shown.
type NavItem struct {
	Path, Label, Icon string
	Count             int
	Current           bool
}

// View is what every template gets first: words, addresses and the frame.
type View struct {
	Lang   i18n.Lang
	Title  string
	Tenant *tenants.Tenant // nil on the chooser
	Actor  tenants.Actor
	Base   string
	Path   string // of this page, below Base
	CSRF   string
	Nav    []NavItem
	Unread int
	Flash  string
	Undo   *Undo // of the act that Flash tells
	Failed bool  // the page shows an error summary
	Now    time.Time
	Brand  string
	// Watch is what the page shows, so that it can be told when that has changed.
	Watch Watch
	// Plain pages have no navigation: sign-in, chooser, errors without a session.
	Plain  bool
	Idle   int  // minutes after which the page locks, 0 for never
	NoKeys bool // no single-key shortcuts

	catalog *i18n.Catalog
	law     *policies.Law
}

// Watch names what an open page follows: one record, or the count of a list.
type Watch struct {
	ID      string
	Version int64
	Open    string // what of the record the page shows, so that it is cut when that closes
	Count   int
}

// T is a message; pairs name its arguments: T("inbox.count", "Count", 3).
func (v *View) T(key string, pairs ...any) string { return v.catalog.T(v.Lang, key, args(pairs)) }

// Say is T with its arguments as a fault brings them.
func (v *View) Say(key string, args map[string]any) string { return v.catalog.T(v.Lang, key, args) }

// Has reports whether there are words for a key.
func (v *View) Has(key string) bool { return v.catalog.Has(v.Lang, key) }

func args(pairs []any) map[string]any {
	if len(pairs) == 0 {
		return nil
	}
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if k, ok := pairs[i].(string); ok {
			m[k] = pairs[i+1]
		}
	}
	return m
}

// URL is the address of a path of this portal.
func (v *View) URL(path string) templ.SafeURL { return templ.SafeURL(v.Base + path) }

// May reports whether the reader may ever do this.
func (v *View) May(object, action string) bool {
	return v.law != nil && v.law.May(v.Actor, policies.To(object, action))
}

// Local is an instant in the zone of the tenant.
func (v *View) Local(t time.Time) time.Time { return t.In(clock.Casablanca()) }

// Language names a language in its own script.
func (v *View) Language(l i18n.Lang) string {
	return map[i18n.Lang]string{i18n.Arabic: "العربية", i18n.French: "Français", i18n.English: "English"}[l]
}

// Others lists the languages that the reader does not read now.
func (v *View) Others() []i18n.Lang {
	var out []i18n.Lang
	speaks := i18n.Langs[:]
	if v.Tenant != nil {
		speaks = v.Tenant.Speaks()
	}
	for _, l := range speaks {
		if l != v.Lang {
			out = append(out, l)
		}
	}
	return out
}

// Actor is who acts.
func (c *Ctx) Actor() tenants.Actor { return c.session.Actor }

// Tenant is the portal's tenant.
func (c *Ctx) Tenant() *tenants.Tenant { return c.tenant }

// IsAPI reports that the caller is a program.
func (c *Ctx) IsAPI() bool { return c.isAPI() }

// Lang is the reader's language.
func (c *Ctx) Lang() i18n.Lang { return c.lang }

// Std is the context for services.
func (c *Ctx) Std() context.Context {
	return c.called()
}

// Form is the decoded form of a POST.
func (c *Ctx) Form() url.Values { return c.form }

// Sentence is a fault in the reader's language.
func (c *Ctx) Sentence(f *fault.Error) string { return c.sentence(f) }

// FieldSentence is one field's fault in the reader's language.
func (c *Ctx) FieldSentence(f fault.Field) string { return c.fieldSentence(f) }

// View makes the frame of a page.
func (c *Ctx) View(title string) *View { return c.view(title) }

// ViewAt makes the frame as it stands around another page: parts of it are sent
// again while that page is open.
func (c *Ctx) ViewAt(path string) *View {
	c.at = path
	return c.view("")
}

func (c *call) view(title string) *View {
	v := &View{Lang: c.lang, Title: title, Tenant: c.tenant, Actor: c.session.Actor, Base: c.base, Now: c.s.deps.Clock.Now(),
		catalog: c.s.deps.Catalog, law: c.s.deps.Law, Brand: "coordination", Plain: c.away || c.session.Token == "" || c.session.Locked || c.session.Enrol, Idle: c.session.Idle, NoKeys: c.session.NoKeys}
	if c.tenant == nil {
		return v
	}
	v.Brand, v.Path, v.CSRF = c.tenant.Accent, c.OriginalPath(), masked(c.csrf())
	if c.at != "" {
		v.Path = c.at
	}
	if c.isGet() && c.at == "" {
		c.takeFlash(v)
	}
	if v.Plain {
		return v
	}
	var counts []func(ctx context.Context) (int, error)
	for _, path := range c.tenant.Declared().Nav {
		for _, e := range c.s.nav {
			if e.Path != path || !c.s.deps.Law.May(c.session.Actor, e.Perm) || e.Shown != nil && !e.Shown(c.session.Actor) {
				continue
			}
			v.Nav = append(v.Nav, NavItem{Path: e.Path, Label: v.T(e.Key), Icon: e.Icon, Current: here(v.Path, e.Path)})
			counts = append(counts, e.Count)
		}
	}
	unread := c.s.deps.Unread
	if !c.s.deps.Law.May(c.session.Actor, policies.To("notification", "read")) {
		unread = nil
	}
	// What waits is counted in one transaction; the frame stands without it too.
	_ = c.s.deps.DB.Read(c.UserContext(), func(ctx context.Context) error {
		for i, count := range counts {
			if count != nil {
				v.Nav[i].Count, _ = count(ctx)
			}
		}
		if unread != nil {
			v.Unread, _ = unread(ctx)
		}
		return nil
	})
	return v
}

func here(path, entry string) bool {
	p, pq, _ := strings.Cut(path, "?")
	e, eq, hasQuery := strings.Cut(entry, "?")
	if !hasQuery && strings.HasPrefix(p, e+"/") {
		return true // a record below its register
	}
	if p != e {
		return false
	}
	return !hasQuery || strings.Contains("&"+pq+"&", "&"+eq+"&") || pq == "" && eq == "box=in"
}

func (c *call) isGet() bool { return c.Method() == http.MethodGet || c.Method() == http.MethodHead }

// Render answers a page.
func (c *Ctx) Render(t templ.Component) error { return c.render(t) }

func (c *call) render(t templ.Component) error {
	c.Set(fiber.HeaderContentType, "text/html; charset=utf-8")
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderContentLanguage, string(c.lang))
	c.Vary(fiber.HeaderAcceptEncoding)
	if !strings.Contains(c.Get(fiber.HeaderAcceptEncoding), "gzip") {
		return t.Render(c.UserContext(), c.Response().BodyWriter())
	}
	// Weak lines: an inbox is 40 KB, compressed 6.
	z, _ := c.s.zips.Get().(*gzip.Writer)
	if z == nil {
		z, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed)
	}
	defer c.s.zips.Put(z)
	z.Reset(c.Response().BodyWriter())
	err := t.Render(c.UserContext(), z)
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		c.Response().ResetBody()
		return err
	}
	c.Set(fiber.HeaderContentEncoding, "gzip")
	return nil
}

// See leads on after a POST, to a path of this portal.
func (c *Ctx) See(path string) error { return c.Redirect(c.base+path, http.StatusSeeOther) }

// SetSession gives the browser its session; an empty token ends it. The end is told as
// a length of time: the clock of an office computer may be wrong by years.
func (c *Ctx) SetSession(token string, until time.Time) {
	k := &fiber.Cookie{Name: sessionCookie, Value: token, Path: c.base + "/", MaxAge: int(until.Sub(c.s.deps.Clock.Now()) / time.Second), HTTPOnly: true, SameSite: "Lax", Secure: c.s.secure}
	if token == "" {
		k.MaxAge, k.Expires = 0, time.Unix(1, 0)
	}
	c.Cookie(k)
	// The address in a mail names no portal, so its cookie stands there too.
	n := *k // another name: a response keeps one cookie of each
	n.Name, n.Path = mailCookie, "/n/"
	c.Cookie(&n)
}

// Token is the session's token, "" without one.
func (c *Ctx) Token() string { return c.session.Token }

// SetLang remembers the language for pages without a session.
func (c *Ctx) SetLang(l i18n.Lang) {
	c.Cookie(&fiber.Cookie{Name: langCookie, Value: string(l), Path: c.base + "/", MaxAge: 365 * 24 * 3600, HTTPOnly: true, SameSite: "Lax", Secure: c.s.secure})
}

// Next is a path of this portal from a form or query, else the portal's home: an
// address of another place is never followed.
func (c *Ctx) Next(raw string) string {
	if strings.HasPrefix(raw, "/") && !strings.HasPrefix(raw, "//") && !strings.ContainsAny(raw, "\\\r\n") && !strings.HasPrefix(raw, "/api/") {
		return raw
	}
	return c.tenant.Declared().Home
}

// Multipart reads a streamed multipart body part by part.
func (c *Ctx) Multipart() (*multipart.Reader, error) {
	m, params, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	if err != nil || m != "multipart/form-data" || params["boundary"] == "" {
		return nil, fault.New(fault.UnsupportedMedia)
	}
	if r := c.stream(); r != nil {
		return multipart.NewReader(r, params["boundary"]), nil
	}
	return multipart.NewReader(bytes.NewReader(c.Request().Body()), params["boundary"]), nil
}

// CheckPart checks the CSRF field that stands first in a multipart form.
func (c *Ctx) CheckPart(p *multipart.Part) error {
	b, err := io.ReadAll(io.LimitReader(p, 200))
	if err != nil || p.FormName() != "_csrf" || !c.rightCSRF(string(b)) {
		return errCSRF()
	}
	return nil
}

// Drain reads away a refused upload.
func (c *Ctx) Drain() { c.drain() }

// Faults gives the fields of an Invalid fault, or nil.
func Faults(err error) []fault.Field {
	var f *fault.Error
	if errors.As(err, &f) && f.Code == fault.Invalid {
		return f.Fields
	}
	return nil
}

// Unprocessable sets the status of a form that is shown again with its errors.
func (c *Ctx) Unprocessable(err error) {
	f := asFault(err)
	if f.Code == fault.Unavailable {
		c.Set(fiber.HeaderRetryAfter, "5")
	}
	c.Status(statuses[f.Code])
}

// errorPage answers a fault to a person.
func (c *call) errorPage(f *fault.Error, status int) error {
	c.Response().ResetBody()
	c.away = f.Code == fault.Unavailable
	c.known(f)
	v := c.view("")
	v.Title = v.T("error.title." + errorKind(f.Code))
	return c.render(errorView(v, status, c.sentence(f), c.id, c.typedOf(f)))
}

// known finds who asks for a page that does not exist: no route has looked, and the
// reader keeps their language and their menu.
func (c *call) known(f *fault.Error) {
	token := c.Cookies(sessionCookie)
	if f.Code != fault.NotFound || c.tenant == nil || c.session.Token != "" || token == "" {
		return
	}
	if err := c.open(token); err != nil {
		c.session = Session{}
	}
}

// errorKind groups the codes by what the reader can do next.
func errorKind(code fault.Code) string {
	switch code {
	case fault.NotFound, fault.MethodNotAllowed:
		return "missing"
	case fault.Forbidden, fault.NotOpen, fault.Unauthenticated:
		return "closed"
	case fault.VersionConflict, fault.IllegalTransition, fault.AlreadyOpen, fault.NotPermitted, fault.PossibleDuplicate:
		return "changed"
	case fault.Internal, fault.Unavailable:
		return "broken"
	}
	return "refused"
}

// chooser lists the portals.
func (s *Server) chooser(fc *fiber.Ctx) error {
	c := callOf(fc)
	list, err := s.deps.Tenants.All(c.UserContext())
	if err != nil {
		return err
	}
	v := c.view("")
	v.Plain = true
	v.Title = v.T("chooser.title")
	return c.render(chooserView(v, list))
}

// Lead is where an opaque code leads: a path of the first of these portals at which
// the browser is signed in. Whoever is not signs in at the first.
type Lead struct {
	Tenants []tenants.ID
	Path    string
}
