package notifications

import (
	"strings"
	"testing"

	"shubbak/modules/referrals"
	"shubbak/platform/ids"
)

// contract is the sentence of the contract ("GET /notifications"), written again.
var contract = map[Whom]string{
	ReceivingUnit: "sent answered recall_requested recall_undone recalled outcome_confirmed document_added entered_in_error",
	SendingUser:   "info_requested accepted acceptance_undone declined redirected waitlisted scheduled no_show completed failed recall_refused recalled expired returned",
	Approvers:     "approval_awaited",
	OtherSide:     "message",
	Alarm:         "danger_unanswered", // domain.md §2, "Immediate danger"
	// Of domain.md §2, "Clocks": warn at 75 %, breach to the unit.
	Owner:      "reminder",
	OwningUnit: "overdue",
	Uploader:   "document_refused",
	Nobody:     "created consent_awaited acknowledged started held resumed reported assigned",
}

func TestWhoIsToldStandsAsTheContractSays(t *testing.T) {
	want := map[string][]Whom{}
	for whom, events := range contract {
		for _, e := range strings.Fields(events) {
			want[e] = append(want[e], whom)
		}
	}
	for event, groups := range want {
		got := []Whom{told[event]}
		if told[event] == bothUnits {
			got = []Whom{ReceivingUnit, SendingUser}
		}
		if len(got) != len(groups) {
			t.Errorf("%s tells %v, the contract says %v", event, got, groups)
			continue
		}
		for _, g := range groups {
			if got[0] != g && got[len(got)-1] != g {
				t.Errorf("%s tells %v, the contract says %v", event, got, groups)
			}
		}
	}
	for event := range told {
		if want[event] == nil {
			t.Errorf("%s stands in no line of the contract", event)
		}
	}
	for command, rules := range referrals.Table {
		for _, r := range rules {
			if told[r.Event] == "" {
				t.Errorf("%s writes %s, and nobody decided who is told", command, r.Event)
			}
		}
	}
}

// TestNoDeliveryIsMadeForNothing: the audience is narrowed by the same table.
func TestNoDeliveryIsMadeForNothing(t *testing.T) {
	from, to := ids.New[ids.Tenant](), ids.New[ids.Tenant]()
	for event, group := range told {
		m := referrals.Moved{Event: event, FromTenant: from, ToTenant: to, ByTenant: from, Owner: to}
		sender, receiver := whom(m, from.String()) != Nobody, whom(m, to.String()) != Nobody
		wantSender := group == SendingUser || group == Approvers || group == bothUnits || group == Alarm
		wantReceiver := group == ReceivingUnit || group == OtherSide || group == bothUnits || group == Alarm || group == Owner || group == OwningUnit || group == Uploader
		if sender != wantSender || receiver != wantReceiver {
			t.Errorf("%s: sender %v, receiver %v", event, sender, receiver)
		}
	}
}

// What stands beside the table: a danger, and a letter, whose sender's unit acts for
// both sides.
func TestADangerAndALetterAreToldAsTheTableSays(t *testing.T) {
	from, to, by := ids.New[ids.Tenant](), ids.New[ids.Tenant](), ids.New[ids.User]()
	for _, c := range []struct {
		m                referrals.Moved
		sender, receiver Whom
	}{
		{referrals.Moved{Event: "sent", Danger: true, ToTenant: to}, Reviewer, Called},
		{referrals.Moved{Event: "accepted", Danger: true, ToTenant: to}, SendingUser, Nobody},
		{referrals.Moved{Event: "sent", Letter: true, ToTenant: from}, Nobody, Nobody},
		{referrals.Moved{Event: "sent", Letter: true, Danger: true, ToTenant: from}, Reviewer, Reviewer},
		{referrals.Moved{Event: "approval_awaited", Letter: true, ToTenant: from}, Approvers, Approvers},
		{referrals.Moved{Event: "expired", Letter: true, ToTenant: from}, SendingUser, SendingUser},
		{referrals.Moved{Event: "completed", Letter: true, ToTenant: from, ByUser: by}, Nobody, Nobody},
		{referrals.Moved{Event: "recalled", Letter: true, ToTenant: from}, Nobody, Nobody},
		{referrals.Moved{Event: "overdue", Letter: true, ToTenant: from, Owner: from}, Nobody, Nobody},
	} {
		c.m.FromTenant = from
		if got := whom(c.m, from.String()); got != c.sender {
			t.Errorf("%+v tells the %s at the sender, want the %s", c.m, got, c.sender)
		}
		if got := whom(c.m, c.m.ToTenant.String()); got != c.receiver {
			t.Errorf("%+v tells the %s at the receiver, want the %s", c.m, got, c.receiver)
		}
	}
}
