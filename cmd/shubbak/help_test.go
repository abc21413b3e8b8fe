package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"shubbak/platform/blob"
	"shubbak/platform/db"
)

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

// watchHeap samples the heap until the returned function is called.
func watchHeap(t *testing.T) func() uint64 {
	t.Helper()
	var peak atomic.Uint64
	stop := make(chan struct{})
	t.Cleanup(func() {
		select {
		case <-stop:
		default:
			close(stop)
		}
	})
	go func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				if m.HeapInuse > peak.Load() {
					peak.Store(m.HeapInuse)
				}
			}
		}
	}()
	return peak.Load
}

// stream downloads without holding, and gives the hash and the length.
func (w *world) stream(u user, path string) (sum string, n int64) {
	w.t.Helper()
	req, err := http.NewRequest(http.MethodGet, w.url+"/t/"+u.tenant+"/api/v1"+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+u.token)
	res, err := client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	h := sha256.New()
	if n, err = io.Copy(h, res.Body); err != nil {
		w.t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil)), n
}

// patient is longer than news waits that a queue has lost.
const patient = 75 * time.Second

// eventually polls until it holds.
func (w *world) eventually(what string, holds func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(patient)
	for !holds() {
		if time.Now().After(deadline) {
			w.t.Fatal("never: " + what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// objects counts what the store holds.
func (w *world) objects() (n int) {
	w.t.Helper()
	if err := w.blobs.List(context.Background(), "", func(blob.Info) error { n++; return nil }); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// host gives a tenant a host name of its own.
func (w *world) host(slug, host string) {
	w.t.Helper()
	ctx := context.Background()
	err := w.db.AsSystem(ctx, "test", func(ctx context.Context) error {
		_, err := db.Conn(ctx).ExecContext(ctx, "update tenants set host = ? where slug = ?", host, slug)
		return err
	})
	if err == nil {
		_, err = w.registry.All(ctx)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}
