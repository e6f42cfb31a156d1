package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
)

// sent is a context whose form has been read.
func sent(t *testing.T, form url.Values, header map[string]string) echo.Context {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/subscribe", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, value := range header {
		r.Header.Set(name, value)
	}
	c := echo.New().NewContext(r, httptest.NewRecorder())
	if err := readForm(c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLanguageIsTheFormsThenTheBrowsersThenEnglish(t *testing.T) {
	t.Parallel()
	for _, try := range []struct{ form, browser, want string }{
		{"de-CH", "fr", "de"},
		{"", "fr-CA,en;q=0.8", "fr"},
		{"no such tag", "es", "es"},
		{"", "", "en"},
		{"", "*", "en"},
		{"und", "", "en"},
		{"", "%%%", "en"},
		{"zh-Hant-TW", "", "zh"},
	} {
		c := sent(t, url.Values{"language": {try.form}}, map[string]string{"Accept-Language": try.browser})
		if got := frameLanguage(c); got != try.want {
			t.Errorf("form %q, browser %q: language %q, want %q", try.form, try.browser, got, try.want)
		}
	}
}

func TestWhereAFormStoodIsToldBySeveralSigns(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for name, try := range map[string]struct {
		form   url.Values
		header map[string]string
		want   string
	}{
		"our own page":               {nil, map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": "null"}, "form"},
		"an old browser on our page": {nil, map[string]string{"Origin": "https://weekly.test"}, "form"},
		"an old browser elsewhere":   {nil, map[string]string{"Origin": "https://blog.example"}, "embed"},
		"a sister site":              {nil, map[string]string{"Sec-Fetch-Site": "same-site"}, "embed"},
		"a form that says so":        {url.Values{"page": {"embed"}}, nil, "embed"},
		"a form that says nonsense":  {url.Values{"page": {"<script>"}}, nil, "form"},
		"no browser":                 {nil, nil, "form"},
		"an origin that is none":     {nil, map[string]string{"Origin": "null"}, "form"},
	} {
		if got := s.formPage(sent(t, try.form, try.header)); got != try.want {
			t.Errorf("%s: %q, want %q", name, got, try.want)
		}
	}
}

func TestBrowserDescriptionIsClippedAndMadeValidText(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	got := s.evidence(sent(t, nil, map[string]string{"User-Agent": "x\xff" + strings.Repeat("y", 500)}), "form").UserAgent
	if !strings.HasPrefix(got, "x?yyy") || len(got) != maxUserAgent {
		t.Errorf("kept %d octets: %.20q", len(got), got)
	}
}
