package link_test

import (
	"encoding/base64"
	"math"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/link"
)

var (
	now     = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	first   = []byte("the first secret, of some length")
	second  = []byte("the second secret, of some length")
	purpose = []link.Purpose{link.Leave, link.View, link.Confirm, link.SignIn, link.Preferences, link.Export, link.Erase, link.Return}
)

func TestASignedTokenSaysWhatWasSigned(t *testing.T) {
	t.Parallel()
	s := link.NewSigner([][]byte{first})
	for _, c := range []link.Claim{
		{Subject: 7, Stamp: now.UnixMilli(), Expires: now.Add(link.ConfirmFor)},
		{Subject: math.MaxInt64, Stamp: math.MinInt64, Expires: now.Add(time.Second)},
		{Subject: 1, Expires: time.Unix(1<<40, 0).UTC()},
	} {
		for _, p := range purpose {
			if got, err := s.Verify(p, s.Sign(p, c), now); err != nil || got != c {
				t.Errorf("purpose %d: %+v came back as %+v, %v", p, c, got, err)
			}
		}
	}
}

func TestATokenServesOnePurposeOnly(t *testing.T) {
	t.Parallel()
	s := link.NewSigner([][]byte{first})
	for _, signed := range purpose {
		token := s.Sign(signed, link.Claim{Subject: 7, Expires: now.Add(time.Hour)})
		for _, used := range purpose {
			if _, err := s.Verify(used, token, now); (err == nil) != (used == signed) {
				t.Errorf("signed for %d, used for %d: %v", signed, used, err)
			}
		}
	}
}

func TestAnExpiredTokenStillSaysWhoseItWas(t *testing.T) {
	t.Parallel()
	s := link.NewSigner([][]byte{first})
	c := link.Claim{Subject: 7, Stamp: 3, Expires: now}
	token := s.Sign(link.Confirm, c)
	if got, err := s.Verify(link.Confirm, token, now.Add(-time.Second)); err != nil || got != c {
		t.Errorf("a second before: %+v, %v", got, err)
	}
	for _, late := range []time.Time{now, now.AddDate(1, 0, 0)} {
		if got, err := s.Verify(link.Confirm, token, late); err != link.ErrExpired || got != c {
			t.Errorf("at %s: %+v, %v", late, got, err)
		}
	}
}

func TestSecretsCanBeRotated(t *testing.T) {
	t.Parallel()
	before, after, later := link.NewSigner([][]byte{first}), link.NewSigner([][]byte{second, first}), link.NewSigner([][]byte{second})
	c := link.Claim{Subject: 7, Expires: now.Add(time.Hour)}
	old, fresh := before.Sign(link.Confirm, c), after.Sign(link.Confirm, c)
	if _, err := after.Verify(link.Confirm, old, now); err != nil {
		t.Errorf("a token from before the rotation: %v", err)
	}
	if _, err := before.Verify(link.Confirm, fresh, now); err != link.ErrForged {
		t.Errorf("the new secret does not sign: %v", err)
	}
	if _, err := later.Verify(link.Confirm, old, now); err != link.ErrForged {
		t.Errorf("a secret that was taken away still counts: %v", err)
	}
	if _, err := link.NewSigner(nil).Verify(link.Confirm, old, now); err != link.ErrForged {
		t.Errorf("without any secret: %v", err)
	}
}

func TestEveryChangedBitForgesAToken(t *testing.T) {
	t.Parallel()
	s := link.NewSigner([][]byte{first, second})
	raw, err := base64.RawURLEncoding.DecodeString(s.Sign(link.SignIn, link.Claim{Subject: 7, Stamp: 9, Expires: now.Add(time.Hour)}))
	if err != nil {
		t.Fatal(err)
	}
	for bit := range len(raw) * 8 {
		raw[bit/8] ^= 1 << (bit % 8)
		got, err := s.Verify(link.SignIn, base64.RawURLEncoding.EncodeToString(raw), now)
		if err != link.ErrForged || got != (link.Claim{}) {
			t.Errorf("bit %d changed: %+v, %v", bit, got, err)
		}
		raw[bit/8] ^= 1 << (bit % 8)
	}
}

func TestAReadersTokenIsNoSignedOne(t *testing.T) {
	t.Parallel()
	s := link.NewSigner([][]byte{first})
	if _, err := s.Verify(link.Leave, link.NewKey().Token(link.Leave, 7), now); err != link.ErrForged {
		t.Errorf("got %v", err)
	}
}

// FuzzVerify holds that nothing but our own signature opens anything.
func FuzzVerify(f *testing.F) {
	s := link.NewSigner([][]byte{first})
	ours := s.Sign(link.Confirm, link.Claim{Subject: 7, Stamp: 9, Expires: now.Add(time.Hour)})
	f.Add(ours)
	f.Add(ours[:len(ours)-1])
	f.Add("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		c, err := s.Verify(link.Confirm, token, now)
		if (err == nil) != (token == ours) {
			t.Errorf("%q gives %+v, %v", token, c, err)
		}
		if token != ours && (err != link.ErrForged || c != link.Claim{}) {
			t.Errorf("%q gives %+v, %v", token, c, err)
		}
	})
}
