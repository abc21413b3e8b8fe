package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"syscall"
	"time"
)

// services are the real parts that this run found and started: private folders,
// random loopback ports, ended by pid.
type services struct {
	dir   string
	env   []string
	ran   []string
	lack  []string
	stops []func()
}

// find looks on PATH, in the user's cache folder and where Debian puts PostgreSQL.
func find(name string) string {
	if p, err := exec.LookPath(name); err == nil {
		return p
	}
	if cache, err := os.UserCacheDir(); err == nil {
		if p := filepath.Join(cache, "shubbak", "bin", name); executable(p) {
			return p
		}
	}
	all, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	sort.Strings(all)
	if len(all) > 0 {
		return all[len(all)-1]
	}
	return ""
}

func executable(p string) bool {
	st, err := os.Stat(p)
	return err == nil && !st.IsDir() && st.Mode()&0o111 != 0
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// startServices starts what is there. An address that the caller gives wins.
func startServices() (*services, error) {
	dir, err := os.MkdirTemp("", "shubbak-services-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL runs as another user under root
		return nil, err
	}
	s := &services{dir: dir}
	for _, part := range []struct {
		name, env string
		start     func() (string, error)
		optional  bool // a test that wants it is skipped, also where all parts are required
	}{{"PostgreSQL", "TEST_DATABASE_URL", s.postgres, false}, {"Redis", "TEST_REDIS_URL", s.redis, false}, {"MinIO", "TEST_S3_URL", s.minio, false}, {"Chromium", "TEST_CHROMIUM", s.chromium, false},
		{"ClamAV", "TEST_CLAMAV_URL", s.clamd, true}} {
		address := os.Getenv(part.env)
		if address == "" {
			if address, err = part.start(); err != nil {
				if !part.optional {
					s.lack = append(s.lack, part.name+" ("+err.Error()+")")
				}
				continue
			}
		}
		s.env = append(s.env, part.env+"="+address)
		s.ran = append(s.ran, part.name)
	}
	return s, nil
}

func (s *services) stop() {
	for i := len(s.stops) - 1; i >= 0; i-- {
		s.stops[i]()
	}
	_ = os.RemoveAll(s.dir)
}

var errAbsent = errors.New("not installed")

// spawn starts a server in a process group of its own and ends that group later.
func (s *services) spawn(cred *syscall.Credential, env []string, name string, args ...string) error {
	log, err := os.Create(filepath.Join(s.dir, filepath.Base(name)+".log"))
	if err != nil {
		return err
	}
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, s.dir
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: cred}
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	s.stops = append(s.stops, func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-done:
		case <-time.After(5 * time.Second):
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		}
	})
	return nil
}

// postgres makes a cluster with an ordinary role: neither superuser nor BYPASSRLS.
func (s *services) postgres() (string, error) {
	server, initdb, psql := find("postgres"), find("initdb"), find("psql")
	if server == "" || initdb == "" || psql == "" {
		return "", errAbsent
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	data := filepath.Join(s.dir, "pg")
	if err := os.Mkdir(data, 0o700); err != nil {
		return "", err
	}
	var cred *syscall.Credential
	if os.Geteuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			return "", errors.New("PostgreSQL does not run as root and there is no user postgres")
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		cred = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(data, uid, gid); err != nil {
			return "", err
		}
	}
	run := func(name string, args ...string) error {
		cmd := exec.Command(name, args...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
		cmd.Dir = "/"
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", filepath.Base(name), err, out)
		}
		return nil
	}
	if err := run(initdb, "-D", data, "-U", "owner", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"); err != nil {
		return "", err
	}
	// Only the journal is slow to sync; nothing of a test outlives it. Statements never
	// reach the log: they hold values.
	if err := s.spawn(cred, nil, server, "-D", data, "-p", strconv.Itoa(port), "-h", "127.0.0.1", "-k", data,
		"-c", "fsync=off", "-c", "max_connections=300", "-c", "log_min_error_statement=panic", "-c", "log_min_duration_statement=-1", "-c", "log_parameter_max_length=0"); err != nil {
		return "", err
	}
	admin := fmt.Sprintf("host=127.0.0.1 port=%d user=owner dbname=postgres", port)
	if err := eventually(func() error { return exec.Command(psql, admin, "-qc", "select 1").Run() }); err != nil {
		return "", err
	}
	if err := run(psql, admin, "-qc", "create role shubbak login nosuperuser nobypassrls", "-c", "create database shubbak owner shubbak"); err != nil {
		return "", err
	}
	return fmt.Sprintf("postgres://shubbak@127.0.0.1:%d/shubbak?sslmode=disable", port), nil
}

func (s *services) redis() (string, error) {
	server := find("redis-server")
	if server == "" {
		return "", errAbsent
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	if err := s.spawn(nil, nil, server, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.dir, "--databases", "64"); err != nil {
		return "", err
	}
	return fmt.Sprintf("redis://127.0.0.1:%d", port), eventually(func() error { return dial(port) })
}

func (s *services) minio() (string, error) {
	server := find("minio")
	if server == "" {
		return "", errAbsent
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	console, err := freePort()
	if err != nil {
		return "", err
	}
	env := []string{"MINIO_ROOT_USER=shubbak", "MINIO_ROOT_PASSWORD=shubbak-test", "MINIO_UPDATE=off", "MINIO_BROWSER=off", "MINIO_CALLHOME_ENABLE=off"}
	if err := s.spawn(nil, env, server, "server", "--quiet", "--address", fmt.Sprintf("127.0.0.1:%d", port), "--console-address", fmt.Sprintf("127.0.0.1:%d", console), filepath.Join(s.dir, "minio")); err != nil {
		return "", err
	}
	err = eventually(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/minio/health/ready", port), nil)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return errors.New("not ready")
		}
		return nil
	})
	return fmt.Sprintf("http://shubbak:shubbak-test@127.0.0.1:%d", port), err
}

func (s *services) chromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p := find(name); p != "" {
			return p, nil
		}
	}
	return "", errAbsent
}

// clamd knows one thing, the EICAR test file, by a signature of one line: no list of
// signatures is fetched, and it is up within a second.
func (s *services) clamd() (string, error) {
	server := find("clamd")
	if server == "" && executable("/usr/sbin/clamd") {
		server = "/usr/sbin/clamd"
	}
	if server == "" {
		return "", errAbsent
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	data := filepath.Join(s.dir, "clamav")
	if err := os.Mkdir(data, 0o755); err != nil {
		return "", err
	}
	conf := filepath.Join(data, "clamd.conf")
	for name, content := range map[string]string{
		filepath.Join(data, "eicar.hdb"): "44d88612fea8a8f36de82e1278abb02f:68:Eicar-Test\n",
		conf:                             fmt.Sprintf("Foreground yes\nTCPAddr 127.0.0.1\nTCPSocket %d\nDatabaseDirectory %s\nStreamMaxLength 300M\n", port, data),
	} {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			return "", err
		}
	}
	if err := s.spawn(nil, nil, server, "-c", conf); err != nil {
		return "", err
	}
	return fmt.Sprintf("tcp://127.0.0.1:%d", port), eventually(func() error { return dial(port) })
}

func dial(port int) error {
	c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
	if err != nil {
		return err
	}
	return c.Close()
}

func eventually(try func() error) error {
	var err error
	for range 300 {
		if err = try(); err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("did not come up: %w", err)
}
