package referrals

import (
	"slices"
	"strings"
	"time"

	"shubbak/modules/directory"
	"shubbak/modules/documents"
	"shubbak/modules/people"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/policies"
	"shubbak/web"
)

// sendProblems puts the faults of a writing into words, by control.
func sendProblems(c *web.Ctx, x sending, fields []fault.Field) web.Problems {
	v := c.View("")
	var out web.Problems
	for _, f := range fields {
		id, label := f.Field, ""
		if code, ok := strings.CutPrefix(id, "triage."); ok {
			id = "triage_" + code
			for _, q := range x.Offer.Triage {
				if q.Code == code {
					label = q.Text.In(v.Lang)
				}
			}
		}
		if label == "" {
			label = v.T("send.label." + id)
		}
		out = append(out, web.Problem{Field: id, Text: v.T("referrals.problem", "Field", label, "Problem", c.FieldSentence(f))})
	}
	return out
}

// sendPlace is where a control stands in the form, for the order of the summary.
func sendPlace(field string) int {
	if strings.HasPrefix(field, "triage_") {
		field = "triage_"
	}
	return slices.Index([]string{"priority", "exception_reason", "consent", "categories", "mode", "expires", "consent_language", "witness", "given_by", "given_by_quality", "basis", "basis_note", "triage_", "reason"}, field)
}

func short(s string, limit int) string {
	r := []rune(strings.TrimSpace(s))
	return string(r[:min(len(r), limit)])
}

// lastDay is the last day on which a consent counts.
func lastDay(v *web.View, c people.Consent) string {
	return i18n.Date(v.Lang, v.Local(c.ExpiresAt.Add(-time.Second)))
}

func priorityChoices(v *web.View) []web.Choice {
	var out []web.Choice
	for _, p := range Priorities {
		out = append(out, web.Choice{Value: p, Word: v.T("urgency." + p)})
	}
	return out
}

func basisChoices(v *web.View) []web.Choice {
	var out []web.Choice
	for _, b := range policies.Bases {
		out = append(out, web.Choice{Value: b, Word: v.T("referrals.basis." + b)})
	}
	return out
}

func triageChoices(v *web.View, q directory.Question) []web.Choice {
	var out []web.Choice
	for _, c := range q.Choices {
		out = append(out, web.Choice{Value: c.Code, Word: c.Text.In(v.Lang)})
	}
	return out
}

// heldChoices are documents to name: what each is, and how closely it is kept.
func heldChoices(v *web.View, list []documents.Document) []web.Choice {
	out := make([]web.Choice, len(list))
	for i, d := range list {
		out[i] = web.Choice{Value: d.ID.String(), Word: "\u2068" + d.Name + "\u2069", Hint: v.T("doc."+d.Category) + " · " + v.T("referrals.sensitivity."+d.Sensitivity)}
	}
	return out
}
