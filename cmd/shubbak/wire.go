package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"shubbak/modules"
	"shubbak/modules/accounts"
	"shubbak/modules/agreements"
	"shubbak/modules/calendars"
	"shubbak/modules/directory"
	"shubbak/modules/documents"
	"shubbak/modules/notifications"
	"shubbak/modules/people"
	"shubbak/modules/privacy"
	"shubbak/modules/referrals"
	"shubbak/modules/reports"
	"shubbak/modules/tasks"
	"shubbak/platform/audit"
	"shubbak/platform/blob"
	"shubbak/platform/clock"
	"shubbak/platform/db"
	"shubbak/platform/disk"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/platform/live"
	"shubbak/platform/mail"
	"shubbak/platform/observe"
	"shubbak/platform/outbox"
	"shubbak/platform/scan"
	"shubbak/platform/terms"
	"shubbak/platform/vault"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/tenants/chamber"
	"shubbak/tenants/coordination"
	"shubbak/tenants/hospital"
	"shubbak/tenants/university"
	"shubbak/web"
)

// kinds are the kinds of tenants that this binary knows.
var kinds = []tenants.Kind{coordination.Kind, university.Kind, chamber.Kind, hospital.Kind}

// app is the one place that knows every name: what is made, in which order, and
// who satisfies whose interface.
type app struct {
	settings settings
	log      *slog.Logger
	clock    clock.Clock
	db       *db.DB
	vault    *vault.Vault
	audit    *audit.Log
	bus      *outbox.Bus
	live     *live.Hub
	reserve  *disk.Reserve
	blobs    blob.Store
	scanner  *scan.Clamd // nil without SHUBBAK_CLAMAV_URL
	catalog  *i18n.Catalog
	law      *policies.Law
	registry *tenants.Registry
	metrics  *observe.Metrics

	accounts      *accounts.Service
	people        *people.Service
	directory     *directory.Directory
	agreements    *agreements.Service
	calendars     *calendars.Service
	documents     *documents.Service
	tasks         *tasks.Service
	referrals     *referrals.Service
	notifications *notifications.Service
	privacy       *privacy.Service
	reports       *reports.Service
	modules       []modules.Module
	server        *web.Server

	release []func()
}

// trees is the one migration tree, in pieces.
func trees(list []modules.Module) []fs.FS {
	out := []fs.FS{sub(db.Tree()), sub(vault.Tree()), sub(audit.Tree()), sub(outbox.Tree()), sub(tenants.Tree()), sub(web.Tree())}
	for _, m := range list {
		if m.Migrations != nil {
			out = append(out, sub(m.Migrations))
		}
	}
	return out
}

func sub(f fs.FS) fs.FS {
	s, err := fs.Sub(f, "migrations")
	if err != nil {
		return f
	}
	return s
}

