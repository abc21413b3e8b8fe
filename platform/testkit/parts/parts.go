// Package parts starts the real parts that tests use, each in a private folder on
// a loopback port of its own, and ends, kills and restarts them by their id.
package parts

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrAbsent says that a part is not installed.
var ErrAbsent = errors.New("not installed")

// Part is one server, running or not; it keeps its address and its data over a
// restart.
type Part struct {
	Name    string
	Address string

	dir   string
	path  string
	args  []string
	env   []string
	cred  *syscall.Credential
	ready func() error
	cmd   *exec.Cmd
	done  chan struct{}
}

// Start starts the part and waits until it answers.
func (p *Part) Start() error {
	log, err := os.OpenFile(filepath.Join(p.dir, p.Name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	p.cmd = exec.Command(p.path, p.args...)
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Dir = log, log, p.dir
	p.cmd.Env = append(os.Environ(), p.env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: p.cred}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	p.done = make(chan struct{})
	go func(cmd *exec.Cmd, done chan struct{}) { _ = cmd.Wait(); close(done) }(p.cmd, p.done)
	return eventually(p.ready)
}

// Signal sends a signal to the server itself.
func (p *Part) Signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// Freeze stops the whole group without ending it, so that it neither answers nor
// refuses; Thaw lets it go on.
func (p *Part) Freeze() { p.group(syscall.SIGSTOP) }

// Thaw lets a frozen part go on.
func (p *Part) Thaw() { p.group(syscall.SIGCONT) }

func (p *Part) group(s syscall.Signal) {
	// PostgreSQL's children lead sessions of their own.
	out, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", p.cmd.Process.Pid, p.cmd.Process.Pid))
	for _, word := range strings.Fields(string(out)) {
		if child, err := strconv.Atoi(word); err == nil {
			_ = syscall.Kill(child, s)
		}
	}
	_ = p.cmd.Process.Signal(s)
}

// Kill ends the part at once, as a cut of power would, and waits for its end.
// PostgreSQL is told to stop immediately: its children must not outlive it.
func (p *Part) Kill() {
	s := syscall.SIGKILL
	if p.Name == "postgres" {
		s = syscall.SIGQUIT
	}
	p.end(s)
}

// Stop ends the part in good order.
func (p *Part) Stop() {
	if p.Name == "postgres" {
		p.end(syscall.SIGINT) // it waits for no client
		return
	}
	p.end(syscall.SIGTERM)
}

func (p *Part) end(s syscall.Signal) {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(s)
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.done
	}
}

// Find looks on PATH, in the user's cache folder and where Debian puts PostgreSQL.
func Find(name string) string {
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
