package documents

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"shubbak/platform/audit"
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/tenants"
	"shubbak/web"
)

// View is a document as the API shows it.
type View struct {
	ID          ids.ID[ids.Document] `json:"id" validate:"required"`
	Name        string               `json:"name" validate:"required"`
	Size        int64                `json:"size" validate:"required"`
	SHA256      string               `json:"sha256" validate:"required"`
	MediaType   string               `json:"media_type" validate:"required"`
	Category    string               `json:"category" validate:"required"`
	Sensitivity string               `json:"sensitivity" validate:"required"`
	State       string               `json:"state" validate:"required"`
	Version     int64                `json:"version" validate:"required"`
	CreatedAt   time.Time            `json:"created_at" validate:"required"`
	Replaces    ids.ID[ids.Document] `json:"replaces,omitzero"`
	Retention   string               `json:"retention" validate:"required"`

	Mine bool `json:"-"` // the reader's own tenant put it there
}

// ResourceID lets a replay find the document again.
func (v View) ResourceID() string { return v.ID.String() }

// Show is the API's view of a document.
func Show(d Document) View {
	return View{d.ID, d.Name, d.Size, d.SHA256, d.MediaType, d.Category, d.Sensitivity, d.State, d.Version, d.CreatedAt, d.Replaces, d.Retention, false}
}

type listQuery struct {
	web.Paging
	Subject string `query:"subject" json:"-"`
}

type docPath struct {
	ID ids.ID[ids.Document] `path:"id" json:"-"`
}

// parseSubject reads referral:{id} or agreement:{id}.
func parseSubject(s string) (referral ids.ID[ids.Referral], agreement ids.ID[ids.Agreement], ok bool) {
	kind, rest, _ := strings.Cut(s, ":")
	var err error
	switch kind {
	case "referral":
		referral, err = ids.Parse[ids.Referral](rest)
	case "agreement":
		agreement, err = ids.Parse[ids.Agreement](rest)
	default:
		return referral, agreement, false
	}
	return referral, agreement, err == nil
}

// named gives away the names of files of a referral, once it is written down who learns
// those of the other side. A list whose slice closes meanwhile keeps one's own.
func (s *Service) named(ctx context.Context, action string, referral ids.ID[ids.Referral], rows []Document) ([]Document, error) {
	theirs := func(d Document) bool { return d.TenantID != tenants.Current(ctx) }
	if referral.IsZero() || len(rows) == 0 {
		return rows, nil
	}
	if slices.ContainsFunc(rows, theirs) {
		err := s.Subjects.DocumentsNamed(ctx, referral)
		if fault.Has(err, fault.NotOpen) && action == "list" {
			rows, err = slices.DeleteFunc(rows, theirs), nil
		}
		if err != nil {
			return nil, err
		}
	}
	seen := make([]string, len(rows))
	for i, d := range rows {
		seen[i] = d.ID.String()
	}
	return rows, s.Audit.Opened(ctx, audit.Entry{Action: action, Object: "document", IDs: seen})
}

func (s *Service) routes() []web.Route {
	return append([]web.Route{
		web.JSON(http.MethodGet, "/documents", "List the documents of a record that stand open to this reader", Read, func(ctx context.Context, in listQuery) (web.List[View], error) {
			referral, agreement, ok := parseSubject(in.Subject)
			if !ok {
				return web.List[View]{}, web.Malformed("subject")
			}
			page, err := in.Decode(in.Subject)
			if err != nil {
				return web.List[View]{}, err
			}
			rows, err := s.list(ctx, referral, agreement, page)
			if err == nil {
				rows, err = s.named(ctx, "list", referral, rows)
			}
			return web.Cut(page, rows, func(d Document) string { return d.ID.String() }, Show), err
		}),
		web.JSON(http.MethodGet, "/documents/:id", "Describe a document", Read, func(ctx context.Context, in docPath) (View, error) {
			d, err := s.Get(ctx, in.ID)
			if err == nil {
				_, err = s.named(ctx, "open", d.ReferralID, []Document{d})
			}
			if err != nil {
				return View{}, err
			}
			return Show(d), nil
		}),
	}, s.streams()...)
}
