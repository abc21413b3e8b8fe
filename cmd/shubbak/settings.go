package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"shubbak/platform/observe"
	"shubbak/platform/scan"

	"github.com/caarlos0/env/v11"
)

// shutdownDefault is how long a clean end may take.
const shutdownDefault = 20 * time.Second

// settings are those of the contract. An unset database, queue or store means the
// embedded one.
type settings struct {
	Listen         string        `env:"SHUBBAK_LISTEN" envDefault:"127.0.0.1:8080"`
	Data           string        `env:"SHUBBAK_DATA" envDefault:"./shubbak-data"`
	DatabaseURL    string        `env:"SHUBBAK_DATABASE_URL" secret:"yes"`
	RedisURL       string        `env:"SHUBBAK_REDIS_URL" secret:"yes"`
	S3URL          string        `env:"SHUBBAK_S3_URL" secret:"yes"`
	SMTPURL        string        `env:"SHUBBAK_SMTP_URL" secret:"yes"`
	PublicURL      string        `env:"SHUBBAK_PUBLIC_URL"`
	KeyFile        string        `env:"SHUBBAK_KEY_FILE"`
	Log            string        `env:"SHUBBAK_LOG" envDefault:"text"`
	MetricsListen  string        `env:"SHUBBAK_METRICS_LISTEN"`
	ClamAVURL      string        `env:"SHUBBAK_CLAMAV_URL"`
	TrustedProxies []string      `env:"SHUBBAK_TRUSTED_PROXIES" envSeparator:","`
	Shutdown       time.Duration `env:"SHUBBAK_SHUTDOWN" envDefault:"20s"`

	from           map[string]string // where each value comes from, by name
	proxies        []netip.Prefix
	publicIsListen bool
	queue          string        // name of the queue; tests share one Redis
	handedTimeout  time.Duration // zero is the default
	streamEvery    time.Duration // how often streams look; zero is the default
	streamLife     time.Duration // how long they last; zero is the default
	patience       time.Duration // with a reader who does not read; zero is the default
}

// readSettings takes the environment, then flags, and names every fault at once.
func readSettings(p process, fs *flag.FlagSet) (settings, []string, error) {
	var s settings
	environ := map[string]string{}
	s.from = map[string]string{}
	for k, v := range p.env {
		environ[k] = v
		if v != "" {
			s.from[k] = "environment"
		}
	}
	values := map[string]*string{}
	t := reflect.TypeFor[settings]()
	for i := range t.NumField() {
		name := t.Field(i).Tag.Get("env")
		if name == "" {
			continue
		}
		if t.Field(i).Tag.Get("secret") != "" {
			if path := environ[name+"_FILE"]; path != "" {
				b, err := os.ReadFile(path)
				if err != nil {
					return s, nil, fmt.Errorf("%s_FILE cannot be read", name)
				}
				environ[name], s.from[name] = strings.TrimSpace(string(b)), "file"
			}
		}
		flagName := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, "SHUBBAK_"), "_", "-"))
		if fs.Lookup(flagName) == nil {
			values[name] = fs.String(flagName, "", name)
		}
	}
	fs.SetOutput(io.Discard)
	if err := fs.Parse(p.args); err != nil {
		return s, nil, errUsage{err.Error()}
	}
	fs.Visit(func(f *flag.Flag) {
		if v := values[f.Usage]; v != nil {
			environ[f.Usage], s.from[f.Usage] = *v, "flag"
		}
	})
	// The one setting that is no text is read here, so that a fault of it hides no other.
	var early error
	if _, err := time.ParseDuration(environ["SHUBBAK_SHUTDOWN"]); environ["SHUBBAK_SHUTDOWN"] != "" && err != nil {
		early = errors.New("SHUBBAK_SHUTDOWN is no length of time, as 20s")
		delete(environ, "SHUBBAK_SHUTDOWN")
	}
	if err := env.ParseWithOptions(&s, env.Options{Environment: environ}); err != nil {
		return s, nil, fmt.Errorf("settings: %w", err)
	}
	return s, fs.Args(), errors.Join(early, s.check())
}

