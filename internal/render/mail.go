package render

import (
	"html/template"
	"iter"
	"strings"
	texttemplate "text/template"

	"github.com/collabpulse/weekly/internal/outbox"
)

// mail is the templates of one mail, both parts.
type mail struct {
	html *template.Template
	text *texttemplate.Template
}

// view is what a mail is filled with: its own facts around a frame.
type view interface {
	head() *frame
	sizes() iter.Seq[view] // the whole of it first, then ever smaller ways to say it
}

// frame is what every mail prints around its own words.
type frame struct {
	Name, NameStart, NameEnd string // "Collab Pulse Weekly", "Collab Pulse", "Weekly"
	Home, Privacy            string
	Postal                   []string
	Language                 string
	Subject, Preheader       string // written by the mail's own templates, see write
}

func (f *frame) head() *frame { return f }

func (b Brand) frame() frame {
	f := frame{Name: line(b.Name), Home: b.Site.Home(), Privacy: b.Site.Privacy(), Language: "en"}
	if i := strings.LastIndexByte(f.Name, ' '); i > 0 {
		f.NameStart = f.Name[:i]
	}
	f.NameEnd = strings.TrimSpace(strings.TrimPrefix(f.Name, f.NameStart))
	for l := range strings.Lines(b.Postal) {
		if l = line(l); l != "" {
			f.Postal = append(f.Postal, l)
		}
	}
	return f
}

// write makes every part of a mail. Subject and preheader come first, because
// the frame of the HTML part repeats them.
func (m mail) write(v view, plain bool) (outbox.Words, error) {
	var out outbox.Words
	var err error
	if out.Subject, err = m.words("subject", v); err != nil {
		return out, err
	}
	v.head().Subject = out.Subject
	if v.head().Preheader, err = m.words("preheader", v); err != nil {
		return out, err
	}
	var b strings.Builder
	if err = m.text.ExecuteTemplate(&b, "frame", v); err != nil {
		return out, err
	}
	out.Text = reflow(b.String())
	if !plain {
		out.HTML, err = m.markup(v)
	}
	return out, err
}

// words runs a template of the text part whose result is one line.
func (m mail) words(name string, v view) (string, error) {
	var b strings.Builder
	err := m.text.ExecuteTemplate(&b, name, v)
	return line(b.String()), err
}

// MaxHTML is the most an HTML part may weigh, in bytes. Gmail clips at 102 KB,
// counted after its own rewriting, and what it clips is the footer.
const MaxHTML = 88_000

// markup writes the HTML part in the first size that fits.
func (m mail) markup(v view) (string, error) {
	var b strings.Builder
	for size := range v.sizes() {
		b.Reset()
		if err := m.html.ExecuteTemplate(&b, "frame", size); err != nil {
			return "", err
		}
		if b.Len() <= MaxHTML {
			break
		}
	}
	return b.String(), nil
}
