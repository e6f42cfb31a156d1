package render

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// dresser prepares the source of an HTML template: style sheets in place,
// classes turned into style attributes, Outlook's comments saved.
type dresser struct {
	sheet  sheet
	styles map[string]string // by file name: what {{style "name"}} stands for
	kept   map[string]bool   // classes that a style element speaks of
}

func (src sources) dresser() (dresser, error) {
	p, err := parsePalette(src["tokens.css"])
	if err != nil {
		return dresser{}, err
	}
	rules, err := parseSheet(src["html/inline.css"])
	if err != nil {
		return dresser{}, err
	}
	d := dresser{styles: map[string]string{
		"dark.css":         rules.dark(p),
		"outlook-dark.css": rules.outlookDark(p),
	}}
	if d.sheet, err = rules.filled(p); err != nil {
		return dresser{}, err
	}
	for name, css := range src {
		if dir, file := path.Split(name); dir == "html/" && file != "inline.css" && path.Ext(file) == ".css" {
			if d.styles[file], err = p.fill(squeeze(css)); err != nil {
				return dresser{}, fmt.Errorf("render: %s: %w", name, err)
			}
		}
	}
	d.kept = mentioned(slices.Collect(maps.Values(d.styles)))
	return d, nil
}

var (
	styleCall    = regexp.MustCompile(`\{\{style "([^"]+)"\}\}`)
	classAttr    = regexp.MustCompile(`class="([^"]*)"`)
	indentation  = regexp.MustCompile(`(?m)^[ \t]+`)
	conditional  = regexp.MustCompile(`(?s)<!--\[if [^\]]*\]><!-->|<!--<!\[endif\]-->|<!--\[if [^\]]*\]>.*?<!\[endif\]-->`)
	classMention = regexp.MustCompile(`\.([a-z][a-z0-9-]*)`)
)

// dress prepares one template. It fails on a class that no style sheet knows, so
// that a slip of the pen shows in a test and not in a mailbox.
func (d dresser) dress(source string) (string, error) {
	var failure error
	text := styleCall.ReplaceAllStringFunc(source, func(call string) string {
		name := styleCall.FindStringSubmatch(call)[1]
		if d.styles[name] == "" {
			failure = fmt.Errorf("no style sheet %q", name)
		}
		return "<style>" + d.styles[name] + "</style>"
	})
	text = classAttr.ReplaceAllStringFunc(text, func(attr string) string {
		classes := strings.Fields(classAttr.FindStringSubmatch(attr)[1])
		styled, err := d.attributes(classes)
		if err != nil {
			failure = err
		}
		return styled
	})
	text = indentation.ReplaceAllString(text, "")
	return conditional.ReplaceAllStringFunc(text, func(comment string) string {
		return "{{outlook " + strconv.Quote(comment) + "}}"
	}), failure
}

// attributes are the class and style attributes of an element: the classes that
// a style element needs to find it by, and the style of all of them.
func (d dresser) attributes(classes []string) (string, error) {
	var kept, attrs []string
	for _, c := range classes {
		if !d.sheet.knows(c) && !d.kept[c] {
			return "", fmt.Errorf("no class %q", c)
		}
		if d.kept[c] {
			kept = append(kept, c)
		}
	}
	if len(kept) > 0 {
		attrs = append(attrs, `class="`+strings.Join(kept, " ")+`"`)
	}
	if style := d.sheet.style(classes); style != "" {
		attrs = append(attrs, `style="`+style+`"`)
	}
	return strings.Join(attrs, " "), nil
}

func mentioned(css []string) map[string]bool {
	classes := map[string]bool{}
	for _, text := range css {
		for _, m := range classMention.FindAllStringSubmatch(text, -1) {
			classes[m[1]] = true
		}
	}
	return classes
}
