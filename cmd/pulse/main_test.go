package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
)

// pulse runs the command line in this process, on a data folder of the test's.
type pulse struct {
	t       *testing.T
	environ []string
}

func newPulse(t *testing.T, environ ...string) pulse {
	return pulse{t: t, environ: append([]string{"PULSE_DATA_DIR=" + filepath.Join(t.TempDir(), "data")}, environ...)}
}

func (p pulse) run(stdin string, args ...string) (status int, out, complaint string) {
	p.t.Helper()
	var o, e bytes.Buffer
	status = run(p.t.Context(), shell{Context: context.Background(), in: strings.NewReader(stdin), out: &o, err: &e, environ: p.environ}, args)
	return status, o.String(), e.String()
}

// ok runs a command that must succeed.
func (p pulse) ok(args ...string) string {
	p.t.Helper()
	status, out, complaint := p.run("", args...)
	if status != exitOK {
		p.t.Fatalf("pulse %s: status %d: %s", strings.Join(args, " "), status, complaint)
	}
	return out
}

func TestWrongCommandLinesSayWhatToDo(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args   []string
		status int
		says   string
	}{
		"no command":            {nil, exitUsage, "pulse --help"},
		"unknown command":       {[]string{"dance"}, exitUsage, "dance"},
		"unknown flag":          {[]string{"serve", "--loud"}, exitUsage, "--loud"},
		"missing argument":      {[]string{"source", "add", "--topic", "x"}, exitUsage, "<url>"},
		"bad address":           {[]string{"editor", "add", "nobody"}, exitFailed, "name@example.com"},
		"bad feed":              {[]string{"source", "add", "ftp://example.com/", "--topic", "tips-tools"}, exitFailed, "http://"},
		"bad topic":             {[]string{"source", "add", "https://example.com/", "--topic", "cooking"}, exitFailed, "tips-tools"},
		"bad role":              {[]string{"serve", "--roles", "boss"}, exitFailed, "worker"},
		"split embedded parts":  {[]string{"serve", "--roles", "web"}, exitFailed, "PULSE_DATABASE_URL"},
		"missing file":          {[]string{"subscriber", "import", "nothing.csv"}, exitFailed, "nothing.csv"},
		"a folder for a file":   {[]string{"subscriber", "import", "."}, exitFailed, "not a file"},
		"unknown digest":        {[]string{"digest", "show", "7"}, exitFailed, "digest"},
		"bad date":              {[]string{"digest", "compose", "--since", "yesterday"}, exitFailed, "2026-11-01"},
		"bad reason":            {[]string{"suppress", "add", "a@example.com", "--reason", "mood"}, exitFailed, "complaint"},
		"unknown source":        {[]string{"source", "remove", "7"}, exitFailed, "source list"},
		"unknown editor":        {[]string{"editor", "link", "a@example.com"}, exitFailed, "editor"},
		"nobody to remove":      {[]string{"editor", "remove", "a@example.com"}, exitFailed, "editor"},
		"unknown subscriber":    {[]string{"subscriber", "erase", "a@example.com"}, exitFailed, ""},
		"undoing without a yes": {[]string{"migrate", "--down"}, exitFailed, "--really"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, _, complaint := newPulse(t).run("", test.args...)
			if status != test.status || !strings.Contains(complaint, test.says) {
				t.Errorf("status %d, want %d; said %q, want %q in it", status, test.status, complaint, test.says)
			}
		})
	}
}

func TestWrongSettingsStopEveryCommand(t *testing.T) {
	t.Parallel()
	status, _, complaint := newPulse(t, "PULSE_BASE_URL=weekly").run("", "source", "list")
	if status != exitFailed || !strings.Contains(complaint, "PULSE_BASE_URL: an address looks like") {
		t.Errorf("status %d: %s", status, complaint)
	}
}

func TestAPublicServiceIsRefusedUntilItIsComplete(t *testing.T) {
	t.Parallel()
	status, _, complaint := newPulse(t, "PULSE_BASE_URL=https://weekly.example.com").run("", "serve")
	if status != exitFailed || !strings.Contains(complaint, "PULSE_SECRETS") {
		t.Errorf("status %d: %s", status, complaint)
	}
}

