package documents

import (
	"context"
	"path"
	"strings"
	"time"

	"shubbak/platform/audit"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/platform/outbox"
	"shubbak/platform/vault"
	"shubbak/tenants"
	"shubbak/web"
)

// SignedAgreement is the category of a signed agreement: the only one that belongs to
// an agreement.
const SignedAgreement = "agreement_signed"

// signedTypes are what a signed file may be, each with the endings of its name: a scan,
// or a PDF that carries a signature of its own.
var signedTypes = map[string][]string{
	"application/pdf": {".pdf"}, "image/jpeg": {".jpg", ".jpeg"}, "image/png": {".png"}, "image/tiff": {".tif", ".tiff"}, "image/webp": {".webp"},
	"image/heic": {".heic", ".heif"}, "image/heif": {".heic", ".heif"},
}

// signable refuses a file of an agreement that is no scan, or whose name says that it
// is something else: what is signed must open for whoever reads it in ten years.
func (d Document) signable() error {
	if d.AgreementID.IsZero() {
		return nil
	}
	endings, ending := signedTypes[d.MediaType], strings.ToLower(path.Ext(d.Name))
	for _, e := range endings {
		if ending == e || ending == "" {
			return nil
		}
	}
	key := "documents.not_a_scan"
	if endings != nil {
		key = "documents.not_what_it_says"
	}
	return &fault.Error{Code: fault.UnsupportedMedia, Key: key}
}

// subject is the record that a document belongs to: a referral or an agreement.
func (s *Service) subject(ctx context.Context, referral ids.ID[ids.Referral], agreement ids.ID[ids.Agreement]) (Subject, error) {
	switch {
	case agreement.IsZero():
		return s.Subjects.Subject(ctx, referral)
	case s.Agreement == nil:
		return Subject{}, fault.New(fault.NotFound)
	}
	return s.Agreement(ctx, agreement)
}

// keyFor is the key under which a file is sealed: the record's, or one of the file
// alone, since an agreement is about no person whose erasure would destroy it.
func (s *Service) keyFor(ctx context.Context, sub Subject) (key vault.KeyID, err error) {
	if !sub.Key.IsZero() {
		return sub.Key, nil
	}
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		key, err = s.Vault.NewKey(ctx)
		return err
	})
	return key, err
}

// paper finds a document of an agreement within reach.
func (s *Service) paper(ctx context.Context, id ids.ID[ids.Document], passes func(Subject) bool) (d Document, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		r, err := byID(ctx, id)
		d = r.Document
		return err
	})
	if db.NoRows(err) || err == nil && d.AgreementID.IsZero() {
		return Document{}, fault.New(fault.NotFound)
	}
	if err != nil {
		return Document{}, err
	}
	sub, err := s.subject(ctx, d.ReferralID, d.AgreementID)
	if err != nil {
		return Document{}, err
	}
	if !passes(sub) {
		return Document{}, fault.New(fault.NotFound)
	}
	return s.through(ctx, id, d.ReferralID, sub)
}

// again reads a document once more as the record shows it through which it was found.
func (s *Service) again(ctx context.Context, d Document) (Document, error) {
	if d.AgreementID.IsZero() {
		return s.GetIn(ctx, d.ReferralID, d.ID)
	}
	return s.GetSigned(ctx, d.AgreementID, d.ID)
}

// GetSigned gives a file of an agreement.
func (s *Service) GetSigned(ctx context.Context, agreement ids.ID[ids.Agreement], id ids.ID[ids.Document]) (Document, error) {
	d, err := s.find(ctx, id, func(Subject) bool { return true })
	if err == nil && d.AgreementID != agreement {
		return Document{}, fault.New(fault.NotFound)
	}
	return d, err
}

// ListSigned lists the latest files of an agreement that the actor may open.
func (s *Service) ListSigned(ctx context.Context, agreement ids.ID[ids.Agreement]) ([]Document, error) {
	return s.list(ctx, ids.ID[ids.Referral]{}, agreement, web.PageOf{Limit: web.MaxLimit})
}

// kept reports whether a document may not change yet.
func (s *Service) kept(d Document) bool { return d.KeptUntil.After(s.Clock.Now()) }

func keptFault() error { return &fault.Error{Code: fault.Forbidden, Key: "documents.kept"} }

// keptEvent says that the store shall hold the content of a document.
type keptEvent struct {
	Tenant   ids.ID[ids.Tenant]   `json:"tenant"`
	Document ids.ID[ids.Document] `json:"document"`
}

// EventName is kept.
func (keptEvent) EventName() string { return "document.kept" }

// Audience is who put it there.
func (e keptEvent) Audience() []string { return []string{e.Tenant.String()} }

// Order is any.
func (keptEvent) Order() (string, int64) { return "", 0 }

// Keep lets nobody alter, replace or delete a document of the tenant of ctx before an
// instant, from the transaction of ctx on; the store is told to hold its content after.
func (s *Service) Keep(ctx context.Context, id ids.ID[ids.Document], until time.Time) error {
	if err := keepRow(ctx, id, until); err != nil {
		return err
	}
	if err := s.Audit.Did(ctx, audit.Entry{Action: "keep", Object: "document", ID: id.String()}); err != nil {
		return err
	}
	return s.Bus.Publish(ctx, keptEvent{tenants.Current(ctx), id})
}

// hold has the store hold what is kept. It may run twice.
func (s *Service) hold(ctx context.Context, _ outbox.Delivery, e keptEvent) error {
	var d Document
	err := s.DB.Read(ctx, func(ctx context.Context) error {
		r, err := own(ctx, e.Document)
		d = r.Document
		return err
	})
	if db.NoRows(err) || err == nil && d.KeptUntil.IsZero() {
		return nil
	}
	if err != nil {
		return err
	}
	return s.Blobs.Hold(ctx, d.objectKey(), d.KeptUntil)
}

// destroy deletes the content of a document for ever. What is kept it leaves, whatever
// the store would let happen.
func (s *Service) destroy(ctx context.Context, d Document) error {
	if s.kept(d) {
		return keptFault()
	}
	return s.Blobs.Delete(ctx, d.objectKey())
}
