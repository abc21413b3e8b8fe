// Command shubbak is the whole platform in one binary: the server, the background
// work, the demo network and the operator's commands.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"shubbak/platform/clock"
	"shubbak/platform/disk"
)

func main() { os.Exit(execute(machine{&clock.Shifted{}, disk.Free})) }

// machine is what the program asks of the computer that it runs on.
type machine struct {
	clock *clock.Shifted
	space func(folder string) (disk.Space, error)
}

// execute runs the command line and gives the exit status.
func execute(m machine) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() { // after the first signal a second one ends the process at once
		<-ctx.Done()
		stop()
	}()
	err := run(ctx, m, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "shubbak: "+strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return status(err)
}

// errUsage marks wrong usage: exit status 2.
type errUsage struct{ text string }

func (e errUsage) Error() string { return e.text }

// status is the exit status of the contract: 0 done, 1 failed, 2 wrong usage.
func status(err error) int {
	var usage errUsage
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		return 2
	}
	return 1
}

// command is one word of the command line.
type command struct {
	name, usage string
	run         func(ctx context.Context, p process) error
}

// process is what a command sees of the world.
type process struct {
	machine
	args   []string
	env    map[string]string
	stdout io.Writer
	stderr io.Writer
}

func commands() []command {
	return []command{
		{"demo", "demo [--listen ADDR] [--data DIR] [--json] [--public]   everything embedded, with the Oujda network", runDemo},
		{"serve", "serve [--without-worker] [settings]                     the server", runServe},
		{"worker", "worker                                                  only the background work", runWorker},
		{"migrate", "migrate up | status                                     the schema", runMigrate},
		{"tenant", "tenant add SLUG --kind KIND --name-ar … | list          first set-up", runTenant},
		{"user", "user add TENANT EMAIL --role … | list | reset           first set-up", runUser},
		{"audit", "audit verify                                            recompute the audit chains", runAudit},
		{"doctor", "doctor                                                  check every part, a line each", runDoctor},
		{"config", "config                                                  the settings as they count, secrets masked", runConfig},
		{"health", "health [ADDRESS]                                        ask a running process whether it is ready", runHealth},
	}
}

func run(ctx context.Context, m machine, args, environ []string, stdout, stderr io.Writer) error {
	p := process{machine: m, env: map[string]string{}, stdout: stdout, stderr: stderr}
	for _, kv := range environ {
		if k, v, ok := strings.Cut(kv, "="); ok {
			p.env[k] = v
		}
	}
	if len(args) > 0 {
		for _, c := range commands() {
			if c.name == args[0] {
				p.args = args[1:]
				if len(p.args) > 0 && slices.Contains([]string{"--help", "-help", "-h"}, p.args[0]) {
					_, err := fmt.Fprintln(stdout, "usage: shubbak "+c.usage)
					return err
				}
				return c.run(ctx, p)
			}
		}
		if args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
			return help(stdout)
		}
		return errUsage{"no such command: " + args[0] + " (try: shubbak help)"}
	}
	_ = help(stderr)
	return errUsage{"name a command"}
}

func help(w io.Writer) error {
	fmt.Fprintln(w, "usage: shubbak COMMAND")
	for _, c := range commands() {
		fmt.Fprintln(w, "  "+c.usage)
	}
	_, err := fmt.Fprintln(w, "Settings are environment variables (SHUBBAK_…), each also a flag of serve.")
	return err
}
