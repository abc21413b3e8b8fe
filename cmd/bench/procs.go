package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// proc is a process that this run started and ends by its id.
type proc struct {
	cmd  *exec.Cmd
	out  *buffer
	done chan struct{}
}

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func start(ctx context.Context, env []string, name string, args ...string) (*proc, error) {
	return startAs(ctx, nil, env, name, args...)
}

func startAs(ctx context.Context, cred *syscall.Credential, env []string, name string, args ...string) (*proc, error) {
	p := &proc{cmd: exec.CommandContext(ctx, name, args...), out: &buffer{}, done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
	if cred != nil {
		p.cmd.Dir = "/"
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { _ = p.cmd.Wait(); close(p.done) }()
	return p, nil
}

func (p *proc) end() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// until tries again until it works, the process ends or the time is over.
func (p *proc) until(limit time.Duration, try func() error) error {
	end := time.Now().Add(limit)
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("the process ended: %s", p.out.String())
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(end) {
			return fmt.Errorf("%w: %s", err, p.out.String())
		}
	}
}

// ticks is the CPU time of a process, in hundredths of a second.
func ticks(pid int) (n float64) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	for _, i := range []int{11, 12} {
		x, _ := strconv.ParseFloat(fields[i], 64)
		n += x
	}
	return n
}

func cpu(pid int) time.Duration { return time.Duration(ticks(pid) * float64(10*time.Millisecond)) }

// family is the CPU time of a server and of all its children, the ended ones too.
func family(pid int) time.Duration {
	if pid == 0 {
		return 0
	}
	total := ticks(pid)
	if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil {
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		for _, i := range []int{13, 14} {
			x, _ := strconv.ParseFloat(fields[i], 64)
			total += x
		}
	}
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, p := range all {
		b, err := os.ReadFile(p)
		if err != nil {
			continue
		}
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			child, _ := strconv.Atoi(filepath.Base(filepath.Dir(p)))
			total += ticks(child)
		}
	}
	return time.Duration(total * float64(10*time.Millisecond))
}

// resident is the memory of a process in megabytes.
func resident(pid int) float64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for _, l := range strings.Split(string(b), "\n") {
		if f := strings.Fields(l); len(f) > 1 && f[0] == "VmRSS:" {
			n, _ := strconv.ParseFloat(f[1], 64)
			return n / 1024
		}
	}
	return 0
}

// machine is one line about where the figures come from.
func machine() string {
	model := "unknown processor"
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for _, l := range strings.Split(string(b), "\n") {
			if k, v, ok := strings.Cut(l, ":"); ok && strings.TrimSpace(k) == "model name" {
				model = strings.TrimSpace(v)
				break
			}
		}
	}
	load, _ := os.ReadFile("/proc/loadavg")
	return fmt.Sprintf("%s, %d cores, %s/%s, %s, load %s", model, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, time.Now().UTC().Format("2006-01-02 15:04 MST"), strings.Join(strings.Fields(string(load))[:1], ""))
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// postgres starts a private server over a folder, made on the first use. As root it
// runs as another user, in a folder that this user may enter.
func (w *world) postgres(ctx context.Context) (p *proc, port int, fresh bool, err error) {
	bins, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(bins) == 0 {
		return nil, 0, false, errors.New("PostgreSQL is not installed")
	}
	slices.Sort(bins)
	bin := filepath.Dir(bins[len(bins)-1])
	data := filepath.Join(w.folder, "pg")
	var cred *syscall.Credential
	if os.Geteuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			return nil, 0, false, err
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		cred = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		data = filepath.Join("/var/tmp", "shubbak-bench", filepath.Base(w.dir), fmt.Sprint(w.n))
		if err := os.MkdirAll(data, 0o755); err != nil {
			return nil, 0, false, err
		}
		if err := os.Chown(data, uid, gid); err != nil {
			return nil, 0, false, err
		}
	} else if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, 0, false, err
	}
	if w.freshly { // the copy belongs to an older world
		if err := os.RemoveAll(filepath.Join(data, "cluster")); err != nil {
			return nil, 0, false, err
		}
	}
	cluster := filepath.Join(data, "cluster")
	if _, err := os.Stat(filepath.Join(cluster, "filled")); err != nil {
		fresh = true
		if err := os.RemoveAll(cluster); err != nil {
			return nil, 0, false, err
		}
		init, err := startAs(ctx, cred, nil, filepath.Join(bin, "initdb"), "-D", cluster, "-U", "owner", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
		if err != nil {
			return nil, 0, false, err
		}
		if <-init.done; init.cmd.ProcessState.ExitCode() != 0 {
			return nil, 0, false, errors.New(init.out.String())
		}
	}
	if port, err = freePort(); err != nil {
		return nil, 0, false, err
	}
	p, err = startAs(ctx, cred, nil, filepath.Join(bin, "postgres"), "-D", cluster, "-p", strconv.Itoa(port), "-h", "127.0.0.1", "-k", cluster,
		"-c", "shared_buffers=512MB", "-c", "maintenance_work_mem=512MB", "-c", "max_wal_size=4GB", "-c", "log_min_error_statement=panic", "-c", "log_parameter_max_length=0")
	return p, port, fresh, err
}
