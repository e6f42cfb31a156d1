package config

import (
	"fmt"
	"net/url"
	"reflect"
	"strings"
)

// Line is one setting as `pulse doctor` lists it.
type Line struct {
	Name    string `json:"name"`
	Value   string `json:"value"`   // never a secret or a password
	Default string `json:"default"` // "" when there is none
	Help    string `json:"help"`
}

// List describes every setting and its present value, in the order of Settings.
func List(s Settings) []Line {
	t, v := reflect.TypeFor[Settings](), reflect.ValueOf(s)
	lines := make([]Line, 0, t.NumField())
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		lines = append(lines, Line{
			Name:    tag.Get("env"),
			Value:   show(v.Field(i).Interface()),
			Default: tag.Get("envDefault"),
			Help:    tag.Get("help"),
		})
	}
	return lines
}

func show(value any) string {
	if all, ok := value.([]string); ok {
		shown := make([]string, len(all))
		for i, one := range all {
			shown[i] = redact(one)
		}
		return strings.Join(shown, ",")
	}
	return redact(fmt.Sprint(value))
}

// redact hides the password of a URL. What looks like one but cannot be read is
// hidden whole, for it may hold a password somewhere else.
func redact(text string) string {
	if !strings.Contains(text, "://") {
		return text
	}
	u, err := url.Parse(text)
	if err != nil {
		return "[unreadable address]"
	}
	return u.Redacted()
}
