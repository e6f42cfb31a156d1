package mail

import (
	"bytes"
	"flag"
	"io"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	gomessage "github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // teaches go-message every character set
	gomail "github.com/emersion/go-message/mail"
	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/message"
)

var update = flag.Bool("update", false, "write the golden messages anew")

func testLetterhead(t testing.TB) letterhead {
	t.Helper()
	relay, err := ParseRelay("smtp://127.0.0.1:25")
	if err != nil {
		t.Fatal(err)
	}
	config, err := Config{
		Relays:  []Relay{relay},
		From:    Named{"Collab Pulse Weekly", mailAddress(t, "weekly@pulse.example")},
		ReplyTo: Named{"The editors, Collab Pulse", mailAddress(t, "editors@pulse.example")},
		Bounce:  mailAddress(t, "bounces@pulse.example"),
	}.settled()
	if err != nil {
		t.Fatal(err)
	}
	return newLetterhead(config)
}

func digestMessage(t testing.TB) message.Message {
	t.Helper()
	return message.Message{
		To: mailAddress(t, "Mara.Kowalska+pulse@example.com"), ID: "mfrggzdfmztwq2lknnwg23to", Return: "tok3n",
		Subject:  "Zwölf Wochen, ein Auftrag: was Agnieszka und die Rösterei gelernt haben – and 7 more stories",
		Text:     "Hello Mara,\n\nfrom last week.\n.\nFrom the community: 100 % recycled = 0 waste.\n" + strings.Repeat("A long line goes on. ", 60) + "\n",
		HTML:     "<!doctype html>\n<html lang=\"en\"><body>\n<p style=\"color:#222\">Zwölf Wochen — 12&nbsp;weeks 🎉</p>\n.\n" + strings.Repeat("<td>x</td>", 200) + "\n</body></html>\n",
		Language: "en", Date: sentAt,
		Leave: "https://pulse.example/leave/AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMk",
	}
}

func octets(t testing.TB, l letterhead, m message.Message) []byte {
	t.Helper()
	out, err := l.letter(m)
	if err != nil {
		t.Fatal(err)
	}
	return unstuffed(out.appendTo(nil))
}

// unstuffed is what a relay makes of the lines of DATA (RFC 5321 §4.5.2).
func unstuffed(wire []byte) []byte {
	var out []byte
	for line := range bytes.Lines(wire) {
		out = append(out, bytes.TrimPrefix(line, []byte("."))...)
	}
	return out
}

func TestMessagesReadAsWeMeantThem(t *testing.T) {
	t.Parallel()
	digest := digestMessage(t)
	plain := digest
	plain.HTML, plain.Subject, plain.Language = "", "This week's spotlights", "pt-BR"
	letter := messageTo(t, "noor@example.org")
	letter.Subject, letter.HTML = "Please confirm: 読者 नमस्ते", "<p>Confirm</p>\n"
	wide := letter
	wide.To = mailAddress(t, "jörg@bücher.example")
	for name, m := range map[string]message.Message{"digest": digest, "plain-digest": plain, "letter": letter, "wide-letter": wide} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := octets(t, testLetterhead(t), m)
			file := filepath.Join("testdata", name+".eml")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(got)); d != "" {
				t.Errorf("run with -update if this is meant: %s", d)
			}
			checkWire(t, m, got)
		})
	}
}

// checkWire reads a built message back with another library and compares it
// with what was meant, field by field and part by part.
func checkWire(t testing.TB, m message.Message, raw []byte) {
	t.Helper()
	checkLines(t, raw)
	entity, err := gomessage.Read(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("cannot be read: %v\n%s", err, raw)
	}
	header := gomail.Header{Header: entity.Header}
	checkFields(t, m, header)
	subject, err := header.Subject()
	if err != nil || subject != oneLine(m.Subject) {
		t.Errorf("subject %q, want %q (%v)", subject, oneLine(m.Subject), err)
	}
	id, err := header.MessageID()
	if err != nil || id != m.ID+"@pulse.example" {
		t.Errorf("message id %q, %v", id, err)
	}
	if date, err := header.Date(); err != nil || !date.Equal(m.Date) {
		t.Errorf("date %v, %v", date, err)
	}
	checkParts(t, m, gomail.NewReader(entity))
}

// checkLines holds RFC 5322 §2.1.1: CRLF and nothing else ends a line, and no
// line is over 998 octets.
func checkLines(t testing.TB, raw []byte) {
	t.Helper()
	for line := range strings.SplitSeq(string(raw), "\r\n") {
		if len(line) > 998 {
			t.Errorf("a line of %d octets: %.80q…", len(line), line)
		}
		if strings.ContainsAny(line, "\r\n\x00") {
			t.Errorf("a bare line end or NUL in %q", line)
		}
	}
}

