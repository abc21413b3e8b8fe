// Package observe is what an operator sees: a structured log without personal
// data, and metrics whose labels are patterns and codes.
package observe

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/uptrace/bun"
)

// NewLog reads `text`, `json` and a level (`json debug`, `text,warn`).
func NewLog(w io.Writer, spec string) (*slog.Logger, error) {
	level, json := slog.LevelInfo, false
	for _, word := range strings.FieldsFunc(spec, func(r rune) bool { return r == ' ' || r == ',' || r == ':' }) {
		switch strings.ToLower(word) {
		case "text":
		case "json":
			json = true
		default:
			if err := level.UnmarshalText([]byte(word)); err != nil {
				return nil, fmt.Errorf("log: %q is neither text, json nor a level", word)
			}
		}
	}
	opt := &slog.HandlerOptions{Level: level, ReplaceAttr: redact}
	if json {
		return slog.New(slog.NewJSONHandler(w, opt)), nil
	}
	return slog.New(slog.NewTextHandler(w, opt)), nil
}

var secretName = regexp.MustCompile(`(?i)password|secret|token|cookie|authorization|name_|_name|phone|national|address|email|text|reason|note`)

// redact drops the value of an attribute whose name should never be logged: the
// last net under code that logs ids and codes only.
func redact(_ []string, a slog.Attr) slog.Attr {
	if secretName.MatchString(a.Key) {
		return slog.String(a.Key, "[redacted]")
	}
	if err, ok := a.Value.Any().(error); ok {
		return slog.String(a.Key, fmt.Sprintf("%T", err))
	}
	return a
}

// Metrics are the product's own figures. Labels are route patterns and codes:
// never an id, a tenant's person or a free text.
type Metrics struct {
	Registry *prometheus.Registry
	Requests *prometheus.HistogramVec
}

// NewMetrics registers the figures and the runtime's.
func NewMetrics() *Metrics {
	m := &Metrics{Registry: prometheus.NewRegistry(), Requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "shubbak_request_seconds", Help: "Duration of requests by route pattern and status.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"method", "route", "status"})}
	m.Registry.MustRegister(m.Requests, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// SlowQueries logs a query that took longer than Over: operation, table and time,
// never the text, because bun writes arguments into it.
type SlowQueries struct {
	Log  *slog.Logger
	Over time.Duration
}

// BeforeQuery passes.
func (SlowQueries) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }

// AfterQuery logs.
func (s SlowQueries) AfterQuery(_ context.Context, e *bun.QueryEvent) {
	if d := time.Since(e.StartTime); d > s.Over {
		table := ""
		if e.IQuery != nil {
			table = e.IQuery.GetTableName()
		}
		s.Log.Warn("slow query", "operation", e.Operation(), "table", table, "ms", d.Milliseconds())
	}
}
