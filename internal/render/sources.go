package render

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"slices"
	"strings"
	texttemplate "text/template"
)

// sources are the files of package emails by path.
type sources map[string]string

func read(files fs.FS) (sources, error) {
	src := sources{}
	err := fs.WalkDir(files, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := fs.ReadFile(files, name)
		src[name] = string(b)
		return err
	})
	return src, err
}

// hash names the sources: every path and content, each with its length, in the
// order of the paths.
func (src sources) hash() string {
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(src)) {
		fmt.Fprintf(&b, "%d %s %d %s\n", len(name), name, len(src[name]), src[name])
	}
	sum := sha256.Sum256(b.Bytes())
	return hex.EncodeToString(sum[:])
}

// mails parses both parts of every mail. A mail is a file text/NAME.txt together
// with html/NAME.html, over the frame; letters share html/letter.html as well.
func (src sources) mails() (map[string]mail, error) {
	d, err := src.dresser()
	if err != nil {
		return nil, err
	}
	mails := map[string]mail{}
	for name := range src {
		mailName, ok := strings.CutSuffix(strings.TrimPrefix(name, "text/"), ".txt")
		if !ok || mailName == "frame" {
			continue
		}
		if mails[mailName], err = src.mail(mailName, d); err != nil {
			return nil, err
		}
	}
	return mails, nil
}

func (src sources) mail(name string, d dresser) (mail, error) {
	m := mail{
		html: template.New(name).Option("missingkey=error").Funcs(htmlFuncs()),
		text: texttemplate.New(name).Option("missingkey=error").Funcs(textFuncs()),
	}
	for _, file := range []string{"text/frame.txt", "text/" + name + ".txt"} {
		if _, err := m.text.Parse(src[file]); err != nil {
			return m, fmt.Errorf("render: %s: %w", file, err)
		}
	}
	files := []string{"html/frame.html", "html/letter.html", "html/" + name + ".html"}
	for _, file := range files {
		text, err := d.dress(src[file])
		if err == nil {
			_, err = m.html.Parse(text)
		}
		if err != nil {
			return m, fmt.Errorf("render: %s: %w", file, err)
		}
	}
	return m, nil
}

func (src sources) page() (*template.Template, error) {
	return template.New("page").Parse(src["page/digest.html"])
}

func htmlFuncs() template.FuncMap {
	return template.FuncMap{
		"soft":    soft,
		"padding": func() [60]struct{} { return [60]struct{}{} },
		"button":  func(to, label string) map[string]string { return map[string]string{"To": to, "Label": label} },
		"outlook": func(comment string) template.HTML { return template.HTML(comment) },
	}
}

func textFuncs() texttemplate.FuncMap {
	return texttemplate.FuncMap{"upper": strings.ToUpper, "headline": headline, "heading": heading, "rule": rule}
}