func TestSubscribersComeInAndGoOutAsCSV(t *testing.T) {
	t.Parallel()
	p := newPulse(t)
	file := filepath.Join(t.TempDir(), "readers.csv")
	text := "email,topics,timezone,language,status,hour\na@example.com,tips-tools,Europe/Berlin,de,active,7\nnobody\nb@example.com,,,,unsubscribed\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	status, out, complaint := p.run("", "subscriber", "import", file, "--json")
	var counts map[string]int
	if err := json.Unmarshal([]byte(out), &counts); err != nil || status != exitOK {
		t.Fatalf("status %d, %v: %s", status, err, complaint)
	}
	if counts["added"] != 2 || counts["bad_lines"] != 1 || !strings.Contains(complaint, "line 3: ") {
		t.Errorf("counts %v, complaint %q", counts, complaint)
	}
	want := "email,topics,timezone,language,status,hour,cadence\na@example.com,tips-tools,Europe/Berlin,de,active,7,weekly\n" +
		"b@example.com,success-stories tips-tools industry-trends social-good,,en,unsubscribed,,weekly\n"
	if got := p.ok("subscriber", "export"); got != want {
		t.Errorf("exported\n%swant\n%s", got, want)
	}
	p.ok("subscriber", "erase", "a@example.com")
	if got := p.ok("subscriber", "export"); strings.Contains(got, "a@example.com") {
		t.Error("an erased subscriber is exported")
	}
}

func TestAnEditorGetsALinkToSignIn(t *testing.T) {
	t.Parallel()
	p := newPulse(t)
	if out := p.ok("editor", "add", "Ada <ada@example.com>", "--admin"); !strings.Contains(out, "/console/sign-in/") {
		t.Errorf("no link in %q", out)
	}
	if out := p.ok("editor", "list"); !strings.Contains(out, `admin    "Ada" <ada@example.com>`) {
		t.Errorf("the list is %q", out)
	}
	if status, _, _ := p.run("", "editor", "add", "ADA@example.com"); status != exitFailed {
		t.Error("the same editor was added twice")
	}
	p.ok("editor", "remove", "ADA@example.com")
	if out := p.ok("editor", "list"); out != "" {
		t.Errorf("removed, and listed as %q", out)
	}
}

func TestSuppressedAddressesAreListedByHashOnly(t *testing.T) {
	t.Parallel()
	p := newPulse(t)
	p.ok("suppress", "add", "a@example.com", "--reason", "complaint", "--note", "asked by post")
	out := p.ok("suppress", "list")
	if !strings.Contains(out, "complaint") || !strings.Contains(out, "asked by post") || strings.Contains(out, "a@example.com") {
		t.Errorf("the list is %q", out)
	}
	p.ok("suppress", "remove", "a@example.com")
	if out := p.ok("suppress", "list"); out != "" {
		t.Errorf("still listed: %q", out)
	}
}

func TestDoctorListsEverySettingAndKeepsSecrets(t *testing.T) {
	t.Parallel()
	p := newPulse(t, "PULSE_SECRETS="+strings.Repeat("hunter2", 5))
	p.ok("migrate")
	out := p.ok("doctor")
	for _, want := range []string{"PULSE_DATABASE_URL", "PULSE_BOUNCE_ADDRESS", "[secret]", "sqlite answers", "pulse editor add"} {
		if !strings.Contains(out, want) {
			t.Errorf("doctor does not say %q", want)
		}
	}
	if strings.Contains(out, "hunter2") {
		t.Error("doctor tells a secret")
	}
	var d diagnosis
	if err := json.Unmarshal([]byte(p.ok("doctor", "--json")), &d); err != nil || !d.Healthy {
		t.Errorf("as JSON: %v, healthy %v", err, d.Healthy)
	}
}

func TestDoctorFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	p := newPulse(t, "PULSE_REDIS_URL=redis://127.0.0.1:1/0", "PULSE_SMTP_URLS=smtp://127.0.0.1:1", "PULSE_DNS=off")
	status, out, _ := p.run("", "doctor")
	if status != exitFailed || strings.Count(out, "\n  ! ") != 2 {
		t.Errorf("status %d; found:\n%s", status, out[strings.Index(out, "Checks"):])
	}
}

func TestSendingWithoutAServerSaysSo(t *testing.T) {
	t.Parallel()
	p := newPulse(t)
	id := composed(t, p)
	p.ok("digest", "approve", id)
	status, _, complaint := p.run("", "digest", "send", id, "--now", "--watch")
	if status != exitFailed || !strings.Contains(complaint, "pulse serve") {
		t.Errorf("status %d: %s", status, complaint)
	}
	if out := p.ok("digest", "cancel", id); !strings.Contains(out, "cancelled") {
		t.Errorf("cancelled: %q", out)
	}
}

func TestADigestIsApprovedBeforeItIsSent(t *testing.T) {
	t.Parallel()
	p := newPulse(t)
	id := composed(t, p)
	if status, _, complaint := p.run("", "digest", "send", id); status != exitFailed || !strings.Contains(complaint, "approve") {
		t.Errorf("a draft was accepted: %s", complaint)
	}
	p.ok("digest", "approve", id)
	if status, _, complaint := p.run("", "digest", "send", id); status != exitFailed || !strings.Contains(complaint, "--now") {
		t.Errorf("without a time: %s", complaint)
	}
	if status, _, complaint := p.run("", "digest", "send", id, "--at", "2020-03-01T09:00"); status != exitFailed || !strings.Contains(complaint, "passed") {
		t.Errorf("a time that has passed: status %d, %s", status, complaint)
	}
	if out := p.ok("digest", "send", id, "--at", "2030-03-01T09:00"); !strings.Contains(out, "2030-03-01 09:00:00 UTC") || !strings.Contains(out, "is draft") {
		t.Errorf("scheduled on another day: %q", out)
	}
	p.ok("digest", "approve", id)
	if out := p.ok("digest", "list"); !strings.Contains(out, "approved") {
		t.Errorf("listed: %q", out)
	}
}

