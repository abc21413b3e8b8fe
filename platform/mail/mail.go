// Package mail hands a message to an SMTP server, or writes it as an .eml file
// where none is set. It knows nothing of whom it is for: callers put no personal
// data into a mail.
package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"shubbak/platform/db"
	"shubbak/platform/fault"

	gomail "github.com/wneessen/go-mail"
)

// Message is one plain-text mail. ID is stable over repeated attempts, so that a
// mailbox shows a message that was sent twice once.
type Message struct {
	ID      string
	To      string
	Subject string
	Text    string
	Lang    string
}

// Sender sends.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// Pinger is a sender that can say whether it would send.
type Pinger interface {
	Ping(ctx context.Context) error
}

var errInside = errors.New("mail: sending inside a transaction")

func compose(from string, m Message) (*gomail.Msg, error) {
	msg := gomail.NewMsg()
	if err := msg.From(from); err != nil {
		return nil, errors.New("mail: unusable sender")
	}
	if err := msg.To(m.To); err != nil {
		return nil, errors.New("mail: unusable recipient")
	}
	msg.SetMessageIDWithValue(m.ID)
	msg.Subject(m.Subject)
	msg.SetGenHeader(gomail.HeaderContentLang, m.Lang)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	return msg, nil
}

// Files writes each message into a folder, under its id: sending it again writes
// the same file again.
type Files struct {
	Dir  string
	From string
}

// Send writes the file, whole or not at all.
func (f Files) Send(ctx context.Context, m Message) error {
	if db.Inside(ctx) {
		return errInside
	}
	msg, err := compose(f.From, m)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if _, err := msg.WriteTo(&b); err != nil {
		return err
	}
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return fault.Of(fault.Unavailable, err)
	}
	name := filepath.Join(f.Dir, filepath.Base(m.ID)+".eml")
	if err := os.WriteFile(name+".tmp", b.Bytes(), 0o600); err != nil {
		return fault.Of(fault.Unavailable, err)
	}
	return os.Rename(name+".tmp", name)
}

// Ping reports whether the folder can be written.
func (f Files) Ping(context.Context) error {
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return fault.Of(fault.Unavailable, err)
	}
	probe, err := os.CreateTemp(f.Dir, ".probe-*")
	if err != nil {
		return fault.Of(fault.Unavailable, err)
	}
	defer os.Remove(probe.Name())
	return probe.Close()
}

// SMTP sends through a server.
type SMTP struct {
	host string
	opts []gomail.Option
	from string
}

// OpenSMTP reads smtp(s)://USER:PASS@HOST:PORT. Nothing is connected before the
// first message.
func OpenSMTP(raw, from string) (*SMTP, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return nil, errors.New("smtp url: want smtp://USER:PASS@HOST:PORT")
	}
	opts := []gomail.Option{gomail.WithTimeout(15 * time.Second), gomail.WithTLSPolicy(gomail.TLSOpportunistic)}
	if u.Scheme == "smtps" {
		opts = append(opts, gomail.WithSSL())
	}
	if p := u.Port(); p != "" {
		n, err := strconv.Atoi(p)
		if err != nil {
			return nil, errors.New("smtp url: not a port")
		}
		opts = append(opts, gomail.WithPort(n))
	}
	if u.User != nil {
		pass, _ := u.User.Password()
		opts = append(opts, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(u.User.Username()), gomail.WithPassword(pass))
	}
	return &SMTP{u.Hostname(), opts, from}, nil
}

// Send hands the message over; an error says nothing of its content.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	if db.Inside(ctx) {
		return errInside
	}
	msg, err := compose(s.from, m)
	if err != nil {
		return err
	}
	c, err := gomail.NewClient(s.host, s.opts...)
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	if err := c.DialAndSendWithContext(ctx, msg); err != nil {
		return fault.Of(fault.Unavailable, errors.New("mail: the server did not take it"))
	}
	return nil
}

// Ping greets the server, and signs in where the address holds a password.
func (s *SMTP) Ping(ctx context.Context) error {
	c, err := gomail.NewClient(s.host, s.opts...)
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	if err := c.DialWithContext(ctx); err != nil {
		return fault.Of(fault.Unavailable, errors.New("mail: the server does not answer, or refuses us"))
	}
	return c.Close()
}
