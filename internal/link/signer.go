package link

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// Claim is what a signed token says.
type Claim struct {
	Subject int64     // whose it is: a subscriber's or a sign-in's id
	Stamp   int64     // ties it to one moment of the subject, so that a later one voids it
	Expires time.Time // to the second
}

// Signer signs with its first secret and verifies with all of them.
type Signer struct{ secrets [][]byte }

// NewSigner takes PULSE_SECRETS in order, at least one.
func NewSigner(secrets [][]byte) Signer { return Signer{secrets: secrets} }

// Sign is the token for a claim.
func (s Signer) Sign(p Purpose, c Claim) string {
	b := make([]byte, 0, 48)
	b = binary.AppendVarint(b, c.Subject)
	b = binary.AppendVarint(b, c.Stamp)
	b = binary.AppendVarint(b, c.Expires.Unix())
	tag := seal(s.secrets[0], p, b)
	return base64.RawURLEncoding.EncodeToString(append(b, tag[:]...))
}

// Verify reads a token made by Sign for the same purpose. It returns ErrForged
// for anything else, and ErrExpired together with the claim when the token was
// ours but its time has passed, so that a fresh one can be offered.
func (s Signer) Verify(p Purpose, token string, now time.Time) (Claim, error) {
	b, err := decode(token)
	if err != nil {
		return Claim{}, err
	}
	if len(b) <= tagSize || !s.sealed(p, b[:len(b)-tagSize], b[len(b)-tagSize:]) {
		return Claim{}, ErrForged
	}
	c, err := readClaim(b[:len(b)-tagSize])
	if err == nil && !now.Before(c.Expires) {
		err = ErrExpired
	}
	return c, err
}

func (s Signer) sealed(p Purpose, body, tag []byte) bool {
	ok := false
	for _, secret := range s.secrets {
		want := seal(secret, p, body)
		ok = hmac.Equal(want[:], tag) || ok
	}
	return ok
}

func seal(secret []byte, p Purpose, body []byte) Tag {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte{byte(p)})
	mac.Write(body)
	return Tag(mac.Sum(nil)[:tagSize])
}

func readClaim(b []byte) (Claim, error) {
	var v [3]int64
	for i := range v {
		x, n := binary.Varint(b)
		if n <= 0 {
			return Claim{}, ErrForged
		}
		v[i], b = x, b[n:]
	}
	if len(b) != 0 {
		return Claim{}, ErrForged
	}
	return Claim{Subject: v[0], Stamp: v[1], Expires: time.Unix(v[2], 0).UTC()}, nil
}
