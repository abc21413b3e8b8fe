package web

import "testing"

// Weak lines set the limits (design.md §1.9); they are of what travels.
func TestStaticFilesStaySmall(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]int{"app.css": 30 << 10, "icons.svg": 14 << 10} {
		if n := len(assets()[name].body); n == 0 || n > limit {
			t.Errorf("%s has %d bytes, at most %d", name, n, limit)
		} else {
			t.Logf("%s: %d of %d bytes", name, n, limit)
		}
	}
}
