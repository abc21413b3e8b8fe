package people

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/web"
)

// consent is one that may be recorded; change makes another of it.
func (h *house) consent(p Person, change ...func(c *Consent)) Consent {
	c := Consent{PersonID: p.ID, Purpose: "referral", Recipients: []string{"hospital"}, Categories: []string{"identity", "contact"}, Mode: "written", ExpiresAt: h.clock.Now().AddDate(0, 6, 0)}
	for _, f := range change {
		f(&c)
	}
	return c
}

func TestAConsentIsRecordedWhole(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.register(fatima())
		for name, c := range map[string]struct {
			change func(c *Consent)
			want   []string
		}{
			"as it should be":                  {func(*Consent) {}, nil},
			"an unknown purpose":               {func(c *Consent) { c.Purpose = "x" }, []string{"purpose:unknown_code"}},
			"no purpose":                       {func(c *Consent) { c.Purpose = "" }, []string{"purpose:required"}},
			"no recipient":                     {func(c *Consent) { c.Recipients = nil }, []string{"recipients:required"}},
			"an unknown recipient":             {func(c *Consent) { c.Recipients = []string{"hospital", "x"} }, []string{"recipients:unknown_code"}},
			"no category":                      {func(c *Consent) { c.Categories = nil }, []string{"categories:required"}},
			"an unknown category":              {func(c *Consent) { c.Categories = []string{"identity", "card"} }, []string{"categories:unknown_code"}},
			"an unknown mode":                  {func(c *Consent) { c.Mode = "spoken" }, []string{"mode:unknown_code"}},
			"a word without a witness":         {func(c *Consent) { c.Mode = "oral_witness" }, []string{"witness:required"}},
			"a thumb without a witness":        {func(c *Consent) { c.Mode = "thumbprint" }, []string{"witness:required"}},
			"a thumb with one":                 {func(c *Consent) { c.Mode, c.Evidence.Witness = "thumbprint", "Khadija" }, nil},
			"a guardian who is not named":      {func(c *Consent) { c.Mode, c.Evidence.Witness = "guardian", "Khadija" }, []string{"given_by:required"}},
			"a guardian":                       {func(c *Consent) { c.Mode, c.Evidence.GivenBy = "guardian", GivenBy{Name: "Ali", Quality: "father"} }, nil},
			"an end that has passed":           {func(c *Consent) { c.ExpiresAt = h.clock.Now() }, []string{"expires_at:in_the_past"}},
			"an end after eleven years":        {func(c *Consent) { c.ExpiresAt = h.clock.Now().AddDate(11, 0, 0) }, []string{"expires_at:out_of_range"}},
			"several faults are named at once": {func(c *Consent) { c.Purpose, c.Mode = "", "" }, []string{"mode:required", "purpose:required"}},
		} {
			_, err := h.Record(h.ctx(), h.consent(p, c.change))
			if got := fieldsOf(err); !slices.Equal(got, c.want) || c.want == nil && err != nil {
				t.Errorf("%s: %v, want %v (%v)", name, got, c.want, err)
			}
		}
		if _, err := h.Record(h.as(h.hospital), h.consent(p)); !fault.Has(err, fault.NotFound) {
			t.Errorf("for a person of another tenant: %v", err)
		}
	})
}

