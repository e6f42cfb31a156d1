// Package address is what the service knows about e-mail addresses: which ones
// it accepts, when two of them are the same person's, how one is named without
// being shown, and which mailbox provider's limits it falls under.
//
// An address keeps the case it was typed in, because RFC 5321 §2.4 leaves the
// local part to its host; identity folds case, and nothing else: dots and
// plus-tags belong to other people on other hosts.
package address

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"github.com/collabpulse/weekly/internal/fault"
)

// Limits of RFC 5321 §4.5.3.1, in octets. A path is at most 256 octets with
// its angle brackets, hence 254 for the address.
const (
	maxLocal   = 64
	maxDomain  = 253
	maxAddress = 254
)

// Address is one mailbox that passed Parse. The zero value is no address.
type Address struct {
	local  string // as typed, NFC
	domain string // lower case, A-labels (RFC 5891), so always ASCII
}

// Parse reads one bare mailbox such as "mara@example.com". It accepts
// internationalised local parts (RFC 6531) and domains (RFC 5891), and refuses
// display names, comments, quoted local parts, address literals and anything
// over the limits of RFC 5321 §4.5.3.1. The error is a fault.Invalid on the
// field "email" whose message says what is wrong.
func Parse(raw string) (Address, error) {
	text := norm.NFC.String(strings.TrimSpace(raw))
	if text == "" {
		return Address{}, fault.Field("email", "Please enter an email address.")
	}
	if len(text) > 4*maxAddress {
		return Address{}, fault.Field("email", "That email address is too long.")
	}
	at := strings.LastIndexByte(text, '@')
	if at < 1 || at == len(text)-1 {
		return Address{}, fault.Field("email", "An email address looks like name@example.com.")
	}
	local, err := parseLocal(text[:at])
	if err != nil {
		return Address{}, err
	}
	domain, err := parseDomain(text[at+1:])
	if err != nil {
		return Address{}, err
	}
	if len(local)+1+len(domain) > maxAddress {
		return Address{}, fault.Field("email", "That email address is too long.")
	}
	return Address{local: local, domain: domain}, nil
}

func parseLocal(local string) (string, error) {
	if len(local) > maxLocal {
		return "", fault.Field("email", "The part before the @ is too long.")
	}
	if local[0] == '.' || local[len(local)-1] == '.' || strings.Contains(local, "..") {
		return "", fault.Field("email", "The part before the @ has a dot where none can be.")
	}
	for _, r := range local {
		if !atomRune(r) {
			return "", fault.Field("email", "The part before the @ has a character that cannot be there.")
		}
	}
	return local, nil
}

// atomRune reports whether r may stand in a dot-atom: RFC 5322 §3.2.3, widened
// to non-ASCII by RFC 6531 §3.3. Spaces, controls and invisible format
// characters of the wide range are kept out.
func atomRune(r rune) bool {
	if r < utf8.RuneSelf {
		return r == '.' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' ||
			strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r))
}

func parseDomain(domain string) (string, error) {
	ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(domain, "."))
	if err != nil || len(ascii) > maxDomain || !utf8.ValidString(domain) {
		return "", fault.Field("email", "The part after the @ is not a domain name.")
	}
	labels := strings.Split(ascii, ".")
	if len(labels) < 2 {
		return "", fault.Field("email", "The part after the @ needs an ending, such as .com.")
	}
	for _, label := range labels {
		if !validLabel(label) {
			return "", fault.Field("email", "The part after the @ is not a domain name.")
		}
	}
	if last := labels[len(labels)-1]; strings.Trim(last, "0123456789") == "" {
		return "", fault.Field("email", "The part after the @ must be a name, not a number.")
	}
	return ascii, nil
}

// validLabel holds the LDH rule of RFC 1034 §3.5 and RFC 1123 §2.1.
func validLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for i := range len(label) {
		c := label[i]
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-') {
			return false
		}
	}
	return true
}

// String is the address to deliver to: local part as typed, domain in ASCII.
func (a Address) String() string {
	if a.IsZero() {
		return ""
	}
	return a.local + "@" + a.domain
}

// Header is the address as a header field shows it (RFC 5322 §3.4).
func (a Address) Header(name string) string {
	return (&mail.Address{Name: name, Address: a.String()}).String()
}

// IsZero reports whether a is no address at all.
func (a Address) IsZero() bool { return a.domain == "" }

// Domain is the ASCII domain in lower case.
func (a Address) Domain() string { return a.domain }

// NeedsUTF8 reports whether only a relay that offers SMTPUTF8 (RFC 6531) can take it.
func (a Address) NeedsUTF8() bool {
	return strings.ContainsFunc(a.local, func(r rune) bool { return r >= utf8.RuneSelf })
}

// FoldingVersion numbers the rule of Folded. A hash is stored with it, so that
// a later rule can be told from this one.
const FoldingVersion = 1

// Folded is the form in which two spellings of one person's address are equal:
// lower case and NFC, nothing more. Lower case comes first: some capitals are two
// characters whose small letter is one.
func (a Address) Folded() string {
	return norm.NFC.String(strings.ToLower(a.local)) + "@" + a.domain
}
