package bench

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/collabpulse/weekly/internal/store"
)

// service is the pulse that is measured: real processes of the real program.
type service struct {
	program   string
	environ   []string
	folder    string
	processes []*exec.Cmd
}

// build makes the program from the source beside this one, unless there is one.
func build(ctx context.Context, program, folder string) (string, error) {
	if program != "" {
		return program, nil
	}
	program = filepath.Join(folder, "pulse")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "github.com/collabpulse/weekly/cmd/pulse").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("bench: pulse cannot be built: %w\n%s", err, out)
	}
	return program, nil
}

// environment is what the service runs with: this process's own, without settings
// of a service that may be here for real.
func environment(c Command, database, relay, folder string) []string {
	var kept []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "PULSE_") {
			kept = append(kept, v)
		}
	}
	day := strings.ToUpper(time.Now().UTC().AddDate(0, 0, 3).Weekday().String()[:2])
	return append(kept,
		"PULSE_DATABASE_URL="+database, "PULSE_REDIS_URL="+c.Redis, "PULSE_REDIS_SPACE=lab-"+strings.ToLower(rand.Text()[:10]),
		"PULSE_SMTP_URLS="+relay, "PULSE_DNS=off", fmt.Sprintf("PULSE_SMTP_CONNECTIONS=%d", c.Connections),
		"PULSE_DATA_DIR="+filepath.Join(folder, "data"), "PULSE_LISTEN=127.0.0.1:0",
		"PULSE_SECRETS="+rand.Text()+rand.Text(), "PULSE_ADDRESS_KEY="+rand.Text()+rand.Text(),
		"PULSE_FROM="+from, "PULSE_POSTAL_ADDRESS=Pulse, 1 Bench Road, Testville", "PULSE_LOG_LEVEL=warn",
		"PULSE_STORIES_PER_TOPIC=10",
		"PULSE_SCHEDULE=FREQ=WEEKLY;BYDAY="+day+";BYHOUR=9;BYMINUTE=0", // days away: no slot comes in between
	)
}

const from = "Collab Pulse Weekly <weekly@pulse.example>"

// start runs the roles as they fit the parts: apart on shared ones, in one process
// otherwise.
func (s *service) start(c Command) error {
	if !c.split() {
		return s.spawn("serve")
	}
	for range c.Workers {
		if err := s.spawn("serve", "--roles", "worker"); err != nil {
			return err
		}
	}
	return s.spawn("serve", "--roles", "scheduler")
}

func (s *service) spawn(args ...string) error {
	log, err := os.Create(filepath.Join(s.folder, fmt.Sprintf("pulse-%d.log", len(s.processes))))
	if err != nil {
		return err
	}
	defer log.Close()
	p := exec.Command(s.program, args...)
	p.Env, p.Stdout, p.Stderr = s.environ, log, log
	if err := p.Start(); err != nil {
		return err
	}
	s.processes = append(s.processes, p)
	return nil
}

// ready waits until every worker is in the ledger.
func (s *service) ready(ctx context.Context, db *store.Store, workers int) error {
	for begun := time.Now(); time.Since(begun) < 30*time.Second; time.Sleep(50 * time.Millisecond) {
		there, err := db.Workers(ctx)
		if err != nil {
			return err
		}
		if len(there) >= workers {
			return nil
		}
	}
	return fmt.Errorf("bench: pulse did not start\n%s", s.logs())
}

func (s *service) pids() (all []int) {
	for _, p := range s.processes {
		all = append(all, p.Process.Pid)
	}
	return all
}

// call runs one command of the same program.
func (s *service) call(ctx context.Context, args ...string) error {
	p := exec.CommandContext(ctx, s.program, args...)
	p.Env = s.environ
	if out, err := p.CombinedOutput(); err != nil {
		return fmt.Errorf("bench: pulse %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// stop ends every process politely.
func (s *service) stop() error {
	var failed error
	for _, p := range s.processes {
		p.Process.Signal(syscall.SIGTERM)
	}
	for _, p := range s.processes {
		failed = errors.Join(failed, p.Wait())
	}
	s.processes = nil
	return failed
}

// logs are what the processes had to say, warnings and worse.
func (s *service) logs() string {
	var all bytes.Buffer
	paths, _ := filepath.Glob(filepath.Join(s.folder, "pulse-*.log"))
	for _, path := range paths {
		text, _ := os.ReadFile(path)
		all.Write(text[:min(len(text), 4<<10)])
	}
	return all.String()
}
