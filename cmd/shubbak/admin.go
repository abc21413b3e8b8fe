package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"text/tabwriter"

	"shubbak/modules/accounts"
	"shubbak/platform/db"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/platform/observe"
	"shubbak/tenants"
)

// admin opens the application for one command of the operator.
func admin(ctx context.Context, p process, fs *flag.FlagSet, work func(ctx context.Context, a *app) error) error {
	s, err := onlySettings(p, fs)
	if err != nil {
		return err
	}
	log, err := observe.NewLog(p.stderr, s.Log)
	if err != nil {
		return err
	}
	a, err := open(ctx, s, log, p.clock)
	if err != nil {
		return err
	}
	defer a.close()
	if err := work(ctx, a); err != nil {
		return err
	}
	return a.audit.Seal(ctx)
}

// onlySettings reads the flags of a command after which no more words stand.
func onlySettings(p process, fs *flag.FlagSet) (settings, error) {
	s, rest, err := readSettings(p, fs)
	if err == nil && len(rest) > 0 {
		err = errUsage{fs.Name() + " does not take " + rest[0]}
	}
	return s, err
}

func runMigrate(ctx context.Context, p process) error {
	if len(p.args) == 0 || p.args[0] != "up" && p.args[0] != "status" {
		return errUsage{"migrate up | status"}
	}
	verb := p.args[0]
	p.args = p.args[1:]
	s, err := onlySettings(p, flag.NewFlagSet("migrate", flag.ContinueOnError))
	if err != nil {
		return err
	}
	log, err := observe.NewLog(p.stderr, s.Log)
	if err != nil {
		return err
	}
	a, err := build(ctx, s, log, p.clock)
	if err != nil {
		return err
	}
	defer a.close()
	list := trees(schemaModules())
	if verb == "up" {
		if err := a.db.Migrate(ctx, list); err != nil {
			return err
		}
	}
	steps, err := a.db.Migrations(ctx, list)
	if err != nil {
		return err
	}
	for _, m := range steps {
		state := "pending"
		if m.Applied {
			state = "applied"
		}
		fmt.Fprintf(p.stdout, "%s  %s\n", state, m.Name)
	}
	return nil
}

func runTenant(ctx context.Context, p process) error {
	if len(p.args) == 0 {
		return errUsage{"tenant add SLUG --kind KIND … | list"}
	}
	verb := p.args[0]
	p.args = p.args[1:]
	fs := flag.NewFlagSet("tenant", flag.ContinueOnError)
	t := tenants.Tenant{}
	switch verb {
	case "list":
		return admin(ctx, p, fs, func(ctx context.Context, a *app) error {
			all, err := a.registry.All(ctx)
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(p.stdout, 0, 4, 2, ' ', 0)
			for _, t := range all {
				fmt.Fprintf(w, "%s\t%s\t%s\n", t.Slug, t.Kind, t.NameFr)
			}
			return w.Flush()
		})
	case "add":
		if len(p.args) == 0 || strings.HasPrefix(p.args[0], "-") {
			return errUsage{"tenant add SLUG --kind KIND --name-ar … --name-fr … --name-en …"}
		}
		t.Slug = p.args[0]
		p.args = p.args[1:]
		fs.StringVar(&t.Kind, "kind", "", "kind of institution")
		fs.StringVar(&t.NameAr, "name-ar", "", "name in Arabic")
		fs.StringVar(&t.NameFr, "name-fr", "", "name in French")
		fs.StringVar(&t.NameEn, "name-en", "", "name in English")
		fs.StringVar(&t.Accent, "accent", "", "colour")
		fs.StringVar(&t.Host, "host", "", "host name of its own")
		return admin(ctx, p, fs, func(ctx context.Context, a *app) error {
			if t.NameAr == "" || t.NameFr == "" {
				return errUsage{"--name-ar and --name-fr are needed"}
			}
			if t.NameEn == "" {
				t.NameEn = t.NameFr
			}
			added, err := a.registry.Add(ctx, a.vault, t)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(p.stdout, "%s/t/%s/\n", strings.TrimSuffix(a.settings.PublicURL, "/"), added.Slug)
			return err
		})
	}
	return errUsage{"tenant add | list"}
}

