package address_test

import (
	"strings"
	"testing"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/fault"
)

func TestADomainFallsUnderTheLimitsOfWhoeverTakesItsMail(t *testing.T) {
	t.Parallel()
	var rules address.GroupRules
	for host, want := range map[string]string{
		"aspmx.l.google.com.":                     "gmail",
		"ALT1.ASPMX.L.Google.com":                 "gmail",
		"smtp.google.com":                         "gmail",
		"example-org.mail.protection.outlook.com": "outlook",
		"example-org.r-v1.mx.microsoft":           "outlook",
		"mx-biz.mail.am0.yahoodns.net":            "yahoo",
		"mx01.mail.icloud.com":                    "icloud",
		"mail.example.org":                        "example.org",
		"google.com.example.org":                  "example.org",
		"notgoogle.com":                           "example.org",
		"":                                        "example.org",
		".":                                       "example.org",
		strings.Repeat("a.", 2000) + "google.com.": "gmail",
		"mx.example.net": "example.org",
	} {
		if got := rules.Of("example.org", host); got != want {
			t.Errorf("mail to %.50q goes to group %s, want %s", host, got, want)
		}
	}
}

func TestOverridesComeBeforeTheProviders(t *testing.T) {
	t.Parallel()
	rules, err := address.ParseGroupRules("example.org=ours, mx:mail.example.net=examplenet,mx:google.com=workspace\nBÜCHER.example=ours")
	if err != nil {
		t.Fatal(err)
	}
	for domainAtHost, want := range map[string]string{
		"example.org aspmx.l.google.com":    "ours",
		"example.com aspmx.l.google.com":    "workspace",
		"example.com mx1.mail.example.net":  "examplenet",
		"example.com mail.example.net":      "examplenet",
		"example.com othermail.example.net": "example.com",
		"xn--bcher-kva.example mx.example":  "ours",
	} {
		domain, host, _ := strings.Cut(domainAtHost, " ")
		if got := rules.Of(domain, host); got != want {
			t.Errorf("%s goes to group %s, want %s", domainAtHost, got, want)
		}
	}
	again, err := address.ParseGroupRules(rules.String())
	if err != nil || again.String() != rules.String() || again.Version() != rules.Version() || !again.Any() {
		t.Errorf("%q reads back as %q: %v", rules, again, err)
	}
	if rules.Version() == (address.GroupRules{}).Version() {
		t.Error("overrides do not change the version")
	}
}

func TestOverridesThatCannotBeReadSayHowTheyLook(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"example.org", "=gmail", "example.org=", "example.org=a b=c", "mx:=gmail", "nodots=gmail",
		"example.org=UPPER", "example.org=a..b", "gmail.com=ours", "example.org=" + strings.Repeat("a", 300),
		strings.Repeat("example.org=gmail,", 1001)} {
		if _, err := address.ParseGroupRules(text); !fault.Is(err, fault.Invalid) {
			t.Errorf("%.60q: %v", text, err)
		}
	}
	if _, err := address.ParseGroupRules("mx:gmail.com=ours"); err != nil {
		t.Errorf("a mail server may have any name: %v", err)
	}
}
