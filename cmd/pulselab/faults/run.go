package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Run is one digest sent while things break, and what came of it.
type Run struct {
	Plan     Plan         `json:"plan"`
	Passed   bool         `json:"passed"`
	Findings []string     `json:"findings,omitempty"`
	Notes    []string     `json:"notes,omitempty"`
	Faults   map[Kind]int `json:"faults"` // strikes that struck, messages and connections that weather met
	Sum      Sum          `json:"figures"`
	Seconds  float64      `json:"seconds"`
	Repeat   string       `json:"repeat"`
	Kept     string       `json:"kept,omitempty"` // the folder with logs, after a failure
}

// run is a run under way.
type run struct {
	plan   Plan
	lab    *lab
	dir    string
	ground *ground
	relay  *Relay
	pulse  *installation
	books  *books
	random *rand.Rand

	base    string // where readers reach the pages
	digest  string
	readers []reader

	off   time.Duration // how far the installation's clock is from ours
	seen  int           // mails when the run was last looked at
	moved time.Time     // since when there are so many

	mu        sync.Mutex
	processes []*process
	left      map[string]Absence
	pauses    []Break
	atStake   int // by strikes; breaks at the relay are added in the end
	struck    map[Kind]int
	findings  []string
	notes     []string
}

// play plays a plan in a folder of its own and judges what it left behind.
func (l *lab) play(ctx context.Context, plan Plan) Run {
	began := time.Now()
	r := &run{plan: plan, lab: l, left: map[string]Absence{}, struck: map[Kind]int{}, random: rand.New(rand.NewPCG(plan.Seed, 1))}
	result := Run{Plan: plan, Repeat: l.repeat(plan)}
	err := r.story(ctx)
	if err != nil {
		r.findings = append(r.findings, "the run could not be played to its end: "+err.Error())
	}
	if r.relay != nil && r.digest != "" && r.books != nil && err == nil {
		result.Sum = r.judge(ctx)
	}
	r.close()
	result.Findings, result.Notes, result.Faults = r.findings, r.notes, r.struck
	result.Passed = len(r.findings) == 0
	result.Seconds = time.Since(began).Seconds()
	if result.Passed && !l.keep {
		os.RemoveAll(r.dir)
	} else {
		result.Kept = r.dir
	}
	return result
}

// story is the run from an empty folder to a digest that is sent.
func (r *run) story(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 6*time.Minute)
	defer cancel()
	for _, step := range []func(context.Context) error{r.prepare, r.fill, r.open, r.send, r.strikeAll, r.settle, r.finish} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// prepare makes the ground, the relay and the settings.
func (r *run) prepare(ctx context.Context) (err error) {
	r.dir = filepath.Join(r.lab.dir, fmt.Sprintf("%s-%d", r.plan.Engine, r.plan.Seed))
	if err := os.MkdirAll(r.dir, 0o711); err != nil {
		return err
	}
	if r.ground, err = prepareGround(ctx, r.dir, r.plan); err != nil {
		return err
	}
	if r.relay, err = listenRelay(r.plan, r.lab.readers); err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	r.base = fmt.Sprintf("http://127.0.0.1:%d", port)
	r.pulse = &installation{path: r.lab.pulse, dir: r.dir, environ: []string{
		"PATH=" + os.Getenv("PATH"), "PULSE_DATA_DIR=" + filepath.Join(r.dir, "data"), "PULSE_BASE_URL=" + r.base,
		fmt.Sprintf("PULSE_LISTEN=127.0.0.1:%d", port), "PULSE_DATABASE_URL=" + r.ground.database, "PULSE_REDIS_URL=" + r.ground.redisURL,
		"PULSE_SMTP_URLS=" + r.relay.URL(), "PULSE_DNS=off", "PULSE_FROM=Pulse <weekly@pulse.test>", "PULSE_ALLOW_PRIVATE_SOURCES=true",
		"PULSE_SCHEDULE=FREQ=WEEKLY;BYDAY=TU;BYHOUR=9;BYMINUTE=0", "PULSE_THROTTLE_REST=1s", "PULSELAB_CLOCK=" + r.clockFile()}}
	if r.plan.Rate > 0 {
		r.pulse.environ = append(r.pulse.environ, fmt.Sprintf("PULSE_DOMAIN_RATES=readers.test=%d", r.plan.Rate))
	}
	return nil
}

