package accounts

import (
	"context"
	"strings"

	"shubbak/platform/audit"
	"shubbak/platform/fault"
	"shubbak/tenants"
)

// Settings gives what the administrator set for the institution, as it stands now
// and not as memory has it.
func (s *Service) Settings(ctx context.Context) (t tenants.Tenant, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context) error {
		t, err = s.Tenants.Own(ctx)
		return err
	})
	return t, err
}

// SetSettings keeps them, if nobody else set any meanwhile.
func (s *Service) SetSettings(ctx context.Context, t tenants.Tenant) (*tenants.Tenant, error) {
	for _, text := range []*string{&t.NameAr, &t.NameFr, &t.NameEn, &t.NoticeAr, &t.NoticeFr, &t.NoticeEn, &t.Authorisation} {
		*text = strings.TrimSpace(*text)
	}
	if t.ID != tenants.Current(ctx) {
		return nil, fault.New(fault.NotFound)
	}
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		old, err := s.Tenants.Own(ctx)
		if err != nil {
			return err
		}
		if old.Version != t.Version {
			return fault.New(fault.VersionConflict)
		}
		if err := t.Check(); err != nil {
			return err
		}
		if err := s.Tenants.Save(ctx, &t); err != nil {
			return err
		}
		return s.Audit.Did(ctx, audit.Entry{Action: "change", Object: "tenant", ID: t.ID.String(), Fields: changed(old, t)})
	})
	if err != nil {
		return nil, err
	}
	return s.Tenants.ByID(ctx, t.ID)
}

// changed names the settings that differ, never their values.
func changed(a, b tenants.Tenant) (out []string) {
	for name, same := range map[string]bool{
		"name": a.Words() == b.Words(), "accent": a.Accent == b.Accent, "mark": a.Mark == b.Mark, "languages": a.Languages == b.Languages && a.Locale == b.Locale,
		"notice":        a.NoticeAr == b.NoticeAr && a.NoticeFr == b.NoticeFr && a.NoticeEn == b.NoticeEn,
		"authorisation": a.Authorisation == b.Authorisation, "file_size": a.FileLimit == b.FileLimit, "documents_size": a.DocumentQuota == b.DocumentQuota, "idle_minutes": a.IdleMinutes == b.IdleMinutes,
		"second_factor": a.SecondFactor == b.SecondFactor} {
		if !same {
			out = append(out, name)
		}
	}
	return out
}
