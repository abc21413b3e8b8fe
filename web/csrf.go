package web

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"mime"
	"net/url"
	"strings"

	"shubbak/platform/fault"

	"github.com/gofiber/fiber/v2"
)

// csrf is the token of the form: bound to the session, or to a nonce cookie where
// there is none yet.
func (c *call) csrf() string {
	if c.session.Token != "" {
		return csrfOf("session", c.session.Token)
	}
	nonce := c.Cookies(nonceCookie)
	if len(nonce) < 20 {
		b := make([]byte, 18)
		_, _ = rand.Read(b)
		nonce = base64.RawURLEncoding.EncodeToString(b)
		c.Cookie(&fiber.Cookie{Name: nonceCookie, Value: nonce, Path: c.base + "/", HTTPOnly: true, SameSite: "Lax", Secure: c.s.secure, SessionOnly: true})
	}
	return csrfOf("nonce", nonce)
}

func csrfOf(kind, secret string) string {
	sum := sha256.Sum256([]byte("csrf:" + kind + ":" + secret))
	return base64.RawURLEncoding.EncodeToString(sum[:24])
}

func (c *call) rightCSRF(given string) bool {
	if c.session.Token == "" && len(c.Cookies(nonceCookie)) < 20 {
		return false
	}
	right := c.csrf()
	return subtle.ConstantTimeCompare([]byte(unmasked(given)), []byte(right)) == 1
}

// masked writes a form token anew on each page: pages travel compressed, and the
// length of a compressed page must not tell what stands in it twice.
func masked(token string) string {
	pad := make([]byte, len(token))
	_, _ = rand.Read(pad)
	out := append([]byte{}, pad...)
	for i := range pad {
		out = append(out, pad[i]^token[i])
	}
	return maskedMark + base64.RawURLEncoding.EncodeToString(out)
}

const maskedMark = "~" // no sign of the plain form's alphabet

func unmasked(given string) string {
	text, ok := strings.CutPrefix(given, maskedMark)
	if !ok {
		return given
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b)%2 != 0 {
		return ""
	}
	pad, token := b[:len(b)/2], b[len(b)/2:]
	for i := range token {
		token[i] ^= pad[i]
	}
	return string(token)
}

// errCSRF is its own sentence: the form is too old or came from elsewhere.
func errCSRF() error { return &fault.Error{Code: fault.Forbidden, Key: "fault.csrf"} }

// checkForm reads an ordinary form and its CSRF field.
func (c *call) checkForm() error {
	if err := c.readBody(MaxJSON); err != nil {
		return err
	}
	m, _, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	if err != nil || m != "application/x-www-form-urlencoded" {
		return fault.New(fault.UnsupportedMedia)
	}
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return fault.Of(fault.Unreadable, errForm)
	}
	for _, values := range form {
		for _, s := range values {
			if strings.ToValidUTF8(s, "") != s {
				return fault.New(fault.Unreadable)
			}
		}
	}
	if !c.rightCSRF(form.Get("_csrf")) {
		return errCSRF()
	}
	c.form = form
	return nil
}

// CSRFOf is the form token of a session, for programs that post forms.
func CSRFOf(token string) string { return csrfOf("session", token) }
