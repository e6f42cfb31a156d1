package faults

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheControlFindsWhatItChanges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := lay("../../..", dir, withoutIntent); err != nil {
		t.Fatal(err)
	}
	for _, e := range withoutIntent {
		found := false
		laid, err := filepath.Glob(filepath.Join(dir, "control-*.go"))
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
	if _, err := lay("../../..", t.TempDir(), gone); err == nil || !strings.Contains(err.Error(), "no such text") {
		t.Errorf("the error is %v", err)
	}
}
