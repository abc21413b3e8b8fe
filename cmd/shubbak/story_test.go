package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"shubbak/modules/accounts"
	"shubbak/platform/clock"
	"shubbak/platform/db"

	"github.com/rogpeppe/go-internal/testscript"
)

var eightDigits = regexp.MustCompile(`\b[0-9]{8}\b`)

// signingCode is the code in the last mail with one to a signatory.
func (w *world) signingCode(email string) (code string) {
	w.t.Helper()
	w.settled()
	for _, m := range w.mails() {
		if head, _, _ := strings.Cut(string(m), "\r\n\r\n"); strings.Contains(head, "<"+email+">") {
			if found := eightDigits.FindString(string(decoded(m))); found != "" {
				code = found
			}
		}
	}
	return code
}

// agree gives a command on an agreement with the version that the actor sees now.
func (u user) agree(agreement, command string, body any) answer {
	u.w.t.Helper()
	m, _ := body.(map[string]any)
	if m == nil {
		m = map[string]any{}
	}
	if m["version"] == nil {
		if m["version"] = u.get("/agreements/" + agreement).at("version"); m["version"] == nil {
			m["version"] = 1 // out of reach
		}
	}
	return u.post("/agreements/"+agreement+"/"+command, m)
}

// TestStory runs the scripts of testdata/story on every kind of world. A script
// speaks of people and calls:
//
//	call EMAIL METHOD PATH [BODY] STATUS   one call; ${NAME} in path and body is filled in
//	do EMAIL REFERRAL COMMAND [BODY] STATUS   a command with the version that EMAIL sees
//	agree EMAIL AGREEMENT COMMAND [BODY] STATUS   a command on an agreement, with the version that EMAIL sees
//	code EMAIL NAME    remember the signing code of the last mail to EMAIL
//	keep NAME PATH     remember a value of the last answer
//	see PATH VALUE     the last answer holds it
//	absent PATH…       the last answer does not hold them
//	tenant SLUG        an empty institution, with admin@SLUG.demo
//	later TIME         the clock moves on by 2h, or 300d
//	at NAME HOURS      remember a wall-clock time, so many hours from now
//	settle             wait until every notice is written
//	told EMAIL EVENT REFERRAL   EMAIL has an unread notice of it
//	verify             the audit chains are whole
//
// ${TODAY}, ${TOMORROW}, ${NEXT_YEAR} and ${YESTERDAY} are days in Morocco.
func TestStory(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) { w.tell(t, "story") })
}

// TestStoryOverTime runs the scripts that move the clock: they have a world of their
// own, which stands in a time of their own.
func TestStoryOverTime(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) { w.tell(t, "story-over-time") })
}

// later moves the clock on and does what the days that have passed bring. Sessions do
// not last so long: whoever acts next signs in again.
func (w *world) later(d time.Duration) error {
	w.clock.Set(w.clock.Now().Add(d))
	w.mu.Lock()
	w.tokens = map[string]string{}
	w.mu.Unlock()
	return w.agreements.RunDays(db.As(w.t.Context(), w.tenantID("coordination")))
}

