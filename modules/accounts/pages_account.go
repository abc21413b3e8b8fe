package accounts

import (
	"net/http"
	"net/url"

	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/web"
)

func (s *Service) ownPages() []web.Route {
	return []web.Route{
		web.Page(http.MethodGet, "/account", Me, s.accountPage),
		web.Page(http.MethodPost, "/account/preferences", Me, s.preferencesPost),
		web.Page(http.MethodGet, "/account/password", Me, s.passwordPage),
		web.Page(http.MethodPost, "/account/password", Me, s.passwordPost),
		web.Page(http.MethodPost, "/account/sessions/end", Me, s.othersEndPost),
		web.Page(http.MethodPost, "/account/sessions/:session/end", Me, s.sessionEndPost),
		web.Page(http.MethodGet, "/account/second-factor", Me, s.factorPage),
		web.Page(http.MethodPost, "/account/second-factor/start", Me, s.factorStart),
		web.Page(http.MethodPost, "/account/second-factor/confirm", Me, s.factorConfirm),
		web.Page(http.MethodPost, "/account/second-factor/off", Me, s.factorOff),
		web.Page(http.MethodGet, "/forgotten", web.Public, s.forgottenPage),
		web.Page(http.MethodPost, "/forgotten", web.Public, s.forgottenPost),
		web.Page(http.MethodPost, "/unlock", Me, s.unlockPost).WhileShut(),
		web.Page(http.MethodGet, "/unlock", Me, func(c *web.Ctx) error { return c.See(c.Next("")) }),
		web.Page(http.MethodPost, "/lock", Me, s.lockPost).WhileShut(),
		web.Page(http.MethodGet, "/seen", Me, func(c *web.Ctx) error { return c.Quiet(nil) }),
		web.Page(http.MethodGet, "/kept", Me, s.keptPage),
	}
}

// ownAccount is what the page about the reader shows.
type ownAccount struct {
	Preferences
	Sessions []sessionLine
	Factor   Factor
}

type sessionLine struct {
	Session
	Since, Seen string
	Here        bool
}

func (s *Service) accountPage(c *web.Ctx) error {
	v := c.View("")
	var x ownAccount
	var err error
	if x.Preferences, err = s.Preferences(c.Std()); err != nil {
		return err
	}
	if x.Factor, err = s.Factor(c.Std()); err != nil {
		return err
	}
	list, err := s.OwnSessions(c.Std())
	if err != nil {
		return err
	}
	for _, one := range list {
		l := sessionLine{Session: one, Since: i18n.DateTime(v.Lang, v.Local(one.CreatedAt)), Here: one.ID == c.Actor().Session}
		if !one.SeenAt.IsZero() {
			l.Seen = i18n.DateTime(v.Lang, v.Local(one.SeenAt))
		}
		x.Sessions = append(x.Sessions, l)
	}
	v.Title = v.T("frame.account")
	return c.Render(accountView(v, x))
}

func (s *Service) preferencesPost(c *web.Ctx) error {
	f := c.Form()
	if err := s.SetPreferences(c.Std(), Preferences{Language: f.Get("language"), SingleKeys: f.Get("single_keys") != "", MailNotices: f.Get("mail_notices") != ""}); err != nil {
		return err
	}
	c.Flash("flash.account.saved", "")
	return c.See("/account")
}

func (s *Service) passwordPage(c *web.Ctx) error { return showPassword(c, nil) }

func showPassword(c *web.Ctx, problems web.Problems) error {
	v := c.View("")
	v.Title, v.Failed = v.T("account.password.title"), len(problems) > 0
	return c.Render(passwordView(v, problems))
}

func (s *Service) passwordPost(c *web.Ctx) error {
	f := c.Form()
	err := s.ChangePassword(c.Std(), f.Get("old_password"), f.Get("password"))
	if web.Faults(err) != nil {
		c.Unprocessable(err)
		return showPassword(c, problemsOf(c, err))
	}
	if err != nil {
		return err
	}
	c.Flash("flash.account.changed_password", "")
	return c.See("/account")
}

