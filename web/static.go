package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"

	"shubbak/platform/fault"

	"github.com/gofiber/fiber/v2"
	minifier "github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/css"
)

//go:embed static
var staticFiles embed.FS

//go:embed locales
var locales embed.FS

//go:embed migrations
var migrations embed.FS

// Tree is the kernel's part of the migration tree.
func Tree() fs.FS { return migrations }

// Locales are the words of the frame, and the glossary.
func Locales() fs.FS { return locales }

var staticTypes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".ico": "image/svg+xml"}

type asset struct {
	body   []byte
	packed []byte // gzip, made once
	hash   string
}

var assets = sync.OnceValue(func() map[string]asset {
	m := map[string]asset{}
	_ = fs.WalkDir(staticFiles, "static", func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := staticFiles.ReadFile(p)
		if err != nil {
			return err
		}
		if path.Ext(p) == ".css" { // written to be read, sent to be small
			if small, err := minify(b); err == nil {
				b = small
			}
		}
		sum := sha256.Sum256(b)
		m[path.Base(p)] = asset{b, pack(b), hex.EncodeToString(sum[:6])}
		return nil
	})
	return m
})

func pack(b []byte) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil
	}
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

func minify(sheet []byte) ([]byte, error) {
	var out bytes.Buffer
	err := css.Minify(minifier.New(), &out, bytes.NewReader(sheet), nil)
	return out.Bytes(), err
}

// Asset is the address of a static file; its version changes with its content, so
// a browser may keep it for ever.
func Asset(name string) string { return "/static/" + name + "?v=" + assets()[name].hash }

func (s *Server) mountStatic() {
	s.app.Get("/static/:name", func(c *fiber.Ctx) error {
		a, ok := assets()[c.Params("name")]
		if !ok {
			return fault.New(fault.NotFound)
		}
		c.Set(fiber.HeaderContentType, staticTypes[path.Ext(c.Params("name"))])
		c.Set(fiber.HeaderETag, `"`+a.hash+`"`)
		if c.Query("v") == a.hash {
			c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
		} else {
			c.Set(fiber.HeaderCacheControl, "no-cache")
		}
		if c.Get(fiber.HeaderIfNoneMatch) == `"`+a.hash+`"` {
			return c.SendStatus(http.StatusNotModified)
		}
		c.Vary(fiber.HeaderAcceptEncoding)
		if strings.Contains(c.Get(fiber.HeaderAcceptEncoding), "gzip") && a.packed != nil {
			c.Set(fiber.HeaderContentEncoding, "gzip")
			return c.Send(a.packed)
		}
		return c.Send(a.body)
	})
	s.app.Get("/favicon.ico", func(c *fiber.Ctx) error { return c.Redirect(Asset("mark.svg"), http.StatusSeeOther) })
}
