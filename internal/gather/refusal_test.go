package gather

import (
	"context"
	"net"
	"net/url"
	"testing"
	"time"
)

func TestANameThatIsNotThereIsToldFromOneThatCannotBeLookedUp(t *testing.T) {
	t.Parallel()
	for want, dns := range map[string]*net.DNSError{
		"There is no server of that name.":                {Name: "feeds.example", IsNotFound: true},
		"The server's name cannot be looked up just now.": {Name: "feeds.example", Err: "server misbehaving", IsTemporary: true},
		"The server did not answer in time.":              {Name: "feeds.example", IsTimeout: true},
	} {
		if got := sentence(&url.Error{Op: "Get", URL: "http://feeds.example/?key=secret", Err: &net.OpError{Op: "dial", Err: dns}}); got != want {
			t.Errorf("%+v: %q, want %q", dns, got, want)
		}
	}
}

func TestRetryAfterIsRespectedAndBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		status int
		header string
		want   time.Duration
	}{
		{429, "120", 2 * time.Minute},
		{503, " 7200 ", 2 * time.Hour},
		{503, "Mon, 23 Nov 2026 11:00:00 GMT", 3 * time.Hour},
		{503, "Mon, 23 Nov 2020 11:00:00 GMT", 0},
		{429, "99999999", 24 * time.Hour},
		{429, "9223372036854775807", 24 * time.Hour},
		{429, "Fri, 01 Jan 2100 00:00:00 GMT", 24 * time.Hour},
		{429, "-5", 0},
		{429, "soon", 0},
		{429, "", 0},
		{500, "120", 0},
	} {
		if got := retryAfter(refused{status: c.status, retryAfter: c.header}, now); got != c.want {
			t.Errorf("%d with %q: %s, want %s", c.status, c.header, got, c.want)
		}
	}
	if got := retryAfter(context.DeadlineExceeded, now); got != 0 {
		t.Errorf("another failure: %s", got)
	}
}
