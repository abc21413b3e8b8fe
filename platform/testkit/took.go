package testkit

import "time"

// Took is how long do takes, without what the machine kept this process waiting: a
// limit that people would notice can then be held to on a machine that others use too.
func Took(do func()) time.Duration {
	const nap, ordinary = 5 * time.Millisecond, 20 * time.Millisecond
	done, stalled := make(chan struct{}), make(chan time.Duration)
	go func() {
		var lost time.Duration
		for {
			began := time.Now()
			select {
			case <-done:
				stalled <- lost
				return
			case <-time.After(nap):
				if late := time.Since(began) - nap; late > ordinary {
					lost += late
				}
			}
		}
	}()
	began := time.Now()
	do()
	took := time.Since(began)
	close(done)
	return took - <-stalled
}
