package documents

import (
	"context"
	"testing"
	"time"

	"shubbak/platform/blob"
	"shubbak/platform/clock"
	"shubbak/platform/fault"
)

// shredder counts what it is told to delete.
type shredder struct {
	blob.Store
	deleted int
}

func (s *shredder) Delete(context.Context, string) error { s.deleted++; return nil }

func TestWhatIsKeptIsNotDestroyed(t *testing.T) {
	t.Parallel()
	store := &shredder{}
	s := New(Deps{Clock: clock.System{}, Blobs: store})
	now := s.Clock.Now()
	if err := s.destroy(t.Context(), Document{KeptUntil: now.Add(time.Hour)}); !fault.Has(err, fault.Forbidden) || store.deleted != 0 {
		t.Errorf("before its time: %v, %d deleted", err, store.deleted)
	}
	for _, until := range []time.Time{{}, now.Add(-time.Hour)} {
		if err := s.destroy(t.Context(), Document{KeptUntil: until}); err != nil {
			t.Errorf("kept until %s: %v", until, err)
		}
	}
	if store.deleted != 2 {
		t.Errorf("%d deleted", store.deleted)
	}
}
