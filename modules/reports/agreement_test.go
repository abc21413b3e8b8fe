package reports

import "testing"

func TestWhatMayLeave(t *testing.T) {
	t.Parallel()
	const hidden = -1
	for _, c := range []struct {
		n, of       int64
		count, what int64 // hidden where the file has no number
	}{
		{0, 0, 0, hidden}, {4, 0, hidden, hidden}, {5, 0, 5, hidden},
		{0, 100, 0, 100}, {4, 100, hidden, hidden}, {5, 100, 5, 100}, {95, 100, 95, 100},
		{96, 100, hidden, 100}, {99, 100, hidden, 100}, {100, 100, 100, 100}, // whoever is missing from nearly all is one of few
		{0, 4, hidden, hidden}, {4, 4, hidden, hidden}, {5, 5, 5, 5}, {0, 5, 0, 5},
	} {
		count, of, suppressed := leaving(c.n, c.of)
		value := func(p *int64) int64 {
			if p == nil {
				return hidden
			}
			return *p
		}
		if value(count) != c.count || value(of) != c.what || suppressed != (count == nil) {
			t.Errorf("%d of %d: %d of %d, %v", c.n, c.of, value(count), value(of), suppressed)
		}
	}
}
