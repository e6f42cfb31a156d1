package render

import (
	"fmt"
	"regexp"
	"strings"
)

// palette is tokens.css: each token's value by day, and by night where it has
// another.
type palette struct{ light, dark map[string]string }

var (
	cssComment = regexp.MustCompile(`(?s)/\*.*?\*/`)
	cssBlanks  = regexp.MustCompile(`\s+`)
	tokenValue = regexp.MustCompile(`--([a-z0-9-]+):\s*([^;]+);`)
	tokenUse   = regexp.MustCompile(`var\(--([a-z0-9-]+)\)`)
)

func parsePalette(css string) (palette, error) {
	light, dark, ok := strings.Cut(cssComment.ReplaceAllString(css, ""), "@media (prefers-color-scheme: dark)")
	if !ok {
		return palette{}, fmt.Errorf("render: tokens.css has no dark block")
	}
	return palette{light: tokens(light), dark: tokens(dark)}, nil
}

// tokens reads custom properties. Double quotes become single ones, because a
// value may land in a style attribute.
func tokens(css string) map[string]string {
	values := map[string]string{}
	for _, m := range tokenValue.FindAllStringSubmatch(css, -1) {
		values[m[1]] = strings.NewReplacer(`"`, "'", ", ", ",").Replace(cssBlanks.ReplaceAllString(m[2], " "))
	}
	return values
}

// fill puts the light values in place of var(--name).
func (p palette) fill(css string) (string, error) {
	var missing error
	filled := tokenUse.ReplaceAllStringFunc(css, func(use string) string {
		value, ok := p.light[tokenUse.FindStringSubmatch(use)[1]]
		if !ok {
			missing = fmt.Errorf("no token for %s", use)
		}
		return value
	})
	return filled, missing
}

// night puts dark values in place, and reports whether there was any.
func (p palette) night(css string) (string, bool) {
	some := false
	text := tokenUse.ReplaceAllStringFunc(css, func(use string) string {
		name := tokenUse.FindStringSubmatch(use)[1]
		if value, ok := p.dark[name]; ok {
			some = true
			return value
		}
		return p.light[name]
	})
	return text, some
}
