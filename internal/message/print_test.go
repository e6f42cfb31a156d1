package message

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func somePrint() *Print {
	return &Print{Pieces: [][]byte{[]byte("To: <"), []byte(">\r\n\r\n"), nil, []byte("=\r\nbye\r\n")}, Slots: []Slot{SlotTo, SlotText, SlotMarkup}}
}

func TestAPrintComesBackAsItWasStored(t *testing.T) {
	t.Parallel()
	for _, want := range []*Print{somePrint(), {Pieces: [][]byte{[]byte("no slot")}}} {
		got, err := DecodePrint(want.Encode())
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" || err != nil {
			t.Errorf("%s %v", d, err)
		}
	}
}

func TestADamagedPrintIsRefused(t *testing.T) {
	t.Parallel()
	whole := somePrint().Encode()
	for i := range whole {
		if _, err := DecodePrint(whole[:i]); err == nil {
			t.Errorf("the first %d of %d octets pass for all of it", i, len(whole))
		}
	}
	unknown := bytes.Replace(whole, []byte{byte(SlotText)}, []byte{99}, 1)
	for name, b := range map[string][]byte{"something behind it": append(whole, 0), "an unknown slot": unknown, "an edition": []byte(`{"subject":""}`)} {
		if _, err := DecodePrint(b); err == nil {
			t.Errorf("%s is taken for a print", name)
		}
	}
}

func FuzzDecodePrint(f *testing.F) {
	f.Add(somePrint().Encode())
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := DecodePrint(b)
		if err != nil {
			return
		}
		again, err := DecodePrint(p.Encode())
		if err != nil || len(p.Pieces) != len(p.Slots)+1 || !cmp.Equal(p, again, cmpopts.EquateEmpty()) {
			t.Errorf("%v is stored as %v: %v", p, again, err)
		}
	})
}
