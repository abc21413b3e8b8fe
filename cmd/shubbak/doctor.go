package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"shubbak/modules/referrals"
	"shubbak/modules/reports"
	"shubbak/platform/audit"
	"shubbak/platform/blob"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/mail"
	"shubbak/platform/outbox"
	"shubbak/platform/scan"
	"shubbak/platform/vault"
	"shubbak/tenants"
)

// What somebody should look at: behind by more than a restart explains.
const (
	pendingFor  = 15 * time.Minute
	unsealedFor = time.Minute
	skewed      = 2 * time.Second
)

// doctor looks at each part by itself, beside a running server or without one. It
// leaves nothing behind: one object and one file are written and removed.
type doctor struct {
	p   process
	s   settings
	db  *db.DB // nil when it cannot be used
	bad int
}

func runDoctor(ctx context.Context, p process) error {
	s, rest, err := readSettings(p, flag.NewFlagSet("doctor", flag.ContinueOnError))
	if isUsage(err) {
		return err
	}
	if len(rest) > 0 {
		return errUsage{"doctor takes no arguments"}
	}
	d := &doctor{p: p, s: s}
	d.line("settings", "understood", err)
	if err == nil {
		d.checkAll(ctx)
	}
	if d.bad > 0 {
		return fmt.Errorf("%d of the checks failed", d.bad)
	}
	return nil
}

// line prints one finding; an error makes it bad.
func (d *doctor) line(name, good string, err error) {
	word := "ok  "
	if err != nil {
		d.bad++
		word, good = "BAD ", strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	fmt.Fprintf(d.p.stdout, "%s %-13s %s\n", word, name, good)
}

func (d *doctor) checkAll(ctx context.Context) {
	checks := []struct {
		name string
		run  func(ctx context.Context) (string, error)
	}{
		{"database", d.database}, {"migrations", d.migrations}, {"clock", d.clock}, {"time zone", timeZone}, {"queue", d.queue}, {"deliveries", d.deliveries}, {"figures", d.figures},
		{"audit", d.audit}, {"object store", d.objects}, {"scanner", d.scanner}, {"master key", d.master}, {"mail", d.mail}, {"disk", d.disk},
	}
	for _, c := range checks {
		limit := 10 * time.Second
		if c.name == "figures" {
			limit = 5 * time.Minute // it reads the history of every referral
		}
		each, cancel := context.WithTimeout(ctx, limit)
		good, err := c.run(each)
		cancel()
		d.line(c.name, good, err)
	}
	if d.db != nil {
		_ = d.db.Close()
	}
}

var errNoDatabase = errors.New("not looked at: the database cannot be used")

func (d *doctor) database(ctx context.Context) (string, error) {
	url, where := d.s.DatabaseURL, "PostgreSQL answers, its role is bound by row-level security"
	if d.s.embeddedDatabase() {
		path := strings.TrimPrefix(url, "sqlite:")
		if path == "" {
			path = filepath.Join(d.s.Data, "shubbak.db")
		}
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return "", errors.New("there is none yet: the first start makes it")
		}
		url, where = "sqlite:"+path, "embedded"
	}
	opened, err := db.Open(url)
	if err != nil {
		return "", errors.New("it cannot be opened")
	}
	if err := opened.Ping(ctx); err != nil {
		_ = opened.Close()
		return "", errors.New("it does not answer")
	}
	if err := opened.CheckRole(ctx); err != nil {
		_ = opened.Close()
		return "", err
	}
	d.db = opened
	return where, nil
}

func (d *doctor) migrations(ctx context.Context) (string, error) {
	if d.db == nil {
		return "", errNoDatabase
	}
	lacking, newer, err := d.db.Unapplied(ctx, trees(schemaModules()))
	switch {
	case err != nil:
		_ = d.db.Close()
		d.db = nil // without a schema there is nothing to count
		return "", errors.New("there is no schema: run `shubbak migrate up`")
	case len(lacking) > 0:
		return "", fmt.Errorf("%d steps are missing, the first is %s: run `shubbak migrate up`", len(lacking), lacking[0])
	case len(newer) > 0:
		return fmt.Sprintf("current; %d steps are of a newer program", len(newer)), nil
	}
	return "current", nil
}

