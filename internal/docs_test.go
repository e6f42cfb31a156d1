package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is where the pages' own tree begins, seen from this folder.
const root = ".."

// page is one page of documentation.
type page struct {
	name string // from the root
	text string
}

// pages are the README, the changelog and everything in docs.
func pages(t *testing.T) []page {
	t.Helper()
	names := []string{"README.md", "CHANGELOG.md"}
	walk(t, filepath.Join(root, "docs"), ".md", func(path string) {
		name, err := filepath.Rel(root, path)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	})
	var all []page
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page{name, string(text)})
	}
	return all
}

func walk(t *testing.T, dir, ending string, visit func(path string)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ending) {
			visit(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

var (
	fence    = regexp.MustCompile("(?ms)^ *```[^\n]*\n(.*?)^ *```")
	span     = regexp.MustCompile("`([^`\n]+)`")
	pageLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#+ +(.*)$`)
)

// prose is the page without its code.
func (p page) prose() string {
	return span.ReplaceAllString(fence.ReplaceAllString(p.text, ""), "")
}

// code is every line of its blocks, and every span.
func (p page) code() []string {
	var all []string
	for _, block := range fence.FindAllStringSubmatch(p.text, -1) {
		all = append(all, strings.Split(block[1], "\n")...)
	}
	for _, s := range span.FindAllStringSubmatch(fence.ReplaceAllString(p.text, ""), -1) {
		all = append(all, s[1])
	}
	return all
}

// anchors are the fragments that lead to the page's headings.
func (p page) anchors() []string {
	var all []string
	for _, h := range heading.FindAllStringSubmatch(fence.ReplaceAllString(p.text, ""), -1) {
		kept := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(h[1]), "")
		all = append(all, strings.ReplaceAll(kept, " ", "-"))
	}
	return all
}

func TestEveryLinkOfThePagesLeadsSomewhere(t *testing.T) {
	t.Parallel()
	all := pages(t)
	for _, p := range all {
		for _, m := range pageLink.FindAllStringSubmatch(p.prose(), -1) {
			path, fragment, _ := strings.Cut(m[1], "#")
			if strings.Contains(path, "://") {
				continue
			}
			target := filepath.Join(filepath.Dir(p.name), path)
			if path == "" {
				target = p.name
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s: %s leads nowhere", p.name, m[1])
				continue
			}
			at := slices.IndexFunc(all, func(p page) bool { return p.name == target })
			if fragment != "" && (at < 0 || !slices.Contains(all[at].anchors(), fragment)) {
				t.Errorf("%s: %s leads to a heading that is not there", p.name, m[1])
			}
		}
	}
}

// command is one word of the command line, with what may follow it.
type command struct {
	flags []string
	next  map[string]command
}

// commandLine reads the commands and flags out of the structs in cmd/pulse.
func commandLine(t *testing.T) command {
	t.Helper()
	structs := map[string]*ast.StructType{}
	walk(t, filepath.Join(root, "cmd", "pulse"), ".go", func(path string) {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok {
				structs[spec.Name.Name], _ = spec.Type.(*ast.StructType)
			}
			return true
		})
	})
	top := commandOf(structs, "commands")
	if len(top.next) < 5 {
		t.Fatalf("cmd/pulse has %d commands", len(top.next))
	}
	return top
}

func commandOf(structs map[string]*ast.StructType, name string) command {
	c := command{flags: []string{"help"}, next: map[string]command{}}
	if structs[name] == nil {
		return c
	}
	for _, f := range structs[name].Fields.List {
		var tag reflect.StructTag
		if f.Tag != nil {
			tag = reflect.StructTag(strings.Trim(f.Tag.Value, "`"))
		}
		kind, _ := f.Type.(*ast.Ident)
		if len(f.Names) == 0 { // another's flags
			c.flags = append(c.flags, commandOf(structs, kind.Name).flags...)
			continue
		}
		word := strings.ToLower(innerCapital.ReplaceAllString(f.Names[0].Name, "$1-$2")) // as kong does
		if _, is := tag.Lookup("cmd"); is && kind != nil {
			c.next[word] = commandOf(structs, kind.Name)
		} else if _, is := tag.Lookup("arg"); !is {
			c.flags = append(c.flags, word)
		}
	}
	return c
}

var innerCapital = regexp.MustCompile(`([a-z])([A-Z])`)

// ran is a call of our program in a line of code: what follows its name.
var ran = regexp.MustCompile(`^(?:\$ )?(?:docker compose (?:exec|run) \S+ )?(?:go run \./cmd/pulse|(?:\S*/)?pulse)((?: .*)?)$`)

// check says what is wrong with a call, "" for nothing.
func (c command) check(words []string) string {
	for i, word := range words {
		switch {
		case strings.HasPrefix(word, "--"):
			flag, _, _ := strings.Cut(word[2:], "=")
			if !slices.Contains(c.flags, flag) {
				return "there is no flag " + word
			}
		case len(c.next) > 0:
			next, known := c.next[word]
			if !known && word != "COMMAND" {
				return "there is no command " + word
			}
			if known {
				return next.check(words[i+1:])
			}
		}
	}
	return ""
}

