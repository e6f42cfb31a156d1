package render

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

var (
	cssTight  = regexp.MustCompile(`\s*([{};:,])\s*`)
	cssRule   = regexp.MustCompile(`([^{}]+)\{([^{}]*)\}`)
	className = regexp.MustCompile(`^\.[a-z][a-z0-9-]*$`)
)

// sheet is inline.css: rules in their order.
type sheet []cssClass

type cssClass struct {
	name  string
	decls []decl
}

type decl struct{ property, value string }

// parseSheet reads rules of single classes; anything cleverer cannot be written
// into a style attribute and is refused.
func parseSheet(css string) (sheet, error) {
	var s sheet
	for _, m := range cssRule.FindAllStringSubmatch(squeeze(css), -1) {
		for selector := range strings.SplitSeq(m[1], ",") {
			if !className.MatchString(selector) {
				return nil, fmt.Errorf("render: inline.css: %q is not one class", selector)
			}
			s = append(s, cssClass{selector[1:], decls(m[2])})
		}
	}
	return s, nil
}

func decls(body string) []decl {
	var out []decl
	for d := range strings.SplitSeq(body, ";") {
		if property, value, ok := strings.Cut(d, ":"); ok {
			out = append(out, decl{property, value})
		}
	}
	return out
}

// squeeze drops comments and needless blanks. A comment must go in any case:
// some clients ignore the rule that follows one.
func squeeze(css string) string {
	css = cssComment.ReplaceAllString(css, "")
	css = cssTight.ReplaceAllString(cssBlanks.ReplaceAllString(css, " "), "$1")
	return strings.TrimSpace(strings.ReplaceAll(css, ";}", "}"))
}

func (s sheet) knows(class string) bool {
	return slices.ContainsFunc(s, func(c cssClass) bool { return c.name == class })
}

// filled is the sheet with light values.
func (s sheet) filled(p palette) (sheet, error) {
	out := make(sheet, len(s))
	for i, c := range s {
		out[i] = cssClass{c.name, slices.Clone(c.decls)}
		for j, d := range c.decls {
			value, err := p.fill(d.value)
			if err != nil {
				return nil, fmt.Errorf("render: inline.css: .%s: %w", c.name, err)
			}
			out[i].decls[j].value = value
		}
	}
	return out, nil
}

// style is the style attribute of an element of these classes: later rules of
// the sheet win over earlier ones, as in any style sheet.
func (s sheet) style(classes []string) string {
	var order []string
	values := map[string]string{}
	for _, c := range s {
		if !slices.Contains(classes, c.name) {
			continue
		}
		for _, d := range c.decls {
			if _, again := values[d.property]; !again {
				order = append(order, d.property)
			}
			values[d.property] = d.value
		}
	}
	for i, property := range order {
		order[i] = property + ":" + values[property]
	}
	return strings.Join(order, ";")
}

// dark is every rule that names a colour once more with the colour of the night,
// strong enough to win over the style attribute.
func (s sheet) dark(p palette) string {
	return "@media (prefers-color-scheme:dark){" + s.night(p, func(class string, d decl) string {
		return "." + class
	}) + "}"
}

// outlookDark is the same for Outlook on the web and on phones, which mark what
// they have recoloured: [data-ogsc] for text, [data-ogsb] for backgrounds.
func (s sheet) outlookDark(p palette) string {
	return s.night(p, func(class string, d decl) string {
		if d.property == "color" {
			return "[data-ogsc] ." + class
		}
		return "[data-ogsb] ." + class
	})
}

func (s sheet) night(p palette, selector func(class string, d decl) string) string {
	grouped := map[string][]string{}
	for _, c := range s {
		for _, d := range c.decls {
			if value, ok := p.night(d.value); ok {
				declaration := d.property + ":" + value + " !important"
				grouped[declaration] = append(grouped[declaration], selector(c.name, d))
			}
		}
	}
	var b strings.Builder
	for _, declaration := range slices.Sorted(maps.Keys(grouped)) {
		b.WriteString(strings.Join(grouped[declaration], ",") + "{" + declaration + "}")
	}
	return b.String()
}
