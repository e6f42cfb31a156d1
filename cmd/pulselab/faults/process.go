package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// installation is pulse with one set of settings, as its operator has it.
type installation struct {
	path    string
	dir     string
	environ []string

	mu      sync.Mutex
	started int
}

// command runs one command to its end and gives its standard output. What fails
// for want of a database or a disk that is away just now is asked again for a
// while, as an operator would.
func (i *installation) command(ctx context.Context, args ...string) (out string, err error) {
	for range 8 {
		if out, err = i.once(ctx, args...); err == nil || ctx.Err() != nil {
			return out, err
		}
		sleep(ctx, time.Second)
	}
	return out, err
}

func (i *installation) once(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, i.path, args...)
	cmd.Env = i.environ
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("pulse %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(complaints.String()))
	}
	return out.String(), nil
}

// object runs a command that prints an object as its last line.
func (i *installation) object(ctx context.Context, args ...string) (map[string]any, error) {
	out, err := i.command(ctx, args...)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var row map[string]any
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &row); err != nil {
		return nil, fmt.Errorf("pulse %s printed %q: %w", strings.Join(args, " "), out, err)
	}
	return row, nil
}

// process is a running pulse. Its log stays in the run's folder.
type process struct {
	role string
	cmd  *exec.Cmd
	log  string // the file
	done chan struct{}
	err  error // how it ended, once done is closed
}

func (i *installation) start(role string) (*process, error) {
	i.mu.Lock()
	i.started++
	name := filepath.Join(i.dir, fmt.Sprintf("%02d-%s.log", i.started, role))
	i.mu.Unlock()
	log, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	args := []string{"serve"}
	if role != "all" {
		args = append(args, "--roles", role)
	}
	p := &process{role: role, cmd: exec.Command(i.path, args...), log: name, done: make(chan struct{})}
	p.cmd.Env = i.environ
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

func (p *process) signal(s syscall.Signal) { p.cmd.Process.Signal(s) }

// kill ends a process as a power cut would.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.done
}

// stopsWithin is what a worker promises to take at most, and a little.
const stopsWithin = 50 * time.Second

// stop asks a process to end, which it must do well and in time.
func (p *process) stop() error {
	p.signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(stopsWithin):
		p.kill()
		return fmt.Errorf("a %s process did not stop within %v of SIGTERM", p.role, stopsWithin)
	}
	if p.err != nil {
		return fmt.Errorf("a %s process did not stop cleanly: %w", p.role, p.err)
	}
	return nil
}

var registered = regexp.MustCompile(`msg="worker registered" worker=(\d+)`)

// workers are the numbers under which the process is or was in the ledger's list
// of workers, by its own log: it takes a new one whenever it has to start anew.
func (p *process) workers() (ids []int64) {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return nil
	}
	for _, m := range registered.FindAllSubmatch(text, -1) {
		if id, err := strconv.ParseInt(string(m[1]), 10, 64); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

func (p *process) gone() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}
