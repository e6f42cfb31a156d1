package faults

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The engines.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// ground is what an installation stands on: a folder, a database and a queue, all
// the run's own, so that breaking them hurts nobody else.
type ground struct {
	dir      string
	engine   string
	database string // for PULSE_DATABASE_URL
	redisURL string // "" for the embedded queue

	mounted   bool // the data folder is a small file system of its own
	postgres  string
	bin       string // where PostgreSQL's programs are
	port      int
	redis     *exec.Cmd
	redisPort int
}

// diskSize is how large the small file system is; the database of a run and its
// write-ahead log take a few megabytes.
const diskSize = "48m"

func prepareGround(ctx context.Context, dir string, plan Plan) (*ground, error) {
	g := &ground{dir: dir, engine: plan.Engine}
	data := filepath.Join(dir, "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, err
	}
	if plan.has(FullDisk) {
		g.mounted = syscall.Mount("none", data, "tmpfs", 0, "size="+diskSize) == nil
	}
	g.database = "sqlite:" + filepath.Join(data, "pulse.db")
	if plan.Engine == SQLite {
		return g, nil
	}
	if err := g.initPostgres(ctx); err != nil {
		g.Close()
		return nil, err
	}
	var err error
	if g.redisPort, err = freePort(); err == nil {
		g.redisURL = fmt.Sprintf("redis://127.0.0.1:%d/0", g.redisPort)
		err = g.startRedis(ctx)
	}
	if err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

// Close stops and unmounts everything.
func (g *ground) Close() {
	g.stopRedis()
	if g.postgres != "" {
		g.pg(context.Background(), "pg_ctl", "-D", g.postgres, "-m", "immediate", "stop")
	}
	if g.mounted {
		syscall.Unmount(filepath.Join(g.dir, "data"), syscall.MNT_DETACH)
	}
}

// initPostgres makes a database cluster and starts it.
func (g *ground) initPostgres(ctx context.Context) (err error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(found) == 0 {
		return fmt.Errorf("faults: no PostgreSQL below /usr/lib/postgresql")
	}
	g.bin = found[len(found)-1]
	if g.port, err = freePort(); err != nil {
		return err
	}
	home := filepath.Join(g.dir, "postgres")
	if err := os.Mkdir(home, 0o700); err != nil {
		return err
	}
	if os.Geteuid() == 0 {
		if out, err := exec.CommandContext(ctx, "chown", "postgres", home).CombinedOutput(); err != nil {
			return fmt.Errorf("faults: chown: %w: %s", err, out)
		}
	}
	cluster := filepath.Join(home, "cluster")
	if err := g.pg(ctx, "initdb", "-N", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-D", cluster); err != nil {
		return err
	}
	g.postgres = cluster
	g.database = fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", g.port)
	return g.startPostgres(ctx)
}

// startPostgres starts the server without fsync: what is to be survived is the
// end of its processes, which takes nothing from the kernel's cache.
func (g *ground) startPostgres(ctx context.Context) error {
	options := fmt.Sprintf("-p %d -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c shared_buffers=32MB", g.port)
	return g.pg(ctx, "pg_ctl", "-w", "-D", g.postgres, "-l", filepath.Join(filepath.Dir(g.postgres), "log"), "-o", options, "start")
}

// pg runs one of PostgreSQL's programs, as the user postgres when we are root,
// whom it refuses.
func (g *ground) pg(ctx context.Context, program string, args ...string) error {
	args = append([]string{filepath.Join(g.bin, program)}, args...)
	if os.Geteuid() == 0 {
		args = append([]string{"runuser", "-u", "postgres", "--"}, args...)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = "/"
	log, err := os.OpenFile(filepath.Join(g.dir, "postgres-programs.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log // a file: a pipe would stay open as long as the server
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("faults: %s: %w (see %s)", program, err, log.Name())
	}
	return nil
}

// crashPostgres ends the server without a checkpoint and starts it again after a while.
func (g *ground) crashPostgres(ctx context.Context, away time.Duration) error {
	if err := g.pg(ctx, "pg_ctl", "-w", "-D", g.postgres, "-m", "immediate", "stop"); err != nil {
		return err
	}
	sleep(ctx, away)
	return g.startPostgres(ctx)
}

func (g *ground) startRedis(ctx context.Context) error {
	g.redis = exec.Command("redis-server", "--bind", "127.0.0.1", "--port", strconv.Itoa(g.redisPort), "--save", "", "--appendonly", "no", "--dir", g.dir)
	if err := g.redis.Start(); err != nil {
		g.redis = nil
		return fmt.Errorf("faults: redis-server: %w", err)
	}
	for range 100 {
		if answer, err := g.askRedis("PING"); err == nil && strings.HasPrefix(answer, "+PONG") {
			return nil
		}
		sleep(ctx, 50*time.Millisecond)
	}
	return fmt.Errorf("faults: redis-server does not answer")
}

func (g *ground) stopRedis() {
	if g.redis != nil {
		g.redis.Process.Kill()
		g.redis.Wait()
		g.redis = nil
	}
}

// askRedis sends one command in Redis's inline form.
func (g *ground) askRedis(command string) (string, error) {
	conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", g.redisPort), time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := conn.Write([]byte(command + "\r\n")); err != nil {
		return "", err
	}
	answer := make([]byte, 64)
	n, err := conn.Read(answer)
	return string(answer[:n]), err
}

// fillDisk takes all the room there is in the data folder for a while.
func (g *ground) fillDisk(ctx context.Context, d time.Duration) error {
	ballast := filepath.Join(g.dir, "data", "ballast")
	defer os.Remove(ballast)
	f, err := os.Create(ballast)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 4 << 10, 1} {
		block := make([]byte, size)
		for {
			if _, err := f.Write(block); err != nil {
				break
			}
		}
	}
	sleep(ctx, d)
	return nil
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
