package send

import (
	"strings"
	"testing"

	"github.com/collabpulse/weekly/internal/message"
)

func sized(octets int) print {
	return print{compiled: &message.Print{Pieces: [][]byte{make([]byte, octets)}}}
}

// stands reports which of the keys are on the shelf, without using them.
func (s *shelf) stands(keys string) (found string) {
	for _, key := range strings.Fields(keys) {
		if _, ok := s.known[place{7, key}]; ok {
			found += key
		}
	}
	return found
}

func TestTheShelfKeepsWhatWasUsedLast(t *testing.T) {
	t.Parallel()
	s := newShelf(10)
	for _, key := range []string{"a", "b", "c"} {
		s.put(7, key, sized(3))
	}
	s.find(7, "a")
	s.put(7, "d", sized(3))
	if got := s.stands("a b c d"); got != "acd" {
		t.Errorf("kept %s, want acd: b was used least recently", got)
	}
	if _, ok := s.find(8, "a"); ok {
		t.Error("another digest's edition was found")
	}
}

func TestTheShelfCountsOctetsAndNotEditions(t *testing.T) {
	t.Parallel()
	s := newShelf(10)
	for _, key := range []string{"a", "b", "c"} {
		s.put(7, key, sized(2))
	}
	s.put(7, "d", sized(9))
	if got := s.stands("a b c d"); got != "d" {
		t.Errorf("kept %s, want d alone", got)
	}
	s.put(7, "a", sized(1))
	if got := s.stands("a d"); got != "ad" {
		t.Errorf("kept %s, want both", got)
	}
}

func TestAnEditionLargerThanTheShelfStandsAlone(t *testing.T) {
	t.Parallel()
	s := newShelf(10)
	s.put(7, "a", sized(3))
	s.put(7, "b", sized(30))
	if got := s.stands("a b"); got != "b" {
		t.Errorf("kept %s, want b", got)
	}
	s.put(7, "c", sized(3))
	if got := s.stands("a b c"); got != "c" {
		t.Errorf("kept %s, want c", got)
	}
}

func TestPuttingAnEditionTwiceTakesItsRoomOnce(t *testing.T) {
	t.Parallel()
	s := newShelf(10)
	for range 5 {
		s.put(7, "a", sized(4))
	}
	s.put(7, "b", sized(6))
	if got := s.stands("a b"); got != "ab" {
		t.Errorf("kept %s, want both", got)
	}
}