// figures counts what agreements promise again from the events, once nothing is on its
// way.
func (d *doctor) figures(ctx context.Context) (string, error) {
	if d.db == nil {
		return "", errNoDatabase
	}
	bus := outbox.New(d.db, d.p.clock, slog.New(slog.DiscardHandler), outbox.Config{})
	if n, err := bus.Pending(ctx); err != nil || n > 0 {
		return fmt.Sprintf("not compared: %d deliveries are on their way", n), err
	}
	r := reports.New(reports.Deps{DB: d.db, Tenants: tenants.NewRegistry(d.db, d.p.clock, kinds), Referrals: referrals.New(referrals.Deps{DB: d.db})})
	n, wrong, err := r.Recount(ctx)
	if err == nil && len(wrong) > 0 {
		err = fmt.Errorf("%d figures differ from the events, the first is %s", len(wrong), wrong[0])
	}
	return fmt.Sprintf("as the events of %d referrals say", n), err
}

// clock compares this machine's time with the database's: due dates are counted
// here and compared there.
func (d *doctor) clock(ctx context.Context) (string, error) {
	if d.db == nil {
		return "", errNoDatabase
	}
	before := clock.System{}.Now()
	theirs, err := d.db.Now(ctx)
	if err != nil {
		return "", errors.New("the database does not tell its time")
	}
	after := clock.System{}.Now()
	off := time.Duration(0)
	if theirs.Before(before) {
		off = before.Sub(theirs)
	} else if theirs.After(after) {
		off = theirs.Sub(after)
	}
	if off > skewed {
		return "", fmt.Errorf("%s apart from the database", off.Round(time.Millisecond))
	}
	return fmt.Sprintf("%s, %s apart from the database", after.Format(time.RFC3339), off.Round(time.Millisecond)), nil
}

// timeZone says which rules Moroccan time is counted by: Ramadan moves it, and old
// rules would move deadlines by an hour.
func timeZone(context.Context) (string, error) {
	version := "embedded, of " + runtime.Version()
	if f, err := os.Open("/usr/share/zoneinfo/tzdata.zi"); err == nil {
		defer f.Close()
		line, _ := bufio.NewReader(f).ReadString('\n')
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "# version "); ok {
			version = v
		}
	}
	now := clock.System{}.Now().In(clock.Casablanca())
	_, end := now.ZoneBounds()
	if end.IsZero() || end.Sub(now) > 500*24*time.Hour {
		return "", fmt.Errorf("version %s knows no coming change in Casablanca: the rules are too old", version)
	}
	return fmt.Sprintf("version %s; Casablanca is UTC%s until %s", version, now.Format("-07:00"), end.UTC().Format(time.RFC3339)), nil
}

func (d *doctor) queue(ctx context.Context) (string, error) {
	if d.s.RedisURL == "" {
		return "embedded", nil
	}
	if err := outbox.PingRedis(ctx, d.s.RedisURL); err != nil {
		return "", errors.New("it does not answer: notices wait in the database")
	}
	return "Redis answers", nil
}

func (d *doctor) deliveries(ctx context.Context) (string, error) {
	if d.db == nil {
		return "", errNoDatabase
	}
	b, err := outbox.New(d.db, d.p.clock, slog.New(slog.DiscardHandler), outbox.Config{}).Backlog(ctx)
	if err != nil {
		return "", errors.New("they cannot be counted")
	}
	age := time.Duration(0)
	if !b.Oldest.IsZero() {
		age = max(0, d.p.clock.Now().Sub(b.Oldest)).Round(time.Second)
	}
	words := fmt.Sprintf("%d wait, the oldest for %s; %d were given up", b.Waiting, age, b.Dead)
	if b.Dead > 0 || age > pendingFor {
		return "", errors.New(words)
	}
	return words, nil
}

