package faults

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// edit is one place of the product, or of Go's own sources below GOROOT, that a build
// of ours has otherwise; without from it is a file that there is not.
type edit struct{ file, from, to string }

// withoutIntent keeps a row claimed while it is on the wire: nothing says that it
// may have been sent, so what a crash leaves is sent again without a doubt. The
// guards that want a row in handing want it claimed instead.
var withoutIntent = []edit{
	{"internal/store/intent.go", "CASE verdict WHEN 0 THEN {handing}", "CASE verdict WHEN 0 THEN {claimed}"},
	{"internal/store/intent.go", "if j.state == delivery.Handing {", "if j.state == delivery.Claimed {"},
	{"internal/store/record.go", "AND (+state = {handing} OR", "AND (+state = {claimed} OR"},
	{"internal/store/record.go", "AND attempt = try AND +state = {handing}`", "AND attempt = try AND +state = {claimed}`"},
	{"internal/store/settle.go", "AND attempt = $3 AND +state = {handing}", "AND attempt = $3 AND +state = {claimed}"},
}

// build compiles pulse into a folder, with the edits laid over its sources. An
// edit whose text is not there exactly once is an error: a control that changes
// nothing would prove nothing.
func build(ctx context.Context, dir string, edits []edit) (string, error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("faults: this must run inside the module: %w", err)
	}
	goroot, err := goroot(ctx)
	if err != nil {
		return "", err
	}
	overlay, err := lay(strings.TrimSpace(string(root)), goroot, dir, edits)
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "pulse")
	out, err := exec.CommandContext(ctx, "go", "build", "-overlay", overlay, "-o", binary, "github.com/collabpulse/weekly/cmd/pulse").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("faults: go build: %w: %s", err, out)
	}
	return binary, nil
}

// goroot is where Go's own sources are.
func goroot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("faults: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// apply is what an edit makes of a file.
func (e edit) apply(file string) (string, error) {
	if e.from == "" {
		return e.to, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	if found := strings.Count(string(text), e.from); found != 1 {
		return "", fmt.Errorf("faults: the build wants %q in %s once and finds it %d times", e.from, e.file, found)
	}
	return strings.Replace(string(text), e.from, e.to, 1), nil
}

// lay writes the edited files and the list of them that go build wants.
func lay(root, goroot, dir string, edits []edit) (string, error) {
	replace := map[string]string{}
	for n, e := range edits {
		original := filepath.Join(root, e.file)
		if inGo, ok := strings.CutPrefix(e.file, "GOROOT"); ok {
			original = goroot + inGo
		}
		text, err := e.apply(cmp.Or(replace[original], original))
		if err != nil {
			return "", err
		}
		to := filepath.Join(dir, fmt.Sprintf("laid-%d.go", n))
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[original] = to
	}
	raw, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, raw, 0o600)
}
