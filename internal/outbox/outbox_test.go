package outbox

import (
	"testing"
	"time"
)

func TestEveryKindOfLetter(t *testing.T) {
	t.Parallel()
	for kind, want := range map[Kind]struct {
		word   string
		worth  time.Duration
		reader bool
	}{
		1: {"confirm", 48 * time.Hour, true},
		2: {"welcome", 48 * time.Hour, true},
		3: {"already", 48 * time.Hour, true},
		4: {"sign-in", 15 * time.Minute, false}, // as long as its link lives
		5: {"test", time.Hour, false},
		6: {"review", 48 * time.Hour, false},
		7: {"held", 48 * time.Hour, false},
		8: {"finished", 48 * time.Hour, false},
		9: {"leave-link", 48 * time.Hour, true},
	} {
		if kind.String() != want.word || kind.KeepTrying() != want.worth || kind.ForReader() != want.reader {
			t.Errorf("kind %d is %q, worth sending for %v, to a reader: %t", kind, kind, kind.KeepTrying(), kind.ForReader())
		}
	}
	if got := Kind(99).String(); got != "" {
		t.Errorf("a kind of a later release is %q", got)
	}
}
