package privacy

import (
	"context"
	"encoding/hex"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"shubbak/modules/referrals"
	"shubbak/platform/audit"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/web"
)

// DisclosureView is one line as the API shows it.
type DisclosureView struct {
	ReferralID referrals.ID         `json:"referral_id" validate:"required"`
	Number     string               `json:"number" validate:"required"`
	Slice      policies.Slice       `json:"slice" validate:"required"`
	DocumentID ids.ID[ids.Document] `json:"document_id,omitzero"`
	Tenant     string               `json:"tenant" validate:"required"`
	Role       string               `json:"role,omitempty"`
	UserID     ids.ID[ids.User]     `json:"user_id,omitzero" description:"of the caller's own tenant alone"`
	At         time.Time            `json:"at" validate:"required"`
}

func showLine(l Line) DisclosureView {
	return DisclosureView{l.Referral, l.Number, l.Slice, l.Document, l.TenantSlug, l.Role, l.User, l.At}
}

// EntryView is one sealed entry of the audit as the API shows it.
type EntryView struct {
	Sequence  int64            `json:"sequence" validate:"required"`
	At        time.Time        `json:"at" validate:"required"`
	UserID    ids.ID[ids.User] `json:"user_id,omitzero" description:"left out for work of the system"`
	Action    string           `json:"action" validate:"required"`
	Subject   string           `json:"subject" validate:"required"`
	Fields    []string         `json:"fields,omitempty"`
	IDs       []string         `json:"ids,omitempty"`
	RequestID string           `json:"request_id,omitempty"`
	Hash      string           `json:"hash" validate:"required"`
}

func showEntry(e audit.Sealed) EntryView {
	subject := e.Entry.Object
	if e.Entry.ID != "" {
		subject += ":" + e.Entry.ID
	}
	return EntryView{e.Seq, e.At, e.User, e.Entry.Action, subject, e.Entry.Fields, e.Entry.IDs, e.RequestID, hex.EncodeToString(e.Hash)}
}

type disclosuresQuery struct {
	web.Paging
	PersonID ids.ID[ids.Person] `query:"person_id" json:"-"`
}

type auditQuery struct {
	web.Paging
	Subject string `query:"subject" json:"-"`
}

var subjectForm = regexp.MustCompile(`^[a-z_]{1,40}:[0-9a-f-]{36}$`)

func (s *Service) routes() []web.Route {
	return []web.Route{
		web.JSON(http.MethodGet, "/disclosures", "Who opened what of a person, newest first: of a partner's users the tenant and the role", Disclosures,
			func(ctx context.Context, in disclosuresQuery) (web.List[DisclosureView], error) {
				if in.PersonID.IsZero() {
					return web.List[DisclosureView]{}, web.Malformed("person_id")
				}
				page, err := in.Decode(in.PersonID.String())
				if err != nil {
					return web.List[DisclosureView]{}, err
				}
				rows, err := s.Disclosures(ctx, in.PersonID, page)
				return web.Cut(page, rows, Line.Key, showLine), err
			}),
		web.JSON(http.MethodGet, "/audit", "The sealed audit of one's own tenant, oldest first; with a subject (referral:{id} …) what concerns it", Audit,
			func(ctx context.Context, in auditQuery) (web.List[EntryView], error) {
				if in.Subject != "" && !subjectForm.MatchString(in.Subject) {
					return web.List[EntryView]{}, web.Malformed("subject")
				}
				page, err := in.Decode(in.Subject)
				if err != nil {
					return web.List[EntryView]{}, err
				}
				object, id, _ := strings.Cut(in.Subject, ":")
				rows, err := s.Chain(ctx, object, id, page)
				return web.Cut(page, rows, func(e audit.Sealed) string { return strconv.FormatInt(e.Seq, 10) }, showEntry), err
			}),
	}
}
