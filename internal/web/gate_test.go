package web

import (
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/limit"
	"github.com/collabpulse/weekly/internal/subscriber"
)

// gated is a site behind a proxy that is trusted, with quotas.
func gated(t *testing.T, q Quotas) *site {
	return newSite(t, func(c *Config) {
		c.Gate, c.Quotas = limit.NewGate(nil, "test", nil, c.Log), q
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} // httptest's
	})
}

// from posts a form from a network.
func (s *site) from(network, path, email string) answer {
	r := posting(path, url.Values{"email": {email}})
	r.Header.Set("X-Forwarded-For", network)
	return s.do(r)
}

var twoAnHour = subscriber.Quota{Count: 2, Per: time.Hour}

func TestANetworkMayCauseSoManyMailsAndOthersGoOn(t *testing.T) {
	t.Parallel()
	s := gated(t, Quotas{PerNetwork: twoAnHour})
	for i, want := range []int{http.StatusSeeOther, http.StatusSeeOther, http.StatusTooManyRequests} {
		a := s.from("198.51.100.7", "/subscribe", "reader"+strconv.Itoa(i)+"@example.com").is(want)
		if want == http.StatusTooManyRequests {
			a.shows("form", "too many requests from your network").shows("form", "30 minutes")
			if typed, _ := a.find("input[name=email]").Attr("value"); typed != "reader2@example.com" {
				t.Errorf("what was typed is lost: %q", typed)
			}
			if after, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || after < 1790 || after > 1800 {
				t.Errorf("Retry-After: %d, %v", after, err)
			}
		}
	}
	for _, want := range []int{http.StatusOK, http.StatusOK, http.StatusTooManyRequests} { // leaving has a quota of its own
		s.from("198.51.100.7", "/leave", "reader0@example.com").is(want)
	}
	s.from("198.51.100.8", "/subscribe", "other@example.com").is(http.StatusSeeOther)
}

func TestALimitAnswersTheSameToEveryAddress(t *testing.T) {
	t.Parallel()
	s := gated(t, Quotas{PerNetwork: subscriber.Quota{Count: 1, Per: time.Hour}})
	s.from("198.51.100.7", "/subscribe", "known@example.com").is(http.StatusSeeOther)
	known := s.from("198.51.100.7", "/subscribe", "known@example.com").is(http.StatusTooManyRequests)
	fresh := s.from("198.51.100.7", "/subscribe", "fresh@example.com").is(http.StatusTooManyRequests)
	if a, b := known.Body, strings.ReplaceAll(fresh.Body, "fresh@", "known@"); a != b {
		t.Error("the answers differ")
	}
}

func TestTheLimitOfEverybodyHoldsAcrossNetworks(t *testing.T) {
	t.Parallel()
	s := gated(t, Quotas{SignUps: twoAnHour})
	for i, want := range []int{http.StatusSeeOther, http.StatusSeeOther, http.StatusTooManyRequests} {
		s.from("198.51.100."+strconv.Itoa(i), "/subscribe", "reader"+strconv.Itoa(i)+"@example.com").is(want)
	}
	s.from("198.51.100.9", "/leave", "reader0@example.com").is(http.StatusOK) // however many sign up
}

func TestWhomALimitCountsTogether(t *testing.T) {
	t.Parallel()
	s := gated(t, Quotas{PerNetwork: subscriber.Quota{Count: 1, Per: time.Hour}})
	for i, try := range []struct {
		network string
		status  int
	}{
		{"2001:db8:1:1::1", http.StatusSeeOther},
		{"2001:db8:1:1:ffff::2", http.StatusTooManyRequests}, // the same household
		{"2001:db8:1:2::1", http.StatusSeeOther},
		{"198.51.100.7", http.StatusSeeOther},
		{"::ffff:198.51.100.7", http.StatusTooManyRequests},
		{"10.0.0.1", http.StatusSeeOther}, // a proxy of theirs, not a reader
		{"10.0.0.1", http.StatusSeeOther},
		{"127.0.0.1", http.StatusSeeOther},
		{"127.0.0.1", http.StatusSeeOther},
	} {
		if got := s.from(try.network, "/subscribe", "reader"+strconv.Itoa(i)+"@example.com").Status; got != try.status {
			t.Errorf("%s: %d, want %d", try.network, got, try.status)
		}
	}
}
