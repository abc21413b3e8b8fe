package accounts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"shubbak/platform/db"

	"golang.org/x/crypto/argon2"
)

// argon2id with 64 MiB: one guess costs what one sign-in costs.
const (
	argonMemory = 64 << 10
	argonTime   = 1
	argonLanes  = 2
)

var errInside = errors.New("accounts: hashing inside a transaction")

// HashPassword makes the stored form of a password.
func (s *Service) HashPassword(ctx context.Context, password string) (string, error) {
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	key, err := s.argon(ctx, password, salt)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", argonMemory, argonTime, argonLanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key)), nil
}

// argon waits for its turn: at most two run at a time in a process.
func (s *Service) argon(ctx context.Context, password string, salt []byte) ([]byte, error) {
	if db.Inside(ctx) {
		return nil, errInside
	}
	select {
	case s.hashing <- struct{}{}:
		defer func() { <-s.hashing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonLanes, 32), nil
}

// matches compares; an account that does not exist costs as much as one that does.
func (s *Service) matches(ctx context.Context, stored, password string) (bool, error) {
	salt, want := []byte("no such account!"), []byte(nil)
	if parts := strings.Split(stored, "$"); len(parts) == 6 {
		a, err1 := base64.RawStdEncoding.DecodeString(parts[4])
		b, err2 := base64.RawStdEncoding.DecodeString(parts[5])
		if err1 == nil && err2 == nil {
			salt, want = a, b
		}
	}
	got, err := s.argon(ctx, password, salt)
	if err != nil {
		return false, err
	}
	return len(want) > 0 && subtle.ConstantTimeCompare(got, want) == 1, nil
}

// newToken makes an opaque secret; only its hash is stored.
func newToken() (token, hash string) {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	token = base64.RawURLEncoding.EncodeToString(b)
	return token, hashToken(token)
}

func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