// checkFields looks for fields that are not ours, or ours twice.
func checkFields(t testing.TB, m message.Message, header gomail.Header) {
	t.Helper()
	allowed := "Content-Language Content-Type Content-Transfer-Encoding Date Message-Id Mime-Version Subject From To Reply-To "
	only := "Auto-Submitted "
	if m.Leave != "" {
		only = "List-Id List-Unsubscribe List-Unsubscribe-Post Precedence "
		if got := header.Get("List-Unsubscribe"); got != "<"+m.Leave+">" {
			t.Errorf("List-Unsubscribe is %q", got)
		}
	}
	seen := map[string]bool{}
	for fields := header.Fields(); fields.Next(); {
		if seen[fields.Key()] || !strings.Contains(allowed+only, fields.Key()+" ") {
			t.Errorf("the field %q does not belong: %q", fields.Key(), fields.Value())
		}
		seen[fields.Key()] = true
	}
	for _, key := range strings.Fields(only + "From To Subject Date Message-Id") {
		if !seen[key] {
			t.Errorf("the field %s is missing", key)
		}
	}
}

func checkParts(t testing.TB, m message.Message, parts *gomail.Reader) {
	t.Helper()
	want := []struct{ kind, body string }{{"text/plain", m.Text}}
	if m.HTML == "" && !strings.HasSuffix(crlf(clean(m.Text)), "\r\n") {
		want[0].body += "\n" // the final dot stands on a line of its own
	}
	if m.HTML != "" {
		want = append(want, struct{ kind, body string }{"text/html", m.HTML})
	}
	for _, w := range want {
		part, err := parts.NextPart()
		if err != nil {
			t.Fatalf("the %s part: %v", w.kind, err)
		}
		kind, params, err := part.Header.(*gomail.InlineHeader).ContentType()
		body, readErr := io.ReadAll(part.Body)
		if err != nil || readErr != nil || kind != w.kind || !strings.EqualFold(params["charset"], "utf-8") || !utf8.Valid(body) {
			t.Errorf("part %s %v: %v, %v", kind, params, err, readErr)
		}
		if got, want := string(body), crlf(clean(w.body)); got != want {
			t.Errorf("%s arrives as %q, want %q", kind, got, want)
		}
	}
	if part, err := parts.NextPart(); err != io.EOF {
		t.Errorf("one part too many: %v, %v", part, err)
	}
}

// crlf ends every line as mail does.
func crlf(text string) string {
	return strings.ReplaceAll(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n", "\r\n")
}

func TestTheSameMessageIsTheSameOctets(t *testing.T) {
	t.Parallel()
	l, m := testLetterhead(t), digestMessage(t)
	first := octets(t, l, m)
	for range 20 {
		if !bytes.Equal(first, octets(t, l, m)) {
			t.Fatal("it differs from one time to the next")
		}
	}
}

func TestListMailSaysHowToLeave(t *testing.T) {
	t.Parallel()
	raw := string(octets(t, testLetterhead(t), digestMessage(t)))
	for _, line := range []string{
		"\r\nList-Unsubscribe: <https://pulse.example/leave/AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMk>\r\n",
		"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
		"List-Id: Collab Pulse Weekly <weekly.pulse.example>\r\n",
		"\r\nPrecedence: bulk\r\n",
	} {
		if !strings.Contains(raw, line) {
			t.Errorf("%q is not in it", line)
		}
	}
	if strings.Contains(raw, "Auto-Submitted") {
		t.Error("a digest is no automatic answer")
	}
}

func TestNothingTellsWhatProgramSentIt(t *testing.T) {
	t.Parallel()
	for _, m := range []message.Message{digestMessage(t), messageTo(t, "mara@example.com")} {
		if raw := strings.ToLower(string(octets(t, testLetterhead(t), m))); strings.Contains(raw, "go-mail") || strings.Contains(raw, "x-mailer") {
			t.Errorf("it does: %s", raw)
		}
	}
}

func TestNamesBesideAddressesArriveWhole(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Pulse", `The "best", of: Pulse <x@y>`, "Püls Wöchentlich", "週刊\r\nBcc: x@evil.example", strings.Repeat("long ", 60) + "name", "=?UTF-8?Q?x?="} {
		l := testLetterhead(t)
		l.from.Name, l.replyTo.Name = name, name
		l.list = phrase(name) + " <weekly.pulse.example>"
		raw := octets(t, l, digestMessage(t))
		checkLines(t, raw)
		parsed, err := netmail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"From", "Reply-To", "List-Id"} {
			list, err := parsed.Header.AddressList(key)
			if key == "List-Id" { // a phrase and an identifier in brackets read like an address but for the @
				list, err = netmail.ParseAddressList(strings.Replace(parsed.Header.Get(key), "<weekly.", "<weekly@", 1))
			}
			if err != nil || len(list) != 1 || list[0].Name != oneLine(name) {
				t.Errorf("%s of %q: %v, %v\n%s", key, name, list, err, raw)
			}
		}
	}
}

