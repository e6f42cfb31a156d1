package delivery

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"
)

// Salt is the random key of one digest's (or letter's) identifiers.
type Salt [16]byte

// MessageID is the left part of the Message-ID (RFC 5322 §3.6.4) of one row:
// an HMAC of the subscriber under the digest's salt. It is the same at each
// attempt, so a mailbox that gets a doubtful message twice can tell, and it says
// nothing about the reader.
func (s Salt) MessageID(id int64) string {
	mac := hmac.New(sha256.New, s[:])
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(id))
	mac.Write(b[:])
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)[:15])
	return strings.ToLower(text)
}
