package accounts

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/web"
)

// section is one part of the settings. Another module's stands here by its address;
// the law hides it from who may not go there.
type section struct {
	Path, Key, Icon string
	Perm            policies.Permission
}

// sections are the settings in the order in which a new institution makes them.
var sections = []section{
	{"/settings/look", "settings.look", "window", Govern},
	{"/settings/units", "settings.units", "building", Administer},
	{"/settings/languages", "settings.languages", "message", Govern},
	{"/settings/notice", "settings.notice", "shield", Govern},
	{"/settings/limits", "settings.limits", "lock", Govern},
}

func (s *Service) settingPages() []web.Route {
	out := []web.Route{web.Page(http.MethodGet, "/settings", Govern, s.settingsPage)}
	for _, name := range []string{"look", "languages", "notice", "limits"} {
		out = append(out, web.Page(http.MethodGet, "/settings/"+name, Govern, func(c *web.Ctx) error { return s.settingPage(c, name) }),
			web.Page(http.MethodPost, "/settings/"+name, Govern, func(c *web.Ctx) error { return s.settingPost(c, name) }))
	}
	return out
}

func (s *Service) settingsPage(c *web.Ctx) error {
	v := c.View("")
	v.Title = v.T("settings.nav")
	var list []section
	for _, x := range sections {
		if v.May(x.Perm.Object, x.Perm.Action) {
			list = append(list, x)
		}
	}
	return c.Render(settingsView(v, list))
}

// settingForm is one section with what was typed.
type settingForm struct {
	Section  string
	Version  int64
	Values   url.Values
	Problems web.Problems
	Conflict bool // somebody else saved meanwhile
}

func (s *Service) settingPage(c *web.Ctx, name string) error {
	t, err := s.Settings(c.Std())
	if err != nil {
		return err
	}
	return showSetting(c, settingForm{Section: name, Version: t.Version, Values: valuesOf(t)})
}

func showSetting(c *web.Ctx, x settingForm) error {
	v := c.View("")
	v.Title, v.Failed = v.T("settings."+x.Section), len(x.Problems) > 0 || x.Conflict
	return c.Render(settingView(v, x))
}

// valuesOf fills the forms; the names are those of the API, without dots.
func valuesOf(t tenants.Tenant) url.Values {
	f := url.Values{"name_ar": {t.NameAr}, "name_fr": {t.NameFr}, "name_en": {t.NameEn}, "accent": {t.Accent}, "mark": {t.Mark}, "locale": {string(t.Locale)},
		"notice_ar": {t.NoticeAr}, "notice_fr": {t.NoticeFr}, "notice_en": {t.NoticeEn}, "authorisation": {t.Authorisation},
		"file_size": {strconv.FormatInt(t.FileLimit>>20, 10)}, "documents_size": {strconv.FormatInt(t.DocumentQuota>>30, 10)}, "idle_minutes": {strconv.Itoa(t.IdleMinutes)}, "languages": strings.Split(t.Languages, ",")}
	if t.SecondFactor {
		f.Set("second_factor", "1")
	}
	return f
}

// read takes the fields of one section over into the settings.
func (x settingForm) read(t *tenants.Tenant) {
	f := x.Values
	switch x.Section {
	case "look":
		t.NameAr, t.NameFr, t.NameEn, t.Accent, t.Mark = f.Get("name_ar"), f.Get("name_fr"), f.Get("name_en"), f.Get("accent"), f.Get("mark")
	case "languages":
		t.Languages, t.Locale = languageList(f["languages"]), i18n.Lang(f.Get("locale"))
	case "notice":
		t.NoticeAr, t.NoticeFr, t.NoticeEn, t.Authorisation = f.Get("notice_ar"), f.Get("notice_fr"), f.Get("notice_en"), f.Get("authorisation")
	case "limits":
		mega, _ := strconv.ParseInt(f.Get("file_size"), 10, 32)
		if giga, _ := strconv.ParseInt(f.Get("documents_size"), 10, 32); f.Has("documents_size") && giga<<30 != t.DocumentQuota>>30<<30 {
			t.DocumentQuota = giga << 30 // what is finer than a gigabyte was set by a program and stays
		}
		t.FileLimit, t.SecondFactor = mega<<20, f.Get("second_factor") != ""
		t.IdleMinutes, _ = strconv.Atoi(f.Get("idle_minutes"))
	}
}

func (s *Service) settingPost(c *web.Ctx, name string) error {
	t, err := s.Settings(c.Std())
	if err != nil {
		return err
	}
	x := settingForm{Section: name, Version: t.Version, Values: c.Form()}
	x.read(&t)
	t.Version = version(c.Form())
	_, err = s.SetSettings(c.Std(), t)
	if err == nil {
		c.Flash("flash.settings.saved", "")
		return c.See("/settings")
	}
	x.Conflict = fault.Has(err, fault.VersionConflict)
	for _, f := range web.Faults(err) {
		f.Field = strings.ReplaceAll(strings.TrimPrefix(f.Field, "limits."), ".", "_")
		x.Problems = append(x.Problems, web.Problem{Field: f.Field, Text: settingFault(c, f)})
	}
	if !x.Conflict && x.Problems == nil {
		return err
	}
	slices.SortFunc(x.Problems, func(a, b web.Problem) int { return strings.Compare(a.Field, b.Field) })
	c.Unprocessable(err)
	return showSetting(c, x)
}

// settingFault says what a limit allows; the general sentence says only that it is
// out of range.
func settingFault(c *web.Ctx, f fault.Field) string {
	v := c.View("")
	switch f.Field {
	case "file_size":
		return v.T("settings.file_range", "From", tenants.MinFile>>20, "To", tenants.MaxFile>>20)
	case "documents_size":
		return v.T("settings.documents_range")
	case "idle_minutes":
		return v.T("settings.idle_range", "From", tenants.MinIdle, "To", tenants.MaxIdle)
	}
	return c.FieldSentence(f)
}

func accentChoices(v *web.View) []web.Choice {
	var out []web.Choice
	for _, a := range tenants.Accents {
		out = append(out, web.Choice{Value: a, Word: v.T("settings.accent." + a)})
	}
	return out
}

func markChoices(v *web.View) []web.Choice {
	out := []web.Choice{{Value: "", Word: v.T("settings.mark.none")}}
	for _, m := range tenants.Marks {
		out = append(out, web.Choice{Value: m, Word: v.T("settings.mark." + m)})
	}
	return out
}

func allLanguages(v *web.View) []web.Choice {
	var out []web.Choice
	for _, l := range i18n.Langs {
		out = append(out, web.Choice{Value: string(l), Word: v.Language(l)})
	}
	return out
}
