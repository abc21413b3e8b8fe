package referrals

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/web"
)

// bulkActs are the commands that a list offers for several rows at once: harmless
// ones only (design.md §5, "Bulk bar").
var bulkActs = []Command{Acknowledge, Assign}

// refusal is one referral of several that an act has not reached.
type refusal struct{ Number, Path, Why string }

// outcome is what an act on several referrals has done.
type outcome struct {
	Passed  int
	Refused []refusal
}

// offerBulk marks the rows on which the reader may carry out one of the acts, and
// gives those acts.
func (s *Service) offerBulk(v *web.View, rows []listLine) (acts []Command) {
	for i := range rows {
		r := &rows[i]
		if r.Side != policies.Receiver || r.row.Letter() {
			continue
		}
		rels := relations(v.Actor, r.row)
		for _, c := range bulkActs {
			if !s.may(v.Actor, r.row, c, rels, v.Now) {
				continue
			}
			r.Pick = r.ID.String() + "." + strconv.FormatInt(r.Version, 10)
			if !slices.Contains(acts, c) {
				acts = append(acts, c)
			}
		}
	}
	slices.SortFunc(acts, func(a, b Command) int { return slices.Index(bulkActs, a) - slices.Index(bulkActs, b) })
	return acts
}

// countWords are the sentences of a count for the script, by plural form.
func countWords(v *web.View, key string) string {
	out := map[string]string{}
	for form, n := range map[string]int{"one": 1, "two": 2, "few": 3, "many": 11, "other": 100} {
		out[form] = v.T(key, "Count", n)
	}
	b, _ := json.Marshal(out)
	return string(b)
}

// picks reads the chosen rows: an id and the version that the list showed.
func picks(f url.Values) (out []Act, list []ID, err error) {
	if n := len(f["pick"]); n == 0 || n > web.MaxLimit {
		return nil, nil, web.Malformed("pick")
	}
	for _, p := range f["pick"] {
		raw, version, _ := strings.Cut(p, ".")
		id, err := ids.Parse[ids.Referral](raw)
		n, nerr := strconv.ParseInt(version, 10, 64)
		if err != nil || nerr != nil {
			return nil, nil, web.Malformed("pick")
		}
		list, out = append(list, id), append(out, Act{Version: n})
	}
	return out, list, nil
}

// bulkPost carries out one command on each chosen referral: the same command as on
// its page, with the same refusals, each in a transaction of its own.
func (s *Service) bulkPost(cmd Command) func(c *web.Ctx) error {
	return func(c *web.Ctx) error {
		f := c.Form()
		acts, list, err := picks(f)
		if err != nil {
			return err
		}
		if _, chosen := f["user_id"]; cmd == Assign && !chosen {
			return s.bulkAssign(c, list)
		}
		user, _ := ids.Parse[ids.User](f.Get("user_id"))
		var done outcome
		var first error
		for i, a := range acts {
			if a.Command = cmd; cmd == Assign {
				a.UserID = user
			}
			err := s.Do(c.Std(), list[i], a)
			if err == nil {
				done.Passed++
				continue
			}
			why, mine := refusedWords(c, err)
			if !mine {
				return err
			}
			if first == nil {
				first = err
			}
			done.Refused = append(done.Refused, s.refusal(c, list[i], why))
		}
		if first == nil {
			c.FlashCount("flash.bulk."+string(cmd), done.Passed)
			return c.See(listOf(f))
		}
		c.Unprocessable(first)
		at, err := url.Parse(listOf(f))
		if err != nil {
			return web.Malformed("list")
		}
		return s.showList(c, at.Query(), &done)
	}
}

// refusedWords says why one referral was left out; false for what concerns all.
func refusedWords(c *web.Ctx, err error) (string, bool) {
	for _, f := range web.Faults(err) {
		return c.FieldSentence(f), true
	}
	switch fault.CodeOf(err) {
	case fault.VersionConflict, fault.IllegalTransition, fault.NotPermitted, fault.NotFound, fault.Forbidden, fault.NotOpen:
		var f *fault.Error
		if errors.As(err, &f) {
			return c.Sentence(f), true
		}
	}
	return "", false
}

func (s *Service) refusal(c *web.Ctx, id ID, why string) refusal {
	r, err := s.reach(c.Std(), id, read)
	if err != nil {
		return refusal{Why: why}
	}
	return refusal{r.Number, "/referrals/" + id.String(), why}
}

// listOf is the list that the rows were chosen on.
func listOf(f url.Values) string {
	if l := f.Get("list"); strings.HasPrefix(l, "/referrals?") {
		return l
	}
	return "/referrals?box=in"
}

// assigning is the page that asks to whom several referrals go.
type assigning struct {
	Picks   []string
	Numbers []string
	List    string
	Staff   []web.Choice
}

// bulkAssign asks for the colleague: those who may work in every unit concerned.
func (s *Service) bulkAssign(c *web.Ctx, list []ID) error {
	ctx, v := c.Std(), c.ViewAt(listOf(c.Form()))
	x := assigning{Picks: c.Form()["pick"], List: listOf(c.Form())}
	units := map[ids.ID[ids.Unit]]bool{}
	for _, id := range list {
		r, err := s.reach(ctx, id, actPermission(Assign))
		if err != nil {
			return err
		}
		if x.Numbers = append(x.Numbers, r.Number); units[r.ToUnit] {
			continue
		}
		units[r.ToUnit] = true
		staff, err := s.staffChoices(ctx, v, r)
		if err != nil {
			return err
		}
		if len(units) == 1 {
			x.Staff = staff
		}
		x.Staff = slices.DeleteFunc(x.Staff, func(o web.Choice) bool { return !slices.Contains(staff, o) })
	}
	v.Title = v.T("referrals.bulk.assign", "Count", len(list))
	return c.Render(assignView(v, x))
}

func (s *Service) staffChoices(ctx context.Context, v *web.View, r Referral) ([]web.Choice, error) {
	list, err := s.staff(ctx, v, r)
	out := make([]web.Choice, len(list))
	for i, o := range list {
		out[i] = web.Choice{Value: o.Value, Word: o.Word}
	}
	return out, err
}
