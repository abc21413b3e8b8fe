package referrals

import (
	"context"
	"crypto/rand"
	"strings"

	"shubbak/platform/audit"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/tenants"
)

// slipSigns are letters and figures that cannot be misread (design.md §10): no 0
// and O, no 1, I and L, no U beside V. Twelve of them are 58 bits, and a code alone
// shows nothing.
const (
	slipSigns  = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
	slipLength = 12
)

func newSlipCode() string {
	out := make([]byte, 0, slipLength)
	b := make([]byte, 1)
	for len(out) < slipLength {
		_, _ = rand.Read(b)
		if int(b[0]) < 256/len(slipSigns)*len(slipSigns) { // every sign is as likely
			out = append(out, slipSigns[int(b[0])%len(slipSigns)])
		}
	}
	return string(out)
}

// slipCode reads a code as people type it: any case, with or without its strokes.
func slipCode(typed string) (string, bool) {
	s := strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(typed))
	if len(s) != slipLength || strings.Trim(s, slipSigns) != "" {
		return "", false
	}
	return s, true
}

// slipGroups writes a code in groups of four.
func slipGroups(code string) string {
	return code[:4] + "-" + code[4:8] + "-" + code[8:]
}

// Slip opens a referral for its printed slip and gives its code. What the reader
// may see of the person is what the page shows: for the receiver a disclosure.
func (s *Service) Slip(ctx context.Context, id ID) (View, string, error) {
	r, err := s.reach(ctx, id, read)
	if err != nil {
		return View{}, "", err
	}
	if r.SentAt.IsZero() || !r.IsOpen || s.side(tenants.From(ctx), r) == policies.Arbiter {
		return View{}, "", fault.New(fault.NotFound) // nothing to carry: not sent yet, or over
	}
	v, err := s.Get(ctx, r.ID)
	if err != nil {
		return v, "", err
	}
	code := ""
	err = s.DB.InTx(ctx, func(ctx context.Context) (err error) {
		if code, err = codeOf(ctx, slipRow{Code: newSlipCode(), ReferralID: r.ID, FromTenant: r.FromTenant, ToTenant: r.ToTenant, CreatedAt: s.Clock.Now()}); err != nil {
			return err
		}
		return s.Audit.Did(ctx, audit.Entry{Action: "print", Object: "referral", ID: r.ID.String(), Fields: []string{"slip"}})
	})
	return v, code, err
}

// BySlip finds the referral of a printed code, within reach.
func (s *Service) BySlip(ctx context.Context, typed string) (ID, error) {
	code, ok := slipCode(typed)
	if !ok {
		return ID{}, fault.New(fault.NotFound)
	}
	var id ID
	err := s.DB.Read(ctx, func(ctx context.Context) (err error) {
		id, err = bySlip(ctx, code)
		return err
	})
	if db.NoRows(err) {
		return id, fault.New(fault.NotFound)
	}
	if err == nil {
		_, err = s.reach(ctx, id, read)
	}
	return id, err
}

// SlipPortals says which portals a printed code leads to, the receiver's first; it
// tells nothing else, and nothing without a session there.
func (s *Service) SlipPortals(ctx context.Context, typed string) (list []tenants.ID, code string, err error) {
	code, ok := slipCode(typed)
	if !ok {
		return nil, "", nil
	}
	err = s.DB.ReadAsSystem(ctx, "the code on a slip names no tenant", func(ctx context.Context) error {
		r, err := sidesOf(ctx, code)
		if db.NoRows(err) {
			return nil
		}
		list = []ids.ID[ids.Tenant]{r.ToTenant, r.FromTenant}
		return err
	})
	return list, code, err
}
