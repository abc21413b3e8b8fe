package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// serving is a running server.
type serving struct {
	addr string
	stop func(ctx context.Context) error
	done chan error
}

// start listens and, with work, runs the background work.
func (a *app) start(ctx context.Context, listen bool, work bool) (*serving, error) {
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	sealed := make(chan struct{})
	go func() {
		defer close(sealed)
		a.audit.Run(background)
	}()
	// The socket opens first: with port 0 only it knows the address that mails name.
	s := &serving{done: make(chan error, 1)}
	var l net.Listener
	var err error
	if listen {
		if l, err = net.Listen("tcp", a.settings.Listen); err != nil {
			cancel()
			<-sealed
			return nil, err
		}
		s.addr = l.Addr().String()
		if a.settings.publicIsListen {
			a.notifications.PublicURL = "http://" + s.addr
			a.accounts.PublicURL = a.notifications.PublicURL
		}
	}
	go a.reserve.Watch(background)
	stopLive, err := a.live.Start(background)
	stopBus := func() {}
	if err == nil {
		if stopBus, err = a.bus.Start(background, work); err != nil {
			stopLive()
		}
	}
	if err != nil {
		if l != nil {
			_ = l.Close()
		}
		cancel()
		<-sealed
		return nil, err
	}
	if listen {
		go func() { s.done <- a.server.Serve(l) }()
	}
	metrics, err := a.serveMetrics()
	if err != nil {
		a.log.Warn("metrics cannot be served", "cause", err.Error())
	}
	s.stop = func(ctx context.Context) error {
		var err error
		if listen {
			err = a.server.Shutdown(ctx)
		}
		stopBus()
		stopLive()
		cancel() // the audit tail is sealed on the way out
		<-sealed
		if metrics != nil {
			_ = metrics.Close()
		}
		return err
	}
	return s, nil
}

func (a *app) serveMetrics() (*http.Server, error) {
	if a.settings.MetricsListen == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", a.settings.MetricsListen)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(a.metrics.Registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile) // where the time goes: names of functions, no values
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = srv.Serve(l) }()
	return srv, nil
}

// run serves until ctx ends, then shuts down in good order.
func (a *app) run(ctx context.Context, listen, work bool, ready func(addr string) error) error {
	s, err := a.start(ctx, listen, work)
	if err != nil {
		return err
	}
	err = ready(s.addr)
	if err == nil {
		select {
		case <-ctx.Done():
		case err = <-s.done:
		}
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.settings.Shutdown)
	defer cancel()
	return errors.Join(err, s.stop(end))
}

func (a *app) close() {
	for i := len(a.release) - 1; i >= 0; i-- {
		a.release[i]()
	}
	a.release = nil
}
