package address_test

import (
	"net/mail"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/fault"
)

func TestAddressesThatAreAccepted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, in, want string
		utf8           bool
	}{
		{"plain", "mara@example.com", "mara@example.com", false},
		{"case of the local part kept", "Mara.Lind@Example.COM", "Mara.Lind@example.com", false},
		{"white space around", "\t mara@example.com\r\n", "mara@example.com", false},
		{"a tag", "mara+pulse@example.com", "mara+pulse@example.com", false},
		{"all of RFC 5322's atom text", "!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com", false},
		{"one letter", "m@example.com", "m@example.com", false},
		{"root dot", "mara@example.com.", "mara@example.com", false},
		{"many labels", "mara@a.b.c.example.com", "mara@a.b.c.example.com", false},
		{"a hyphen within", "mara@my-site.example", "mara@my-site.example", false},
		{"digits within", "mara@3com.example", "mara@3com.example", false},
		{"international domain", "mara@bücher.example", "mara@xn--bcher-kva.example", false},
		{"international domain in capitals", "mara@BÜCHER.Example", "mara@xn--bcher-kva.example", false},
		{"international domain, encoded", "mara@xn--bcher-kva.example", "mara@xn--bcher-kva.example", false},
		{"wide dot", "mara@example。com", "mara@example.com", false},
		{"international local part", "mära@example.com", "mära@example.com", true},
		{"Japanese", "織物@例え.テスト", "織物@xn--r8jz45g.xn--zckzah", true},
		{"Hindi with marks", "संपर्क@example.com", "संपर्क@example.com", true},
		{"composed on the way", "ma\u0308ra@example.com", "m\u00e4ra@example.com", true},
		{"local part of 64", strings.Repeat("a", 64) + "@example.com", strings.Repeat("a", 64) + "@example.com", false},
		{"254 in all", "m@" + domainOf(252), "m@" + domainOf(252), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, err := address.Parse(c.in)
			if err != nil || a.String() != c.want {
				t.Fatalf("Parse(%q) = %q, %v, want %q", c.in, a, err, c.want)
			}
			if a.NeedsUTF8() != c.utf8 {
				t.Errorf("%q needs SMTPUTF8: %v", a, a.NeedsUTF8())
			}
			if a.IsZero() || a.Domain() == "" {
				t.Errorf("%q counts as none", a)
			}
		})
	}
}

// domainOf is a domain of n octets.
func domainOf(n int) string {
	const label, ending = "a123456789012345678901234567890.", ".example"
	labels := (n - len(ending) - 1) / len(label)
	return strings.Repeat(label, labels) + strings.Repeat("b", n-len(ending)-labels*len(label)) + ending
}

func TestAddressesThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in string }{
		{"nothing", ""},
		{"white space", " \t"},
		{"no @", "mara.example.com"},
		{"nothing before", "@example.com"},
		{"nothing after", "mara@"},
		{"only @", "@"},
		{"two @", "mara@home@example.com"},
		{"a display name", "Mara <mara@example.com>"},
		{"brackets", "<mara@example.com>"},
		{"a comment", "mara(work)@example.com"},
		{"two addresses", "mara@example.com,jon@example.com"},
		{"quoted", `"mara lind"@example.com`},
		{"a space", "mara lind@example.com"},
		{"a header injected", "mara@example.com\r\nBcc: jon@example.com"},
		{"a command injected", "mara\r\nRCPT TO:<x@example.com>@example.com"},
		{"zero octet", "mara\x00@example.com"},
		{"dot first", ".mara@example.com"},
		{"dot last", "mara.@example.com"},
		{"two dots", "mara..lind@example.com"},
		{"local part of 65", strings.Repeat("a", 65) + "@example.com"},
		{"local part of 66 octets in 33 letters", strings.Repeat("ä", 33) + "@example.com"},
		{"255 in all", "mm@" + domainOf(252)},
		{"a domain of 254", "m@" + domainOf(254)},
		{"a label of 64", "mara@" + strings.Repeat("a", 64) + ".com"},
		{"endless", strings.Repeat("a", 1<<20) + "@example.com"},
		{"no ending", "mara@localhost"},
		{"an address for a domain", "mara@[127.0.0.1]"},
		{"a number for a domain", "mara@192.0.2.1"},
		{"a number for an ending", "mara@example.123"},
		{"an empty label", "mara@example..com"},
		{"a dot for a domain", "mara@."},
		{"a hyphen first", "mara@-example.com"},
		{"a hyphen last", "mara@example-.com"},
		{"an underscore", "mara@my_site.example"},
		{"a slash", "mara@example.com/x"},
		{"a broken A-label", "mara@xn--a.example"},
		{"an emoji domain in bidi", "mara@\u202eexample.com"},
		{"an invisible letter", "ma\u200bra@example.com"},
		{"a direction override", "ma\u202era@example.com"},
		{"an emoji", "🌊@example.com"},
		{"broken UTF-8", "ma\xffra@example.com"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, err := address.Parse(c.in)
			if !fault.Is(err, fault.Invalid) || !a.IsZero() || a.String() != "" {
				t.Fatalf("Parse(%.60q) = %q, %v, want it refused", c.in, a, err)
			}
			f := err.(*fault.Error)
			if f.Field != "email" || strings.Contains(f.Message, "mara") {
				t.Errorf("the fault must be about the field and not repeat the address: %+v", f)
			}
		})
	}
}

func TestTheMessageSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                     "Please enter an email address.",
		"mara":                 "An email address looks like name@example.com.",
		"mara@localhost":       "The part after the @ needs an ending, such as .com.",
		"ma\xffra@example.com": "The part before the @ has a character that cannot be there.",
		"mara@exam\xffple.com": "The part after the @ is not a domain name.",
	} {
		if _, err := address.Parse(in); fault.Message(err) != want {
			t.Errorf("%q: %q, want %q", in, fault.Message(err), want)
		}
	}
}

func TestTwoSpellingsOfOnePersonFoldAlike(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"mara@example.com", "MARA@EXAMPLE.COM", " Mara@Example.com. "},
		{"mära@example.com", "MÄRA@example.com", "ma\u0308ra@example.com", "MA\u0308RA@example.com"},
		{"mara@bücher.example", "Mara@xn--bcher-kva.EXAMPLE"},
		{"\u01f0o@example.com", "J\u030cO@example.com"}, // small j with caron is one letter, the capital is two
		{"k@example.com", "\u212a@example.com"},         // the Kelvin sign
	} {
		first, err := address.Parse(same[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range same[1:] {
			if a, err := address.Parse(other); err != nil || a.Folded() != first.Folded() {
				t.Errorf("%q folds to %q, %q to %q (%v)", other, a.Folded(), same[0], first.Folded(), err)
			}
		}
	}
}

func TestDotsAndTagsBelongToOtherPeople(t *testing.T) {
	t.Parallel()
	for _, other := range []string{"m.ara@example.com", "mara+a@example.com", "mara@example.org", "mära@example.com"} {
		a, b := parse(t, "mara@example.com"), parse(t, other)
		if a.Folded() == b.Folded() {
			t.Errorf("%s is taken for %s", b, a)
		}
	}
}

func TestAnAddressStandsInAHeader(t *testing.T) {
	t.Parallel()
	a := parse(t, "mara@example.com")
	for _, name := range []string{"", "Mara Lind", `Mara "Kiln" Lind, Esq.`, "Mära", "x\r\nBcc: jon@example.com"} {
		header := a.Header(name)
		if strings.ContainsAny(header, "\r\n") {
			t.Errorf("%q becomes more than one line: %q", name, header)
		}
		back, err := mail.ParseAddress(header)
		if err != nil || back.Address != a.String() || back.Name != name {
			t.Errorf("%q is read back as %+v, %v", header, back, err)
		}
	}
}

func TestLargeProvidersAreOneGroup(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a@gmail.com": "gmail", "a@GoogleMail.com": "gmail", "a@hotmail.co.uk": "outlook", "a@msn.com": "outlook",
		"a@aol.com": "yahoo", "a@me.com": "icloud", "a@example.com": "example.com", "a@mail.gmail.com": "mail.gmail.com",
	} {
		if got := parse(t, in).Group(); got != want {
			t.Errorf("%s is in %q, want %q", in, got, want)
		}
	}
}

func parse(t testing.TB, raw string) address.Address {
	t.Helper()
	a, err := address.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// FuzzParse holds what mail commands, headers and hashes rely on.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"mara@example.com", "MÄRA@bücher.example.", "a@b.c", "x@xn--bcher-kva.example", "J\u030c@example.com", "İ@example.com",
		"Σς@example.com", "mara@example。com", "a\u0345@example.com", "@", "a@b@c.d",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		a, err := address.Parse(raw)
		if err != nil {
			if !fault.Is(err, fault.Invalid) || !a.IsZero() {
				t.Errorf("%q gives %q and %v", raw, a, err)
			}
			return
		}
		text := a.String()
		local, domain, _ := strings.Cut(text, "@")
		if len(text) > 254 || len(local) > 64 || !utf8.ValidString(text) || !norm.NFC.IsNormalString(text) || strings.ContainsAny(text, " \t\r\n<>()[]\",;:\\\x00") {
			t.Errorf("%q became %q, which SMTP cannot carry", raw, text)
		}
		if domain != a.Domain() || strings.ContainsFunc(domain, func(r rune) bool { return r >= utf8.RuneSelf || 'A' <= r && r <= 'Z' }) {
			t.Errorf("%q has the domain %q", raw, domain)
		}
		if again, err := address.Parse(text); err != nil || again != a {
			t.Errorf("%q became %q, and that %q (%v)", raw, text, again, err)
		}
		if folded, err := address.Parse(a.Folded()); err == nil && folded.Folded() != a.Folded() {
			t.Errorf("%q folds to %q, and that to %q", raw, a.Folded(), folded.Folded())
		}
		upper, err := address.Parse(strings.ToUpper(local) + "@" + domain)
		if err == nil && len(local) == len(strings.ToUpper(local)) && isASCII(local) && upper.Folded() != a.Folded() {
			t.Errorf("%q and %q fold apart", a, upper)
		}
	})
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}