func TestEveryCommandOfThePagesExists(t *testing.T) {
	t.Parallel()
	top, found := commandLine(t), 0
	for _, p := range pages(t) {
		for _, line := range p.code() {
			m := ran.FindStringSubmatch(strings.TrimSpace(line))
			if m == nil {
				continue
			}
			found++
			if wrong := top.check(strings.Fields(m[1])); wrong != "" {
				t.Errorf("%s: %q: %s", p.name, line, wrong)
			}
		}
	}
	if found < 30 {
		t.Errorf("the pages show only %d commands: are they still recognised?", found)
	}
}

func TestTheReadmeShowsEveryCommandAndEveryPackage(t *testing.T) {
	t.Parallel()
	readme := pages(t)[0].text
	for first, c := range commandLine(t).next {
		for _, call := range c.calls(first) {
			if !strings.Contains(readme, "`pulse "+call) {
				t.Errorf("the README does not show pulse %s", call)
			}
		}
	}
	for _, f := range sources(t) {
		if !strings.Contains(readme, "](internal/"+f.pkg+")") {
			t.Errorf("the README's map does not show internal/%s", f.pkg)
		}
	}
}

// calls are the ways to run a command: by itself, or with each that may follow.
func (c command) calls(name string) []string {
	if len(c.next) == 0 {
		return []string{name}
	}
	var all []string
	for word, next := range c.next {
		all = append(all, next.calls(name+" "+word)...)
	}
	return all
}

var (
	testName = regexp.MustCompile(`^(?:Test|Fuzz)[A-Z]\w+$`)
	testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
)

func TestEveryTestThatThePagesNameExists(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, dir := range []string{".", filepath.Join(root, "cmd")} {
		walk(t, dir, "_test.go", func(path string) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range testFunc.FindAllStringSubmatch(string(text), -1) {
				known[f[1]] = true
			}
		})
	}
	for _, p := range pages(t) {
		for _, code := range p.code() {
			if testName.MatchString(code) && !known[code] {
				t.Errorf("%s names %s, which is no test", p.name, code)
			}
		}
	}
}

var (
	metricNamed = regexp.MustCompile(`^pulse_[a-z_]+$`)
	metricMade  = regexp.MustCompile(`(?:Name: |counters\(|histograms\()"(pulse_[a-z_]+)"`)
	metricUsed  = regexp.MustCompile(`\bpulse_[a-z_]+`)
)

// metricsMade are the names of the metrics in the code.
func metricsMade(t *testing.T) map[string]bool {
	t.Helper()
	made := map[string]bool{}
	walk(t, ".", ".go", func(path string) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range metricMade.FindAllStringSubmatch(string(text), -1) {
			made[m[1]] = true
		}
	})
	return made
}

func TestThePagesListTheMetricsThereAre(t *testing.T) {
	t.Parallel()
	made, listed := metricsMade(t), map[string]bool{}
	for _, p := range pages(t) {
		for _, code := range p.code() {
			if metricNamed.MatchString(code) {
				listed[code] = true
			}
		}
	}
	for name := range made {
		if !listed[name] {
			t.Errorf("no page tells of the metric %s", name)
		}
	}
	for name := range listed {
		if !made[name] {
			t.Errorf("the pages tell of a metric %s that nobody counts", name)
		}
	}
}

func TestAlertsAndDashboardsUseTheMetricsThereAre(t *testing.T) {
	t.Parallel()
	made, used := metricsMade(t), 0
	check := func(path string) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range metricUsed.FindAllString(string(text), -1) {
			used++
			plain := regexp.MustCompile("_(bucket|count|sum)$").ReplaceAllString(name, "")
			if !made[name] && !made[plain] {
				t.Errorf("%s uses %s, which nobody counts", path, name)
			}
		}
	}
	walk(t, filepath.Join(root, "docs", "prometheus"), ".yml", check)
	walk(t, filepath.Join(root, "docs", "grafana"), ".json", check)
	if used < 40 {
		t.Errorf("only %d uses of metrics: are they still recognised?", used)
	}
}

func TestEveryAlertIsExplained(t *testing.T) {
	t.Parallel()
	rules, err := os.ReadFile(filepath.Join(root, "docs", "prometheus", "alerts.yml"))
	if err != nil {
		t.Fatal(err)
	}
	guide, err := os.ReadFile(filepath.Join(root, "docs", "watching.md"))
	if err != nil {
		t.Fatal(err)
	}
	alerts := regexp.MustCompile(`(?m)- alert: (\w+)$`).FindAllStringSubmatch(string(rules), -1)
	for _, a := range alerts {
		if !strings.Contains(string(guide), "`"+a[1]+"`") {
			t.Errorf("docs/watching.md does not say what to do about %s", a[1])
		}
	}
	if len(alerts) < 10 {
		t.Errorf("only %d alerts: are they still recognised?", len(alerts))
	}
}
