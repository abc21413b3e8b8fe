// Command testrun runs the tests with every real part that it finds on this
// machine: one PostgreSQL, Redis, MinIO and Chromium for the whole run. Its last
// lines say which real parts ran, which packages were slowest, and the totals.
//
//	testrun [-require] [-only-postgres] -- go test flags and packages
//	testrun -run COMMAND …   only starts the parts around a command
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() { os.Exit(run()) }

func run() int {
	require := flag.Bool("require", false, "fail when a real part is absent")
	pg := flag.Bool("only-postgres", false, "leave the SQLite half out")
	around := flag.Bool("run", false, "run a command instead of go test")
	flag.Parse()
	s, err := startServices()
	if err != nil {
		fmt.Fprintln(os.Stderr, "testrun:", err)
		return 1
	}
	defer s.stop()
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-interrupted
		s.stop()
		os.Exit(130)
	}()
	if *require && len(s.lack) > 0 {
		fmt.Fprintln(os.Stderr, "testrun: these real parts are required and absent:", strings.Join(s.lack, ", "))
		fmt.Fprintln(os.Stderr, "testrun: `make services` installs them")
		return 1
	}
	env := append(os.Environ(), s.env...)
	if *pg {
		env = append(env, "TEST_ONLY_POSTGRES=1")
	}
	if *require {
		env = append(env, "TEST_REQUIRE_REAL=1")
	}
	if *around {
		return command(env, flag.Args()[0], flag.Args()[1:]...)
	}
	status := goTest(env, flag.Args())
	// Two acts that wait for each other are a fault of their order, also where a retry
	// or luck hides it.
	for _, ring := range s.rings() {
		fmt.Println("PostgreSQL broke", ring)
		status = 1
	}
	fmt.Println("real parts that ran:", orNone(s.ran))
	if len(s.lack) > 0 {
		fmt.Println("real parts that are absent:", strings.Join(s.lack, ", "))
	}
	return status
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none (everything embedded)"
	}
	return strings.Join(list, ", ")
}

func command(env []string, name string, args ...string) int {
	cmd := exec.Command(name, args...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return 1
	}
	return 0
}

// event is a line of `go test -json`.
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
}

func goTest(env []string, args []string) int {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Env, cmd.Stderr = env, os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		fmt.Fprintln(os.Stderr, "testrun:", err)
		return 1
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "testrun:", err)
		return 1
	}
	t := tally(out)
	failed := cmd.Wait() != nil || t.fail > 0
	t.print(time.Since(start))
	if failed {
		return 1
	}
	return 0
}

type totals struct {
	pass, fail, skip int
	packages, tests  map[string]float64 // seconds
}

// tally prints the output of what failed and counts the rest.
func tally(r io.Reader) totals {
	t := totals{packages: map[string]float64{}, tests: map[string]float64{}}
	output := map[string][]string{}
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 1<<20), 16<<20)
	for sc.Scan() {
		var e event
		if json.Unmarshal(sc.Bytes(), &e) != nil {
			fmt.Println(sc.Text())
			continue
		}
		key := e.Package + " " + e.Test
		switch e.Action {
		case "output", "build-output":
			output[key] = append(output[key], e.Output)
			continue
		case "pass", "fail", "skip":
		default:
			continue
		}
		if e.Test == "" {
			t.packages[e.Package] = e.Elapsed
		} else {
			t.tests[e.Package+" "+e.Test] = e.Elapsed
		}
		switch {
		case e.Action == "fail":
			fmt.Print(strings.Join(output[key], ""))
			if e.Test != "" {
				t.fail++
			} else {
				fmt.Println("FAIL", e.Package)
			}
		case e.Test == "":
		case e.Action == "pass":
			t.pass++
		case e.Action == "skip":
			t.skip++
			fmt.Print("skipped: ", e.Package, " ", e.Test, "\n")
		}
		delete(output, key)
	}
	return t
}

func (t totals) print(d time.Duration) {
	fmt.Printf("tests took %s; the slowest packages and tests:\n", d.Round(time.Second))
	for _, list := range []map[string]float64{t.packages, t.tests} {
		names := slices.Collect(maps.Keys(list))
		slices.SortFunc(names, func(a, b string) int { return cmp.Compare(list[b], list[a]) })
		for _, n := range names[:min(12, len(names))] {
			fmt.Printf("  %6.1f s  %s\n", list[n], n)
		}
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", t.pass, t.fail, t.skip)
}
