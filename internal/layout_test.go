// Package internal_test holds the shape of the tree: who may import whom, that
// every package and exported name says what it is, and how long things may get.
package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/collabpulse/weekly/"

// domain are the nouns and their rules: they know each other and no technology.
var domain = []string{
	"fault", "link", "address", "topic", "subscriber", "consent", "suppression", "source", "story",
	"spotlight", "digest", "edition", "delivery", "outbox", "editor", "message", "progress",
}

// edges are the packages that speak to the outside. They import the domain and
// never one another; app joins them.
var edges = []string{"gather", "render", "send", "mail", "mailbox", "jobs", "store", "web", "config", "metrics", "limit", "mx"}

// technology may be imported only by the packages named beside it.
var technology = map[string][]string{
	"database/sql":                        {"store", "store/storetest"},
	"github.com/jackc/pgx":                {"store", "store/storetest"},
	"modernc.org/sqlite":                  {"store"},
	"github.com/pressly/goose":            {"store"},
	"github.com/labstack/echo":            {"web"},
	"github.com/hibiken/asynq":            {"jobs", "app"},
	"github.com/alicebob/miniredis":       {"jobs"},
	"github.com/redis/go-redis":           {"jobs", "limit", "app"},
	"github.com/wneessen/go-mail":         {"mail"},
	"github.com/emersion/go-smtp":         {"mailbox"},
	"github.com/emersion/go-msgauth":      {"mail"},
	"github.com/mmcdole/gofeed":           {"gather"},
	"code.dny.dev/ssrf":                   {"gather"},
	"github.com/caarlos0/env":             {"config"},
	"github.com/teambition/rrule-go":      {"digest"},
	"github.com/prometheus/client_golang": {"app", "jobs", "metrics", "web"},
}

type file struct {
	pkg  string // path below internal, such as "store"
	name string
	ast  *ast.File
	set  *token.FileSet
}

// sources are the files below internal.
func sources(t *testing.T) []file { return below(t, ".", 40) }

// everything is those and the programs'.
func everything(t *testing.T) []file { return append(sources(t), below(t, "../cmd", 20)...) }

// below are the source files below a folder, of which there are so many at least.
func below(t *testing.T, root string, atLeast int) []file {
	t.Helper()
	var all []file
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, name, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		all = append(all, file{pkg: path.Dir(filepath.ToSlash(name)), name: name, ast: parsed, set: set})
		return nil
	})
	if err != nil || len(all) < atLeast {
		t.Fatalf("found %d source files: %v", len(all), err)
	}
	return all
}

func (f file) imports() []string {
	var paths []string
	for _, i := range f.ast.Imports {
		paths = append(paths, strings.Trim(i.Path.Value, `"`))
	}
	return paths
}

func TestDependenciesPointInward(t *testing.T) {
	t.Parallel()
	for _, f := range sources(t) {
		for _, imported := range f.imports() {
			own, ours := strings.CutPrefix(imported, module+"internal/")
			switch {
			case ours && slices.Contains(domain, f.pkg) && !slices.Contains(domain, own):
				t.Errorf("%s: a domain package imports %s", f.name, own)
			case ours && slices.Contains(edges, f.pkg) && !slices.Contains(domain, own):
				t.Errorf("%s: %s imports its sibling %s; app joins them", f.name, f.pkg, own)
			}
			for tech, allowed := range technology {
				if strings.HasPrefix(imported, tech) && !slices.Contains(allowed, f.pkg) {
					t.Errorf("%s: only %v may import %s", f.name, allowed, tech)
				}
			}
		}
	}
}

func TestTheCommandLineLeavesTechnologyToThePackages(t *testing.T) {
	t.Parallel()
	for _, f := range below(t, "../cmd/pulse", 10) {
		for _, imported := range f.imports() {
			for tech := range technology {
				if strings.HasPrefix(imported, tech) {
					t.Errorf("%s imports %s", f.name, imported)
				}
			}
		}
	}
}

func TestEveryPackageOpensWithItsEssay(t *testing.T) {
	t.Parallel()
	docs := map[string]string{}
	for _, f := range sources(t) {
		docs[f.pkg] += f.ast.Doc.Text()
	}
	for pkg, doc := range docs {
		if !strings.HasPrefix(doc, "Package "+path.Base(pkg)+" ") || len(doc) < 80 {
			t.Errorf("package %s does not say what it is for: %q", pkg, doc)
		}
	}
}

func TestEveryExportedNameIsDocumented(t *testing.T) {
	t.Parallel()
	for _, f := range everything(t) {
		for _, d := range f.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && exportedReceiver(d) && d.Doc == nil {
					t.Errorf("%s: %s has no comment", f.set.Position(d.Pos()), d.Name.Name)
				}
			case *ast.GenDecl:
				undocumentedSpecs(t, f, d)
			}
		}
	}
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	kind := d.Recv.List[0].Type
	if star, ok := kind.(*ast.StarExpr); ok {
		kind = star.X
	}
	name, ok := kind.(*ast.Ident)
	return !ok || name.IsExported()
}

func undocumentedSpecs(t *testing.T, f file, d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
				t.Errorf("%s: %s has no comment", f.set.Position(s.Pos()), s.Name.Name)
			}
		case *ast.ValueSpec:
			if s.Names[0].IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
				t.Errorf("%s: %s has no comment", f.set.Position(s.Pos()), s.Names[0].Name)
			}
		}
	}
}

// maxFile and maxFunction are where a file or function has more than one story.
const (
	maxFile     = 400
	maxFunction = 60
)

func TestFilesAndFunctionsStayShort(t *testing.T) {
	t.Parallel()
	for _, f := range everything(t) {
		if lines := f.set.Position(f.ast.FileEnd).Line; lines > maxFile {
			t.Errorf("%s has %d lines: one story per file", f.name, lines)
		}
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			if lines := f.set.Position(fn.End()).Line - f.set.Position(fn.Pos()).Line + 1; lines > maxFunction {
				t.Errorf("%s: %s has %d lines", f.set.Position(fn.Pos()), fn.Name.Name, lines)
			}
		}
	}
}
