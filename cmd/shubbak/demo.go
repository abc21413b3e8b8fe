package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"shubbak/platform/ids"
	"shubbak/platform/observe"
)

// demoSheet is what the demo prints and keeps: a second start prints the same
// accounts with the same password.
type demoSheet struct {
	URL      string        `json:"url"`
	Data     string        `json:"data"`
	Accounts []demoAccount `json:"accounts"`
}

type demoAccount struct {
	Tenant   string   `json:"tenant"`
	Email    string   `json:"email"`
	Password string   `json:"password"`
	Roles    []string `json:"roles"`
	Name     string   `json:"name"`
}

func runDemo(ctx context.Context, p process) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(discard{})
	listen := flags.String("listen", "127.0.0.1:8080", "address")
	data := flags.String("data", "./shubbak-data", "folder")
	asJSON := flags.Bool("json", false, "print the sheet as one line of JSON")
	public := flags.Bool("public", false, "allow an address that others can reach")
	if err := flags.Parse(p.args); err != nil {
		return errUsage{err.Error()}
	}
	if flags.NArg() > 0 {
		return errUsage{"demo takes no arguments"}
	}
	if err := loopback(*listen); err != nil && !*public {
		return err
	}
	s := settings{Listen: *listen, Data: *data, Log: p.env["SHUBBAK_LOG"], Shutdown: shutdownDefault, KeyFile: filepath.Join(*data, "master.key")}
	if err := s.check(); err != nil {
		return err
	}
	log, err := observe.NewLog(p.stderr, s.Log)
	if err != nil {
		return err
	}
	if err := clearHalfSeeded(*data); err != nil {
		return err
	}
	// The address is known only once the socket is open, but mails name it: the
	// listener comes first.
	a, err := open(ctx, s, log, p.clock)
	if err != nil {
		return err
	}
	defer a.close()
	sheet, err := readSheet(*data)
	if errors.Is(err, fs.ErrNotExist) {
		if sheet, err = seed(ctx, a, p.clock, ids.Code()); err == nil {
			err = writeSheet(*data, sheet)
		}
	}
	if err != nil {
		return err
	}
	return a.run(ctx, true, true, func(addr string) error {
		sheet.URL = "http://" + addr
		sheet.Data, _ = filepath.Abs(*data)
		if *asJSON {
			return json.NewEncoder(p.stdout).Encode(sheet)
		}
		fmt.Fprintf(p.stdout, "Shubbak runs at %s\nIts data are in %s. Ctrl-C ends it; the next start keeps them.\n\n", sheet.URL, sheet.Data)
		w := tabwriter.NewWriter(p.stdout, 0, 4, 2, ' ', 0)
		for _, x := range sheet.Accounts {
			fmt.Fprintf(w, "%s/t/%s/sign-in\t%s\t%s\t%s\n", sheet.URL, x.Tenant, x.Email, strings.Join(x.Roles, ","), x.Name)
		}
		fmt.Fprintf(w, "\nThe password of all accounts: %s\n", sheet.Accounts[0].Password)
		return w.Flush()
	})
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// loopback refuses an address that others can reach: the demo's password is
// printed.
func loopback(listen string) error {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return errUsage{"--listen wants host:port"}
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return errors.New("the demo listens on this machine only; --public allows another address")
}

const (
	sheetFile   = "demo.json"
	seedingFile = "seeding"
)

// clearHalfSeeded removes a demo world whose making was cut off: it is marked from
// the first row to the last.
func clearHalfSeeded(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, seedingFile)); err != nil {
		return nil
	}
	release, err := lockData(dir)
	if err != nil {
		return err
	}
	defer release()
	for _, name := range []string{"shubbak.db", "shubbak.db-wal", "shubbak.db-shm", sheetFile, "documents", "mail", "master.key", seedingFile} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

func readSheet(dir string) (s demoSheet, err error) {
	b, err := os.ReadFile(filepath.Join(dir, sheetFile))
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(b, &s)
}

// writeSheet keeps the sheet and takes the mark away, in this order.
func writeSheet(dir string, s demoSheet) error {
	b, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return err
	}
	tmp := filepath.Join(dir, sheetFile+".tmp")
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return err
	}
	if err := os.Rename(tmp, filepath.Join(dir, sheetFile)); err != nil {
		return err
	}
	return os.Remove(filepath.Join(dir, seedingFile))
}
