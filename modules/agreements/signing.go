package agreements

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"shubbak/platform/audit"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/platform/mail"
	"shubbak/platform/outbox"
	"shubbak/policies"
	"shubbak/tenants"
)

const minute = time.Minute

// Signature is one party's word for one version: it names the hash of its text. By
// code it is a simple electronic signature (law 43-20), never more.
type Signature struct {
	ID          ids.ID[ids.Entry] `bun:",pk"`
	AgreementID ids.ID[ids.Agreement]
	Version     int64
	SHA256      string `bun:"sha256"`
	Party       string
	TenantID    ids.ID[ids.Tenant] `bun:",nullzero"`
	UserID      ids.ID[ids.User]   `bun:",nullzero"`
	NameAr      string
	NameFr      string
	CapacityAr  string
	CapacityFr  string
	Method      string
	DocumentID  ids.ID[ids.Document] `bun:",nullzero"`
	FileSHA256  string               `bun:"file_sha256"`
	ByTenant    ids.ID[ids.Tenant]
	ByUser      ids.ID[ids.User]
	At          time.Time
	VoidedAt    time.Time `bun:",nullzero"`
}

// A code lives ten minutes and bears five tries.
const (
	codeLife  = 10 * time.Minute
	codeTries = 5
)

// sign gives one party's signature. A wrong code is refused in `refused`, so that the
// transaction, which remembers the try, commits.
func (s *Service) sign(ctx context.Context, a Agreement, act Act) (refused, err error) {
	actor := tenants.From(ctx)
	t, hash, err := s.textOf(ctx, a, a.Version)
	if err != nil {
		return nil, err
	}
	party, known := t.Party(act.Party)
	rel := policies.Keeper
	if party.Tenant != "" {
		rel = policies.Party
	}
	if known && (party.Tenant != "" && party.Tenant != actor.Tenant.Slug || party.Tenant == "" && a.TenantID != actor.Tenant.ID || !s.Law.Allow(actor, actPermission(Sign), rel)) {
		return nil, fault.New(fault.Forbidden)
	}
	if a.Version != act.Version {
		return nil, changed()
	}
	if !a.May(Sign) {
		return nil, a.illegal(Sign)
	}
	if !known {
		return nil, fault.In("party", "unknown_code")
	}
	given, err := signaturesOf(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(given, func(x Signature) bool { return x.Party == party.Key() }) {
		return nil, &fault.Error{Code: fault.IllegalTransition, Key: "agreements.fault.signed_already", Data: map[string]any{"state": string(a.State), "command": string(Sign)}}
	}
	who, err := s.signatory(actor, party, act)
	if err != nil {
		return nil, err
	}
	who.AgreementID, who.Version, who.SHA256, who.At = a.ID, a.Version, hash, s.Clock.Now()
	if act.Method == "one_time_code" {
		if party.Tenant == "" {
			var f fault.Collect
			own(&f, "method", "no_portal")
			return nil, f.Err()
		}
		if act.Code == "" {
			return nil, s.sendCode(ctx, a)
		}
		if refused, err := s.useCode(ctx, a, act.Code); refused != nil || err != nil {
			return refused, err
		}
	} else {
		if who.DocumentID, who.FileSHA256, err = s.paper(ctx, a, act); err != nil {
			return nil, err
		}
	}
	return nil, s.signed(ctx, &a, t, who, len(given)+1 == len(t.Parties))
}

// keptYears is how long a signed file is kept after the agreement's last day.
const keptYears = 10

// paper is the file that a signature names: a scan, or a file that carries a signature
// of its own. From here on nobody alters or deletes it.
func (s *Service) paper(ctx context.Context, a Agreement, act Act) (id ids.ID[ids.Document], sha string, err error) {
	var f fault.Collect
	if s.SignedFile == nil {
		f.Add("document_id", "unknown_code")
		return id, "", f.Err()
	}
	file, err := s.SignedFile(ctx, a.ID, act.DocumentID)
	switch {
	case fault.Has(err, fault.NotFound), fault.Has(err, fault.NotOpen):
		f.Add("document_id", "unknown_code")
	case err != nil:
		return id, "", err
	case !file.Checked:
		own(&f, "document_id", "file_unchecked")
	case act.Method == "external_qualified" && file.Type != "application/pdf":
		own(&f, "document_id", "no_signed_pdf")
	}
	if err := f.Err(); err != nil {
		return id, "", err
	}
	until, err := a.keptUntil()
	if err != nil {
		return id, "", err
	}
	return file.ID, file.SHA256, s.KeepFile(ctx, file.ID, until)
}

// keptUntil is how long the files of its signatures are kept.
func (a Agreement) keptUntil() (time.Time, error) {
	ends, err := time.ParseInLocation(time.DateOnly, a.EndsOn, clock.Casablanca())
	return ends.AddDate(keptYears, 0, 1), err
}

// longer are the events after which an agreement may end later than when it was signed.
var longer = []string{"renewed_tacitly", "amended"}

// keepLonger has the signed files of the tenant of ctx kept as long as the agreement's
// present term asks, those of its amendments too.
func (s *Service) keepLonger(ctx context.Context, _ outbox.Delivery, m Moved) error {
	a, err := byID(ctx, m.Agreement)
	if db.NoRows(err) {
		return nil // a party no more
	}
	if err != nil {
		return err
	}
	until, err := a.keptUntil()
	if err != nil {
		return err
	}
	list, err := relatives(ctx, a.ID)
	if err != nil {
		return err
	}
	for _, r := range append(list, a) {
		if r.ID != a.ID && r.ParentID != a.ID {
			continue // a term of its own
		}
		signatures, err := signaturesOf(ctx, r.ID)
		if err != nil {
			return err
		}
		for _, x := range signatures {
			if x.DocumentID.IsZero() || x.ByTenant != tenants.Current(ctx) {
				continue
			}
			if err := s.KeepFile(ctx, x.DocumentID, until); err != nil {
				return err
			}
		}
	}
	return nil
}

// changed refuses a signature under words that are no more.
func changed() error {
	return &fault.Error{Code: fault.VersionConflict, Key: "agreements.fault.text_changed"}
}

// signatory is who signs for a party: the named one whose account acts, else any with
// the role; of an outside body the one that the paper names.
func (s *Service) signatory(actor tenants.Actor, p PartyText, act Act) (Signature, error) {
	who := Signature{ID: ids.New[ids.Entry](), Party: p.Key(), Method: act.Method, ByTenant: actor.Tenant.ID, ByUser: actor.User}
	if p.Tenant != "" {
		who.TenantID, who.UserID = actor.Tenant.ID, actor.User
		who.NameAr, who.NameFr = actor.Name.Ar, actor.Name.Fr
	}
	list := p.Signatories
	if p.Tenant != "" && slices.ContainsFunc(list, func(x Signer) bool { return x.Email != "" }) {
		list = slices.DeleteFunc(slices.Clone(list), func(x Signer) bool { return !strings.EqualFold(x.Email, actor.Email) })
		if len(list) == 0 {
			return who, fault.New(fault.Forbidden)
		}
	}
	if act.Signatory > 0 && p.Tenant == "" {
		if act.Signatory > len(list) {
			return who, fault.In("signatory", "unknown_code")
		}
		list = list[act.Signatory-1 : act.Signatory]
	}
	if len(list) == 0 {
		return who, nil
	}
	today := s.today()
	for _, x := range list {
		if x.MandateUntil != "" && x.MandateUntil < today {
			continue
		}
		who.CapacityAr, who.CapacityFr = x.Capacity.Ar, x.Capacity.Fr
		if x.Email != "" || p.Tenant == "" {
			who.NameAr, who.NameFr = x.Name.Ar, x.Name.Fr
		}
		return who, nil
	}
	var f fault.Collect
	own(&f, "party", "mandate_ended")
	return who, f.Err()
}

// signed writes a signature; with the last the agreement is signed.
func (s *Service) signed(ctx context.Context, a *Agreement, t Text, who Signature, all bool) error {
	if all {
		if err := s.agrees(ctx, *a, t); err != nil {
			return err
		}
	}
	if err := insertSignature(ctx, who); err != nil {
		return err
	}
	if err := s.Audit.Did(ctx, audit.Entry{Action: "sign", Object: "agreement", ID: a.ID.String(), Fields: []string{who.Method, who.SHA256}}); err != nil {
		return err
	}
	events, err := a.HasSigned(who.Party, all, t.NeedsVisa, who.At)
	if err != nil {
		return err
	}
	return s.settled(ctx, a, events, who.At)
}

// sendCode makes a code for the actor's own account and has it mailed. Codes sent
// before end.
func (s *Service) sendCode(ctx context.Context, a Agreement) error {
	actor, now := tenants.From(ctx), s.Clock.Now()
	to, err := s.Account(ctx, actor.User)
	if err != nil {
		return err
	}
	if to.Mailbox == "" {
		var f fault.Collect
		own(&f, "method", "no_mailbox")
		return f.Err()
	}
	if err := endCodes(ctx, a.ID, actor.User, now); err != nil {
		return err
	}
	r := codeRow{ID: ids.New[ids.Entry](), AgreementID: a.ID, TenantID: actor.Tenant.ID, UserID: actor.User, Version: a.Version, Link: ids.Code(), CreatedAt: now, ExpiresAt: now.Add(codeLife)}
	if err := insertCode(ctx, r); err != nil {
		return err
	}
	if err := s.Audit.Did(ctx, audit.Entry{Action: "send_code", Object: "agreement", ID: a.ID.String()}); err != nil {
		return err
	}
	return s.Bus.Publish(ctx, coded{Tenant: actor.Tenant.ID, Code: r.ID})
}

// codeOf is the eight digits of a row.
func (s *Service) codeOf(ctx context.Context, r codeRow) (string, error) {
	h, err := s.Hash(ctx, "agreement code", r.ID.String()+":"+fmt.Sprint(r.Version))
	if err != nil {
		return "", err
	}
	raw, err := hex.DecodeString(h[0])
	if err != nil {
		return "", err
	}
	n := new(big.Int).Mod(new(big.Int).SetBytes(raw), big.NewInt(100_000_000))
	return fmt.Sprintf("%08d", n), nil
}

// useCode compares a code and uses it up. A try is counted even where the call that
// made it is undone.
func (s *Service) useCode(ctx context.Context, a Agreement, typed string) (refused, err error) {
	user, now := tenants.From(ctx).User, s.Clock.Now()
	refuse := func(code string) error {
		var f fault.Collect
		own(&f, "code", code)
		return f.Err()
	}
	r, err := lastCode(ctx, a.ID, user)
	switch {
	case db.NoRows(err):
		return refuse("code_none"), nil
	case err != nil:
		return nil, err
	case r.Version != a.Version:
		return changed(), nil
	case !r.UsedAt.IsZero(), r.Tries >= codeTries, !now.Before(r.ExpiresAt):
		return refuse("code_over"), nil
	}
	want, err := s.codeOf(ctx, r)
	if err != nil {
		return nil, err
	}
	digits := strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' {
			return c
		}
		return -1
	}, typed)
	if subtle.ConstantTimeCompare([]byte(digits), []byte(want)) != 1 {
		outside := db.Detached(context.WithoutCancel(ctx))
		db.AfterRollback(ctx, func() {
			_ = s.DB.InTx(outside, func(ctx context.Context) error { return countTry(ctx, r.ID) })
		})
		return refuse("code_wrong"), countTry(ctx, r.ID)
	}
	return nil, useCode(ctx, r.ID, now)
}