func (s *settings) check() error {
	var faults []error
	bad := func(name, why string) { faults = append(faults, fmt.Errorf("%s %s", name, why)) }
	if _, _, err := net.SplitHostPort(s.Listen); err != nil {
		bad("SHUBBAK_LISTEN", "is not host:port")
	}
	if _, _, err := net.SplitHostPort(s.MetricsListen); s.MetricsListen != "" && err != nil {
		bad("SHUBBAK_METRICS_LISTEN", "is not host:port")
	}
	if _, err := observe.NewLog(io.Discard, s.Log); err != nil {
		bad("SHUBBAK_LOG", "is neither text nor json, with a level")
	}
	if u := s.DatabaseURL; u != "" && !strings.HasPrefix(u, "sqlite:") && !strings.HasPrefix(u, "postgres://") && !strings.HasPrefix(u, "postgresql://") {
		bad("SHUBBAK_DATABASE_URL", "is neither postgres://… nor sqlite:PATH")
	}
	check := func(name, raw string, schemes ...string) {
		if raw == "" {
			return
		}
		u, err := url.Parse(raw)
		if err != nil || u.Host == "" {
			bad(name, "is not an address")
			return
		}
		for _, want := range schemes {
			if u.Scheme == want {
				return
			}
		}
		bad(name, "wants "+strings.Join(schemes, " or "))
	}
	check("SHUBBAK_REDIS_URL", s.RedisURL, "redis", "rediss", "redis-sentinel")
	check("SHUBBAK_S3_URL", s.S3URL, "http", "https")
	check("SHUBBAK_SMTP_URL", s.SMTPURL, "smtp", "smtps")
	check("SHUBBAK_PUBLIC_URL", s.PublicURL, "http", "https")
	if s.ClamAVURL != "" {
		if _, err := scan.Open(s.ClamAVURL); err != nil {
			bad("SHUBBAK_CLAMAV_URL", "is neither tcp://HOST:PORT nor unix:PATH")
		}
	}
	for _, p := range s.TrustedProxies {
		prefix, err := netip.ParsePrefix(strings.TrimSpace(p))
		if err != nil {
			bad("SHUBBAK_TRUSTED_PROXIES", "holds something that is no CIDR")
			continue
		}
		s.proxies = append(s.proxies, prefix)
	}
	if s.Shutdown <= 0 {
		bad("SHUBBAK_SHUTDOWN", "must be longer than nothing")
	}
	if s.PublicURL == "" {
		s.PublicURL, s.publicIsListen = "http://"+s.Listen, true
	}
	if s.KeyFile == "" {
		s.KeyFile = filepath.Join(s.Data, "master.key")
	}
	return errors.Join(faults...)
}

func (s *settings) embeddedDatabase() bool {
	return s.DatabaseURL == "" || strings.HasPrefix(s.DatabaseURL, "sqlite:")
}

// keepsOnDisk reports whether the data folder holds what must not be lost.
func (s *settings) keepsOnDisk() bool {
	return s.embeddedDatabase() || s.S3URL == "" || s.SMTPURL == ""
}

// missingForMany names what several processes need and this one does not have.
func (s *settings) missingForMany() error {
	var missing []string
	if s.embeddedDatabase() {
		missing = append(missing, "SHUBBAK_DATABASE_URL (a real database)")
	}
	if s.RedisURL == "" {
		missing = append(missing, "SHUBBAK_REDIS_URL (a real queue)")
	}
	if s.S3URL == "" {
		missing = append(missing, "SHUBBAK_S3_URL (a real store)")
	}
	if len(missing) > 0 {
		return fmt.Errorf("this process shares its work with others and needs %s", strings.Join(missing, ", "))
	}
	return nil
}
