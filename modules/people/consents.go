package people

import (
	"context"

	"shubbak/platform/audit"
	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/tenants"
	"shubbak/web"
)

// Record writes down a consent that the person has given.
func (s *Service) Record(ctx context.Context, c Consent) (Consent, error) {
	now := s.Clock.Now()
	if err := s.Check(ctx, &c); err != nil {
		return c, err
	}
	c.ID, c.TenantID, c.Version, c.CreatedBy, c.CreatedAt = ids.New[ids.Consent](), tenants.Current(ctx), 1, tenants.From(ctx).User, now
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		p, err := s.Load(ctx, c.PersonID)
		if err != nil {
			return err
		}
		sealed, err := s.Vault.SealJSON(ctx, p.KeyID, "consents.sealed:"+c.ID.String(), c.Evidence)
		if err != nil {
			return err
		}
		if err := insertConsent(ctx, c, sealed); err != nil {
			return err
		}
		return s.Audit.Did(ctx, audit.Entry{Action: "consent", Object: "person", ID: c.PersonID.String(), Fields: append([]string{c.Purpose}, c.Categories...)})
	})
	return c, err
}

// Check names every fault of a consent before anything is written.
func (s *Service) Check(ctx context.Context, c *Consent) error {
	return c.check(s.Clock.Now(), func(slug string) bool {
		t, err := s.Tenants.BySlug(ctx, slug)
		return err == nil && t != nil
	})
}

// Consents lists a person's consents, newest first.
func (s *Service) Consents(ctx context.Context, person ids.ID[ids.Person], page web.PageOf) (out []Consent, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		if _, err := s.Load(ctx, person); err != nil {
			return err
		}
		rows, err := consentsOf(ctx, person, page.After, page.Limit+1)
		for _, r := range rows {
			out = append(out, r.Consent)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, s.Audit.Opened(ctx, audit.Entry{Action: "list_consents", Object: "person", ID: person.String()})
}

// Consent finds one consent of one person; not_found for any other.
func (s *Service) Consent(ctx context.Context, person ids.ID[ids.Person], id ids.ID[ids.Consent]) (c Consent, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		r, err := consentByID(ctx, person, id)
		if db.NoRows(err) {
			return fault.New(fault.NotFound)
		}
		c = r.Consent
		return err
	})
	return c, err
}

// ConsentFor finds the newest consent that covers a purpose and a recipient now,
// locked until the caller's transaction ends: a withdrawal waits for this act or
// is seen by it. The zero Consent means that there is none.
func (s *Service) ConsentFor(ctx context.Context, person ids.ID[ids.Person], purpose, recipient string) (c Consent, err error) {
	now := s.Clock.Now()
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		rows, err := validConsents(ctx, person, now)
		for _, r := range rows {
			if r.Covers(purpose, recipient, now) {
				c = r.Consent
				return nil
			}
		}
		return err
	})
	return c, err
}

// Withdraw ends a consent at once: what it opened is closed in this transaction.
// Withdrawing again changes nothing. goOn says whether the partner's appointment
// or service continues as the partner's own.
func (s *Service) Withdraw(ctx context.Context, person ids.ID[ids.Person], id ids.ID[ids.Consent], goOn bool) (c Consent, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		err := withdrawConsent(ctx, id, s.Clock.Now())
		again := fault.Has(err, fault.VersionConflict)
		if err != nil && !again {
			return err
		}
		// The person is compared after the update, so that of two withdrawals the
		// second sees what the first did; a foreign id rolls back.
		if c, err = s.Consent(ctx, person, id); err != nil || again {
			return err
		}
		if err := s.Withdrawals.ConsentWithdrawn(ctx, person, id, goOn); err != nil {
			return err
		}
		return s.Audit.Did(ctx, audit.Entry{Action: "withdraw_consent", Object: "person", ID: person.String(), Fields: []string{c.Purpose}})
	})
	return c, err
}

// consentAnywhere finds a consent of the tenant by its id alone, for a replay.
func (s *Service) consentAnywhere(ctx context.Context, id string) (c Consent, err error) {
	cid, err := ids.Parse[ids.Consent](id)
	if err != nil {
		return c, fault.New(fault.NotFound)
	}
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		r, err := consentOfTenant(ctx, cid)
		if db.NoRows(err) {
			return fault.New(fault.NotFound)
		}
		c = r.Consent
		return err
	})
	return c, err
}
