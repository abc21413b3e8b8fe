package ids

import (
	"crypto/rand"
	"encoding/base32"
	"strings"
)

// Code is the opaque part of an address in a mail: 80 random bits, letters that cannot
// be misread. It says nothing of whom or what it leads to.
func Code() string {
	b := make([]byte, 10)
	_, _ = rand.Read(b) // never fails
	return strings.ToLower(base32.StdEncoding.EncodeToString(b))
}
