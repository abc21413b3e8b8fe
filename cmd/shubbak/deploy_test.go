package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

type composeService struct {
	Image       string
	Command     []string
	Environment map[string]string
	Ports       []string
	Healthcheck struct{ Test []string }
}

var composeVariable = regexp.MustCompile(`\$\{([A-Z_0-9]+)([^}]*)\}`)

// There is no engine where the tests run, so the file itself is read: what it
// starts, that each part says when it is healthy, and that no password stands in it.
func TestTheComposeFileHoldsNoPassword(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]composeService
		Volumes  map[string]any
	}
	if err := yaml.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"postgres", "redis", "minio", "mailpit", "app1", "app2", "worker"} {
		if len(file.Services[name].Healthcheck.Test) < 2 {
			t.Errorf("%s has no health check", name)
		}
	}
	for name, want := range map[string]string{"app1": "serve --without-worker", "app2": "serve --without-worker", "worker": "worker", "migrate": "migrate up"} {
		if got := strings.Join(file.Services[name].Command, " "); got != want {
			t.Errorf("%s runs %q", name, got)
		}
	}
	known := map[string]bool{}
	for i := range reflect.TypeFor[settings]().NumField() {
		tag := reflect.TypeFor[settings]().Field(i).Tag
		known[tag.Get("env")] = true
		if tag.Get("secret") != "" {
			known[tag.Get("env")+"_FILE"] = true
		}
	}
	for name, s := range file.Services {
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s is open to the network at %s", name, p)
			}
		}
		for key, value := range s.Environment {
			if strings.HasPrefix(key, "SHUBBAK_") && name != "postgres" && !known[key] {
				t.Errorf("%s sets %s, which is no setting", name, key)
			}
			secret := strings.Contains(key, "PASSWORD") || strings.Contains(key, "AUTH") || regexp.MustCompile(`://[^/]*@`).MatchString(value)
			if secret && regexp.MustCompile(`://[^/$]*:[^$/@]+@`).MatchString(value) || secret && !strings.Contains(value, "${") {
				t.Errorf("%s writes %s in clear", name, key)
			}
		}
	}
	used := []string{}
	for _, m := range composeVariable.FindAllStringSubmatch(string(raw), -1) {
		if !strings.HasPrefix(m[2], ":?") {
			t.Errorf("%s has a default", m[1])
		}
		if !slices.Contains(used, m[1]) {
			used = append(used, m[1])
		}
	}
	env := filepath.Join(t.TempDir(), "env")
	script := func() error { return exec.Command("../../deploy/compose-env.sh", env).Run() }
	if err := script(); err != nil {
		t.Fatal(err)
	}
	made, err := os.ReadFile(env)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]bool{}
	for _, name := range used {
		m := regexp.MustCompile(`(?m)^` + name + `=(.+)$`).FindStringSubmatch(string(made))
		switch {
		case m == nil:
			t.Errorf("`make compose-env` writes no %s", name)
		case strings.Contains(name, "PASSWORD") && (len(m[1]) < 40 || values[m[1]]):
			t.Errorf("%s is short or used twice", name)
		default:
			values[m[1]] = true
		}
	}
	if st, err := os.Stat(env); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("others may read the passwords: %v %v", st.Mode(), err)
	}
	if err := script(); err == nil {
		t.Error("the passwords of running volumes were overwritten")
	}
	for _, unit := range []string{"shubbak.service", "shubbak-worker.service"} {
		b, err := os.ReadFile("../../deploy/" + unit)
		if err != nil || !strings.Contains(string(b), "\nUser=shubbak\n") || !strings.Contains(string(b), "KillSignal=SIGTERM") {
			t.Errorf("%s: %v", unit, err)
		}
	}
}

// Everything that operators are told to set is a setting.
func TestOperationsNamesRealSettings(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	src, err := os.ReadFile("settings.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile(`SHUBBAK_[A-Z0-9_]+`).FindAllString(string(b), -1) {
		if !strings.Contains(string(src), `"`+strings.TrimSuffix(name, "_FILE")+`"`) && name != "SHUBBAK_CLAMAV_URL" && name != "SHUBBAK_DB_PASSWORD" {
			t.Errorf("%s is no setting", name)
		}
	}
	for _, c := range commands() {
		if !strings.Contains(string(b), "shubbak "+c.name) {
			t.Errorf("`shubbak %s` is not explained", c.name)
		}
	}
}
