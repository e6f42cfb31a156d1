package faults

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTheControlFindsWhatItChanges(t *testing.T) {
	t.Parallel()
	dir, edits := t.TempDir(), slices.Concat(withoutIntent, withClock)
	sources, err := goroot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lay("../../..", sources, dir, edits); err != nil {
		t.Fatal(err)
	}
	for _, e := range edits {
		found := false
		laid, err := filepath.Glob(filepath.Join(dir, "laid-*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range laid {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			found = found || strings.Contains(string(text), e.to)
		}
		if !found {
			t.Errorf("%s is as it was: no %q", e.file, e.to)
		}
	}
}

func TestAControlThatWouldChangeNothingIsAnError(t *testing.T) {
	t.Parallel()
	gone := []edit{{"internal/store/intent.go", "no such text", "x"}}
	if _, err := lay("../../..", "", t.TempDir(), gone); err == nil || !strings.Contains(err.Error(), "no such text") {
		t.Errorf("the error is %v", err)
	}
}
