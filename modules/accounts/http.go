package accounts

import (
	"context"
	"net/http"
	"slices"
	"time"

	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/web"
)

type signInBody struct {
	Email    string  `json:"email" validate:"required,max=200"`
	Password string  `json:"password" validate:"required,max=200"`
	Code     *string `json:"code"`
}

type signInAnswer struct {
	Token     string    `json:"token" validate:"required"`
	ExpiresAt time.Time `json:"expires_at" validate:"required"`
}

func (b signInBody) credentials() Credentials {
	c := Credentials{Email: b.Email, Password: b.Password}
	if b.Code != nil {
		c.Code = *b.Code
	}
	return c
}

type preferencesBody struct {
	Language    string `json:"language" validate:"required,max=2"`
	SingleKeys  *bool  `json:"single_keys" validate:"required"`
	MailNotices *bool  `json:"mail_notices" validate:"required"`
}

type preferencesAnswer struct {
	Language    string `json:"language" validate:"required"`
	SingleKeys  bool   `json:"single_keys" validate:"required"`
	MailNotices bool   `json:"mail_notices" validate:"required"`
}

type meAnswer struct {
	User struct {
		ID     ids.ID[ids.User] `json:"id" validate:"required"`
		Email  string           `json:"email" validate:"required"`
		NameAr string           `json:"name_ar,omitempty"`
		Name   string           `json:"name,omitempty"`
		Locale string           `json:"locale" validate:"required"`
	} `json:"user" validate:"required"`
	Tenant      string                `json:"tenant" validate:"required"`
	Roles       []string              `json:"roles" validate:"required"`
	Permissions []policies.Permission `json:"permissions" validate:"required"`
}

func (s *Service) routes() []web.Route {
	return append(slices.Concat(s.userRoutes(), s.settingRoutes(), s.unitRoutes()), []web.Route{
		web.JSON(http.MethodGet, "/preferences", "How the reader wants to work", Me, func(ctx context.Context, _ web.Nothing) (preferencesAnswer, error) {
			p, err := s.Preferences(ctx)
			return preferencesAnswer(p), err
		}),
		web.JSON(http.MethodPut, "/preferences", "Language, single-key shortcuts, mails about notices", Me, func(ctx context.Context, in preferencesBody) (preferencesAnswer, error) {
			p := Preferences{Language: in.Language, SingleKeys: *in.SingleKeys, MailNotices: *in.MailNotices}
			return preferencesAnswer(p), s.SetPreferences(ctx, p)
		}).Replays(func(ctx context.Context, _ string) (any, error) {
			p, err := s.Preferences(ctx)
			return preferencesAnswer(p), err
		}),
		web.JSON(http.MethodPost, "/session", "Sign in", web.Public, func(ctx context.Context, in signInBody) (signInAnswer, error) {
			i, err := s.SignIn(ctx, in.credentials())
			return signInAnswer{i.Token, i.ExpiresAt}, err
		}).Creates(),
		web.JSON(http.MethodDelete, "/session", "Sign out", Me, func(ctx context.Context, _ web.Nothing) (web.Nothing, error) {
			return web.Nothing{}, s.SignOut(ctx)
		}),
		web.JSON(http.MethodGet, "/me", "Who is signed in, and what they may do", Me, func(ctx context.Context, _ web.Nothing) (meAnswer, error) {
			a := tenants.From(ctx)
			var out meAnswer
			out.User.ID, out.User.Email, out.User.Name, out.User.NameAr, out.User.Locale = a.User, a.Email, a.Name.Fr, a.Name.Ar, string(a.Lang)
			out.Tenant, out.Roles, out.Permissions = a.Tenant.Slug, a.Roles, s.Law.Of(a)
			return out, nil
		}),
	}...)
}
