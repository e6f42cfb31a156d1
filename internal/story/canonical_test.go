package story_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/story"
)

func base(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestLinksToOnePageAreEqual(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"as it is", "https://h.example/a/b?c=d", "https://h.example/a/b?c=d"},
		{"capitals in scheme and host", "HTTPS://H.Example/A", "https://h.example/A"},
		{"default port", "https://h.example:443/", "https://h.example/"},
		{"default port of the other scheme", "http://h.example:443/", "http://h.example:443/"},
		{"own port", "http://h.example:8080/", "http://h.example:8080/"},
		{"empty port", "http://h.example:/", "http://h.example/"},
		{"no path", "https://h.example", "https://h.example/"},
		{"no path but a query", "https://h.example?a=1", "https://h.example/?a=1"},
		{"root dot", "https://h.example./a", "https://h.example/a"},
		{"fragment", "https://h.example/a#part", "https://h.example/a"},
		{"empty query", "https://h.example/a?", "https://h.example/a"},
		{"white space around", "\n https://h.example/a\t", "https://h.example/a"},
		{"dot segments", "https://h.example/a/../b/./c", "https://h.example/b/c"},
		{"campaign parameters", "https://h.example/a?utm_source=x&id=7&UTM_Medium=y&fbclid=z", "https://h.example/a?id=7"},
		{"nothing but campaign parameters", "https://h.example/a?utm_source=x&gclid=1", "https://h.example/a"},
		{"order of parameters kept", "https://h.example/a?b=1&a=2&&b=3", "https://h.example/a?b=1&a=2&b=3"},
		{"a name that only looks like a campaign's", "https://h.example/a?autm_source=x", "https://h.example/a?autm_source=x"},
		{"international host", "https://Bücher.example/", "https://xn--bcher-kva.example/"},
		{"international host, encoded", "https://b%C3%BCcher.example/", "https://xn--bcher-kva.example/"},
		{"host with an underscore", "https://my_blog.example/", "https://my_blog.example/"},
		{"letters in the path", "https://h.example/größe", "https://h.example/gr%C3%B6%C3%9Fe"},
		{"small hex digits", "https://h.example/gr%c3%b6%c3%9fe?q=%c3%b6", "https://h.example/gr%C3%B6%C3%9Fe?q=%C3%B6"},
		{"an encoded slash stays one", "https://h.example/a%2fb", "https://h.example/a%2Fb"},
		{"what may not stand in a query", `https://h.example/?q=a b"<>|ü`, "https://h.example/?q=a%20b%22%3C%3E%7C%C3%BC"},
		{"a percent sign that means itself", "https://h.example/?q=100%", "https://h.example/?q=100%25"},
		{"an address for a host", "http://192.0.2.7:80/", "http://192.0.2.7/"},
		{"an IPv6 address", "http://[2001:DB8::1]:80/", "http://[2001:db8::1]/"},
		{"an IPv6 address and a port", "http://[2001:db8::1]:8080/", "http://[2001:db8::1]:8080/"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := story.Canonical(c.in, nil)
			if err != nil || got != c.want {
				t.Fatalf("Canonical(%q) = %q, %v, want %q", c.in, got, err, c.want)
			}
			if again, err := story.Canonical(got, nil); err != nil || again != got {
				t.Errorf("Canonical(%q) = %q, %v, want it unchanged", got, again, err)
			}
		})
	}
}

func TestARelativeLinkIsResolved(t *testing.T) {
	t.Parallel()
	feed := base(t, "https://h.example/blog/feed.xml")
	for in, want := range map[string]string{
		"/a":                  "https://h.example/a",
		"a":                   "https://h.example/blog/a",
		"../a":                "https://h.example/a",
		"?p=7":                "https://h.example/blog/feed.xml?p=7",
		"//other.example/a":   "https://other.example/a",
		"http://other.test/b": "http://other.test/b",
	} {
		if got, err := story.Canonical(in, feed); err != nil || got != want {
			t.Errorf("Canonical(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
}

func TestWhatIsNoLinkToAPageIsRefused(t *testing.T) {
	t.Parallel()
	feed := base(t, "https://h.example/feed.xml")
	for _, c := range []struct {
		name, in string
		base     *url.URL
	}{
		{"nothing", "", feed},
		{"white space", " \n", feed},
		{"relative to nothing", "/a", nil},
		{"no scheme", "h.example/a", nil},
		{"script", "javascript:alert(1)", feed},
		{"data", "data:text/html,x", feed},
		{"a file", "file:///etc/passwd", feed},
		{"mail", "mailto:mara@h.example", feed},
		{"no host", "https:///a", nil},
		{"no slashes", "https:h.example", feed},
		{"a password", "https://mara:secret@h.example/", nil},
		{"a port and no host", "https://:443/", nil},
		{"a port beyond all ports", "https://h.example:65536/", nil},
		{"a space in the host", "https://h example/", nil},
		{"dots for a host", "https://../a", nil},
		{"a label missing", "https://h..example/", nil},
		{"punctuation in the host", "https://h,example;x/", nil},
		{"markup in the host", "https://h<b>.example/", nil},
		{"a zone in the host", "http://[fe80::1%25eth0]/", nil},
		{"an international host that is none", "https://\u202eh.example/", nil},
		{"broken UTF-8 in the host", "https://h\xff.example/", nil},
		{"a control character", "https://h.example/a\x00b", nil},
		{"too long", "https://h.example/" + strings.Repeat("a", 2000), nil},
		{"too long once encoded", "https://h.example/" + strings.Repeat("ü", 400), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := story.Canonical(c.in, c.base)
			if !fault.Is(err, fault.Invalid) || got != "" {
				t.Errorf("Canonical(%q) = %q, %v, want it refused", c.in, got, err)
			}
		})
	}
}

// FuzzCanonical holds that a canonical link is one that a page can carry, and
// that making it canonical again changes nothing.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{
		"https://h.example/a?b=c#d", "HTTP://Bücher.Example:80/%c3%bc/../x?utm_source=1&q=%", "//h/a", "../a", "http://[::1]:080/",
		"https://h.example/a//b/./..", "https://h.example:99999/", "http://h.example/;a=b?c&&d=",
	} {
		f.Add(seed)
	}
	home := base(f, "https://home.example/dir/page?x=1#y")
	f.Fuzz(func(t *testing.T, raw string) {
		for _, from := range []*url.URL{nil, home} {
			link, err := story.Canonical(raw, from)
			if err != nil {
				continue
			}
			if !utf8.ValidString(link) || len(link) > 2000 || strings.ContainsAny(link, " \"<>\\^`{|}#") || strings.ContainsFunc(link, odd) {
				t.Errorf("%q became %q, which a page cannot carry", raw, link)
			}
			if !strings.HasPrefix(link, "http://") && !strings.HasPrefix(link, "https://") {
				t.Errorf("%q became %q, which is not on the web", raw, link)
			}
			if again, err := story.Canonical(link, nil); err != nil || again != link {
				t.Errorf("%q became %q, and that %q (%v)", raw, link, again, err)
			}
		}
	})
}

func odd(r rune) bool { return r <= ' ' || r > '~' }
