package accounts

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"shubbak/platform/i18n"
	"shubbak/tenants"
	"shubbak/web"
)

type limitsAnswer struct {
	FileSize     int64 `json:"file_size" validate:"required" description:"bytes of one document"`
	Documents    int64 `json:"documents_size" validate:"required" description:"bytes of all documents"`
	IdleMinutes  int   `json:"idle_minutes" validate:"required"`
	SecondFactor bool  `json:"second_factor" validate:"required"`
}

type tenantAnswer struct {
	Slug          string       `json:"slug" validate:"required"`
	Kind          string       `json:"kind" validate:"required"`
	Version       int64        `json:"version" validate:"required"`
	Name          i18n.Words   `json:"name" validate:"required"`
	Accent        string       `json:"accent" validate:"required"`
	Mark          string       `json:"mark,omitempty"`
	Languages     []string     `json:"languages" validate:"required"`
	Locale        string       `json:"locale" validate:"required"`
	Notice        i18n.Words   `json:"notice" validate:"required"`
	Authorisation string       `json:"authorisation,omitempty" description:"number of the CNDP's authorisation"`
	Limits        limitsAnswer `json:"limits" validate:"required"`
}

type wordsPatch struct {
	Ar *string `json:"ar"`
	Fr *string `json:"fr"`
	En *string `json:"en"`
}

type limitsPatch struct {
	FileSize     *int64 `json:"file_size"`
	Documents    *int64 `json:"documents_size"`
	IdleMinutes  *int   `json:"idle_minutes"`
	SecondFactor *bool  `json:"second_factor"`
}

type tenantPatch struct {
	Version       int64                `json:"version" validate:"required"`
	Name          wordsPatch           `json:"name"`
	Accent        *string              `json:"accent"`
	Mark          web.Optional[string] `json:"mark"`
	Languages     *[]string            `json:"languages"`
	Locale        *string              `json:"locale"`
	Notice        wordsPatch           `json:"notice"`
	Authorisation web.Optional[string] `json:"authorisation"`
	Limits        limitsPatch          `json:"limits"`
}

// apply writes the patch over what stands.
func (p tenantPatch) apply(t *tenants.Tenant) {
	t.Version = p.Version
	set(&t.NameAr, p.Name.Ar)
	set(&t.NameFr, p.Name.Fr)
	set(&t.NameEn, p.Name.En)
	set(&t.NoticeAr, p.Notice.Ar)
	set(&t.NoticeFr, p.Notice.Fr)
	set(&t.NoticeEn, p.Notice.En)
	set(&t.Accent, p.Accent)
	t.Mark, t.Authorisation = p.Mark.Of(t.Mark), p.Authorisation.Of(t.Authorisation)
	if p.Languages != nil {
		t.Languages = languageList(*p.Languages)
	}
	if p.Locale != nil {
		t.Locale = i18n.Lang(*p.Locale)
	}
	set(&t.FileLimit, p.Limits.FileSize)
	set(&t.DocumentQuota, p.Limits.Documents)
	set(&t.IdleMinutes, p.Limits.IdleMinutes)
	set(&t.SecondFactor, p.Limits.SecondFactor)
}

func set[T any](to *T, value *T) {
	if value != nil {
		*to = *value
	}
}

// languageList writes languages as they are kept, each once, in the product's order;
// what is no language stays, to be refused.
func languageList(list []string) string {
	var out []string
	for _, l := range i18n.Langs {
		if slices.Contains(list, string(l)) {
			out = append(out, string(l))
		}
	}
	for _, l := range list {
		if _, ok := i18n.Parse(l); !ok {
			out = append(out, l)
		}
	}
	return strings.Join(out, ",")
}

func tenantOf(t tenants.Tenant) tenantAnswer {
	out := tenantAnswer{Slug: t.Slug, Kind: t.Kind, Version: t.Version, Name: t.Words(), Accent: t.Accent, Mark: t.Mark, Locale: string(t.Locale),
		Notice: i18n.Words{Ar: t.NoticeAr, Fr: t.NoticeFr, En: t.NoticeEn}, Authorisation: t.Authorisation,
		Limits: limitsAnswer{t.FileLimit, t.DocumentQuota, t.IdleMinutes, t.SecondFactor}}
	for _, l := range t.Speaks() {
		out.Languages = append(out.Languages, string(l))
	}
	return out
}

func (s *Service) settingRoutes() []web.Route {
	return []web.Route{
		web.JSON(http.MethodGet, "/tenant", "Settings of the institution", Govern, func(ctx context.Context, _ web.Nothing) (tenantAnswer, error) {
			t, err := s.Settings(ctx)
			return tenantOf(t), err
		}),
		web.Checked(web.JSON(http.MethodPatch, "/tenant", "Change settings of the institution", Govern, func(ctx context.Context, in tenantPatch) (tenantAnswer, error) {
			t, err := s.Settings(ctx)
			if err != nil {
				return tenantAnswer{}, err
			}
			in.apply(&t)
			if _, err := s.SetSettings(ctx, t); err != nil {
				return tenantAnswer{}, err
			}
			t, err = s.Settings(ctx)
			return tenantOf(t), err
		}).Replays(func(ctx context.Context, _ string) (any, error) {
			t, err := s.Settings(ctx)
			return tenantOf(t), err
		}), func(ctx context.Context, in tenantPatch) error {
			t := *tenants.From(ctx).Tenant // as it stands in memory: nothing is wrong with it
			in.apply(&t)
			return t.Check()
		}),
	}
}