func (d *doctor) audit(ctx context.Context) (string, error) {
	if d.db == nil {
		return "", errNoDatabase
	}
	n, oldest, err := audit.New(d.db, d.p.clock).Tail(ctx)
	if err != nil {
		return "", errors.New("its tail cannot be counted")
	}
	if n == 0 {
		return "every entry is sealed (`shubbak audit verify` recomputes the chains)", nil
	}
	age := d.p.clock.Now().Sub(oldest).Round(time.Second)
	words := fmt.Sprintf("%d entries are not sealed yet, the oldest for %s", n, age)
	if age > unsealedFor {
		return "", errors.New(words)
	}
	return words, nil
}

// objects writes, reads and removes one object: a key that may only read would
// answer a greeting.
func (d *doctor) objects(ctx context.Context) (string, error) {
	if _, err := os.Stat(d.s.Data); d.s.S3URL == "" && errors.Is(err, fs.ErrNotExist) {
		return "", errors.New("there is no data folder yet: the first start makes it")
	}
	store, err := openBlobs(ctx, d.s)
	if err != nil {
		return "", errors.New("it does not answer")
	}
	const probe = "doctor/probe"
	if _, err := store.Put(ctx, probe, strings.NewReader("probe")); err != nil {
		return "", errors.New("it takes no object")
	}
	defer func() { _ = store.Delete(context.WithoutCancel(ctx), probe) }()
	if _, err := store.Stat(ctx, probe); err != nil {
		return "", errors.New("it does not show what it took")
	}
	if _, disk := store.(*blob.Disk); disk {
		return "embedded, takes and removes an object", nil
	}
	return "takes and removes an object", nil
}

// scanner greets clamd; while it is away documents stay shut, which is why its line is
// BAD although everything else goes on.
func (d *doctor) scanner(ctx context.Context) (string, error) {
	if d.s.ClamAVURL == "" {
		return "not configured: documents are open without being scanned", nil
	}
	c, err := scan.Open(d.s.ClamAVURL)
	if err == nil {
		err = c.Ping(ctx)
	}
	if err != nil {
		return "", errors.New("clamd does not answer: documents wait in quarantine")
	}
	return "clamd answers", nil
}

func (d *doctor) master(context.Context) (string, error) {
	st, err := os.Stat(d.s.KeyFile)
	if err != nil {
		return "", errors.New("the file is not there: the first start of an empty installation makes it")
	}
	if runtime.GOOS != "windows" && st.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("others may read the file (mode %04o): chmod 600", st.Mode().Perm())
	}
	if _, err := vault.OpenMaster(d.s.KeyFile, false); err != nil {
		return "", errors.New("the file is not a key, or may not be read")
	}
	return "readable by its owner only", nil
}

func (d *doctor) mail(ctx context.Context) (string, error) {
	sender, err := openMail(d.s)
	if err != nil {
		return "", err
	}
	if p, ok := sender.(mail.Pinger); ok {
		if err := p.Ping(ctx); err != nil {
			return "", errors.New("the server does not answer, or refuses us: mails wait in the database")
		}
	}
	if d.s.SMTPURL == "" {
		return "no server: mails are written as .eml files", nil
	}
	return "the server answers", nil
}

// disk says that space ends before it has ended.
func (d *doctor) disk(context.Context) (string, error) {
	if !d.s.keepsOnDisk() {
		return "nothing is kept on this machine", nil
	}
	space, err := d.p.space(d.s.Data)
	if err != nil {
		return "", errors.New("there is no data folder yet: the first start makes it")
	}
	words := fmt.Sprintf("%.1f of %.1f GB are free", float64(space.Free)/1e9, float64(space.Size)/1e9)
	if space.Low() {
		return "", errors.New(words + ": below 5 % or 1 GB; at the end acts and uploads are refused")
	}
	return words, nil
}
