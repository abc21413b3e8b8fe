package main

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"testing"
	"time"

	"shubbak/modules/referrals"
	"shubbak/platform/i18n"
	"shubbak/tenants"
	"shubbak/web"

	"github.com/a-h/templ"
)

var (
	sprite = regexp.MustCompile(`/static/icons\.svg\?v=[0-9a-f]+#`)
	static = regexp.MustCompile(`/static/([a-z.]+)\?v=[0-9a-f]+`)
)

// TestGallery keeps the gallery of components and states in three languages, as
// pages that open from the folder: `make gallery` writes them again for review.
func TestGallery(t *testing.T) {
	catalog := i18n.New()
	if err := loadWords(catalog, schemaModules()); err != nil {
		t.Fatal(err)
	}
	icons, err := os.ReadFile("../../web/static/icons.svg")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 10, 40, 0, 0, time.UTC)
	for _, l := range i18n.Langs {
		v := web.GalleryView(catalog, &tenants.Tenant{Slug: "coordination", NameAr: "المنسقية", NameFr: "Coordination", NameEn: "Coordination", Accent: "coordination"}, l, now)
		var b bytes.Buffer
		if err := web.Gallery(v).Render(templ.WithChildren(context.Background(), referrals.Gallery(v)), &b); err != nil {
			t.Fatal(err)
		}
		page := sprite.ReplaceAll(b.Bytes(), []byte("#"))
		page = static.ReplaceAll(page, []byte("../../web/static/$1"))
		page = regexp.MustCompile(`(<body[^>]*>)`).ReplaceAll(page, append([]byte("$1<div hidden>"), append(bytes.ReplaceAll(icons, []byte("$"), []byte("$$")), []byte("</div>")...)...))
		golden(t, "../../docs/gallery/"+string(l)+".html", page)
	}
}
