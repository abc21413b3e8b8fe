package main

import (
	"context"
	"flag"
	"log/slog"

	"shubbak/platform/clock"
	"shubbak/platform/observe"
)

// open builds the whole application from settings, with its schema checked.
func open(ctx context.Context, s settings, log *slog.Logger, c clock.Clock) (*app, error) {
	a, err := build(ctx, s, log, c)
	if err != nil {
		return nil, err
	}
	if err := a.migrate(ctx); err != nil {
		a.close()
		return nil, err
	}
	if err := a.complete(ctx); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

func runServe(ctx context.Context, p process) error {
	fs := flag.NewFlagSet("serve", flag.ContinueOnError)
	without := fs.Bool("without-worker", false, "leave the background work to `shubbak worker`")
	s, err := onlySettings(p, fs)
	if err != nil {
		return err
	}
	if *without {
		if err := s.missingForMany(); err != nil {
			return err
		}
	}
	return serve(ctx, p, s, true, !*without)
}

func runWorker(ctx context.Context, p process) error {
	s, err := onlySettings(p, flag.NewFlagSet("worker", flag.ContinueOnError))
	if err != nil {
		return err
	}
	if err := s.missingForMany(); err != nil {
		return err
	}
	return serve(ctx, p, s, false, true)
}

func serve(ctx context.Context, p process, s settings, listen, work bool) error {
	log, err := observe.NewLog(p.stderr, s.Log)
	if err != nil {
		return err
	}
	a, err := open(ctx, s, log, p.clock)
	if err != nil {
		return err
	}
	defer a.close()
	return a.run(ctx, listen, work, func(addr string) error {
		log.Info("running", "listen", addr, "embedded_database", s.embeddedDatabase(), "embedded_queue", s.RedisURL == "", "embedded_store", s.S3URL == "", "worker", work)
		return nil
	})
}