// build opens everything but listens on nothing and runs nothing.
func build(ctx context.Context, s settings, log *slog.Logger, c clock.Clock) (*app, error) {
	a := &app{settings: s, log: log, clock: c, metrics: observe.NewMetrics()}
	if err := a.open(ctx); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

func (a *app) open(ctx context.Context) (err error) {
	s, log, c := a.settings, a.log, a.clock
	if s.embeddedDatabase() || s.S3URL == "" {
		release, err := lockData(s.Data)
		if err != nil {
			return err
		}
		a.release = append(a.release, release)
		if a.reserve, err = disk.Hold(s.Data); err != nil {
			return err
		}
	}
	url := s.DatabaseURL
	if url == "" {
		url = "sqlite:" + filepath.Join(s.Data, "shubbak.db")
	}
	if a.db, err = db.Open(url); err != nil {
		return err
	}
	a.db.AddHook(observe.SlowQueries{Log: log, Over: 500 * time.Millisecond})
	a.release = append(a.release, func() { _ = a.db.Close() })
	if err := a.db.CheckRole(ctx); err != nil {
		return err
	}
	a.bus = outbox.New(a.db, c, log, outbox.Config{RedisURL: s.RedisURL, Prefix: s.queue, HandedTimeout: s.handedTimeout})
	a.live = live.New(live.Config{RedisURL: s.RedisURL, Alone: s.embeddedDatabase(), Prefix: s.queue, Every: s.streamEvery}, log)
	a.audit = audit.New(a.db, c)
	if a.law, err = policies.Load(); err != nil {
		return err
	}
	a.registry = tenants.NewRegistry(a.db, c, kinds)
	return nil
}

// complete makes the modules; it wants a database with its schema.
func (a *app) complete(ctx context.Context) error {
	var err error
	s := a.settings
	master, err := a.masterKey(ctx)
	if err != nil {
		return err
	}
	a.vault = vault.New(a.db, master, a.clock)
	if a.blobs, err = openBlobs(ctx, s); err != nil {
		return err
	}
	a.catalog = i18n.New()
	sender, err := openMail(s)
	if err != nil {
		return err
	}
	a.accounts = accounts.New(accounts.Deps{DB: a.db, Clock: a.clock, Audit: a.audit, Vault: a.vault, Bus: a.bus, Law: a.law, Catalog: a.catalog, Tenants: a.registry,
		Mail: sender, PublicURL: s.PublicURL})
	a.people = people.New(people.Deps{DB: a.db, Clock: a.clock, Audit: a.audit, Vault: a.vault, Bus: a.bus, Law: a.law, Tenants: a.registry})
	a.agreements = agreements.New(agreements.Deps{DB: a.db, Clock: a.clock, Audit: a.audit, Tenants: a.registry, Law: a.law, Bus: a.bus, Catalog: a.catalog, Mail: sender, Hash: a.vault.Hash,
		Account: a.accountOf, Address: func() string { return strings.TrimSuffix(a.notifications.PublicURL, "/") }})
	a.calendars = calendars.New(calendars.Deps{DB: a.db, Clock: a.clock, Audit: a.audit, Bus: a.bus, Tenants: a.registry})
	a.directory = directory.New(directory.Deps{DB: a.db, Clock: a.clock, Audit: a.audit, Tenants: a.registry,
		Outcomes: referrals.Outcomes,
		OwnUnit: func(ctx context.Context, id ids.ID[ids.Unit]) (bool, error) {
			found, err := a.accounts.Units(ctx, id)
			return err == nil && found[id].TenantID == tenants.Current(ctx), err
		},
		UnitNames: a.accounts.UnitChoices,
		Judge:     func(ctx context.Context) (directory.Judge, error) { return a.agreements.For(ctx) },
		Profile: func(ctx context.Context, id personID) (terms.Profile, error) {
			if !a.law.Allow(tenants.From(ctx), people.Read) { // what a person may be referred to says something of the person
				return terms.Profile{}, fault.New(fault.Forbidden)
			}
			return a.referrals.Profile(ctx, id)
		}})
	a.documents = documents.New(documents.Deps{DB: a.db, Clock: a.clock, Audit: a.audit, Vault: a.vault, Blobs: a.blobs, Bus: a.bus, Live: a.live})
	if s.ClamAVURL != "" {
		if a.scanner, err = scan.Open(s.ClamAVURL); err != nil {
			return err
		}
		a.documents.Scanner = a.scanner
	}
	a.referrals = referrals.New(referrals.Deps{DB: a.db, Clock: a.clock, Calendars: a.calendars, Audit: a.audit, Vault: a.vault, Bus: a.bus, Law: a.law, Tenants: a.registry,
		Accounts: a.accounts, People: a.people, Agreements: a.agreements, Directory: a.directory, Documents: a.documents, Live: a.live,
		Address: func() string { return strings.TrimSuffix(a.notifications.PublicURL, "/") }})
	a.wireSigned()
	a.people.Withdrawals, a.documents.Subjects, a.accounts.Holdings = a.referrals, a.referrals, holdings{a}
	a.people.Panels = append(a.people.Panels, a.referrals.OfPerson)
	a.tasks = tasks.New(tasks.Deps{DB: a.db, Clock: a.clock, Audit: a.audit, Vault: a.vault, Bus: a.bus, Law: a.law, Subjects: taskSubjects{a}, Colleagues: a.colleagues, Unit: a.unitOf, Names: a.accounts.Names})
	a.tasks.Moved, a.agreements.Tasks, a.agreements.Owners = a.decisionMoved, decisionTasks{a}, a.decisionOwners
	a.notifications = notifications.New(notifications.Deps{DB: a.db, Clock: a.clock, Bus: a.bus, Law: a.law, Catalog: a.catalog, Tenants: a.registry, Accounts: a.accounts, Agreements: a.agreements, Referrals: a.referrals, Live: a.live,
		Mail: sender, PublicURL: s.PublicURL})
	a.privacy = privacy.New(privacy.Deps{Audit: a.audit, Catalog: a.catalog, Tenants: a.registry, Accounts: a.accounts, People: a.people, Referrals: a.referrals})
	a.reports = reports.New(reports.Deps{DB: a.db, Hash: a.vault.Hash, ServiceNames: a.serviceNames, Clock: a.clock, Audit: a.audit, Catalog: a.catalog, Tenants: a.registry, Agreements: a.agreements, Referrals: a.referrals})
	a.agreements.Counts, a.agreements.PlacesOf, a.agreements.ServiceNames, a.agreements.Agenda = a.reports, a.directory.Places, a.serviceNames, a.agendaOf
	a.modules = []modules.Module{a.accounts.Module(), a.people.Module(), a.agreements.Module(), a.calendars.Module(), a.directory.Module(), a.documents.Module(), a.referrals.Module(), a.tasks.Module(), a.notifications.Module(), a.privacy.Module(), a.reports.Module()}
	if err := loadWords(a.catalog, a.modules); err != nil {
		return err
	}
	var routes []web.Route
	var nav []web.NavEntry
	for _, m := range a.modules {
		routes = append(append(routes, m.Routes...), m.Pages...)
		nav = append(nav, m.Nav...)
		a.bus.Subscribe(m.Events...)
		a.bus.Every(m.Schedules...)
	}
	schedule, chores := a.housekeeping()
	a.bus.Subscribe(chores...)
	a.bus.Every(schedule)
	a.server, err = web.New(web.Deps{DB: a.db, Catalog: a.catalog, Tenants: a.registry, Law: a.law, Sessions: a.accounts, Audit: a.audit, Clock: a.clock, Log: a.log,
		Metrics: a.metrics, Unread: a.notifications.Unread, Portal: a.portal, Link: a.accounts.LinkTenant, SignIn: a.signIn, PublicURL: s.PublicURL, Proxies: s.proxies, Full: a.reserve.Full, StreamLife: s.streamLife, Patience: s.patience,
		Checks: []web.Check{
			{Name: "database", Run: a.db.Ping},
			{Name: "store", Run: a.blobs.Ping},
			{Name: "queue", Soft: true, Run: func(context.Context) error {
				if a.bus.Degraded() {
					return errors.New("degraded")
				}
				return nil
			}},
			{Name: "scanner", Soft: true, Run: func(ctx context.Context) error {
				if a.scanner == nil {
					return nil
				}
				return a.scanner.Ping(ctx)
			}},
		}}, routes, nav)
	return err
}

// portal says where the opaque code of a mail, or of a slip, leads.
func (a *app) portal(ctx context.Context, code string) (web.Lead, error) {
	id, err := a.notifications.Portal(ctx, code)
	if err != nil {
		return web.Lead{}, err
	}
	if !id.IsZero() {
		return web.Lead{Tenants: []tenants.ID{id}, Path: "/notifications/open/" + code}, nil
	}
	if id, err = a.agreements.Portal(ctx, code); err != nil {
		return web.Lead{}, err
	}
	if !id.IsZero() {
		return web.Lead{Tenants: []tenants.ID{id}, Path: "/agreements/code/" + code}, nil
	}
	list, slip, err := a.referrals.SlipPortals(ctx, code)
	return web.Lead{Tenants: list, Path: "/slips/" + slip}, err
}

// accountOf is an account as agreements want it: who signs, and where a code goes.
func (a *app) accountOf(ctx context.Context, id ids.ID[ids.User]) (agreements.Account, error) {
	u, err := a.accounts.StaffByID(ctx, id)
	out := agreements.Account{ID: u.ID, Name: u.Name, Email: u.Email, Lang: u.Locale}
	if strings.Contains(u.Email, "@") { // asked for in person: it goes to who wants no notices too
		out.Mailbox = u.Email
	}
	return out, err
}

// serviceNames are services as the clauses of an agreement name them.
func (a *app) serviceNames(ctx context.Context, list []ids.ID[ids.Service]) (map[ids.ID[ids.Service]]agreements.ServiceName, error) {
	found, err := a.directory.ByIDs(ctx, list)
	out := make(map[ids.ID[ids.Service]]agreements.ServiceName, len(found))
	for id, s := range found {
		out[id] = agreements.ServiceName{ID: id, Tenant: s.TenantID, Name: i18n.Words(s.Name())}
	}
	return out, err
}

// signIn is accounts' sign-in as the kernel wants it.
func (a *app) signIn(ctx context.Context, email, password string) (string, time.Time, error) {
	i, err := a.accounts.SignIn(ctx, accounts.Credentials{Email: email, Password: password, Page: true})
	return i.Token, i.ExpiresAt, err
}

// loadWords fills the catalogue: the frame's words, the glossary, each module's.
func loadWords(c *i18n.Catalog, list []modules.Module) error {
	b, err := fs.ReadFile(web.Locales(), "locales/glossary.csv")
	if err != nil {
		return err
	}
	if err := c.LoadGlossary(b); err != nil {
		return err
	}
	if err := c.Load(web.Locales(), "locales"); err != nil {
		return err
	}
	for _, m := range list {
		if m.Locales == nil {
			continue
		}
		if err := c.Load(m.Locales, "locales"); err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
	}
	return nil
}

// schemaModules are the modules' migrations before anything is open.
func schemaModules() []modules.Module {
	var a accounts.Service
	return []modules.Module{a.Module(), (&people.Service{}).Module(), (&agreements.Service{}).Module(), (&calendars.Service{}).Module(), (&directory.Directory{}).Module(), (&documents.Service{}).Module(),
		(&referrals.Service{}).Module(), (&tasks.Service{}).Module(), (&notifications.Service{}).Module(), (&privacy.Service{}).Module(), (&reports.Service{}).Module()}
}

// migrate brings the embedded database up to date; a real one is only checked,
// since `migrate up` runs once before the replicas start.
func (a *app) migrate(ctx context.Context) error {
	list := trees(schemaModules())
	if a.settings.embeddedDatabase() {
		return a.db.Migrate(ctx, list)
	}
	return a.db.Current(ctx, list)
}

func openBlobs(ctx context.Context, s settings) (blob.Store, error) {
	if s.S3URL != "" {
		return blob.OpenS3(ctx, s.S3URL)
	}
	return blob.OpenDisk(filepath.Join(s.Data, "documents"))
}

func openMail(s settings) (mail.Sender, error) {
	const from = "noreply@shubbak.invalid"
	if s.SMTPURL != "" {
		return mail.OpenSMTP(s.SMTPURL, from)
	}
	return mail.Files{Dir: filepath.Join(s.Data, "mail"), From: from}, nil
}
