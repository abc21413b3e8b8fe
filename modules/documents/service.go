package documents

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"maps"
	"mime"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"shubbak/platform/audit"
	"shubbak/platform/blob"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/tenants"
	"shubbak/web"

	"github.com/gabriel-vasile/mimetype"
)

// New document: what stands in the form before the file.
type Form struct {
	Referral    ids.ID[ids.Referral]  // one of the two
	Agreement   ids.ID[ids.Agreement] // says what it belongs to
	Category    string
	Sensitivity string
	Replaces    ids.ID[ids.Document]

	old Document // what Replaces names, once MayAdd has looked
}

// Check names the faulty fields of the form.
func (f Form) Check() error {
	var c fault.Collect
	if f.Referral.IsZero() && f.Agreement.IsZero() {
		c.Add("subject", "malformed")
	}
	if !slices.Contains(Categories, f.Category) || !f.Agreement.IsZero() && f.Category != SignedAgreement {
		c.Add("category", choice(f.Category))
	}
	if !slices.Contains(Sensitivities, f.Sensitivity) {
		c.Add("sensitivity", choice(f.Sensitivity))
	}
	return c.Err()
}

func choice(s string) string {
	if s == "" {
		return "required"
	}
	return "unknown_code"
}

// MayAdd refuses before anything of the file is read: not_found out of reach,
// forbidden in a state that takes no document.
func (s *Service) MayAdd(ctx context.Context, f *Form) (Subject, error) {
	sub, err := s.subject(ctx, f.Referral, f.Agreement)
	if err == nil && !sub.MayAdd {
		err = fault.New(fault.Forbidden)
	}
	if err == nil {
		f.old, err = s.replaced(ctx, *f)
	}
	if err == nil {
		err = s.room(ctx, 1)
	}
	return sub, err
}

// Put stores one file: it streams from r through the seal into the store, in flat
// memory, and commits the row last. commit runs inside the row's transaction.
func (s *Service) Put(ctx context.Context, f Form, sub Subject, name string, r io.Reader, commit func(ctx context.Context, d Document) error) (Document, error) {
	a := tenants.From(ctx)
	d := Document{ID: ids.New[ids.Document](), TenantID: a.Tenant.ID, ReferralID: f.Referral, AgreementID: f.Agreement, Version: f.old.Version + 1, Replaces: f.Replaces, State: Available, Category: f.Category, Retention: RetentionOf(f.Category),
		Sensitivity: f.Sensitivity, CreatedBy: a.User, CreatedAt: s.Clock.Now(), Name: cleanFileName(name)}
	if s.Scanner != nil {
		d.State = Quarantined
	}
	head := make([]byte, 3072)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF { // a short file; one that was cut says so again below
		return d, cut(err)
	}
	if n == 0 {
		return d, fault.In("file", "required")
	}
	d.MediaType, _, _ = mime.ParseMediaType(mimetype.Detect(head[:n]).String())
	if !mediaTypes[d.MediaType] {
		return d, fault.New(fault.UnsupportedMedia)
	}
	if err := d.signable(); err != nil {
		return d, err
	}
	if sub.Key, err = s.keyFor(ctx, sub); err != nil {
		return d, err
	}
	fileKey, file, err := s.Vault.FileKey(ctx, sub.Key, d.place("content"))
	if err != nil {
		return d, err
	}
	d.FileKey = fileKey
	src := &measured{r: io.MultiReader(bytes.NewReader(head[:n]), r), sum: sha256.New(), limit: a.Tenant.FileLimit}
	content, stop := sealing(file.Writer, src)
	_, err = s.Blobs.Put(ctx, d.objectKey(), content)
	stop()
	if err != nil {
		return d, err
	}
	d.Size, d.SHA256 = src.n, hex.EncodeToString(src.sum.Sum(nil))
	sealed, err := s.Vault.Seal(ctx, sub.Key, d.place("name"), []byte(d.Name))
	if err != nil {
		return d, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		// The referral may have moved while the file was on its way.
		now, err := s.subject(ctx, f.Referral, f.Agreement)
		if err != nil {
			return err
		}
		if !now.MayAdd {
			return fault.New(fault.Forbidden)
		}
		if err := insert(ctx, d, sealed); err != nil {
			return err
		}
		if d.AgreementID.IsZero() {
			if err := s.Subjects.DocumentAdded(ctx, f.Referral, d); err != nil {
				return err
			}
		}
		if !d.Replaces.IsZero() {
			if err := s.follow(ctx, d); err != nil {
				return err
			}
		}
		if d.State == Available {
			if err := s.supersede(ctx, d); err != nil {
				return err
			}
		}
		if err := s.keep(ctx, d.Size); err != nil {
			return err
		}
		if err := s.Audit.Did(ctx, audit.Entry{Action: "add", Object: "document", ID: d.ID.String(), Fields: []string{d.Category, d.Sensitivity}}); err != nil {
			return err
		}
		if d.State == Quarantined {
			if err := s.Bus.Publish(ctx, stored{d.TenantID, d.ID}); err != nil {
				return err
			}
		}
		return commit(ctx, d)
	})
	if err = taken(err); err != nil {
		// Nothing was committed: the object goes too. A crash just here leaves it to
		// the sweeper.
		_ = s.Blobs.Delete(context.WithoutCancel(ctx), d.objectKey())
	}
	return d, err
}

