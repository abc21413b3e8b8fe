package referrals

import (
	"strconv"
	"strings"

	"shubbak/modules/documents"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/web"
)

func (s *Service) messagePost(c *web.Ctx) error {
	id, err := pageID(c)
	if err != nil {
		return err
	}
	text := c.Form().Get("text")
	if strings.TrimSpace(text) == "" {
		err = fault.In("text", "required")
	} else if len([]rune(text)) > 4000 {
		err = fault.In("text", "too_long")
	} else {
		_, err = s.Say(c.Std(), id, text)
	}
	if fields := web.Faults(err); fields != nil {
		return s.shownAgain(c, id, err, func(v *web.View, p *sheet) {
			p.Said = text
			p.Problems = web.Problems{{Field: "message", Text: v.T("referrals.problem", "Field", v.T("referrals.field.message"), "Problem", c.FieldSentence(fields[0]))}}
		})
	}
	if fault.Has(err, fault.IllegalTransition) {
		return s.changed(c, id, err)
	}
	if err != nil {
		return err
	}
	return s.backTo(c, id, "flash.referral.message")
}

// backTo leads to the referral without opening what has not been opened.
func (s *Service) backTo(c *web.Ctx, id ID, flash string) error {
	r, err := s.reach(c.Std(), id, read)
	if err != nil {
		return err
	}
	c.Flash(flash, r.Number)
	to := "/referrals/" + id.String()
	if s.side(c.Actor(), r) == policies.Receiver && r.OpenedAt.IsZero() {
		to += "?card=1"
	}
	return c.See(to)
}

func (s *Service) numberPost(c *web.Ctx) error {
	id, err := pageID(c)
	if err != nil {
		return err
	}
	number := strings.TrimSpace(c.Form().Get("receiver_number"))
	version, _ := strconv.ParseInt(c.Form().Get("version"), 10, 64)
	if len([]rune(number)) > 40 {
		err = fault.In("receiver_number", "too_long")
	} else {
		err = s.Change(c.Std(), id, version, nil, &number)
	}
	if fields := web.Faults(err); fields != nil {
		return s.shownAgain(c, id, err, func(v *web.View, p *sheet) {
			p.Problems = web.Problems{{Field: "receiver_number", Text: v.T("referrals.problem", "Field", v.T("referrals.field.receiver_number"), "Problem", c.FieldSentence(fields[0]))}}
		})
	}
	if fault.Has(err, fault.VersionConflict) {
		return s.changed(c, id, err)
	}
	if err != nil {
		return err
	}
	return s.backTo(c, id, "flash.referral.number")
}

func (s *Service) settlePost(c *web.Ctx) error {
	id, err := pageID(c)
	if err != nil {
		return err
	}
	if err := s.Settle(c.Std(), id); err != nil {
		return err
	}
	return s.backTo(c, id, "flash.referral.settle")
}

func (s *Service) documentPost(c *web.Ctx) error {
	id, err := pageID(c)
	if err != nil {
		return err
	}
	form, err := s.Documents.ReceiveForm(c, id)
	again := func(problems func(v *web.View) web.Problems) error {
		return s.shownAgain(c, id, err, func(v *web.View, p *sheet) { p.Upload, p.Problems = form, problems(v) })
	}
	if fields := web.Faults(err); fields != nil {
		return again(func(v *web.View) (out web.Problems) {
			for _, x := range fields {
				out = append(out, web.Problem{Field: "document-" + x.Field, Text: v.T("referrals.problem", "Field", v.T("referrals.field."+x.Field), "Problem", c.FieldSentence(x))})
			}
			return out
		})
	}
	if fault.Has(err, fault.TooLarge) || fault.Has(err, fault.UnsupportedMedia) {
		return again(func(*web.View) web.Problems { return web.Problems{{Field: "document-file", Text: sentence(c, err)}} })
	}
	if fault.Has(err, fault.Unavailable) {
		shown := again(func(v *web.View) web.Problems {
			return web.Problems{{Field: "document-file", Text: v.T("referrals.document.unavailable")}}
		})
		if shown != nil { // more is away than the store
			return err
		}
		return nil
	}
	if err != nil {
		return err
	}
	return s.backTo(c, id, "flash.referral.document")
}

// documentOf finds the document that an address names, as its referral shows it.
func (s *Service) documentOf(c *web.Ctx) (ID, documents.Document, error) {
	id, err := pageID(c)
	if err != nil {
		return id, documents.Document{}, err
	}
	doc, err := ids.Parse[ids.Document](c.Params("doc"))
	if err != nil {
		return id, documents.Document{}, fault.New(fault.NotFound)
	}
	d, err := s.Documents.GetIn(c.Std(), id, doc)
	return id, d, err
}

// documentGet streams a file for keeping; each opening is a disclosure.
func (s *Service) documentGet(c *web.Ctx) error {
	_, d, err := s.documentOf(c)
	if err != nil {
		return err
	}
	return s.Documents.Send(c, d)
}

// documentInline is the picture or the PDF inside the page of documentView.
func (s *Service) documentInline(c *web.Ctx) error {
	_, d, err := s.documentOf(c)
	if err != nil {
		return err
	}
	return s.Documents.Inline(c, d)
}

// documentView is the page on which a picture or a PDF is looked at; what it shows
// is opened, and disclosed, by the browser's next request.
func (s *Service) documentView(c *web.Ctx) error {
	id, d, err := s.documentOf(c)
	if err != nil {
		return err
	}
	if !documents.Shown(d.MediaType) || d.State != documents.Available && d.State != documents.Superseded {
		return fault.New(fault.NotFound)
	}
	v := c.View("")
	v.Title = d.Name
	c.FramesOwn()
	return c.Render(documentShown(v, id, documents.Show(d)))
}
