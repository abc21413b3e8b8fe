package web

import (
	"net/http"
	"time"

	"shubbak/platform/i18n"
	"shubbak/policies"
	"shubbak/tenants"
)

// helpKeys are the keys of design.md §9 that the script knows.
var helpKeys = []struct{ Keys, Word string }{
	{"/", "search"}, {"j · k", "rows"}, {"o", "open"}, {"x", "select"}, {"Alt + ↑ ↓", "neighbour"}, {"d", "decide"}, {"e", "acknowledge"}, {"c", "message"}, {"h", "danger"},
	{"g i", "inbox"}, {"g o", "outbox"}, {"g r", "register"}, {"g d", "home"}, {"Ctrl + Enter", "submit"}, {"Esc", "close"}, {"?", "keys"},
}

var helpIcons = map[string]string{"danger": "emergency", "find": "search", "refer": "send", "receive": "inbox", "accept": "check", "report": "pencil", "capacity": "building", "staff": "people", "settings": "shield"}

// HelpPage is the way in for the first day: what a reader may do decides what it
// says.
func HelpPage(perm policies.Permission) Route {
	return Page(http.MethodGet, "/help", perm, func(c *Ctx) error {
		v := c.View("")
		var steps []string
		for _, x := range []struct{ step, object, action string }{{"danger", "emergency", "read"}, {"find", "person", "search"}, {"refer", "referral", "create"}, {"receive", "referral", "acknowledge"},
			{"accept", "referral", "accept"}, {"report", "referral", "report"}, {"capacity", "service", "capacity"}, {"staff", "account", "administer"}, {"settings", "service", "edit"}} {
			if v.May(x.object, x.action) {
				steps = append(steps, x.step)
			}
		}
		v.Title = v.T("help.title")
		return c.Render(helpView(v, steps))
	})
}

// GalleryView is what the gallery is drawn with: a reader who may do nothing.
func GalleryView(catalog *i18n.Catalog, t *tenants.Tenant, l i18n.Lang, now time.Time) *View {
	v := &View{Lang: l, Tenant: t, Base: "/t/" + t.Slug, Now: now, Brand: t.Accent, catalog: catalog}
	v.Title = v.T("gallery.title")
	return v
}
