package web

import "testing"

func TestAFormTokenIsWrittenAnewOnEachPage(t *testing.T) {
	t.Parallel()
	token := csrfOf("session", "secret")
	a, b := masked(token), masked(token)
	if a == b || a == token {
		t.Error("two pages write the same token")
	}
	if unmasked(a) != token || unmasked(b) != token || unmasked(token) != token {
		t.Error("the token is not found again")
	}
	for _, odd := range []string{"", "~", "~a", "~!!", "~AAA"} {
		if unmasked(odd) == token {
			t.Errorf("%q passes", odd)
		}
	}
}
