package config_test

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/config"
)

var update = flag.Bool("update", false, "write the table of settings into the README")

const (
	readme    = "../../README.md"
	operating = "../../docs/operating.md"
)

func TestTheReadmeListsEverySettingAsTheProgramDoes(t *testing.T) {
	t.Parallel()
	const begin, end = "<!-- settings -->\n", "<!-- /settings -->"
	page := read(t, readme)
	before, rest, found := strings.Cut(page, begin)
	shown, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("the README has no place for its settings: %q … %q", begin, end)
	}
	want := settingsTable()
	if *update {
		if err := os.WriteFile(readme, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("the README's settings are not the program's (go test ./internal/config -update writes them):\n%s", diff)
	}
}

// settingsTable is every setting as a table in Markdown.
func settingsTable() string {
	var b strings.Builder
	b.WriteString("| setting | default | meaning |\n|---|---|---|\n")
	for _, l := range config.List(config.Settings{}) {
		b.WriteString("| `" + l.Name + "` | " + shownDefault(l) + " | " + strings.ReplaceAll(l.Help, "|", `\|`) + " |\n")
	}
	return b.String()
}

func shownDefault(l config.Line) string {
	if l.Default == "" {
		return "–"
	}
	return "`" + l.Default + "`"
}

var settingRow = regexp.MustCompile("(?m)^\\| `(PULSE_[A-Z_]+)` \\| ([^|]*) \\|")

func TestTheOperatingGuideExplainsEverySetting(t *testing.T) {
	t.Parallel()
	explained := map[string]string{}
	for _, row := range settingRow.FindAllStringSubmatch(read(t, operating), -1) {
		if _, twice := explained[row[1]]; twice {
			t.Errorf("%s is explained twice", row[1])
		}
		explained[row[1]] = row[2]
	}
	for _, l := range config.List(config.Settings{}) {
		if got := explained[l.Name]; got != shownDefault(l) {
			t.Errorf("%s: the operating guide says %q of its default, the program %q", l.Name, got, shownDefault(l))
		}
		delete(explained, l.Name)
	}
	for name := range explained {
		t.Errorf("%s is explained and is no setting", name)
	}
}

// aSetting is the name of one wherever a page mentions it.
var aSetting = regexp.MustCompile(`\bPULSE_[A-Z_]+[A-Z]\b`)

func TestNoPageMentionsASettingThatDoesNotExist(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, l := range config.List(config.Settings{}) {
		known[l.Name] = true
	}
	for _, page := range []string{readme, operating, "../../docs/design.md", "../../docs/rfc.md", "../../docker-compose.yml"} {
		for _, name := range aSetting.FindAllString(read(t, page), -1) {
			if !known[name] && !strings.HasPrefix(name, "PULSE_TEST_") {
				t.Errorf("%s mentions %s, which is no setting", page, name)
			}
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