// measured counts and hashes what passes and ends at the tenant's limit.
type measured struct {
	r     io.Reader
	n     int64
	limit int64
	sum   hash.Hash
}

func (m *measured) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.n += int64(n)
	if m.n > m.limit {
		return 0, fault.New(fault.TooLarge)
	}
	_, _ = m.sum.Write(p[:n])
	if err != nil && err != io.EOF { // a failure may have an end of something as its cause
		err = cut(err)
	}
	return n, err
}

// cut says that the sender's stream broke off.
func cut(err error) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return err
	}
	return fault.Of(fault.Unreadable, err)
}

// sealing turns the pushing writer of the seal into a reader for the store. stop ends
// it where the store has not read all, and waits: nobody reads the sender's stream
// after.
func sealing(seal func(io.Writer) (io.WriteCloser, error), src io.Reader) (r io.Reader, stop func()) {
	pr, pw := io.Pipe()
	var wg sync.WaitGroup
	wg.Go(func() {
		w, err := seal(pw)
		if err == nil {
			if _, err = io.Copy(w, src); err == nil {
				err = w.Close()
			}
		}
		_ = pw.CloseWithError(err)
	})
	return pr, func() {
		_ = pr.Close()
		wg.Wait()
	}
}

// List gives the documents of a record that the actor may open now, newest first.
func (s *Service) List(ctx context.Context, referral ids.ID[ids.Referral], page web.PageOf) (out []Document, err error) {
	return s.list(ctx, referral, ids.ID[ids.Agreement]{}, page)
}

func (s *Service) list(ctx context.Context, referral ids.ID[ids.Referral], agreement ids.ID[ids.Agreement], page web.PageOf) (out []Document, err error) {
	sub, err := s.subject(ctx, referral, agreement)
	if err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		rows, err := ofRecord(ctx, referral, agreement, page.After, page.Limit+1)
		if err != nil {
			return err
		}
		for _, r := range rows {
			r.ReferralID = referral
			if !sub.MayOpen(r.Document) {
				continue
			}
			if err := s.unseal(ctx, &r); err != nil {
				return err
			}
			out = append(out, r.Document)
		}
		return nil
	})
	return out, err
}

func (s *Service) unseal(ctx context.Context, r *row) error {
	name, err := s.Vault.Open(ctx, r.place("name"), r.SealedName)
	r.Name = string(name)
	return err
}

// Get gives one document: not_found out of reach, not_open while its slice is
// closed to the actor.
func (s *Service) Get(ctx context.Context, id ids.ID[ids.Document]) (Document, error) {
	return s.find(ctx, id, func(Subject) bool { return true })
}

