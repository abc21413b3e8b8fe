package tenants

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"shubbak/platform/db"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
)

// The limits of what an administrator may set.
const (
	MinFile, MaxFile   = 1 << 20, 2 << 30 // bytes of one document
	MinQuota, MaxQuota = 1 << 20, 1 << 50 // bytes of all documents
	MinIdle, MaxIdle   = 2, 120           // minutes
	maxName            = 200
	maxNotice          = 4000
)

var authorisationForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ./-]{1,59}$`)

// Check names every setting that cannot stand.
func (t *Tenant) Check() error {
	var f fault.Collect
	for field, name := range map[string]string{"name.ar": t.NameAr, "name.fr": t.NameFr, "name.en": t.NameEn} {
		switch n := len([]rune(strings.TrimSpace(name))); {
		case n == 0:
			f.Add(field, "required")
		case n > maxName:
			f.Add(field, "too_long")
		}
	}
	checkAccent(&f, t.Accent)
	if t.Mark != "" && !slices.Contains(Marks, t.Mark) {
		f.Add("mark", "unknown_code")
	}
	list := strings.Split(t.Languages, ",")
	for _, l := range list {
		if _, ok := i18n.Parse(l); !ok {
			f.Add("languages", "unknown_code")
		}
	}
	if !slices.Contains(list, string(t.Locale)) {
		f.AddField(fault.Field{Field: "locale", Code: "not_offered", Key: "settings.locale_not_offered"})
	}
	for field, text := range map[string]string{"notice.ar": t.NoticeAr, "notice.fr": t.NoticeFr, "notice.en": t.NoticeEn} {
		if len([]rune(text)) > maxNotice {
			f.Add(field, "too_long")
		}
	}
	if t.Authorisation != "" && !authorisationForm.MatchString(t.Authorisation) {
		f.Add("authorisation", "malformed")
	}
	if t.FileLimit < MinFile || t.FileLimit > MaxFile {
		f.Add("limits.file_size", "out_of_range")
	}
	if t.DocumentQuota < MinQuota || t.DocumentQuota > MaxQuota {
		f.Add("limits.documents_size", "out_of_range")
	}
	if t.IdleMinutes < MinIdle || t.IdleMinutes > MaxIdle {
		f.Add("limits.idle_minutes", "out_of_range")
	}
	return f.Err()
}

// checkAccent refuses what is not of the list. A colour of one's own is told why: on
// most of them white words could not be read.
func checkAccent(f *fault.Collect, accent string) {
	if slices.Contains(Accents, accent) {
		return
	}
	if c, ok := Contrast(accent); ok && c < 4.5 {
		f.AddField(fault.Field{Field: "accent", Code: "no_contrast", Key: "settings.no_contrast", Args: map[string]any{"Ratio": fmt.Sprintf("%.1f", c)}})
		return
	}
	f.Add("accent", "unknown_code")
}

// Contrast is the ratio of white words on a colour written #rrggbb (WCAG 2.2, 1.4.3).
func Contrast(colour string) (float64, bool) {
	if len(colour) != 7 || colour[0] != '#' {
		return 0, false
	}
	light := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			return 0, false
		}
		c := float64(n) / 255
		if c <= 0.03928 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		light += weight * c
	}
	return 1.05 / (light + 0.05), true
}

// Save writes what an administrator set of the tenant of ctx, if nobody else did
// meanwhile, in the transaction of ctx; the registry reads again once it commits.
func (r *Registry) Save(ctx context.Context, t *Tenant) error {
	if err := update(ctx, *t); err != nil {
		return err
	}
	t.Version++
	db.AfterCommit(ctx, func() { _ = r.reload(context.WithoutCancel(db.Detached(ctx))) })
	return nil
}
