package mail

import (
	"bytes"
	"io"
	netmail "net/mail"
	"strings"
	"testing"

	gomessage "github.com/emersion/go-message"
	gomail "github.com/emersion/go-message/mail"
	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/edition"
	"github.com/collabpulse/weekly/internal/message"
)

const (
	someMark = "slotleave0123456789abcdef0123456789abcdef"
	ownMark  = "slotprefs0123456789abcdef0123456789abcdef"
)

var someSlots = edition.Slots{Leave: someMark, Preferences: ownMark}

// someEdition has its marks wherever a line can have one: alone, at both ends,
// twice in a row, far to the right, before dots and behind them.
func someEdition(subject string) edition.Edition {
	marks := strings.NewReplacer("MARK", someMark, "OWN", ownMark)
	text := marks.Replace("MARK\n.MARK\nMARK.\n..MARK..\nLeave: MARK\nMARKMARK\n\nMARKOWN\nOWN\n.OWNMARK\nOWNOWN.\n" +
		strings.Repeat("a long line = 100 % of it, ", 9) + "MARK " + strings.Repeat(" and ü on. ", 9) + "MARK. .\n.\nbye MARK")
	var html strings.Builder
	html.WriteString("<!doctype html>\n<p>MARK</p>.\n")
	for i := range 90 { // the mark begins in every column there is
		html.WriteString("<p>" + strings.Repeat("x", i) + "<a href=\"MARK\">leave</a></p>\n")
		html.WriteString("<p>" + strings.Repeat("x", i) + "<a href=\"OWN\">choose</a></p>\n")
	}
	return edition.Edition{Subject: subject, Text: text, HTML: marks.Replace(html.String()), Slots: someSlots}
}

