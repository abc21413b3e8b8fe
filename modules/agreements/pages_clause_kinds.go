package agreements

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/web"
)

var scopeClause = clause{part: "scopes", form: scopeFields,
	lines: func(p speller, t Text) []clauseLine { return p.part(t, "scopes") },
	fill: func(t Text, id string) url.Values {
		i := at(t.Scopes, id, ScopeText.id)
		if i < 0 && id != "" {
			return nil
		}
		f := url.Values{}
		if i >= 0 {
			x := t.Scopes[i]
			f = url.Values{"from": {x.From}, "to": {x.To}, "needs": slices.Clone(x.Needs), "priorities": slices.Clone(x.Priorities)}
			for _, y := range x.Services {
				f.Add("services", y.String())
			}
			setPopulation(f, x.Population)
		}
		return f
	},
	read: func(t *Text, id string, f url.Values) (err error) {
		var faults fault.Collect
		x := ScopeText{From: f.Get("from"), To: f.Get("to"), Needs: f["needs"], Services: serviceIDs(f["services"]), Priorities: f["priorities"], Population: populationOf(f, &faults)}
		x.ID, _ = ids.Parse[ids.Entry](id)
		if err := faults.Err(); err != nil {
			return err
		}
		t.Scopes, err = put(t.Scopes, id, ScopeText.id, x)
		return err
	},
	take: func(t *Text, id string) { t.Scopes = without(t.Scopes, id, ScopeText.id) },
}

var quotaClause = clause{part: "quotas", form: quotaFields,
	lines: func(p speller, t Text) []clauseLine { return p.part(t, "quotas") },
	fill: func(t Text, id string) url.Values {
		i := at(t.Quotas, id, Quota.id)
		if i < 0 && id != "" {
			return nil
		}
		f := url.Values{"period": {"month"}, "hard": {"true"}}
		if i >= 0 {
			x := t.Quotas[i]
			f = url.Values{"service_id": {x.ServiceID.String()}, "period": {x.Period}, "limit": {strconv.Itoa(x.Limit)}, "hard": {strconv.FormatBool(x.Hard)}}
		}
		return f
	},
	read: func(t *Text, id string, f url.Values) (err error) {
		var faults fault.Collect
		x := Quota{Period: f.Get("period"), Hard: f.Get("hard") == "true"}
		x.ID, _ = ids.Parse[ids.Entry](id)
		if x.ServiceID, err = ids.Parse[ids.Service](f.Get("service_id")); err != nil {
			faults.Add("service_id", "required")
		}
		if x.Limit, err = strconv.Atoi(web.Latin(f.Get("limit"))); err != nil || x.Limit < 1 || x.Limit > 1_000_000 {
			faults.Add("limit", "out_of_range")
		}
		one(&faults, "period", x.Period, quotaPeriods)
		if err := faults.Err(); err != nil {
			return err
		}
		t.Quotas, err = put(t.Quotas, id, Quota.id, x)
		return err
	},
	take: func(t *Text, id string) { t.Quotas = without(t.Quotas, id, Quota.id) },
}

var obligationClause = clause{part: "obligations", form: obligationFields,
	lines: func(p speller, t Text) []clauseLine { return p.part(t, "obligations") },
	fill: func(t Text, id string) url.Values {
		i := at(t.Obligations, id, Obligation.id)
		if i < 0 && id != "" {
			return nil
		}
		f := url.Values{"mode": {"computed"}, "period": {"year"}}
		if i >= 0 {
			x := t.Obligations[i]
			f = url.Values{"party": {x.Party}, "mode": {x.Mode}, "period": {x.Period}, "target": {number(x.Target)}, "title_ar": {x.Title.Ar}, "title_fr": {x.Title.Fr}}
			if slices.Contains(Indicators, x.Indicator) {
				f.Set("indicator", x.Indicator)
			} else {
				f.Set("own_words", x.Indicator)
			}
		}
		return f
	},
	read: func(t *Text, id string, f url.Values) (err error) {
		var faults fault.Collect
		x := Obligation{Party: f.Get("party"), Indicator: f.Get("indicator"), Period: f.Get("period"), Mode: f.Get("mode"), Title: Title{strings.TrimSpace(f.Get("title_ar")), strings.TrimSpace(f.Get("title_fr"))}}
		x.ID, _ = ids.Parse[ids.Entry](id)
		if own := strings.TrimSpace(f.Get("own_words")); x.Mode == "declared" && own != "" {
			x.Indicator = own
		}
		if x.Target, err = strconv.ParseFloat(strings.ReplaceAll(web.Latin(f.Get("target")), ",", "."), 64); err != nil {
			faults.Add("target", "malformed")
		} else if x.Share() && x.Target > 100 { // the form says in percent
			faults.Add("target", "out_of_range")
		}
		if len([]rune(x.Indicator)) > 200 {
			faults.Add("own_words", "too_long")
		}
		one(&faults, "period", x.Period, obligationPeriods)
		one(&faults, "mode", x.Mode, modes)
		if err := faults.Err(); err != nil {
			return err
		}
		t.Obligations, err = put(t.Obligations, id, Obligation.id, x)
		return err
	},
	take: func(t *Text, id string) { t.Obligations = without(t.Obligations, id, Obligation.id) },
}

// The closed lists of the forms, as the API has them.
var (
	quotaPeriods      = []string{"week", "month", "quarter", "year"}
	obligationPeriods = []string{"month", "quarter", "semester", "year", "term"}
	modes             = []string{"computed", "declared"}
)

func (x ScopeText) id() ids.ID[ids.Entry]  { return x.ID }
func (x Quota) id() ids.ID[ids.Entry]      { return x.ID }
func (x Obligation) id() ids.ID[ids.Entry] { return x.ID }

// indicators are what the platform computes, each with its unit.
func indicators(v *web.View) (out []web.Choice) {
	for _, code := range Indicators {
		unit := "agreements.unit.count"
		if (Obligation{Indicator: code, Mode: "computed"}).Share() {
			unit = "agreements.unit.share"
		}
		out = append(out, web.Choice{Value: code, Word: v.T("agreements.clause.unit", "What", v.T("agreements.indicator."+code), "Unit", v.T(unit))})
	}
	return out
}
