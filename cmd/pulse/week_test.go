package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/mail"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/demo"
)

// built is the folder of the real program, removed when all tests are over.
var built string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "pulse-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	built = dir
	status := m.Run()
	os.RemoveAll(built)
	os.Exit(status)
}

// binary is the real program, built once for all tests that start it.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(built, "pulse")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// installation is the program with one set of settings, as its operator has it.
type installation struct {
	t       *testing.T
	path    string
	environ []string
	base    string
}

func install(t *testing.T, base string, environ ...string) *installation {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	environ = append(environ, "PATH="+os.Getenv("PATH"), "PULSE_DATA_DIR="+t.TempDir(), "PULSE_BASE_URL="+base)
	return &installation{t: t, path: path, environ: environ, base: base}
}

// run runs one command to its end and gives its standard output.
func (i *installation) run(args ...string) string {
	i.t.Helper()
	cmd := exec.Command(i.path, args...)
	cmd.Env = i.environ
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		i.t.Fatalf("pulse %s: %v\n%s%s", strings.Join(args, " "), err, &out, &complaints)
	}
	return out.String()
}

// process is a running pulse.
type process struct {
	cmd *exec.Cmd
	log lockedBuffer
}

// start starts a process that runs until it is stopped or killed.
func (i *installation) start(environ []string, args ...string) *process {
	i.t.Helper()
	p := &process{cmd: exec.Command(i.path, args...)}
	p.cmd.Env = append(append([]string(nil), i.environ...), environ...)
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if err := p.cmd.Start(); err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() {
		p.kill()
		if i.t.Failed() {
			i.t.Logf("pulse %s said:\n%s", strings.Join(args, " "), p.log.String())
		}
		if strings.Contains(p.log.String(), "@readers.test") {
			i.t.Error("the log names a reader")
		}
	})
	return p
}

// stop asks a process to end, which it must do well.
func (p *process) stop(t *testing.T) {
	t.Helper()
	p.cmd.Process.Signal(syscall.SIGTERM)
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("%s did not stop cleanly: %v", strings.Join(p.cmd.Args, " "), err)
	}
}

// kill ends a process that is still there as a power cut would (SIGKILL).
func (p *process) kill() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// serve starts a process that is stopped when the test ends.
func (i *installation) serve(environ []string, args ...string) {
	i.t.Helper()
	p := i.start(environ, args...)
	i.t.Cleanup(func() { p.stop(i.t) })
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// row is a JSON line that a command printed last.
func row(t *testing.T, out string) map[string]any {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var r map[string]any
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &r); err != nil {
		t.Fatalf("not JSON: %q", out)
	}
	return r
}

// postOffice is where mail arrives in the end.
type postOffice interface{ mails() []*mail.Message }

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}

// walkTheWeek takes an installation that is being served from sign-up to leaving.
func walkTheWeek(t *testing.T, i *installation, office postOffice) {
	t.Helper()
	const imported = 20
	i.run("editor", "add", "Ada <ada@readers.test>", "--admin")
	i.addFeeds()
	i.importReaders(imported)
	i.signUp(office, "newcomer@readers.test")
	eventually(t, "the feeds to be gathered", func() bool {
		out := i.run("source", "list", "--json")
		return strings.Count(out, `"failures":0`) == 4 && !strings.Contains(out, `"succeeded":"0001`)
	})
	id := fmt.Sprint(row(t, i.run("digest", "compose", "--json"))["id"])
	i.run("digest", "approve", id)
	sent := row(t, i.run("digest", "send", id, "--now", "--watch", "--json"))
	if sent["state"] != "sent" || sent["planned"] != float64(imported+1) || sent["sent"] != float64(imported+1) {
		t.Fatalf("the digest: %v", sent)
	}
	everyoneOnce(t, office, imported+1)
	i.leave(office, "newcomer@readers.test")
	if again := row(t, i.run("digest", "compose", "--json")); again["state"] != "skipped" {
		t.Errorf("a second digest without anything new is %v", again["state"])
	}
	if out := i.run("subscriber", "export"); !strings.Contains(out, "newcomer@readers.test,success-stories tips-tools industry-trends social-good,,en,unsubscribed") {
		t.Errorf("the export does not show who left:\n%s", out)
	}
}

func (i *installation) addFeeds() {
	community, err := demo.NewCommunity(time.Now)
	if err != nil {
		i.t.Fatal(err)
	}
	site, err := demo.Serve(community, i.base+"/subscribe")
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() { site.Close() })
	for _, b := range community.Blogs() {
		i.run("source", "add", site.FeedURL(b), "--topic", b.Topic)
	}
}

func (i *installation) importReaders(n int) {
	file := filepath.Join(i.t.TempDir(), "readers.csv")
	text := "email\n"
	for r := range n {
		text += fmt.Sprintf("reader%02d@readers.test\n", r)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		i.t.Fatal(err)
	}
	if got := row(i.t, i.run("subscriber", "import", file, "--json")); got["added"] != float64(n) {
		i.t.Fatalf("imported %v", got)
	}
}

var confirmation = regexp.MustCompile(`https?://[^\s"<>]+/confirm/[A-Za-z0-9_-]+`)

func (i *installation) signUp(office postOffice, who string) {
	i.t.Helper()
	i.post(i.base+"/subscribe", url.Values{"email": {who}})
	var found string
	eventually(i.t, "the confirmation mail", func() bool {
		for _, m := range office.mails() {
			if m.Header.Get("To") == "<"+who+">" {
				found = confirmation.FindString(text(m))
			}
		}
		return found != ""
	})
	i.post(found, nil)
}

func (i *installation) post(to string, form url.Values) {
	i.t.Helper()
	answer, err := http.PostForm(to, form)
	if err != nil {
		i.t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		i.t.Fatalf("a form was answered %s", answer.Status)
	}
}

// text is a mail's body with the soft line breaks of quoted-printable undone.
func text(m *mail.Message) string {
	var b bytes.Buffer
	b.ReadFrom(m.Body)
	return strings.ReplaceAll(strings.ReplaceAll(b.String(), "=\r\n", ""), "=\n", "")
}

func everyoneOnce(t *testing.T, office postOffice, readers int) {
	t.Helper()
	digests := func() map[string]int {
		got := map[string]int{}
		for _, m := range office.mails() {
			if m.Header.Get("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click" {
				got[m.Header.Get("To")]++
			}
		}
		return got
	}
	eventually(t, "every digest to arrive", func() bool { return len(digests()) >= readers })
	for who, n := range digests() {
		if n != 1 {
			t.Errorf("%s got %d digests", who, n)
		}
	}
}

func (i *installation) leave(office postOffice, who string) {
	i.t.Helper()
	for _, m := range office.mails() {
		if link := strings.Trim(m.Header.Get("List-Unsubscribe"), "<>"); link != "" && m.Header.Get("To") == "<"+who+">" {
			i.post(link, url.Values{"List-Unsubscribe": {"One-Click"}})
			return
		}
	}
	i.t.Fatalf("nothing to leave by was mailed")
}

// ready waits until the web role answers for all its parts.
func (i *installation) ready() {
	i.t.Helper()
	eventually(i.t, "the service to be ready", func() bool {
		request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, i.base+"/readyz", nil)
		if err != nil {
			return false
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
}