// coded says that a code wants a mail. It names the row, never the code.
type coded struct {
	Tenant ids.ID[ids.Tenant] `json:"tenant"`
	Code   ids.ID[ids.Entry]  `json:"code"`
}

func (coded) EventName() string      { return "agreement.coded" }
func (c coded) Audience() []string   { return []string{c.Tenant.String()} }
func (coded) Order() (string, int64) { return "", 0 }

// mailCode sends a code to the account of whoever asked for it, if it still works when
// its turn comes.
func (s *Service) mailCode(ctx context.Context, d outbox.Delivery) error {
	var e coded
	if err := json.Unmarshal(d.Payload, &e); err != nil {
		return err
	}
	var r codeRow
	var to Account
	code := ""
	err := s.DB.Read(ctx, func(ctx context.Context) (err error) {
		if r, err = codeByID(ctx, e.Code); err != nil || !r.UsedAt.IsZero() {
			return err
		}
		if to, err = s.Account(ctx, r.UserID); err != nil {
			return err
		}
		code, err = s.codeOf(ctx, r)
		return err
	})
	if db.NoRows(err) || fault.Has(err, fault.NotFound) {
		return nil
	}
	if err != nil || code == "" || to.Mailbox == "" || !s.Clock.Now().Before(r.ExpiresAt) {
		return err
	}
	lang := to.Lang
	if lang == "" {
		t, err := s.Tenants.ByID(ctx, e.Tenant)
		if err != nil {
			return err
		}
		lang = t.Locale
	}
	return s.Mail.Send(ctx, s.composeCode(r, to.Mailbox, lang, code))
}

func (s *Service) composeCode(r codeRow, to string, lang i18n.Lang, code string) mail.Message {
	return mail.Message{ID: r.ID.String() + "@shubbak", To: to, Lang: string(lang), Subject: s.Catalog.T(lang, "agreements.mail.code.subject", nil),
		Text: s.Catalog.T(lang, "agreements.mail.code", map[string]any{"Code": code, "Count": int(codeLife / time.Minute)}) + "\n\n" + strings.TrimSuffix(s.Address(), "/") + "/n/" + r.Link + "\n"}
}

// Portal says which tenant the link of a code's mail leads to.
func (s *Service) Portal(ctx context.Context, link string) (id tenants.ID, err error) {
	err = s.DB.ReadAsSystem(ctx, "the neutral address in a mail names no tenant", func(ctx context.Context) error {
		r, err := codeByLink(ctx, link)
		if db.NoRows(err) {
			return nil
		}
		id = r.TenantID
		return err
	})
	return id, err
}
