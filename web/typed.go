package web

import (
	"crypto/subtle"
	"io"
	"net/url"
	"slices"
	"strings"

	"shubbak/platform/fault"
)

// typed is what somebody sent while the platform could not take it: it goes back
// into the page, ready to be sent again.
type typed struct {
	Action string
	Fields []typedField
	File   bool // it held a file, which cannot be given back
}

type typedField struct {
	Name, Value string
	Secret      bool // asked for again, never written into a page
	Code        bool // a secret that is read from a paper or a telephone
	Long        bool // words, shown so that they can be read and copied
}

// secrets are the fields that no page repeats.
var secretFields = []string{"password", "old_password", "new_password", "repeat", "code"}

// typedOf gives back what this request posted. Only to whom it came from: the CSRF
// field of the form must belong to the cookie, which needs no database.
func (c *call) typedOf(f *fault.Error) *typed {
	if f.Code != fault.Unavailable || !unsafeMethod(c.Method()) {
		return nil
	}
	if c.route != nil && c.route.Doc.Upload || strings.HasPrefix(c.Get("Content-Type"), "multipart/") {
		return c.typedUpload()
	}
	if c.readBody(MaxJSON) != nil {
		return nil
	}
	form, err := url.ParseQuery(string(c.body))
	if err != nil || len(form) == 0 || !c.ownForm(form.Get("_csrf")) {
		return nil
	}
	return c.typedForm(form)
}

// typedUpload gives back what stands before the file, where nobody has read it yet.
func (c *call) typedUpload() *typed {
	none := &typed{File: true}
	parts, err := (&Ctx{c}).Multipart()
	if err != nil {
		return none
	}
	form := url.Values{}
	for n := 0; ; n++ {
		p, err := parts.NextPart()
		if err != nil || n > maxFields {
			return none
		}
		if p.FileName() != "" || p.FormName() == "file" {
			break
		}
		value, err := io.ReadAll(io.LimitReader(p, 1000))
		if err != nil {
			return none
		}
		form.Add(p.FormName(), string(value))
	}
	if !c.ownForm(form.Get("_csrf")) {
		return none
	}
	t := c.typedForm(form)
	t.File = true
	return t
}

// maxFields is more than any form of ours has before its file.
const maxFields = 20

func (c *call) typedForm(form url.Values) *typed {
	t := &typed{Action: c.Path()}
	if c.tenant != nil {
		t.Action = c.base + c.OriginalPath()
	}
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	names = slices.DeleteFunc(names, func(n string) bool { return n == "_csrf" })
	t.Fields = append(t.Fields, typedField{Name: "_csrf", Value: masked(unmasked(form.Get("_csrf")))}) // first, as in every form
	for _, name := range names {
		for _, value := range form[name] {
			value = strings.ToValidUTF8(value, "")
			field := typedField{Name: name, Value: value, Secret: slices.Contains(secretFields, name), Long: strings.ContainsAny(strings.TrimSpace(value), " \n")}
			if field.Secret {
				field.Value, field.Code = "", name == "code"
			}
			t.Fields = append(t.Fields, field)
		}
	}
	return t
}

// ownForm checks the CSRF field against the cookies alone: the session may be out
// of reach just now.
func (c *call) ownForm(given string) bool {
	for kind, cookie := range map[string]string{"session": sessionCookie, "nonce": nonceCookie} {
		if secret := c.Cookies(cookie); len(secret) >= 20 && subtle.ConstantTimeCompare([]byte(unmasked(given)), []byte(csrfOf(kind, secret))) == 1 {
			return true
		}
	}
	return false
}