// tell runs the scripts of a folder.
func (w *world) tell(t *testing.T, folder string) {
	// Scripts run beside each other: each remembers its own last answer.
	last := func(ts *testscript.TestScript) *answer { return ts.Value("last").(*answer) }
	expand := func(ts *testscript.TestScript, s string) string { return os.Expand(s, ts.Getenv) }
	body := func(ts *testscript.TestScript, args []string) (any, []string) {
		if len(args) < 2 {
			return nil, args
		}
		raw := expand(ts, ts.ReadFile(args[0]))
		var v any
		ts.Check(json.Unmarshal([]byte(raw), &v))
		return v, args[1:]
	}
	status := func(ts *testscript.TestScript, args []string) {
		want, err := strconv.Atoi(args[0])
		ts.Check(err)
		if last(ts).Status != want {
			ts.Fatalf("status %d, want %d: %s", last(ts).Status, want, shorten(last(ts).Raw))
		}
	}
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", folder),
		Setup: func(env *testscript.Env) error {
			env.Values["last"] = &answer{}
			today := w.clock.Now().In(clock.Casablanca())
			env.Setenv("TODAY", today.Format(time.DateOnly))
			env.Setenv("NEXT_YEAR", today.AddDate(1, 0, -1).Format(time.DateOnly))
			env.Setenv("TOMORROW", today.AddDate(0, 0, 1).Format(time.DateOnly))
			env.Setenv("YESTERDAY", today.AddDate(0, 0, -1).Format(time.DateOnly))
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"call": func(ts *testscript.TestScript, _ bool, args []string) {
				b, rest := body(ts, args[3:])
				*last(ts) = w.as(args[0]).api(args[1], expand(ts, args[2]), b)
				status(ts, rest)
			},
			"do": func(ts *testscript.TestScript, _ bool, args []string) {
				b, rest := body(ts, args[3:])
				m, _ := b.(map[string]any)
				*last(ts) = w.as(args[0]).do(expand(ts, args[1]), args[2], m)
				status(ts, rest)
			},
			"agree": func(ts *testscript.TestScript, _ bool, args []string) {
				b, rest := body(ts, args[3:])
				*last(ts) = w.as(args[0]).agree(expand(ts, args[1]), args[2], b)
				status(ts, rest)
			},
			"code": func(ts *testscript.TestScript, _ bool, args []string) {
				code := w.signingCode(args[0])
				if code == "" {
					ts.Fatalf("no code came to %s", args[0])
				}
				ts.Setenv(args[1], code)
			},
			"keep": func(ts *testscript.TestScript, _ bool, args []string) { ts.Setenv(args[0], last(ts).text(args[1])) },
			"see": func(ts *testscript.TestScript, _ bool, args []string) {
				if got := last(ts).text(args[0]); got != expand(ts, args[1]) {
					ts.Fatalf("%s is %q, want %q in %s", args[0], got, args[1], shorten(last(ts).Raw))
				}
			},
			"absent": func(ts *testscript.TestScript, _ bool, args []string) {
				for _, p := range args {
					if last(ts).at(p) != nil {
						ts.Fatalf("%s is there: %s", p, last(ts).text(p))
					}
				}
			},
			"tenant": func(ts *testscript.TestScript, _ bool, args []string) {
				link := w.emptyTenant(args[0])
				ctx := db.As(t.Context(), w.tenantID(args[0]))
				if _, err := w.accounts.UseLink(ctx, accounts.Proof{Code: link, Password: w.password}); err != nil {
					ts.Fatalf("%v", err)
				}
			},
			"later": func(ts *testscript.TestScript, _ bool, args []string) {
				d, err := time.ParseDuration(args[0])
				if days, ok := strings.CutSuffix(args[0], "d"); ok {
					var n int
					n, err = strconv.Atoi(days)
					d = time.Duration(n) * 24 * time.Hour
				}
				ts.Check(err)
				ts.Check(w.later(d))
			},
			"at": func(ts *testscript.TestScript, _ bool, args []string) {
				hours, err := strconv.Atoi(args[1])
				ts.Check(err)
				ts.Setenv(args[0], w.local(hours))
			},
			"settle": func(*testscript.TestScript, bool, []string) { w.settled() },
			"told": func(ts *testscript.TestScript, neg bool, args []string) {
				found := false
				for _, n := range w.as(args[0]).get("/notifications?unread=1&limit=200").want(200).at("items").([]any) {
					m := n.(map[string]any)
					found = found || m["event"] == args[1] && fmt.Sprint(m["subject"].(map[string]any)["id"]) == expand(ts, args[2]) && !strings.HasPrefix(fmt.Sprint(m["title"]), "notifications.")
				}
				if found == neg {
					ts.Fatalf("%s told of %s: %v", args[0], args[1], found)
				}
			},
			"verify": func(ts *testscript.TestScript, _ bool, _ []string) {
				ts.Check(w.audit.Seal(t.Context()))
				reports, err := w.audit.Verify(t.Context())
				ts.Check(err)
				for _, r := range reports {
					if !r.OK() {
						ts.Fatalf("%s", r)
					}
				}
			},
		},
	})
}
