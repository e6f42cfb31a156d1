package link_test

import (
	"net/url"
	"testing"

	"github.com/collabpulse/weekly/internal/link"
)

func TestEverythingPublicLivesUnderTheBase(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"https://pulse.example", "https://pulse.example/", "http://localhost:8080", "https://h.example/weekly/"} {
		u, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		s := link.NewSite(u)
		for got, path := range map[string]string{
			s.Home():               "/",
			s.Confirm("tok"):       "/confirm/tok",
			s.Leave("tok"):         "/leave/tok",
			s.Privacy():            "/privacy",
			s.Digest(7):            "/digests/7",
			s.Latest():             "/digests/latest",
			s.Console(""):          "/console",
			s.Console("digests/7"): "/console/digests/7",
			s.SignIn("tok"):        "/console/sign-in/tok",
		} {
			if got != s.Base()+path {
				t.Errorf("on %s: %s, want %s%s", base, got, s.Base(), path)
			}
		}
		if b := s.Base(); b[len(b)-1] == '/' {
			t.Errorf("the base %s ends in a slash", b)
		}
	}
}