func runUser(ctx context.Context, p process) error {
	const usage = "user add TENANT EMAIL --role ROLE[,ROLE] --name … | list TENANT | reset TENANT EMAIL"
	if len(p.args) < 2 {
		return errUsage{usage}
	}
	verb, slug := p.args[0], p.args[1]
	email := ""
	p.args = p.args[2:]
	if verb == "add" || verb == "reset" {
		if len(p.args) == 0 || strings.HasPrefix(p.args[0], "-") {
			return errUsage{usage}
		}
		email = p.args[0]
		p.args = p.args[1:]
	}
	fs := flag.NewFlagSet("user", flag.ContinueOnError)
	roles := fs.String("role", "", "roles, with commas")
	nameAr := fs.String("name-ar", "", "name in Arabic")
	name := fs.String("name", "", "name in Latin letters")
	return admin(ctx, p, fs, func(ctx context.Context, a *app) error {
		t, err := a.registry.BySlug(ctx, slug)
		if err != nil {
			return err
		}
		if t == nil {
			return fmt.Errorf("no tenant %s", slug)
		}
		ctx = db.As(ctx, t.ID.String())
		switch verb {
		case "list":
			users, err := a.accounts.Users(ctx)
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(p.stdout, 0, 4, 2, ' ', 0)
			for _, u := range users {
				fmt.Fprintf(w, "%s\t%s\n", u.Email, strings.Join(u.Roles, ","))
			}
			return w.Flush()
		case "add":
			id, err := a.accounts.AddUser(ctx, accounts.NewUser{Email: email, NameAr: *nameAr, NameLatin: *name, Roles: strings.FieldsFunc(*roles, func(r rune) bool { return r == ',' })})
			if err != nil {
				return a.inWords(err)
			}
			return a.printLink(ctx, p, t, id)
		case "reset":
			u, err := a.accounts.ByEmail(ctx, email)
			if err != nil {
				return fmt.Errorf("no such user")
			}
			return a.printLink(ctx, p, t, u.ID)
		}
		return errUsage{usage}
	})
}

// inWords turns a fault into the sentences of its fields, for the operator.
func (a *app) inWords(err error) error {
	var words []string
	for _, f := range faultFields(err) {
		words = append(words, f.Field+": "+a.catalog.T(i18n.English, "fault.field."+f.Code, nil))
	}
	if len(words) == 0 {
		return err
	}
	return fmt.Errorf("%s", strings.Join(words, ", "))
}

// printLink prints the one-time sign-in link, which sets the password.
func (a *app) printLink(ctx context.Context, p process, t *tenants.Tenant, user ids.ID[ids.User]) error {
	code, err := a.accounts.Link(ctx, user)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "%s/t/%s/link/%s\n", strings.TrimSuffix(a.settings.PublicURL, "/"), t.Slug, code)
	return err
}

func runAudit(ctx context.Context, p process) error {
	if len(p.args) == 0 || p.args[0] != "verify" {
		return errUsage{"audit verify"}
	}
	p.args = p.args[1:]
	return admin(ctx, p, flag.NewFlagSet("audit", flag.ContinueOnError), func(ctx context.Context, a *app) error {
		reports, err := a.audit.Verify(ctx)
		if err != nil {
			return err
		}
		for _, r := range reports {
			id, _ := ids.Parse[ids.Tenant](r.Tenant)
			r.Tenant = a.registry.Slug(ctx, id)
			fmt.Fprintln(p.stdout, r)
			if !r.OK() {
				return fmt.Errorf("the chain of %s is broken at %d", r.Tenant, r.Break)
			}
		}
		return nil
	})
}
