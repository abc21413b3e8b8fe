package documents

import (
	"context"
	"errors"
	"io"
	"time"

	"shubbak/platform/audit"
	"shubbak/platform/blob"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/platform/outbox"
	"shubbak/platform/scan"
)

// Scanner looks at content; platform/scan satisfies it.
type Scanner interface {
	Scan(ctx context.Context, r io.Reader) (scan.Verdict, error)
}

// stored says that a document waits for the scanner.
type stored struct {
	Tenant   ids.ID[ids.Tenant]   `json:"tenant"`
	Document ids.ID[ids.Document] `json:"document"`
}

// EventName is stored.
func (stored) EventName() string { return "document.stored" }

// Audience is who put it there.
func (e stored) Audience() []string { return []string{e.Tenant.String()} }

// Order is any.
func (stored) Order() (string, int64) { return "", 0 }

// waiting asks again for what has waited for long: a scanner may be away for longer
// than a delivery is tried.
type waiting struct {
	Tenants []string `json:"tenants"`
}

// EventName is stored.
func (waiting) EventName() string { return "document.waiting" }

// Audience is the tenants that have such documents.
func (e waiting) Audience() []string { return e.Tenants }

// Order is any.
func (waiting) Order() (string, int64) { return "", 0 }

// again is how long a document waits before its scan is asked for anew.
const again = time.Hour

func (s *Service) subscriptions() []outbox.Subscription {
	examine := outbox.On("documents.scan", s.examine)
	examine.Outside = true // the scanner and the store are other machines
	hold := outbox.On("documents.hold", s.hold)
	hold.Outside = true
	return []outbox.Subscription{examine, hold, outbox.On("documents.rescan", func(ctx context.Context, _ outbox.Delivery, _ waiting) error {
		list, err := quarantined(ctx, s.Clock.Now().Add(-again), sweepBatch)
		for _, d := range list {
			if err := s.Bus.Publish(ctx, stored{d.TenantID, d.ID}); err != nil {
				return err
			}
		}
		return err
	})}
}

func (s *Service) schedules() []outbox.Schedule {
	return []outbox.Schedule{{Name: "documents.rescan", Every: again, Event: func(ctx context.Context) (outbox.Event, error) {
		if s.Scanner == nil {
			return nil, nil
		}
		var list []string
		err := s.DB.ReadAsSystem(ctx, "tenants whose documents wait for the scanner", func(ctx context.Context) (err error) {
			list, err = tenantsWaiting(ctx, s.Clock.Now().Add(-again))
			return err
		})
		if err != nil || len(list) == 0 {
			return nil, err
		}
		return waiting{list}, nil
	}}}
}

// examine has one document scanned. It may run twice: only what is still in
// quarantine changes, and content that was refused is destroyed again.
func (s *Service) examine(ctx context.Context, _ outbox.Delivery, e stored) error {
	var d Document
	err := s.DB.Read(ctx, func(ctx context.Context) error {
		r, err := own(ctx, e.Document)
		d = r.Document
		return err
	})
	switch {
	case db.NoRows(err):
		return nil
	case err != nil:
		return err
	case d.State == Infected:
		return s.destroy(ctx, d)
	case d.State != Quarantined:
		return nil
	case s.Scanner == nil:
		// The setting has gone, and nobody has looked at the file: it stays shut.
		return fault.Of(fault.Unavailable, errors.New("documents: no scanner"))
	}
	v, err := s.look(ctx, d)
	if err != nil {
		return err
	}
	if v.Infected {
		if err := s.DB.InTx(ctx, func(ctx context.Context) error { return s.refuse(ctx, d, v) }); err != nil {
			return err
		}
		return s.destroy(ctx, d)
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error { return s.release(ctx, d) })
}

// look opens the content for the scanner alone: nobody reads it, so nothing is
// disclosed.
func (s *Service) look(ctx context.Context, d Document) (scan.Verdict, error) {
	file, err := s.Vault.OpenFileKey(ctx, d.FileKey, d.place("content"))
	if err != nil {
		return scan.Verdict{}, err
	}
	body, err := s.Blobs.Get(ctx, d.objectKey(), 0, -1)
	if errors.Is(err, blob.ErrMissing) {
		err = fault.Of(fault.Unavailable, err)
	}
	if err != nil {
		return scan.Verdict{}, err
	}
	defer body.Close()
	plain, err := file.Reader(body)
	if err != nil {
		return scan.Verdict{}, err
	}
	return s.Scanner.Scan(ctx, plain)
}

// release lets a document be opened.
func (s *Service) release(ctx context.Context, d Document) error {
	changed, err := settle(ctx, d.ID, Available)
	if err != nil || !changed {
		return err
	}
	if err := s.supersede(ctx, d); err != nil {
		return err
	}
	return s.Audit.Did(ctx, audit.Entry{Action: "scan", Object: "document", ID: d.ID.String(), Fields: []string{"clean"}})
}

// refuse shuts a document for ever: the row stays, so that its uploader sees what
// became of it.
func (s *Service) refuse(ctx context.Context, d Document, v scan.Verdict) error {
	changed, err := settle(ctx, d.ID, Infected)
	if err != nil || !changed {
		return err
	}
	if err := giveBack(ctx, d.Size); err != nil {
		return err
	}
	list, err := subjectsOf(ctx, d.ID)
	if err != nil {
		return err
	}
	for _, referral := range list {
		if err := s.Subjects.DocumentRefused(ctx, referral, d); err != nil {
			return err
		}
	}
	return s.Audit.Did(ctx, audit.Entry{Action: "scan", Object: "document", ID: d.ID.String(), Fields: []string{Infected, v.Signature}})
}

// ready refuses content that nobody has looked at, and content that is gone: known,
// and closed now.
func ready(d Document) error {
	switch d.State {
	case Quarantined:
		return &fault.Error{Code: fault.NotOpen, Key: "documents.quarantined"}
	case Infected:
		return &fault.Error{Code: fault.NotOpen, Key: "documents.infected"}
	}
	return nil
}