// GetIn gives a document as one of its referrals shows it.
func (s *Service) GetIn(ctx context.Context, referral ids.ID[ids.Referral], id ids.ID[ids.Document]) (Document, error) {
	return s.find(ctx, id, func(sub Subject) bool { return sub.ID == referral })
}

// Open streams the content; the disclosure and the audit entry are written before
// it returns. The reader fails at the end if the content's hash is not the row's.
func (s *Service) Open(ctx context.Context, d Document) (io.ReadCloser, error) {
	if err := ready(d); err != nil {
		return nil, err
	}
	file, err := s.Vault.OpenFileKey(ctx, d.FileKey, d.place("content"))
	if err != nil {
		return nil, err
	}
	body, err := s.Blobs.Get(ctx, d.objectKey(), 0, -1)
	if errors.Is(err, blob.ErrMissing) {
		err = fault.Of(fault.Unavailable, err)
	}
	if err != nil {
		return nil, err
	}
	plain, err := file.Reader(body)
	if err == nil && d.AgreementID.IsZero() {
		err = s.Subjects.DocumentOpened(ctx, d.ReferralID, d.ID)
	}
	if err == nil {
		err = s.Audit.Opened(ctx, audit.Entry{Action: "download", Object: "document", ID: d.ID.String()})
	}
	if err != nil {
		_ = body.Close()
		return nil, err
	}
	return &verified{r: plain, c: body, sum: sha256.New(), want: d.SHA256}, nil
}

type verified struct {
	r    io.Reader
	c    io.Closer
	sum  hash.Hash
	want string
}

func (v *verified) Read(p []byte) (int, error) {
	n, err := v.r.Read(p)
	_, _ = v.sum.Write(p[:n])
	if err == io.EOF && hex.EncodeToString(v.sum.Sum(nil)) != v.want {
		return n, errors.New("documents: the content is not what was stored")
	}
	return n, err
}

func (v *verified) Close() error { return v.c.Close() }

// Sweep deletes objects without a row that are older than a day: what an upload
// leaves that was cut between its object and its row, and what one leaves that was cut
// before. It asks the database once for each few hundred objects.
func (s *Service) Sweep(ctx context.Context) (n int, err error) {
	old := time.Now().Add(-orphanAge) // the store counts by no clock of ours
	if n, err = s.Blobs.Sweep(ctx, old); err != nil {
		return n, err
	}
	keys := map[ids.ID[ids.Document]]string{}
	flush := func() error {
		var known []ids.ID[ids.Document]
		err := s.DB.ReadAsSystem(ctx, "sweeping of objects without a row", func(ctx context.Context) (err error) {
			known, err = existing(ctx, slices.Collect(maps.Keys(keys)))
			return err
		})
		if err != nil {
			return err
		}
		for _, id := range known {
			delete(keys, id)
		}
		for _, key := range keys {
			err := s.Blobs.Delete(ctx, key)
			if errors.Is(err, blob.ErrHeld) {
				continue // its row is lost and it is not
			}
			if err != nil {
				return err
			}
			n++
		}
		clear(keys)
		return nil
	}
	err = s.Blobs.List(ctx, "", func(i blob.Info) error {
		id, err := ids.Parse[ids.Document](path.Base(i.Key))
		if err != nil || i.Modified.After(old) {
			return nil
		}
		if keys[id] = i.Key; len(keys) >= sweepBatch {
			return flush()
		}
		return nil
	})
	if err == nil && len(keys) > 0 {
		err = flush()
	}
	return n, err
}

const sweepBatch = 500

// cleanFileName keeps the original name in any script, without folders, control or
// direction signs.
func cleanFileName(name string) string {
	name = strings.ToValidUTF8(name, "")
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '"' {
			return -1
		}
		return r
	}, name)
	name = strings.TrimSpace(name)
	if r := []rune(name); len(r) > 200 {
		name = string(r[:150]) + string(r[len(r)-50:])
	}
	if name == "" || name == "." || name == ".." {
		return "document"
	}
	return name
}