func compiled(t testing.TB, l letterhead, e edition.Edition, language string) *message.Print {
	t.Helper()
	p, err := l.compile(e, language)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := message.DecodePrint(p.Encode())
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

// both are one reader's message written in both ways: with everything in it, and
// as what is theirs beside a print.
func both(p *message.Print, e edition.Edition, m message.Message) (plain, filled message.Message) {
	plain, filled = m, m
	filled.Subject, filled.Text, filled.HTML, filled.Language = "", "", "", ""
	filled.Print = p
	plain.Subject = e.Subject
	plain.Text = strings.NewReplacer(someMark, m.Leave, ownMark, m.Preferences).Replace(e.Text)
	plain.HTML = strings.NewReplacer(someMark, escaped(m.Leave), ownMark, escaped(m.Preferences)).Replace(e.HTML)
	return plain, filled
}

func escaped(value string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;").Replace(value)
}

var leaveLinks = []string{
	"https://pulse.example/leave/AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMk",
	"http://127.0.0.1:8080/leave/x",
	"https://pulse.example/leave?a=b&c=\"d\"'&&&amp;=3D==0D=0A=",
	"https://pulse.example/" + strings.Repeat("./-.-", 170),
	"https://pulse.example/" + strings.Repeat("=&\"", 280),
	"https://a.b/--part-0123456789",
}

func TestAFilledPrintIsWhatTheWholeMessageWouldBe(t *testing.T) {
	t.Parallel()
	l := testLetterhead(t)
	html, plain := someEdition("Zwölf Wochen, ein Auftrag"), someEdition("Plain")
	plain.HTML = ""
	for _, e := range []edition.Edition{html, plain} {
		p := compiled(t, l, e, "en")
		for i, leave := range leaveLinks {
			for _, to := range []string{"mara@example.com", "jörg=x@bücher.example", "from.'=#$%&*+/?^_`{|}~@example.com", strings.Repeat("m", 64) + "@" + strings.Repeat("long.", 36) + "example"} {
				m := digestMessage(t)
				m.To, m.Leave, m.Preferences = mailAddress(t, to), leave, leaveLinks[(i+1)%len(leaveLinks)]
				whole, filled := both(p, e, m)
				compare(t, octets(t, l, whole), octets(t, l, filled))
				checkWire(t, whole, octets(t, l, filled))
				checkStuffing(t, l, filled)
			}
		}
	}
}

// An edition that an earlier release kept has no place for preferences.
func TestAnEditionWithoutAMarkForPreferencesIsCompiled(t *testing.T) {
	t.Parallel()
	l := testLetterhead(t)
	e := edition.Edition{Subject: "x", Text: "Leave: " + someMark, HTML: "<a href=" + someMark + ">leave</a>", Slots: edition.Slots{Leave: someMark}}
	m := digestMessage(t)
	m.Preferences = "https://pulse.example/preferences/x"
	whole, filled := both(compiled(t, l, e, "en"), e, m)
	compare(t, octets(t, l, whole), octets(t, l, filled))
}

// compare holds two messages against each other, field by field and part by part.
// Where lines break in an encoding, and the boundary, are not part of what is said.
func compare(t testing.TB, want, got []byte) {
	t.Helper()
	if d := cmp.Diff(taken(t, want), taken(t, got)); d != "" {
		t.Errorf("the filled print differs: %s", d)
	}
}

type part struct{ Fields, Body string }

// taken is a message taken apart: the fields in order, then each part.
func taken(t testing.TB, raw []byte) (parts []part) {
	t.Helper()
	entity, err := gomessage.Read(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	say := func(h gomessage.Header) string {
		var b strings.Builder
		for f := h.Fields(); f.Next(); {
			value, _, _ := strings.Cut(f.Value(), "boundary=")
			b.WriteString(f.Key() + ": " + value + "\n")
		}
		return b.String()
	}
	parts = append(parts, part{Fields: say(entity.Header)})
	for reader := gomail.NewReader(entity); ; {
		p, err := reader.NextPart()
		if err == io.EOF {
			return parts
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(p.Body)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, part{say(p.Header.(*gomail.InlineHeader).Header), string(body)})
	}
}

// checkStuffing looks at the bytes as they go out: no line may end DATA, every
// line of the body is within 76 octets (RFC 2045 §6.7), and one with a dot in
// front has two.
func checkStuffing(t testing.TB, l letterhead, m message.Message) {
	t.Helper()
	out, err := l.letter(m)
	if err != nil {
		t.Fatal(err)
	}
	wire := out.appendTo(nil)
	if !bytes.HasSuffix(wire, []byte("\r\n")) {
		t.Error("the last line does not end")
	}
	_, body, _ := bytes.Cut(wire, []byte("\r\n\r\n"))
	for line := range bytes.Lines(body) {
		if line[0] == '.' && !bytes.HasPrefix(line, []byte("..")) {
			t.Errorf("an unstuffed dot in %q", line)
		}
		if n := len(bytes.TrimPrefix(line, []byte("."))); n > 78 {
			t.Errorf("a line of %d octets: %q", n, line)
		}
	}
}

func TestAPrintIsFilledOnlyWithWhatCanStandThere(t *testing.T) {
	t.Parallel()
	l := testLetterhead(t)
	p := compiled(t, l, someEdition("x"), "en")
	for name, spoil := range map[string]func(*message.Message){
		"nobody":                    func(m *message.Message) { m.To = address.Address{} },
		"a field in the id":         func(m *message.Message) { m.ID = "a\r\nBcc: x" },
		"a field in the link":       func(m *message.Message) { m.Leave = "https://a.example/\r\nBcc: x" },
		"a bare line feed":          func(m *message.Message) { m.Leave = "https://a.example/\n.\n" },
		"a field in the other link": func(m *message.Message) { m.Preferences = "https://a.example/\r\nBcc: x" },
		"no link":                   func(m *message.Message) { m.Leave = "" },
		"letters beyond ASCII":      func(m *message.Message) { m.Leave = "https://a.example/ü" },
		"an end of the bracket":     func(m *message.Message) { m.Leave = "https://a.example/>" },
		"no date":                   func(m *message.Message) { m.Date = message.Message{}.Date },
		"a command in the token":    func(m *message.Message) { m.Return = "x>\r\nRCPT TO:<y" },
		"an address that is longer": func(m *message.Message) { m.ID = strings.Repeat("a", 129) },
	} {
		_, filled := both(p, edition.Edition{Slots: someSlots}, digestMessage(t))
		spoil(&filled)
		if _, err := l.letter(filled); err == nil {
			t.Errorf("%s: it would be sent", name)
		}
	}
}

func TestAnEditionThatHidesItsMarksIsRefused(t *testing.T) {
	t.Parallel()
	l := testLetterhead(t)
	for name, e := range map[string]edition.Edition{
		"no mark":        {Subject: "x", Text: "x"},
		"no word":        {Subject: "x", Text: "x", Slots: edition.Slots{Leave: "a.b"}},
		"beyond ASCII":   {Subject: "x", Text: "x", Slots: edition.Slots{Leave: "schlüssel"}},
		"no text at all": {Subject: "x", Slots: edition.Slots{Leave: someMark}},
	} {
		if _, err := l.compile(e, "en"); err == nil {
			t.Errorf("%s: it was compiled", name)
		}
	}
	k, err := marksFor(someSlots)
	if err != nil {
		t.Fatal(err)
	}
	twice := "To: <" + k.to.String() + ">\r\nDate: x\r\nMessage-ID: " + k.id + k.id + "\r\nList-Unsubscribe: <" + k.leave + ">\r\n\r\n"
	for _, raw := range []string{twice, strings.Replace(twice, k.id, "", 2), "\r\n\r\n"} {
		if _, err := k.cut([]byte(raw)); err != errMarkLost {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

func FuzzFill(f *testing.F) {
	for _, leave := range leaveLinks {
		f.Add("Hello "+someMark+"\n.\n"+someMark, "<a href="+someMark+">\n.", leave, "mara@example.com", "id")
	}
	f.Add(someMark, "", "https://a.example/\r\n", "a.b@c.example", "x\r\ny")
	f.Add(strings.Repeat(".", 75)+someMark+"=\r\n.", someMark+"\n--part-", "https://a.example/=", "=ü@c.example", "x.y")
	l := testLetterhead(f)
	f.Fuzz(func(t *testing.T, text, html, leave, to, id string) {
		who, err := address.Parse(to)
		if err != nil || text == "" {
			return
		}
		e := edition.Edition{Subject: "x", Text: text, HTML: html, Slots: someSlots}
		p, err := l.compile(e, "en")
		if err != nil {
			t.Fatal(err)
		}
		whole, filled := both(p, e, message.Message{To: who, ID: id, Leave: leave, Preferences: "https://a.example/own", Date: sentAt, Language: "en"})
		out, err := l.letter(filled)
		if err != nil {
			if _, wholeErr := l.letter(whole); wholeErr == nil && leave != "" {
				t.Fatalf("only the filled one is refused: %v", err)
			}
			return
		}
		raw := unstuffed(out.appendTo(nil))
		if _, err := netmail.ReadMessage(bytes.NewReader(raw)); err != nil {
			t.Fatal(err)
		}
		checkWire(t, whole, raw)
		checkStuffing(t, l, filled)
	})
}
