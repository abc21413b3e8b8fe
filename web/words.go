package web

import (
	"fmt"
	"math"
	"strings"

	"shubbak/platform/i18n"
)

// starPath is the eight-pointed star {8/2}, first point up, in a 24 box: outer
// radius 11.7, inner 0.7654 of it.
var starPath = star(12, 12, 11.7)

// friezePath is half of two stars under a line of two pixels, in a 16×10 tile.
var friezePath = "M0 0h16v2H0z" + star(0, 1.5, 8) + star(16, 1.5, 8)

// friezeHeight and friezeScale draw the edge at twice its size on pages without a
// navigation (design.md §2).
func friezeHeight(large bool) string {
	if large {
		return "20"
	}
	return "10"
}

func friezeScale(large bool) string {
	if large {
		return "scale(2)"
	}
	return "scale(1)"
}

func star(cx, cy, r float64) string {
	var b strings.Builder
	for i := range 16 {
		radius := r
		if i%2 == 1 {
			radius = r * 0.7654
		}
		a := float64(i)*math.Pi/8 - math.Pi/2
		fmt.Fprintf(&b, "%c%.2f %.2f", "ML"[min(i, 1)], cx+radius*math.Cos(a), cy+radius*math.Sin(a))
	}
	return b.String() + "z"
}

// mirrored lists the signs that turn with the direction of writing (design.md §7).
var mirrored = map[string]bool{
	"back": true, "next": true, "previous": true, "turn": true, "return": true, "send": true, "reply": true, "list": true,
	"waitlist": true, "question": true, "half": true, "document": true, "phone": true, "absent": true, "eraser": true, "signature": true, "recall": true,
}

// Who is the reader's name in their language's script.
func (v *View) Who() string {
	if v.Lang == i18n.Arabic && v.Actor.Name.Ar != "" {
		return v.Actor.Name.Ar
	}
	if v.Actor.Name.Fr != "" {
		return v.Actor.Name.Fr
	}
	return v.Actor.Name.Ar
}

// RoleWord is the reader's first role in words.
func (v *View) RoleWord() string {
	if len(v.Actor.Roles) == 0 {
		return ""
	}
	return v.T("role." + v.Actor.Roles[0])
}

// PhoneWords writes a Moroccan number as people read it: 06 61 00 00 27.
func PhoneWords(number string) string {
	rest := number
	if nine, ok := strings.CutPrefix(number, "+212"); ok {
		rest = "0" + nine
	}
	if len(rest) != 10 || rest[0] != '0' || strings.Trim(rest, "0123456789") != "" {
		return number
	}
	return rest[:2] + " " + rest[2:4] + " " + rest[4:6] + " " + rest[6:8] + " " + rest[8:]
}
