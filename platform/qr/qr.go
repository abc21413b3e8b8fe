// Package qr draws a QR code as SVG: level M, a quiet zone of four modules
// (design.md §10), and presentation attributes only, so that it stands inside the
// pages' content policy.
package qr

import (
	"errors"
	"fmt"
	"strings"

	code "rsc.io/qr"
)

// quiet is the empty border, in modules, that a reader needs around the code.
const quiet = 4

var errText = errors.New("qr: no text, or too long for one code")

// SVG draws text. The element has no size of its own in pixels: the page's style
// sheet, or the attributes of what surrounds it, give it one.
func SVG(text string) (string, error) {
	if text == "" {
		return "", errText
	}
	c, err := code.Encode(text, code.M)
	if err != nil {
		return "", errText
	}
	side := c.Size + 2*quiet
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="qr" viewBox="0 0 %d %d" shape-rendering="crispEdges" aria-hidden="true" focusable="false">`, side, side)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/><path fill="#000" d="`, side, side)
	for y := range c.Size {
		for x := 0; x < c.Size; x++ {
			if !c.Black(x, y) {
				continue
			}
			from := x
			for x < c.Size && c.Black(x, y) {
				x++
			}
			fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, x-from, x-from)
		}
	}
	b.WriteString(`"/></svg>`)
	return b.String(), nil
}