func TestAListOfDigestsClaimsNothingAboutTheirStories(t *testing.T) {
	t.Parallel()
	p := newPulse(t)
	id := composed(t, p)
	if listed, has := row(t, p.ok("digest", "list", "--json"))["stories"]; has {
		t.Errorf("a list says %v stories, without having looked", listed)
	}
	if shown := row(t, p.ok("digest", "show", id, "--json")); shown["stories"] != 1.0 || shown["doubts"] != 0.0 {
		t.Errorf("shown: %v", shown)
	}
}

func TestDoubtsAreShown(t *testing.T) {
	t.Parallel()
	in := delivery.Tally{Planned: 9, Sent: 8, Unknown: 1, Doubts: 3}
	if got := digestRow(digest.Digest{}, &in)["doubts"]; got != 3 {
		t.Errorf("JSON says %v doubts, want 3", got)
	}
	if got := ledgerLines(in); !strings.Contains(got, "3 of them") || !strings.Contains(got, "may have arrived twice") {
		t.Errorf("lines are %q", got)
	}
	in.Doubts = 0
	if got := ledgerLines(in); strings.Contains(got, "doubts") {
		t.Errorf("without a doubt: %q", got)
	}
	if got := ledgerLines(delivery.Tally{}); got != "" {
		t.Errorf("before the launch: %q", got)
	}
}

func TestDoubtsAreDecidedFromTheCommandLine(t *testing.T) {
	t.Parallel()
	p := newPulse(t)
	id := composed(t, p)
	p.ok("digest", "doubts", id, "leave")
	if shown := row(t, p.ok("digest", "show", id, "--json")); shown["doubt_policy"] != "leave" {
		t.Errorf("shown: %v", shown)
	}
	for args, says := range map[string]string{"--resend": "you cannot resend it", "--accept": "nothing of it is in doubt", "": "--accept"} {
		words := append([]string{"digest", "settle", id}, strings.Fields(args)...)
		if status, _, complaint := p.run("", words...); status != exitFailed || !strings.Contains(complaint, says) {
			t.Errorf("settle %s: status %d, %s", args, status, complaint)
		}
	}
	p.ok("digest", "approve", id)
	p.ok("digest", "send", id, "--now")
	if status, _, complaint := p.run("", "digest", "correct", id, "--to", "missed"); status != exitFailed || !strings.Contains(complaint, "you cannot correct it") {
		t.Errorf("corrected under way: status %d, %s", status, complaint)
	}
	if out := p.ok("digest", "settle", id, "--accept"); !strings.Contains(out, "counted as sent: 0") {
		t.Errorf("accepted: %q", out)
	}
	p.ok("digest", "cancel", id)
	if out := p.ok("digest", "correct", id, "--to", "missed"); !strings.Contains(out, "is draft") || !strings.Contains(out, "digest "+id+", for those who missed it") {
		t.Errorf("corrected: %q", out)
	}
}

// composed gathers one feed and composes a digest of it; it gives its number.
func composed(t *testing.T, p pulse) string {
	t.Helper()
	p.environ = append(p.environ, "PULSE_ALLOW_PRIVATE_SOURCES=true")
	p.ok("source", "add", serveFeed(t), "--topic", "tips-tools")
	if out := p.ok("gather", "--json"); !strings.Contains(out, `"stories":1`) {
		t.Fatalf("gathered %s", out)
	}
	d := row(t, p.ok("digest", "compose", "--json"))
	if d["state"] != "draft" {
		t.Fatalf("composed %v", d)
	}
	return fmt.Sprint(d["id"])
}

func serveFeed(t *testing.T) string {
	t.Helper()
	feed := fmt.Sprintf(`{"version":"https://jsonfeed.org/version/1.1","title":"One","items":[{"id":"1","url":"https://example.com/one","title":"One story","date_published":%q}]}`,
		time.Now().Add(-time.Hour).Format(time.RFC3339))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, feed) }))
	t.Cleanup(server.Close)
	return server.URL + "/feed.json"
}

func TestAFileWithoutAReadableLineIsAFailure(t *testing.T) {
	t.Parallel()
	status, _, complaint := newPulse(t).run("name\nAda\n", "subscriber", "import", "-")
	if status != exitFailed || !strings.Contains(complaint, "Not one line") {
		t.Errorf("status %d: %s", status, complaint)
	}
}
