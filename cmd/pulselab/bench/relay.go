package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"
)

// relay is where the mail goes: a sink of our own in a process of its own, or any
// SMTP server.
type relay struct {
	url  string
	pid  int // 0 when its process is not known
	own  *exec.Cmd
	ask  io.WriteCloser
	tell *bufio.Reader
}

// newRelay starts a sink unless a server is named.
func newRelay(ctx context.Context, c Command) (*relay, error) {
	if c.SMTP != "" {
		return &relay{url: c.SMTP, pid: c.SinkPID}, nil
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := exec.CommandContext(ctx, self, "sink", "--delay", c.SinkDelay.String())
	p.Stderr = os.Stderr
	ask, err := p.StdinPipe()
	if err != nil {
		return nil, err
	}
	tell, err := p.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.Start(); err != nil {
		return nil, err
	}
	r := &relay{own: p, pid: p.Process.Pid, ask: ask, tell: bufio.NewReader(tell)}
	at, err := r.tell.ReadString('\n')
	r.url = "smtp://" + strings.TrimSpace(at) + "?tls=never"
	return r, err
}

// counts asks a sink of our own what it took; known is false for any other server.
func (r *relay) counts() (c counts, known bool, err error) {
	if r.own == nil {
		return c, false, nil
	}
	if _, err := fmt.Fprintln(r.ask); err != nil {
		return c, true, err
	}
	line, err := r.tell.ReadBytes('\n')
	if err != nil {
		return c, true, err
	}
	return c, true, json.Unmarshal(line, &c)
}

// cpu is its processor time so far, 0 when its process is not known.
func (r *relay) cpu() (time.Duration, error) {
	if r.pid == 0 {
		return 0, nil
	}
	return cpuOf(r.pid)
}

// target is where a plain client dials.
func (r *relay) target() (string, error) {
	u, err := url.Parse(r.url)
	if err != nil {
		return "", err
	}
	return u.Host, nil
}

func (r *relay) close() error {
	if r.own == nil {
		return nil
	}
	r.ask.Close()
	return r.own.Wait()
}