// fill brings readers and stories and has a digest approved.
func (r *run) fill(ctx context.Context) (err error) {
	file := filepath.Join(r.dir, "readers.csv")
	text := "email\n"
	for n := range r.lab.readers {
		text += fmt.Sprintf("reader%04d@readers.test\n", n)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	if _, err := r.pulse.once(ctx, "subscriber", "import", file, "--json"); err != nil {
		return err
	}
	for _, feed := range r.lab.feeds {
		if _, err := r.pulse.once(ctx, "source", "add", feed.url, "--topic", feed.topic); err != nil {
			return err
		}
	}
	if _, err := r.pulse.once(ctx, "gather"); err != nil {
		return err
	}
	composed, err := r.pulse.object(ctx, "digest", "compose", "--json")
	if err != nil {
		return err
	}
	r.digest = fmt.Sprintf("%.0f", composed["id"])
	if _, err := r.pulse.once(ctx, "digest", "approve", r.digest); err != nil {
		return err
	}
	if r.books, err = openBooks(r.ground); err != nil {
		return err
	}
	r.readers, err = r.books.readers(ctx)
	if err == nil && len(r.readers) != r.lab.readers {
		err = fmt.Errorf("faults: %d readers were imported", len(r.readers))
	}
	return err
}

// roles are the processes of each engine's installation.
var roles = map[string][]string{SQLite: {"all"}, Postgres: {"web", "worker", "worker", "scheduler"}}

// open starts the processes.
func (r *run) open(ctx context.Context) error {
	for _, role := range roles[r.plan.Engine] {
		if err := r.start(ctx, role); err != nil {
			return err
		}
	}
	return nil
}

// start starts a process and, if it sends, waits a while until it is registered.
func (r *run) start(ctx context.Context, role string) error {
	p, err := r.pulse.start(role)
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.processes = append(r.processes, p)
	r.mu.Unlock()
	for range 50 {
		if role != "all" && role != "worker" || p.gone() || len(p.workers()) > 0 {
			break
		}
		sleep(ctx, 50*time.Millisecond)
	}
	return nil
}

func (r *run) send(ctx context.Context) error {
	_, err := r.pulse.command(ctx, "digest", "send", r.digest, "--now")
	return err
}

// strikeAll waits for each strike's moment and strikes.
func (r *run) strikeAll(ctx context.Context) error {
	for _, step := range r.plan.Steps {
		r.await(ctx, step.At)
		if err := ctx.Err(); err != nil {
			return err
		}
		if percent, _ := r.relay.Progress(); percent >= 99 {
			r.note("%s came after the end", step.Kind)
		}
		if err := r.strike(ctx, step.Kind); err != nil {
			return fmt.Errorf("%s: %w", step.Kind, err)
		}
	}
	return nil
}

// await returns once so many hundredths have their mail, or none get any although
// the run was hurried on.
func (r *run) await(ctx context.Context, percent int) {
	still, before := 0, -1
	for ctx.Err() == nil && still < 40 {
		now, mails := r.relay.Progress()
		if now >= percent {
			return
		}
		if mails != before {
			still, before = 0, mails
		}
		if still++; still%4 == 0 {
			r.nudge(ctx)
		}
		for range 25 { // 500 ms, and a quick look in between: a send does not last long
			if now, _ := r.relay.Progress(); now >= percent {
				return
			}
			sleep(ctx, 20*time.Millisecond)
		}
	}
}

// settle waits for the digest to be sent.
func (r *run) settle(ctx context.Context) error {
	limit := 100 * time.Second
	if r.plan.Patient {
		limit = 4 * time.Minute
	}
	for start := time.Now(); time.Since(start) < limit && ctx.Err() == nil; sleep(ctx, 500*time.Millisecond) {
		r.revive(ctx)
		shown, err := r.pulse.object(ctx, "digest", "show", r.digest, "--json")
		if err == nil && shown["state"] == "sent" {
			return nil
		}
		if waiting, busy, err := r.books.progress(ctx, r.digest, r.now()); err == nil && (waiting > 0 || busy == 0 || time.Since(start) > 5*time.Second) {
			r.nudge(ctx)
		}
	}
	r.note("it was not sent within %v", limit)
	return nil
}

// finish stops what still runs, politely.
func (r *run) finish(context.Context) error {
	r.mu.Lock()
	running := r.processes
	r.processes = nil
	r.mu.Unlock()
	var failed error
	for _, p := range running {
		if !p.gone() {
			failed = errors.Join(failed, p.stop())
		}
	}
	if failed != nil {
		r.find("%v", failed)
	}
	return nil
}

// judge gathers the evidence and judges it.
func (r *run) judge(ctx context.Context) Sum {
	shown, err := r.pulse.object(ctx, "digest", "show", r.digest, "--json")
	if err != nil {
		r.find("%v", err)
		return Sum{}
	}
	rows, strays, err := r.books.rows(ctx, r.digest, r.readers)
	if err != nil {
		r.find("%v", err)
		return Sum{}
	}
	r.relay.mu.Lock()
	defer r.relay.mu.Unlock()
	for kind, n := range r.relay.observed {
		r.struck[kind] += n
	}
	planned, _ := shown["planned"].(float64)
	e := Evidence{Mails: r.relay.mails, Refused: r.relay.refused, Left: r.left, Pauses: r.pauses, State: fmt.Sprint(shown["state"]),
		Planned: int(planned), Counts: counts(shown), Rows: rows, Strays: strays, AtStake: r.atStake + 16*r.relay.breaks}
	for _, reader := range r.readers {
		e.Readers = append(e.Readers, reader.address)
	}
	sum, findings := Judge(e)
	r.findings = append(r.findings, findings...)
	return sum
}

// close takes everything down, whatever state it is in.
func (r *run) close() {
	r.mu.Lock()
	for _, p := range r.processes {
		p.kill()
	}
	r.mu.Unlock()
	if r.books != nil {
		r.books.Close()
	}
	if r.relay != nil {
		r.relay.Close()
	}
	if r.ground != nil {
		r.ground.Close()
	}
}

func (r *run) find(format string, args ...any) {
	r.findings = append(r.findings, fmt.Sprintf(format, args...))
}
func (r *run) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}
