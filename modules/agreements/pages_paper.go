package agreements

import (
	"cmp"
	"slices"
	"strconv"

	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/policies"
	"shubbak/tenants"
	"shubbak/web"
)

// paperForm is a party that can sign by a file now: the reader's own, or an outside
// body's, whose paper the keeper records.
type paperForm struct {
	Party, Name string
	Own         bool
	Signatories []web.Choice // of an outside body: who signed
	Scans       []web.Choice // files put there before
	Method      string
	Signatory   int    // from 1
	Scan        string // the chosen one of the files
}

// paperMethods are the ways of signing by a file.
var paperMethods = []string{"wet_scan", "external_qualified"}

// papers lists for whom the reader can sign by a file; the form that came back holds
// what was typed.
func (s *Service) papers(c *web.Ctx, o Opened, typed Act) (out []paperForm, err error) {
	ctx, v := c.Std(), c.View("")
	actor := tenants.From(ctx)
	var scans []web.Choice
	if s.Scans != nil {
		files, err := s.Scans(ctx, o.ID)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			word := f.Name
			if !f.Checked {
				word = v.T("agreements.paper.unchecked", "Name", f.Name)
			}
			scans = append(scans, web.Choice{Value: f.ID.String(), Word: word})
		}
	}
	for _, p := range o.Text.Parties {
		signed := slices.ContainsFunc(o.Signatures, func(x Signature) bool { return x.Party == p.Key() })
		own, rel := p.Tenant == actor.Tenant.Slug, policies.Party
		if p.Tenant == "" {
			own, rel = keeps(ctx, o.Agreement), policies.Keeper
		}
		if signed || !own || !s.Law.Allow(actor, actPermission(Sign), rel) {
			continue
		}
		f := paperForm{Party: p.Key(), Name: s.parties(ctx, v, []Party{p.Party}), Own: p.Tenant != "", Scans: scans, Method: paperMethods[0], Signatory: 1}
		if typed.Party == f.Party {
			f.Method, f.Signatory = cmp.Or(typed.Method, f.Method), max(typed.Signatory, 1)
			if !typed.DocumentID.IsZero() {
				f.Scan = typed.DocumentID.String()
			}
		}
		for i, x := range p.Signatories {
			if p.Tenant == "" {
				f.Signatories = append(f.Signatories, web.Choice{Value: strconv.Itoa(i + 1), Word: x.Name.in(v.Lang), Hint: x.Capacity.in(v.Lang)})
			}
		}
		out = append(out, f)
	}
	return out, nil
}

// paperPost takes the file and signs with it, in one press.
func (s *Service) paperPost(c *web.Ctx) error {
	id, err := s.agreementID(c)
	if err != nil {
		return err
	}
	act := Act{Command: Sign, Method: "wet_scan"}
	var before string
	file, err := s.Attach(c, id, func(name, value string) bool {
		switch name {
		case "version":
			act.Version, _ = strconv.ParseInt(value, 10, 64)
		case "party":
			act.Party = value
		case "method":
			act.Method = value
		case "signatory":
			act.Signatory, _ = strconv.Atoi(value)
		case "document_id":
			before = value
		default:
			return false
		}
		return true
	})
	act.DocumentID = file.ID
	if before != "" && onlyFile(err) { // no new file: one that was put there before
		act.DocumentID, err = ids.Parse[ids.Document](before)
		if err != nil {
			err = fault.In("document_id", "unknown_code")
		}
	}
	if err == nil {
		err = s.Do(c.Std(), id, act)
	}
	if err == nil {
		c.Flash("flash.agreements.signed", "")
		return c.See("/agreements/" + id.String())
	}
	said := s.refusal(c, err)
	if said == "" && (fault.Has(err, fault.UnsupportedMedia) || fault.Has(err, fault.TooLarge)) {
		var known *fault.Error
		asFault(err, &known)
		said = c.Sentence(known)
	}
	if said == "" {
		return err
	}
	c.Unprocessable(err)
	return s.showSigning(c, id, said, false, act)
}

// onlyFile reports that nothing is missing but the file.
func onlyFile(err error) bool {
	fields := web.Faults(err)
	return len(fields) == 1 && fields[0].Field == "file" && fields[0].Code == "required"
}