func TestEvidenceIsSealed(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.register(fatima())
		c, err := h.Record(h.ctx(), h.consent(p, func(c *Consent) { c.Mode, c.Evidence.Witness = "oral_witness", "Khadija Alaoui" }))
		if err != nil {
			t.Fatal(err)
		}
		err = h.DB.Read(h.ctx(), func(ctx context.Context) error {
			r, err := consentByID(ctx, p.ID, c.ID)
			if len(r.Sealed) == 0 || bytes.Contains(r.Sealed, []byte("Khadija")) {
				t.Error("who heard it stands in clear")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestAConsentCoversPurposeAndRecipientForATime(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p, other := h.register(fatima()), h.register(Person{GivenName: "Karim", FamilyName: "Alaoui", Sex: "male"})
		covers := func(person pid, purpose, recipient string) ids.ID[ids.Consent] {
			t.Helper()
			c, err := h.ConsentFor(h.ctx(), person, purpose, recipient)
			if err != nil {
				t.Fatal(err)
			}
			return c.ID
		}
		if !covers(p.ID, "referral", "hospital").IsZero() {
			t.Error("there is none yet")
		}
		first, err := h.Record(h.ctx(), h.consent(p))
		if err != nil {
			t.Fatal(err)
		}
		second, err := h.Record(h.ctx(), h.consent(p, func(c *Consent) { c.ExpiresAt = h.clock.Now().Add(time.Hour) }))
		if err != nil {
			t.Fatal(err)
		}
		if covers(p.ID, "referral", "hospital") != second.ID {
			t.Error("the newest covers")
		}
		if !covers(p.ID, "training", "hospital").IsZero() || !covers(p.ID, "referral", "chamber").IsZero() || !covers(other.ID, "referral", "hospital").IsZero() {
			t.Error("another purpose, recipient or person is covered")
		}
		h.clock.Advance(time.Hour)
		if covers(p.ID, "referral", "hospital") != first.ID {
			t.Error("what has expired covers nothing; the one before does")
		}
		if second.State(h.clock.Now()) != Expired || first.State(h.clock.Now()) != Given {
			t.Errorf("%s and %s", second.State(h.clock.Now()), first.State(h.clock.Now()))
		}
	})
}

func TestAWithdrawalActsOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p, other := h.register(fatima()), h.register(Person{GivenName: "Karim", FamilyName: "Alaoui", Sex: "male"})
		c, err := h.Record(h.ctx(), h.consent(p))
		if err != nil {
			t.Fatal(err)
		}
		for name, call := range map[string]func() error{
			"of another person": func() error { _, err := h.Withdraw(h.ctx(), other.ID, c.ID, false); return err },
			"of another tenant": func() error { _, err := h.Withdraw(h.as(h.hospital), p.ID, c.ID, false); return err },
			"of an invented id": func() error { _, err := h.Withdraw(h.ctx(), p.ID, ids.New[ids.Consent](), false); return err },
		} {
			if err := call(); !fault.Has(err, fault.NotFound) || h.told.calls != 0 {
				t.Errorf("%s: %v, told %d times", name, err, h.told.calls)
			}
		}
		h.told.fail = errors.New("boom")
		if _, err := h.Withdraw(h.ctx(), p.ID, c.ID, false); err == nil {
			t.Error("a withdrawal that closed nothing was called done")
		}
		if still, err := h.ConsentFor(h.ctx(), p.ID, "referral", "hospital"); err != nil || still.ID != c.ID {
			t.Errorf("it was not taken back as a whole: %v", err)
		}
		h.told.fail, h.told.calls = nil, 0
		got, err := h.Withdraw(h.ctx(), p.ID, c.ID, true)
		if err != nil || got.State(h.clock.Now()) != Withdrawn || got.Version != 2 || !h.told.inside || h.told.calls != 1 {
			t.Fatalf("%+v %v, told %d times, inside %v", got, err, h.told.calls, h.told.inside)
		}
		at := got.WithdrawnAt
		h.clock.Advance(time.Hour)
		if got, err = h.Withdraw(h.ctx(), p.ID, c.ID, false); err != nil || got.Version != 2 || !got.WithdrawnAt.Equal(at) || h.told.calls != 1 {
			t.Errorf("again: %+v %v, told %d times", got, err, h.told.calls)
		}
		if left, err := h.ConsentFor(h.ctx(), p.ID, "referral", "hospital"); err != nil || !left.ID.IsZero() {
			t.Errorf("it still covers: %v", err)
		}
	})
}

func TestOfTwoWithdrawalsAtOnceOneActs(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.register(fatima())
		c, err := h.Record(h.ctx(), h.consent(p))
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		results := make([]error, 4)
		for i := range results {
			wg.Go(func() { _, results[i] = h.Withdraw(h.ctx(), p.ID, c.ID, false) })
		}
		wg.Wait()
		if err := errors.Join(results...); err != nil || h.told.calls != 1 {
			t.Errorf("%v, told %d times", err, h.told.calls)
		}
	})
}

func TestAWithdrawalWaitsForAnActUnderTheConsent(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.register(fatima())
		c, err := h.Record(h.ctx(), h.consent(p))
		if err != nil {
			t.Fatal(err)
		}
		held, ended := make(chan struct{}), make(chan error, 1)
		release := make(chan struct{})
		go func() {
			ended <- h.DB.InTx(h.ctx(), func(ctx context.Context) error {
				_, err := h.ConsentFor(ctx, p.ID, "referral", "hospital")
				close(held)
				<-release
				return err
			})
		}()
		<-held
		done := make(chan error, 1)
		go func() { _, err := h.Withdraw(h.ctx(), p.ID, c.ID, false); done <- err }()
		select {
		case err := <-done:
			t.Errorf("it did not wait: %v", err)
		case <-time.After(150 * time.Millisecond):
		}
		close(release)
		if err := errors.Join(<-ended, <-done); err != nil {
			t.Error(err)
		}
	})
}

func TestConsentsAreListedNewestFirst(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.register(fatima())
		var want []ids.ID[ids.Consent]
		for range 3 {
			c, err := h.Record(h.ctx(), h.consent(p))
			if err != nil {
				t.Fatal(err)
			}
			want = append([]ids.ID[ids.Consent]{c.ID}, want...)
		}
		list, err := h.Consents(h.ctx(), p.ID, web.PageOf{Limit: 50})
		var got []ids.ID[ids.Consent]
		for _, c := range list {
			got = append(got, c.ID)
		}
		if err != nil || !slices.Equal(got, want) || !slices.Equal(list[0].Recipients, []string{"hospital"}) {
			t.Errorf("%v %v", got, err)
		}
		if _, err := h.Consents(h.as(h.hospital), p.ID, web.PageOf{Limit: 50}); !fault.Has(err, fault.NotFound) {
			t.Errorf("another tenant: %v", err)
		}
	})
}
