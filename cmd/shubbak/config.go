package main

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"reflect"
	"strings"
)

// runConfig prints what counts, in the form of an environment file, with where each
// value comes from. Faulty settings are printed too, then named.
func runConfig(_ context.Context, p process) error {
	s, rest, err := readSettings(p, flag.NewFlagSet("config", flag.ContinueOnError))
	if len(rest) > 0 {
		return errUsage{"config takes no arguments"}
	}
	if s.from == nil || isUsage(err) {
		return err
	}
	embedded := map[string]string{
		"SHUBBAK_DATABASE_URL": "embedded, in the data folder", "SHUBBAK_REDIS_URL": "embedded, in this process",
		"SHUBBAK_S3_URL": "embedded, in the data folder", "SHUBBAK_SMTP_URL": "none: .eml files in the data folder",
		"SHUBBAK_METRICS_LISTEN": "none: not served", "SHUBBAK_TRUSTED_PROXIES": "none: no proxy is believed",
		"SHUBBAK_CLAMAV_URL": "none: files are not scanned",
	}
	v := reflect.ValueOf(s)
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag
		name := tag.Get("env")
		if name == "" {
			continue
		}
		value := fmt.Sprint(v.Field(i).Interface())
		if list, ok := v.Field(i).Interface().([]string); ok {
			value = strings.Join(list, ",")
		}
		if tag.Get("secret") != "" {
			value = masked(value)
		}
		from := s.from[name]
		switch {
		case from != "":
		case value == "":
			from = embedded[name]
		default:
			from = "default"
		}
		fmt.Fprintf(p.stdout, "%s=%s  # %s\n", name, value, from)
	}
	return err
}

func isUsage(err error) bool {
	_, ok := err.(errUsage)
	return ok
}

// masked is an address without what opens it: the password, and every word of the
// query that is not known to be harmless.
func masked(raw string) string {
	if raw == "" || strings.HasPrefix(raw, "sqlite:") {
		return raw
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return "***"
	}
	if u.User != nil {
		name := url.PathEscape(u.User.Username())
		u.User = nil
		rest := strings.TrimPrefix(u.String(), u.Scheme+"://")
		raw = u.Scheme + "://" + name + ":***@" + rest
	}
	address, query, found := strings.Cut(raw, "?")
	if !found {
		return address
	}
	words, err := url.ParseQuery(query)
	if err != nil {
		return address + "?***"
	}
	for k := range words {
		if k != "sslmode" && k != "search_path" {
			words.Set(k, "***")
		}
	}
	return address + "?" + strings.ReplaceAll(words.Encode(), "%2A", "*")
}
