package documents

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/web"

	"github.com/gofiber/fiber/v2"
)

// uploadForm describes the multipart body for OpenAPI.
type uploadForm struct {
	Subject     string                `formData:"subject" required:"true"`
	Category    string                `formData:"category" required:"true"`
	Sensitivity string                `formData:"sensitivity" required:"true"`
	Replaces    string                `formData:"replaces" description:"the document of which this is a new version"`
	File        *multipart.FileHeader `formData:"file" required:"true"`
}

func (s *Service) streams() []web.Route {
	return []web.Route{
		web.Stream(http.MethodPost, "/documents", "Add a document: the fields first, then the file", Add,
			web.Doc{Status: http.StatusCreated, In: reflect.TypeFor[uploadForm](), Out: reflect.TypeFor[View](), Upload: true}, s.upload),
		web.Stream(http.MethodGet, "/documents/:id/content", "Download a document", Read,
			web.Doc{Status: http.StatusOK, In: reflect.TypeFor[docPath](), Download: true}, s.download),
	}
}

// overhead is how much larger a multipart body may be than its file.
const overhead = 64 << 10

func (s *Service) upload(c *web.Ctx) error {
	v, replayed, err := s.receive(c, &Form{}, nil)
	if err != nil {
		c.Drain()
		return err
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	if replayed {
		c.Set("Idempotency-Replayed", "true")
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/json")
	return c.Status(http.StatusCreated).Send(b)
}

// ReceiveForm takes the upload of a page: first the CSRF field, then as the API. What
// stood before the file comes back, so that a refused form can be shown again.
func (s *Service) ReceiveForm(c *web.Ctx, referral ids.ID[ids.Referral]) (Form, error) {
	f := Form{Referral: referral}
	_, _, err := s.receive(c, &f, &page{})
	if err != nil {
		c.Drain()
	}
	return f, err
}

// ReceiveSigned takes the scan of a signed agreement from a page. The fields of the
// page that stand before the file go to field, which says whether it knows them.
func (s *Service) ReceiveSigned(c *web.Ctx, agreement ids.ID[ids.Agreement], field func(name, value string) bool) (View, error) {
	v, _, err := s.receive(c, &Form{Agreement: agreement, Category: SignedAgreement, Sensitivity: "ordinary"}, &page{field})
	if err != nil {
		c.Drain()
	}
	return v, err
}

// page is a form of ours, with the fields that are none of a document.
type page struct {
	field func(name, value string) bool
}

func (s *Service) receive(c *web.Ctx, f *Form, page *page) (View, bool, error) {
	if n := c.Request().Header.ContentLength(); int64(n) > c.Tenant().FileLimit+overhead {
		return View{}, false, fault.New(fault.TooLarge)
	}
	parts, err := c.Multipart()
	if err != nil {
		return View{}, false, err
	}
	if page != nil {
		first, err := parts.NextPart()
		if err != nil {
			return View{}, false, cut(err)
		}
		if err := c.CheckPart(first); err != nil {
			return View{}, false, err
		}
	}
	seen := map[string]bool{}
	for n := 0; ; n++ {
		p, err := parts.NextPart()
		if err == io.EOF && n > 0 { // the last boundary; a wrapped one is an upload that was cut
			if err := f.Check(); err != nil {
				return View{}, false, err
			}
			return View{}, false, fault.In("file", "required")
		}
		if err != nil {
			return View{}, false, cut(err)
		}
		if p.FormName() == "file" {
			return s.take(c, *f, p)
		}
		value, err := io.ReadAll(io.LimitReader(p, 1000))
		if err != nil {
			return View{}, false, cut(err)
		}
		if p.FormName() == "" {
			return View{}, false, fault.New(fault.Unreadable)
		}
		if seen[p.FormName()] {
			return View{}, false, fault.In(p.FormName(), "twice")
		}
		seen[p.FormName()] = true
		switch p.FormName() {
		case "subject":
			if page == nil {
				f.Referral, f.Agreement, _ = parseSubject(string(value))
			}
		case "category":
			f.Category = string(value)
		case "sensitivity":
			f.Sensitivity = string(value)
		case "replaces":
			if string(value) == "" {
				continue // a page's "nothing"
			}
			if f.Replaces, err = ids.Parse[ids.Document](string(value)); err != nil {
				return View{}, false, fault.In("replaces", "malformed")
			}
		default:
			if page != nil && page.field != nil && page.field(p.FormName(), string(value)) {
				continue
			}
			return View{}, false, fault.In(p.FormName(), "unknown_field")
		}
	}
}

// errReplay leaves a transaction whose call has been made before.
var errReplay = errors.New("documents: replay")

func (s *Service) take(c *web.Ctx, f Form, p *multipart.Part) (View, bool, error) {
	if !c.IsAPI() && retention[f.Category] == "health" && f.Sensitivity == "ordinary" {
		f.Sensitivity = "health" // the page offers "ordinary" first, whatever the paper is
	}
	if err := f.Check(); err != nil {
		return View{}, false, err
	}
	ctx := c.Std()
	sub, err := s.MayAdd(ctx, &f)
	if err != nil {
		return View{}, false, err
	}
	var earlier string
	commit := func(context.Context, Document) error { return nil }
	if c.Get("Idempotency-Key") != "" && c.IsAPI() {
		once, err := c.Keyed()
		if err != nil {
			return View{}, false, err
		}
		defer once.End()
		commit = func(ctx context.Context, d Document) error {
			once.Body(f.Referral.String(), f.Agreement.String(), f.Category, f.Sensitivity, f.Replaces.String(), d.Name, d.SHA256)
			id, found, err := once.Lock(ctx)
			if err != nil {
				return err
			}
			if found {
				earlier = id
				return errReplay
			}
			return once.Commit(ctx, d.ID.String())
		}
	}
	d, err := s.Put(ctx, f, sub, fileName(p), p, commit)
	if errors.Is(err, errReplay) {
		id, perr := ids.Parse[ids.Document](earlier)
		if perr != nil {
			return View{}, false, perr
		}
		d, err = s.Get(ctx, id)
		return Show(d), true, err
	}
	return Show(d), false, err
}

// fileName is the original name; the library's own cuts it at the last slash and
// decodes nothing.
func fileName(p *multipart.Part) string {
	name := p.FileName()
	if strings.Contains(name, "%") {
		if dec, err := url.PathUnescape(name); err == nil {
			name = dec
		}
	}
	return name
}

func (s *Service) download(c *web.Ctx) error {
	id, err := ids.Parse[ids.Document](c.Params("id"))
	if err != nil {
		return fault.New(fault.NotFound)
	}
	d, err := s.Get(c.Std(), id)
	if err != nil {
		return err
	}
	return s.Send(c, d)
}

// downloadTime is how long one download may take: the body leaves after the
// handler has returned, so its time is its own.
const downloadTime = 30 * time.Minute

// Send answers the content of a document that Get has given. It is cut in mid-stream
// when the document closes.
func (s *Service) Send(c *web.Ctx, d Document) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Std()), downloadTime)
	body, err := s.Open(ctx, d)
	if err != nil {
		cancel()
		return err
	}
	attach(c, d)
	seat := s.Live.Watch(d.ReferralID)
	c.SendGuarded(ctx, body, d.Size, web.Guard{Wake: seat.Wake(), Again: func(ctx context.Context) error {
		now, err := s.again(ctx, d)
		if err == nil {
			err = ready(now)
		}
		return err
	}, Close: func() {
		seat.Leave()
		cancel()
	}})
	return nil
}

// attach says that a file is for keeping, never for showing: RFC 6266 with the
// original name in any script.
func attach(c *web.Ctx, d Document) {
	c.Set(fiber.HeaderContentType, d.MediaType)
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set("X-Content-Type-Options", "nosniff")
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+asciiName(d.Name)+`"; filename*=UTF-8''`+strings.ReplaceAll(url.QueryEscape(d.Name), "+", "%20"))
}

// Inline answers a picture or a PDF for a frame of a page of ours, and for nothing
// else: nothing in it may run or reach out, and no other type is ever shown. Opening
// it is a disclosure as a download is.
func (s *Service) Inline(c *web.Ctx, d Document) error {
	if !Shown(d.MediaType) {
		return fault.New(fault.NotFound)
	}
	if err := s.Send(c, d); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentDisposition, "inline")
	c.Set(fiber.HeaderXFrameOptions, "SAMEORIGIN")
	// A browser shows a PDF by a plugin of its own, which wants object-src, and styles
	// its viewer itself.
	c.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; img-src 'self'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'")
	return nil
}

func asciiName(name string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e || r == '"' || r == '\\' || r == '%' {
			return '_'
		}
		return r
	}, name)
}