func TestMessagesThatCannotBeMailed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*message.Message)
		want  error
	}{
		"nobody to send to":        {func(m *message.Message) { m.To = message.Message{}.To }, errNoReader},
		"no text":                  {func(m *message.Message) { m.Text = "" }, errNoText},
		"no date":                  {func(m *message.Message) { m.Date = message.Message{}.Date }, errNoDate},
		"no identifier":            {func(m *message.Message) { m.ID = "" }, errBadID},
		"two identifiers":          {func(m *message.Message) { m.ID = "a> <b" }, errBadID},
		"a header in the id":       {func(m *message.Message) { m.ID = "a\r\nBcc: x" }, errBadID},
		"an endless id":            {func(m *message.Message) { m.ID = strings.Repeat("a", 200) }, errBadID},
		"a link that is none":      {func(m *message.Message) { m.Leave = "leave" }, errBadLeave},
		"a script":                 {func(m *message.Message) { m.Leave = "javascript:alert(1)" }, errBadLeave},
		"two links":                {func(m *message.Message) { m.Leave = "https://a.example/>,<https://b.example/" }, errBadLeave},
		"a header in the link":     {func(m *message.Message) { m.Leave = "https://a.example/\r\nBcc:x" }, errBadLeave},
		"an endless link":          {func(m *message.Message) { m.Leave = "https://a.example/" + strings.Repeat("a", 990) }, errBadLeave},
		"an address as token":      {func(m *message.Message) { m.Return = "x@evil.example" }, errBadReturn},
		"a command in the token":   {func(m *message.Message) { m.Return = "x>\r\nRCPT TO:<y" }, errBadReturn},
		"a token that is too long": {func(m *message.Message) { m.Return = strings.Repeat("a", 60) }, errBadReturn},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := digestMessage(t)
			c.spoil(&m)
			if _, err := testLetterhead(t).letter(m); err != c.want {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestALanguageThatIsNoneIsLeftOut(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]bool{"de": true, "zh-Hant-TW": true, "": false, "de\r\nBcc: x": false, "d e": false, strings.Repeat("a", 40): false} {
		m := digestMessage(t)
		m.Language = tag
		raw := octets(t, testLetterhead(t), m)
		if got := bytes.Contains(raw, []byte("Content-Language: ")); got != want {
			t.Errorf("%q: %t", tag, got)
		}
	}
}

func TestABoundaryStepsAsideForTextThatHasIt(t *testing.T) {
	t.Parallel()
	m := digestMessage(t)
	m.Text = "--" + boundary(m) + "--\r\n"
	m.HTML = "--" + boundary(m) + "\r\nContent-Type: text/html\r\n\r\ninjected"
	checkWire(t, m, octets(t, testLetterhead(t), m))
}

func FuzzBuild(f *testing.F) {
	f.Add("Hello\r\nBcc: all@example.com", "Hello.\r\n.\r\nQUIT\r\n", "<p>\r\n\r\n--x--\rbare\nlines", true)
	f.Add("=?UTF-8?Q?x=0D=0ABcc:_a@b?=", "From here\x00\xff\xfe", "", false)
	f.Add(strings.Repeat("x", 2000), strings.Repeat("y", 5000)+" \t", strings.Repeat("=", 3000), true)
	f.Add(strings.Repeat("🎉", 200), "\u2028\u2029\u0085", "\xed\xa0\x80", false)
	f.Add(" \t ", "\r\r\n\n", " ", true)
	f.Add("a\x7fb\x01c d", ".", "\x00", false)
	l := testLetterhead(f)
	digest := digestMessage(f)
	f.Fuzz(func(t *testing.T, subject, text, html string, list bool) {
		m := digest
		m.Subject, m.Text, m.HTML = subject, text, html
		if !list {
			m.Leave = ""
		}
		if m.Text == "" {
			return
		}
		checkWire(t, m, octets(t, l, m))
	})
}

func BenchmarkLetter(b *testing.B) {
	l, m := testLetterhead(b), digestMessage(b)
	m.HTML = strings.Repeat("<tr><td style=\"padding:0\">Zwölf Wochen = ein Auftrag</td></tr>\n", 350)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.letter(m); err != nil {
			b.Fatal(err)
		}
	}
}
