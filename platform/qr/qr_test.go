package qr

import (
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	code "rsc.io/qr"
)

var run = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)

// TestTheDrawingIsTheCode puts the drawn runs back onto a grid and compares them
// with the code, module by module.
func TestTheDrawingIsTheCode(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"x", "https://example.org/t/hospital/referrals/ABCD-EFGH-JKLM", strings.Repeat("a", 400)} {
		svg, err := SVG(text)
		if err != nil {
			t.Fatal(err)
		}
		c, err := code.Encode(text, code.M)
		if err != nil {
			t.Fatal(err)
		}
		side := c.Size + 8
		if !strings.Contains(svg, fmt.Sprintf(`viewBox="0 0 %d %d"`, side, side)) {
			t.Errorf("the quiet zone is missing around %d modules", c.Size)
		}
		black := map[[2]int]bool{}
		for _, m := range run.FindAllStringSubmatch(svg, -1) {
			var x, y, n, back int
			if _, err := fmt.Sscan(m[1]+" "+m[2]+" "+m[3]+" "+m[4], &x, &y, &n, &back); err != nil || n != back {
				t.Fatal("a run that does not close", m[0])
			}
			for i := range n {
				black[[2]int{x + i, y}] = true
			}
		}
		for y := range side {
			for x := range side {
				if want := c.Black(x-4, y-4); black[[2]int{x, y}] != want {
					t.Fatalf("module %d,%d is %v", x, y, !want)
				}
			}
		}
	}
}

func TestTheDrawingKeepsTheContentPolicy(t *testing.T) {
	t.Parallel()
	svg, err := SVG("https://example.org/")
	if err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		tok, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := tok.(xml.StartElement); ok {
			for _, a := range e.Attr {
				if a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" {
					t.Errorf("%s has the attribute %s", e.Name.Local, a.Name.Local)
				}
			}
		}
	}
}

func TestTextThatNoCodeHoldsIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", strings.Repeat("a", 5000)} {
		if _, err := SVG(text); err == nil {
			t.Errorf("%d signs were drawn", len(text))
		}
	}
}
