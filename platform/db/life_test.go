package db

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestAQueueIsNoSilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, aQueueIsNoSilence)
}

func aQueueIsNoSilence(t *testing.T) {
	var l life
	var gone atomic.Bool
	l.sign()
	begun := l.wait(func() { gone.Store(true) })
	for range 6 { // others begin and commit, for longer than our patience
		time.Sleep(Patience / 4)
		l.sign()
	}
	if gone.Load() || !begun() {
		t.Error("a queue that moves was taken for a database that is gone")
	}
	silent := l.wait(func() { gone.Store(true) })
	time.Sleep(2*Patience + 100*time.Millisecond)
	if !gone.Load() || silent() {
		t.Error("a silence was not noticed")
	}
}
