package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	texttemplate "text/template"
	"time"

	_ "embed"

	gomail "github.com/wneessen/go-mail"

	"github.com/collabpulse/weekly/internal/digest"
)

// Loop is the command that sends the same digest the plain way: for each reader
// both templates are executed and a new message is built and sent, over connections
// that are kept. It writes nothing down.
type Loop struct {
	Target      string `help:"Host and port of the relay."`
	Readers     int    `help:"How many messages."`
	Connections int    `help:"How many connections."`
	Material    string `help:"File with the digest, as JSON."`
}

//go:embed loop.html
var loopHTML string

//go:embed loop.txt
var loopText string

// number is one reader's digest.
type number struct {
	digest.Snapshot
	Leave string
}

// templates parses both. The frame that pulse puts around its stories has more in
// it than this one; what is missing to the same weight stands in the template as
// plain text, which costs nothing to execute.
func templates(m material) (html *template.Template, text *texttemplate.Template, err error) {
	if text, err = texttemplate.New("digest").Parse(loopText); err != nil {
		return nil, nil, err
	}
	if html, err = template.New("digest").Parse(loopHTML); err != nil {
		return nil, nil, err
	}
	var b strings.Builder
	if err := errors.Join(html.Execute(&b, number{Snapshot: m.Snapshot}), text.Execute(&b, number{Snapshot: m.Snapshot})); err != nil {
		return nil, nil, err
	}
	missing := "<div style=\"display:none\">" + prose(0, m.Weight-b.Len()) + "</div></body>"
	html, err = template.New("digest").Parse(strings.Replace(loopHTML, "</body>", missing, 1))
	return html, text, err
}

// Run sends, and prints how long it took.
func (l Loop) Run(ctx context.Context) error {
	encoded, err := os.ReadFile(l.Material)
	if err != nil {
		return err
	}
	var m material
	if err := json.Unmarshal(encoded, &m); err != nil {
		return err
	}
	begun := time.Now()
	failed := make(chan error, l.Connections)
	var all sync.WaitGroup
	for lane := range l.Connections {
		all.Go(func() {
			if err := l.lane(ctx, m, lane); err != nil {
				failed <- err
			}
		})
	}
	all.Wait()
	close(failed)
	if err := <-failed; err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(time.Since(begun).Seconds())
}

// lane sends every so-many-th reader's over one connection.
func (l Loop) lane(ctx context.Context, m material, lane int) error {
	html, text, err := templates(m)
	if err != nil {
		return err
	}
	client, err := l.dial(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	for i := lane; i < l.Readers; i += l.Connections {
		msg, err := letter(html, text, number{m.Snapshot, fmt.Sprintf("https://pulse.example/leave/%032d", i)}, i)
		if err != nil {
			return err
		}
		if err := client.Send(msg); err != nil {
			return err
		}
	}
	return nil
}

func (l Loop) dial(ctx context.Context) (*gomail.Client, error) {
	host, number, err := net.SplitHostPort(l.Target)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(number)
	if err != nil {
		return nil, err
	}
	client, err := gomail.NewClient(host, gomail.WithPort(port), gomail.WithTLSPolicy(gomail.NoTLS), gomail.WithHELO("pulse.example"))
	if err != nil {
		return nil, err
	}
	return client, client.DialWithContext(ctx)
}

func letter(html *template.Template, text *texttemplate.Template, n number, i int) (*gomail.Msg, error) {
	m := gomail.NewMsg()
	if err := m.From(from); err != nil {
		return nil, err
	}
	if err := m.To(reader(i)); err != nil {
		return nil, err
	}
	m.Subject(n.Subject)
	m.SetDate()
	m.SetMessageID()
	m.SetGenHeader("List-Id", "Collab Pulse Weekly <weekly.pulse.example>")
	m.SetGenHeader(gomail.HeaderListUnsubscribe, "<"+n.Leave+">")
	m.SetGenHeader(gomail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
	if err := m.SetBodyTextTemplate(text, n); err != nil {
		return nil, err
	}
	return m, m.AddAlternativeHTMLTemplate(html, n)
}

// looped is what the plain loop took.
type looped struct {
	seconds float64
	cpu     time.Duration
	bytes   int64 // a message, where the sink counts
}

// loop runs the plain loop in a process of its own to the same relay.
func loop(ctx context.Context, c Command, r *relay, m material, folder string) (l looped, err error) {
	target, err := r.target()
	if err != nil {
		return l, err
	}
	encoded, err := json.Marshal(m)
	if err != nil {
		return l, err
	}
	file := filepath.Join(folder, "material.json")
	if err := os.WriteFile(file, encoded, 0o600); err != nil {
		return l, err
	}
	before, _, err := r.counts()
	if err != nil {
		return l, err
	}
	p := exec.CommandContext(ctx, os.Args[0], "loop", "--target", target, "--readers", strconv.Itoa(c.Subscribers),
		"--connections", strconv.Itoa(c.lanes()), "--material", file)
	p.Stderr = os.Stderr
	out, err := p.Output()
	if err != nil {
		return l, fmt.Errorf("bench: the plain loop: %w", err)
	}
	if err := json.Unmarshal(out, &l.seconds); err != nil {
		return l, err
	}
	l.cpu = p.ProcessState.UserTime() + p.ProcessState.SystemTime()
	after, known, err := r.counts()
	if err != nil || !known {
		return l, err
	}
	if got := after.Messages - before.Messages; got != int64(c.Subscribers) {
		return l, fmt.Errorf("bench: the plain loop sent %d and the sink took %d", c.Subscribers, got)
	}
	l.bytes = (after.Bytes - before.Bytes) / int64(c.Subscribers)
	return l, nil
}
