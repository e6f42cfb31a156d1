package address_test

import (
	"strings"
	"testing"

	"github.com/collabpulse/weekly/internal/address"
)

func TestAHashNamesAPersonUnderOneKey(t *testing.T) {
	t.Parallel()
	h, other := address.NewHasher([]byte("an address key for this test")), address.NewHasher([]byte("another key for this test"))
	mara, capital, jon := parse(t, "mara@example.com"), parse(t, "MARA@Example.com"), parse(t, "jon@example.com")
	if h.Hash(mara) != h.Hash(capital) {
		t.Error("two spellings of one address hash apart")
	}
	if h.Hash(mara) == h.Hash(jon) || h.Hash(mara) == other.Hash(mara) {
		t.Error("another person, or another key, gives the same hash")
	}
	if text := h.Hash(mara).String(); len(text) != 64 || strings.Contains(text, "mara") {
		t.Errorf("the hash is shown as %q", text)
	}
}

func TestAHashStaysTheSameForEver(t *testing.T) {
	t.Parallel()
	h := address.NewHasher([]byte("an address key for this test"))
	const want = "bf8af8d68ed25c68e0b57b48d8790e1ef57264eb35a4770035cd883ad615982f"
	if got := h.Hash(parse(t, "mara@example.com")).String(); got != want {
		t.Errorf("the hash became %s: everything stored under the old one would be forgotten", got)
	}
}

func TestTheFingerprintTellsKeysApartAndGivesNothingAway(t *testing.T) {
	t.Parallel()
	key := "an address key for this test"
	a, b := address.NewHasher([]byte(key)).Fingerprint(), address.NewHasher([]byte(key+"!")).Fingerprint()
	if a == b || a != address.NewHasher([]byte(key)).Fingerprint() || len(a) != 16 {
		t.Errorf("the fingerprints are %s and %s", a, b)
	}
	if hash := address.NewHasher([]byte(key)).Hash(parse(t, "fingerprint@example.com")).String(); strings.HasPrefix(hash, a) {
		t.Error("the fingerprint is a hash of an address")
	}
}
