package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"shubbak/platform/testkit"
)

// TestNothingIsReadAfterTheWithdrawal: twenty readers read in a loop, by page, by API
// and by document; others are in the middle of one, or hold a stream open. Once the
// withdrawal has been answered, nobody gets anything of the person.
func TestNothingIsReadAfterTheWithdrawal(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk, hospital := w.as("worker@coordination.demo"), w.as("intake@hospital.demo")
		family := "Secret" + letters(testkit.Unique())
		person := desk.person(map[string]any{"family_name": family})
		consent := desk.consent(person, "hospital")
		const reason = "Troubles du sommeil depuis six mois"
		id := desk.refer(person, nil).want(201).text("id")
		hospital.do(id, "accept", nil).want(200)
		small := desk.upload(id, "medical", "ordinary", "small.txt", []byte("the words of "+family)).want(201).text("id")
		body, contentType := multipartOf(id, "large.pdf", &pattern{n: largeDocument})
		large := w.call("POST", "/t/coordination/api/v1/documents", desk.token, body, map[string]string{"Content-Type": contentType}).want(201).text("id")
		w.settled()

		var withdrawn atomic.Bool
		var readers sync.WaitGroup
		before := make(chan struct{}, 1000)
		read := func(path string) {
			seen, after := false, 0
			for after < 5 {
				late := withdrawn.Load()
				a, err := w.try("GET", "/t/hospital"+path, hospital.token, nil, nil)
				if err != nil {
					if late {
						t.Errorf("%s: %v", path, err)
						return
					}
					continue // cut by the withdrawal
				}
				told := bytes.Contains(a.Raw, []byte(family)) || bytes.Contains(a.Raw, []byte(reason))
				switch {
				case late && told:
					t.Errorf("%s tells of the person after the withdrawal", path)
					return
				case late:
					after++
				case told && !seen:
					seen = true
					before <- struct{}{}
				}
			}
		}
		loops := 0
		for _, path := range []string{"/referrals/" + id, "/api/v1/referrals/" + id, "/api/v1/documents/" + small + "/content", "/referrals/" + id + "/documents/" + small} {
			for range 4 {
				loops++
				readers.Go(func() { read(path) })
			}
		}
		for range 4 {
			readers.Go(func() { w.readHalf(hospital, large, before, &withdrawn) })
		}
		stream := hospital.follow("?watch="+id, "", true)
		for range loops + 4 {
			select {
			case <-before:
			case <-time.After(patient):
				t.Fatal("the readers never read")
			}
		}
		desk.post("/people/"+person+"/consents/"+consent+"/withdraw", map[string]any{}).want(200)
		withdrawn.Store(true)
		readers.Wait()
		w.eventually("the open page is told to look again", func() bool {
			select {
			case e := <-stream.events:
				return e.name == "look" || strings.HasPrefix(e.name, "referral.")
			default:
				return false
			}
		})
		w.settled()
		for _, u := range []user{desk, hospital} {
			// The one who acted is told nothing: the desk's worker withdrew it.
			if want := map[string]int{"hospital": 1, "coordination": 0}[u.tenant]; u.told("referral.recalled", id) != want {
				t.Errorf("%s was told %d times", u.email, u.told("referral.recalled", id))
			}
		}
		if n := w.count("select count(*) from disclosures where referral_id = ?", id); n == 0 {
			t.Error("the disclosure register was not kept")
		}
	})
}

const largeDocument = 64 << 20

// readHalf begins a document and goes on reading once the consent is withdrawn: it
// must be cut. What the two systems' buffers held may still arrive.
func (w *world) readHalf(u user, doc string, begun chan<- struct{}, withdrawn *atomic.Bool) {
	dial := &net.Dialer{Control: smallBuffer}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, w.url+"/t/"+u.tenant+"/api/v1/documents/"+doc+"/content", nil)
	if err != nil {
		w.t.Error(err)
		return
	}
	req.Header.Set("Authorization", "Bearer "+u.token)
	res, err := (&http.Transport{DialContext: dial.DialContext, DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		w.t.Error(err)
		return
	}
	defer res.Body.Close()
	got, err := io.CopyN(io.Discard, res.Body, 1<<20)
	begun <- struct{}{}
	for err == nil && !withdrawn.Load() {
		time.Sleep(5 * time.Millisecond) // the reader's own slowness
	}
	var rest int64
	if err == nil {
		rest, err = io.Copy(io.Discard, res.Body)
	}
	if err == nil || got+rest > largeDocument/4 {
		w.t.Errorf("a document in mid-stream gave %d bytes and ended with %v", got+rest, err)
	}
}

// smallBuffer keeps a reader's system from taking in what the reader has not asked
// for.
func smallBuffer(_, _ string, c syscall.RawConn) error {
	var err error
	if cerr := c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 64<<10) }); cerr != nil {
		return cerr
	}
	return err
}

// TestAWithdrawalSaysWhatItCloses before it is confirmed.
func TestAWithdrawalSaysWhatItCloses(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		desk := w.as("worker@coordination.demo")
		p := desk.person(nil)
		consent := desk.consent(p, "hospital", "identity")
		page := "/people/" + p + "/consents/" + consent + "/withdraw"
		desk.holds(page, "لا إحالة مفتوحة")
		sent := desk.refer(p, nil).want(201)
		desk.holds(page, sent.text("number"), "/referrals/"+sent.text("id"), "!لا إحالة مفتوحة")
	})
}
