// Package faultproxy stands between the application and an HTTP part of a test and
// does to both what a bad day does: it hangs, refuses, cuts in the middle and is slow.
//
// The Host header passes unchanged, so that the signatures of an S3 client stay good.
package faultproxy

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Fault is what happens to requests; its zero value is nothing.
type Fault struct {
	// Only narrows it to some requests; nil: all.
	Only func(r *http.Request) bool
	// Times ends it after so many requests; 0: it lasts.
	Times int
	// Hang takes the connection and never answers; nothing of the body is read.
	Hang bool
	// Busy answers 503 SlowDown, as an S3 store that has too much to do.
	Busy bool
	// CutUp ends the connection after so many bytes of a request's body, CutDown after
	// so many of an answer's; 0: not.
	CutUp, CutDown int64
	// Delay is waited before a request passes.
	Delay time.Duration
}

// Proxy is one proxy.
type Proxy struct {
	target  *url.URL
	server  *httptest.Server
	mu      sync.Mutex
	fault   Fault
	changed chan struct{} // closed with the fault: what hangs ends
	met     int
}

var errCut = errors.New("faultproxy: cut")

// Start stands before a target, http://USER:PASSWORD@HOST:PORT/PATH, until the test
// ends.
func Start(t testing.TB, target string) *Proxy {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal("faultproxy: the target is no address")
	}
	p := &Proxy{target: u, changed: make(chan struct{})}
	quiet := log.New(io.Discard, "", 0)
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: u.Scheme, Host: u.Host})
			r.Out.Host = r.In.Host
		},
		ErrorLog:     quiet,
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ModifyResponse: func(r *http.Response) error {
			if n, _ := r.Request.Context().Value(cutDown{}).(int64); n > 0 {
				r.Body = &cut{r.Body, n}
			}
			return nil
		},
	}
	p.server = httptest.NewUnstartedServer(p.handler(forward))
	p.server.Config.ErrorLog = quiet
	p.server.Start()
	t.Cleanup(func() {
		p.Well()
		p.server.CloseClientConnections()
		p.server.Close()
	})
	return p
}

// Address is the target's, through the proxy.
func (p *Proxy) Address() string {
	u := *p.target
	u.Host = p.server.Listener.Addr().String()
	return u.String()
}

// Do makes a fault happen from now on instead of the one before.
func (p *Proxy) Do(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.met = f, 0
	close(p.changed)
	p.changed = make(chan struct{})
}

// Well lets everything pass.
func (p *Proxy) Well() { p.Do(Fault{}) }

// Met says how many requests have met the fault of the last Do.
func (p *Proxy) Met() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.met
}

// next is the fault that one request meets.
func (p *Proxy) next(r *http.Request) (Fault, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f := p.fault; (f.Only == nil || f.Only(r)) && (f.Times == 0 || p.met < f.Times) {
		p.met++
		return f, p.changed
	}
	return Fault{}, p.changed
}

const busy = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`

func (p *Proxy) handler(forward http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, changed := p.next(r)
		if f.Delay > 0 {
			select {
			case <-time.After(f.Delay):
			case <-r.Context().Done():
			}
		}
		switch {
		case f.Hang:
			select {
			case <-changed:
			case <-r.Context().Done():
			}
			panic(http.ErrAbortHandler)
		case f.Busy:
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, busy)
			return
		case f.CutUp > 0:
			r.Body = &cut{r.Body, f.CutUp}
		case f.CutDown > 0:
			r = r.WithContext(context.WithValue(r.Context(), cutDown{}, f.CutDown))
		}
		forward.ServeHTTP(w, r)
	})
}

// cutDown carries the length of an answer to where the answer is.
type cutDown struct{}

// cut is a body that breaks after some bytes.
type cut struct {
	io.ReadCloser
	left int64
}

func (c *cut) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errCut
	}
	n, err := c.ReadCloser.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}
