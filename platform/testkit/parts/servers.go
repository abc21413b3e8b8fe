package parts

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Postgres makes a cluster in dir with an ordinary role, neither superuser nor
// BYPASSRLS, and starts it. Others must be able to enter dir: under root the server
// runs as another user.
func Postgres(dir string) (*Part, error) {
	server, initdb, psql := Find("postgres"), Find("initdb"), Find("psql")
	if server == "" || initdb == "" || psql == "" {
		return nil, ErrAbsent
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "pg")
	if err := os.Mkdir(data, 0o700); err != nil {
		return nil, err
	}
	cred, err := ordinary(data)
	if err != nil {
		return nil, err
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
		return nil, err
	}
	admin := fmt.Sprintf("host=127.0.0.1 port=%d user=owner dbname=postgres", port)
	// Only the journal is slow to sync; nothing of a test outlives the machine.
	// Statements never reach the log: they hold values.
	p := &Part{Name: "postgres", dir: dir, path: server, cred: cred, Address: fmt.Sprintf("postgres://shubbak@127.0.0.1:%d/shubbak?sslmode=disable", port),
		args: []string{"-D", data, "-p", strconv.Itoa(port), "-h", "127.0.0.1", "-k", data,
			"-c", "fsync=off", "-c", "max_connections=300", "-c", "log_min_error_statement=panic", "-c", "log_min_duration_statement=-1", "-c", "log_parameter_max_length=0"},
		ready: func() error { return exec.Command(psql, admin, "-qc", "select 1").Run() }}
	if err := p.Start(); err != nil {
		return nil, err
	}
	return p, run(psql, admin, "-qc", "create role shubbak login nosuperuser nobypassrls createdb", "-c", "create database shubbak owner shubbak")
}

// Rings are the rings of locks that PostgreSQL had to break since it was started: where
// each was met and the beginnings of the statements that stood in it, without values.
func (p *Part) Rings() (list []string, err error) {
	log, err := os.Open(filepath.Join(p.dir, p.Name+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	sc := bufio.NewScanner(log)
	sc.Buffer(make([]byte, 64<<10), 4<<20)
	in := false
	for sc.Scan() {
		line := sc.Text()
		switch {
		case strings.Contains(line, "ERROR:  deadlock detected"):
			list, in = append(list, "a ring of locks"), true
		case in && strings.Contains(line, "CONTEXT:  "):
			_, where, _ := strings.Cut(line, "CONTEXT:  ")
			list[len(list)-1] += "; " + where
		case in && strings.HasPrefix(line, "\tProcess "):
			if _, text, ok := strings.Cut(line, ": "); ok { // else it says who waits for whom
				text, _, _ = strings.Cut(text, "'")
				list[len(list)-1] += "; " + text[:min(len(text), 120)]
			}
		case in && strings.Contains(line, ":  ") && !strings.Contains(line, "DETAIL:") && !strings.Contains(line, "HINT:"):
			in = false
		}
	}
	return list, sc.Err()
}

// ordinary gives data to the user postgres when we are root.
func ordinary(data string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, errors.New("PostgreSQL does not run as root and there is no user postgres")
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(data, uid, gid)
}

// Redis starts a Redis that keeps nothing over a restart.
func Redis(dir string) (*Part, error) {
	server := Find("redis-server")
	if server == "" {
		return nil, ErrAbsent
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	p := &Part{Name: "redis", dir: dir, path: server, Address: fmt.Sprintf("redis://127.0.0.1:%d", port),
		args:  []string{"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir, "--databases", "64"},
		ready: func() error { return dial(port) }}
	return p, p.Start()
}

// MinIO starts an S3 store.
func MinIO(dir string) (*Part, error) {
	server := Find("minio")
	if server == "" {
		return nil, ErrAbsent
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	console, err := freePort()
	if err != nil {
		return nil, err
	}
	p := &Part{Name: "minio", dir: dir, path: server, Address: fmt.Sprintf("http://shubbak:shubbak-test@127.0.0.1:%d", port),
		env:  []string{"MINIO_ROOT_USER=shubbak", "MINIO_ROOT_PASSWORD=shubbak-test", "MINIO_UPDATE=off", "MINIO_BROWSER=off", "MINIO_CALLHOME_ENABLE=off"},
		args: []string{"server", "--quiet", "--address", fmt.Sprintf("127.0.0.1:%d", port), "--console-address", fmt.Sprintf("127.0.0.1:%d", console), filepath.Join(dir, "minio")}}
	p.ready = func() error {
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
	}
	return p, p.Start()
}

// ClamAV starts a scanner that knows one thing, the EICAR test file, by a signature of
// one line: no list of signatures is fetched, and it is up within a second.
func ClamAV(dir string) (*Part, error) {
	server := Find("clamd")
	if server == "" && executable("/usr/sbin/clamd") {
		server = "/usr/sbin/clamd"
	}
	if server == "" {
		return nil, ErrAbsent
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "clamav")
	if err := os.Mkdir(data, 0o755); err != nil {
		return nil, err
	}
	conf := filepath.Join(data, "clamd.conf")
	for name, content := range map[string]string{
		filepath.Join(data, "eicar.hdb"): "44d88612fea8a8f36de82e1278abb02f:68:Eicar-Test\n",
		conf:                             fmt.Sprintf("Foreground yes\nTCPAddr 127.0.0.1\nTCPSocket %d\nDatabaseDirectory %s\nStreamMaxLength 300M\n", port, data),
	} {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			return nil, err
		}
	}
	p := &Part{Name: "clamd", dir: dir, path: server, Address: fmt.Sprintf("tcp://127.0.0.1:%d", port), args: []string{"-c", conf}, ready: func() error { return dial(port) }}
	return p, p.Start()
}
