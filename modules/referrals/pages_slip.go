package referrals

import (
	"context"
	"strings"

	"shubbak/modules/accounts"
	"shubbak/modules/directory"
	"shubbak/platform/fault"
	"shubbak/platform/i18n"
	"shubbak/platform/ids"
	"shubbak/platform/qr"
	"shubbak/policies"
	"shubbak/web"
)

// slip is what the printed slip shows (design.md §10).
type slip struct {
	View
	Code  string // in groups of four
	QR    string // an SVG of ours
	Name  string
	Heads []string // of the letter
	Phone string
	// Discreet slips name neither the destination nor the service, but where to go and
	// whom to ask for.
	Discreet bool
	To       string
	Service  string
	When     string
	Contact  string
	Bring    []string
	Care     string // who is responsible for the data
	Other    i18n.Lang
}

func (s *Service) slipPage(c *web.Ctx) error {
	id, err := pageID(c)
	if err != nil {
		return err
	}
	r, code, err := s.Slip(c.Std(), id)
	if err != nil {
		return err
	}
	v := c.View("")
	// A slip is for the person and the partner: Arabic or French.
	v.Lang = i18n.French
	if l, ok := i18n.Parse(c.Query("lang")); ok && l == i18n.Arabic || !ok && c.Lang() == i18n.Arabic {
		v.Lang = i18n.Arabic
	}
	p, err := s.slipOf(c.Std(), v, r, code)
	if err != nil {
		return err
	}
	v.Title = v.T("slip.title") + " " + r.Number
	return c.Render(slipView(v, p))
}

// slipOpen leads on from the address in a QR code, and from a code typed by hand.
func (s *Service) slipOpen(c *web.Ctx) error {
	id, err := s.BySlip(c.Std(), c.Params("code"))
	if err != nil {
		return err
	}
	return c.See("/referrals/" + id.String())
}

func (s *Service) slipOf(ctx context.Context, v *web.View, r View, code string) (slip, error) {
	p := slip{View: r, Code: slipGroups(code), Other: i18n.French}
	if v.Lang == i18n.French {
		p.Other = i18n.Arabic
	}
	var err error
	if p.QR, err = qr.SVG(s.Address() + "/n/" + code); err != nil {
		return p, err
	}
	service, err := s.Directory.Get(ctx, r.row.ServiceID)
	if err != nil && !fault.Has(err, fault.NotFound) {
		return p, err
	}
	p.Discreet = service.Discreet
	units, err := s.Accounts.Units(ctx, ownUnits(r)...)
	if err != nil {
		return p, err
	}
	if err := s.letterhead(ctx, v, &p, units[r.From.Unit]); err != nil {
		return p, err
	}
	if r.Identity != nil {
		p.Name = r.Identity.DisplayName(v.Lang == i18n.Arabic)
	}
	if a := r.Appointment; a != nil {
		p.When = appointmentWords(v, a.StartsAtLocal)
		p.Bring = bringList(a.Bring)
	}
	if p.Contact, err = s.slipContact(ctx, v, r, p.Discreet, units[r.To.Unit]); err != nil {
		return p, err
	}
	if !p.Discreet {
		p.To, p.Service = s.tenantName(ctx, v, r.To.Tenant), serviceName(service, r).In(v.Lang)
	}
	return p, nil
}

func serviceName(o directory.Service, r View) directory.Words {
	if o.ID.IsZero() {
		return r.Service.Name
	}
	return o.Name()
}

func ownUnits(r View) []ids.ID[ids.Unit] {
	var out []ids.ID[ids.Unit]
	for _, u := range []ids.ID[ids.Unit]{r.From.Unit, r.To.Unit} {
		if !u.IsZero() {
			out = append(out, u)
		}
	}
	return out
}

// letterhead names the sender. A tenant that gives care is never named on paper
// that a person carries (domain.md §6): its letter is the network's.
func (s *Service) letterhead(ctx context.Context, v *web.View, p *slip, unit accounts.Unit) error {
	t, err := s.Tenants.ByID(ctx, p.row.FromTenant)
	if err != nil || t == nil {
		return err
	}
	p.Heads, p.Care = []string{v.T("slip.kingdom"), v.T("frame.product")}, v.T("frame.product")
	if !t.Declared().Care {
		p.Heads, p.Care = []string{v.T("slip.kingdom"), t.Name(v.Lang)}, t.Name(v.Lang)
		if w := written(unitName(unit), v.Lang); w != "" {
			p.Heads = append(p.Heads, w)
		}
		p.Phone = unit.OnCall
	}
	return nil
}

func unitName(u accounts.Unit) i18n.Words {
	return i18n.Words{Ar: u.NameAr, Fr: u.NameFr, En: u.NameEn}
}

// slipContact is whom the person asks for: the receiving unit, or, where that would
// say too much, a name of the reader's own house.
func (s *Service) slipContact(ctx context.Context, v *web.View, r View, discreet bool, unit accounts.Unit) (string, error) {
	if !discreet {
		return strings.Join(notEmpty(written(unitName(unit), v.Lang), unit.OnCall), "، "), nil
	}
	who := r.row.FromUser
	if s.side(v.Actor, r.row) == policies.Receiver {
		who = r.row.OwnerUser
	}
	if who.IsZero() {
		return "", nil
	}
	names, err := s.Accounts.Names(ctx, who)
	return written(names[who], v.Lang), err
}

func notEmpty(list ...string) []string {
	var out []string
	for _, x := range list {
		if x != "" {
			out = append(out, x)
		}
	}
	return out
}

// bringList cuts what somebody typed into single things, a box each.
func bringList(typed string) []string {
	var out []string
	for _, x := range strings.FieldsFunc(typed, func(r rune) bool { return strings.ContainsRune(",،;؛\n", r) }) {
		if x = strings.Trim(x, " .-"); x != "" {
			out = append(out, x)
		}
	}
	return out
}

// printable reports whether a slip can be carried: sent and not over; the receiver
// prints it once the person is open, since printing shows who it is.
func (p sheet) printable() bool {
	return p.SentAt != nil && p.State.Open() && !p.row.Letter() && (p.Side == policies.Sender || p.Side == policies.Receiver && p.Identity != nil)
}
