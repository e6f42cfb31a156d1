package address

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// Hash names an address without showing it: HMAC-SHA-256 of the folded address
// under the installation's address key. It outlives erasure on suppressions and
// consents, and cannot be reversed without the key.
type Hash [sha256.Size]byte

// String is the hash in hex, for evidence exports; it is not for logs.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Hasher makes hashes under one address key.
type Hasher struct{ key []byte }

// NewHasher takes the address key (PULSE_ADDRESS_KEY), at least 16 octets as
// config checks. The key never rotates without rehashing what is stored.
func NewHasher(key []byte) Hasher { return Hasher{key: key} }

// Hash is the keyed hash of the address.
func (h Hasher) Hash(a Address) Hash { return h.sum("address:" + a.Folded()) }

// Fingerprint identifies the key without giving it away. It is stored at first
// start, so that a start under another key is refused instead of forgetting
// every suppression.
func (h Hasher) Fingerprint() string {
	sum := h.sum("fingerprint")
	return hex.EncodeToString(sum[:8])
}

func (h Hasher) sum(text string) Hash {
	mac := hmac.New(sha256.New, h.key)
	mac.Write([]byte(text))
	return Hash(mac.Sum(nil))
}
