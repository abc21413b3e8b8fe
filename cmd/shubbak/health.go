package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// runHealth asks a running process whether it is ready: what a container without a
// shell calls. ADDRESS may be another service's; without one it is our own.
func runHealth(ctx context.Context, p process) error {
	s, rest, err := readSettings(p, flag.NewFlagSet("health", flag.ContinueOnError))
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(s.Listen)
	if err != nil {
		return err
	}
	address := "http://" + net.JoinHostPort("127.0.0.1", port) + "/readyz"
	switch {
	case len(rest) > 1:
		return errUsage{"health takes one address"}
	case len(rest) == 1:
		address = rest[0]
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return errUsage{"health wants an address"}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("nothing answers")
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(res.Body, 4<<10))
	fmt.Fprint(p.stdout, string(body))
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", strings.Join(strings.Fields(string(body)), " "))
	}
	return nil
}
