// Package link makes and checks the capabilities that travel in URLs.
//
// There are two families, because they must survive different things.
//
// A reader's own links (leave, view) are checked against a random key kept with
// the subscriber. Leaving must work for ever, so nothing about it expires and no
// rotation of secrets touches it; a digest of the leave tag stays behind when
// the subscriber is erased, so the link in an old mail still answers kindly.
//
// Signed links (confirm, sign in, preferences, export, erase) are HMACs under
// PULSE_SECRETS. The first secret signs, all of them verify, and each token
// carries its purpose, its subject, a stamp and an expiry.
//
// Every comparison takes constant time, and no error says which part was wrong.
package link

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"time"
)

// Purpose is the one thing a capability allows.
type Purpose byte

// The purposes. The numbers are part of every token ever mailed: never reuse one.
const (
	Leave       Purpose = 1 // unsubscribe, by page or by one click (RFC 8058)
	View        Purpose = 2 // read one's own edition in the browser
	Confirm     Purpose = 3 // complete a sign-up
	SignIn      Purpose = 4 // an editor's one-time sign-in
	Preferences Purpose = 5 // change topics, pace and pause
	Export      Purpose = 6 // take one's data along
	Erase       Purpose = 7 // be forgotten
	Return      Purpose = 8 // the VERP bounce address
	Undo        Purpose = 9 // take leaving back
)

// How long signed links live.
const (
	ConfirmFor     = 7 * 24 * time.Hour
	SignInFor      = 15 * time.Minute
	PreferencesFor = 90 * 24 * time.Hour
	UndoFor        = 15 * time.Minute
	// InsteadFor is for the link to preferences on the page that leaves. A leave link
	// lives for ever, so what it leads to must not.
	InsteadFor = time.Hour
)

// Errors of Parse and Verify. Both are safe to branch on and say nothing about why.
var (
	ErrForged  = errors.New("link: not one of ours")
	ErrExpired = errors.New("link: expired")
)

const tagSize = 16 // 128 bits, RFC 2104 §5's least for a truncated SHA-256

// Tag is the proof inside a token.
type Tag [tagSize]byte

// Digest is what is stored to recognise a tag later: its SHA-256, so that a
// stolen database opens no link.
func (t Tag) Digest() [sha256.Size]byte { return sha256.Sum256(t[:]) }

// Matches reports in constant time whether the tag's digest is the stored one.
func (t Tag) Matches(digest []byte) bool {
	sum := t.Digest()
	return subtle.ConstantTimeCompare(sum[:], digest) == 1
}

// Key is a subscriber's own random key.
type Key [16]byte

// NewKey draws a key from the system's randomness.
func NewKey() Key {
	var k Key
	rand.Read(k[:]) // never fails since Go 1.24: it aborts the program instead
	return k
}

// Tag is the key's proof for one purpose.
func (k Key) Tag(p Purpose) Tag {
	mac := hmac.New(sha256.New, k[:])
	mac.Write([]byte{byte(p)})
	return Tag(mac.Sum(nil)[:tagSize])
}

// Token is the text that carries the subject and its proof in a URL.
func (k Key) Token(p Purpose, subject int64) string { return Format(subject, k.Tag(p)) }

// Format writes subject and tag as one URL-safe word.
func Format(subject int64, tag Tag) string {
	b := binary.AppendUvarint(make([]byte, 0, binary.MaxVarintLen64+tagSize), uint64(subject))
	return base64.RawURLEncoding.EncodeToString(append(b, tag[:]...))
}

// Parse reads what Format wrote. Whoever calls it must still compare the tag
// with the stored digest: Parse proves nothing by itself.
func Parse(token string) (subject int64, tag Tag, err error) {
	b, err := decode(token)
	if err != nil {
		return 0, Tag{}, err
	}
	id, n := binary.Uvarint(b)
	if n <= 0 || len(b)-n != tagSize || id == 0 || id > 1<<62 {
		return 0, Tag{}, ErrForged
	}
	return int64(id), Tag(b[n:]), nil
}

// maxToken bounds the work done for a stranger's text.
const maxToken = 128

func decode(token string) ([]byte, error) {
	// The decoder skips line breaks, strict or not; a URL holds none.
	if token == "" || len(token) > maxToken || strings.ContainsAny(token, "\r\n") {
		return nil, ErrForged
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return nil, ErrForged
	}
	return b, nil
}
