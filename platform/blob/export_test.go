package blob

import "time"

// Hurry makes a store's patience short, for tests.
func (s *S3) Hurry(d time.Duration) { s.patience = d }
