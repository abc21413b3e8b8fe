package main

import (
	"os"
	"time"

	"shubbak/platform/clock"
	"shubbak/platform/disk"
)

// The networks of a run begin at the same moment in every run, a Wednesday morning in
// Oujda: what a test sees hangs on no hour or day of the machine. TEST_AT chooses
// another moment: `make test AT=2027-02-28T23:50:00Z`.
var moment = time.Date(2026, 11, 25, 10, 40, 0, 0, clock.Casablanca())

// apart is how far the networks of this run are from the machine's time. A program that
// a test has started goes as the test does.
var apart = func() time.Duration {
	if d, err := time.ParseDuration(os.Getenv("TEST_APART")); err == nil {
		return d
	}
	at := moment
	if text := os.Getenv("TEST_AT"); text != "" {
		var err error
		if at, err = time.Parse(time.RFC3339, text); err != nil {
			panic(err)
		}
	}
	return time.Until(at)
}()

// testClock is the clock of a network of this run.
func testClock() *clock.Shifted { return clock.Apart(apart) }

// testNow is the present of those networks.
func testNow() time.Time { return testClock().Now() }

// testMachine goes by that clock. Its disk has room, however full the real one is; a
// small one that a test has made counts as it is.
func testMachine() machine {
	return machine{testClock(), func(folder string) (disk.Space, error) {
		s, err := disk.Free(folder)
		if err == nil && s.Size > 20_000_000_000 {
			s.Free = s.Size
		}
		return s, err
	}}
}
