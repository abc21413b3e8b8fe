package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
)

// Undo takes an act back: the form that the sentence about it carries.
type Undo struct {
	Path   string // of this portal
	Fields url.Values
}

// Flash shows one sentence on the next page; number is the register number that
// it names, never a person.
func (c *Ctx) Flash(key, number string) { c.flash(url.Values{"key": {key}, "number": {number}}) }

// FlashCount is Flash where the sentence counts.
func (c *Ctx) FlashCount(key string, n int) {
	c.flash(url.Values{"key": {key}, "count": {strconv.Itoa(n)}})
}

// FlashUndo is Flash with the way back from the act. What it carries is sealed with
// the session, since it becomes a form of ours.
func (c *Ctx) FlashUndo(key, number, path string, fields url.Values) {
	fields.Set("undo", "1")
	form := path + "?" + fields.Encode()
	c.flash(url.Values{"key": {key}, "number": {number}, "undo": {form}, "seal": {c.sealed(form)}})
}

func (c *call) flash(f url.Values) {
	c.Cookie(&fiber.Cookie{Name: flashCookie, Value: f.Encode(), Path: c.base + "/", MaxAge: 60, HTTPOnly: true, SameSite: "Lax", Secure: c.s.secure})
}

// takeFlash puts the sentence that waits into a page, once.
func (c *call) takeFlash(v *View) {
	raw := c.Cookies(flashCookie)
	if raw == "" {
		return
	}
	f, _ := url.ParseQuery(raw)
	if key := f.Get("key"); strings.HasPrefix(key, "flash.") && c.s.deps.Catalog.Has(c.lang, key) {
		n, _ := strconv.Atoi(f.Get("count"))
		v.Flash = v.T(key, "Number", f.Get("number"), "Count", n)
		if form := f.Get("undo"); form != "" && hmac.Equal([]byte(c.sealed(form)), []byte(f.Get("seal"))) {
			path, fields, _ := strings.Cut(form, "?")
			v.Undo = &Undo{Path: path}
			v.Undo.Fields, _ = url.ParseQuery(fields)
		}
	}
	c.Cookie(&fiber.Cookie{Name: flashCookie, Path: c.base + "/", Expires: time.Unix(1, 0), HTTPOnly: true, SameSite: "Lax", Secure: c.s.secure})
}

func (c *call) sealed(form string) string {
	m := hmac.New(sha256.New, []byte("flash:"+c.session.Token))
	_, _ = m.Write([]byte(form))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}
