//go:build !unix

package disk

import "math"

// Free cannot be measured here: nothing is ever refused.
func Free(string) (Space, error) { return Space{Free: math.MaxUint64, Size: math.MaxUint64}, nil }