func (s *Service) othersEndPost(c *web.Ctx) error {
	return s.endedSession(c, s.EndOwn(c.Std(), ids.ID[ids.Session]{}))
}

func (s *Service) sessionEndPost(c *web.Ctx) error {
	id, err := ids.Parse[ids.Session](c.Params("session"))
	if err != nil {
		return fault.New(fault.NotFound)
	}
	return s.endedSession(c, s.EndOwn(c.Std(), id))
}

func (s *Service) endedSession(c *web.Ctx, err error) error {
	if err != nil {
		return err
	}
	c.Flash("flash.account.session_ended", "")
	return c.See("/account")
}

func (s *Service) factorPage(c *web.Ctx) error { return s.showFactor(c, nil) }

func (s *Service) showFactor(c *web.Ctx, refused error) error {
	f, err := s.Factor(c.Std())
	if err != nil {
		return err
	}
	v := c.View("")
	problem := ""
	if refused != nil {
		c.Unprocessable(refused)
		problem = sentence(c, refused)
		if fault.Has(refused, fault.InvalidCredentials) {
			problem = v.T("account.factor.wrong")
		}
	}
	v.Title, v.Failed = v.T("account.factor.title"), problem != ""
	return c.Render(factorView(v, f, problem))
}

// factorDone shows the page again, with what was refused where something was.
func (s *Service) factorDone(c *web.Ctx, err error) error {
	if fault.Has(err, fault.InvalidCredentials) || fault.Has(err, fault.TooMany) || fault.Has(err, fault.NotPermitted) {
		return s.showFactor(c, err)
	}
	if err != nil {
		return err
	}
	return c.See("/account/second-factor")
}

func (s *Service) factorStart(c *web.Ctx) error { return s.factorDone(c, s.BeginFactor(c.Std())) }

func (s *Service) factorConfirm(c *web.Ctx) error {
	return s.factorDone(c, s.ConfirmFactor(c.Std(), c.Form().Get("code")))
}

func (s *Service) factorOff(c *web.Ctx) error {
	return s.factorDone(c, s.RemoveFactor(c.Std(), c.Form().Get("code")))
}

func (s *Service) forgottenPage(c *web.Ctx) error {
	v := c.View("")
	v.Plain, v.Title = true, v.T("forgotten.title")
	return c.Render(forgottenView(v, c.Query("asked") != "", nil))
}

// forgottenPost answers the same whoever is asked for.
func (s *Service) forgottenPost(c *web.Ctx) error {
	err := s.Forgotten(c.Std(), c.Form().Get("email"))
	if web.Faults(err) == nil && !fault.Has(err, fault.TooMany) {
		if err != nil {
			return err
		}
		return c.See("/forgotten?asked=1")
	}
	c.Unprocessable(err)
	v := c.View("")
	v.Plain, v.Failed, v.Title = true, true, v.T("forgotten.title")
	problems := problemsOf(c, err)
	if len(problems) == 0 {
		problems = web.Problems{{Field: "email", Text: sentence(c, err)}}
	}
	return c.Render(forgottenView(v, false, problems))
}

func (s *Service) lockPost(c *web.Ctx) error {
	err := s.Lock(c.Std())
	if c.ByScript() {
		return c.Quiet(err)
	}
	if err != nil {
		return err
	}
	return c.See(c.Next(c.Form().Get("next")))
}

func (s *Service) unlockPost(c *web.Ctx) error {
	f := c.Form()
	err := s.Unlock(c.Std(), f.Get("password"))
	if c.ByScript() {
		return c.Quiet(err)
	}
	if fault.Has(err, fault.InvalidCredentials) || fault.Has(err, fault.TooMany) {
		return c.AskAgain(err)
	}
	if err != nil {
		return err
	}
	if f.Get("kept") != "" {
		return c.See("/kept")
	}
	return c.See(c.Next(f.Get("next")))
}

func (s *Service) keptPage(c *web.Ctx) error {
	path, form, err := s.TakeKept(c.Std())
	if fault.Has(err, fault.NotFound) {
		return c.See(c.Next(""))
	}
	if err != nil {
		return err
	}
	return c.Replayed(path, url.Values(form))
}
