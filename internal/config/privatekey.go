package config

import (
	"os"
	"strings"

	"github.com/collabpulse/weekly/internal/fault"
)

// PrivateKey is a key in PEM that never prints. It is given as text or as the
// path of a file, which is read once, with the settings.
type PrivateKey struct{ pem []byte }

// Bytes is the key itself, for the one place that uses it; nil when not set.
func (k PrivateKey) Bytes() []byte { return k.pem }

// String hides it.
func (k PrivateKey) String() string {
	if len(k.pem) == 0 {
		return ""
	}
	return "[secret]"
}

// UnmarshalText reads the key, or the file that holds it. Text may have \n in
// place of line ends, as files of environment variables want it. The error
// repeats nothing, for the text may be a damaged key.
func (k *PrivateKey) UnmarshalText(text []byte) error {
	given := strings.TrimSpace(string(text))
	if given == "" || strings.HasPrefix(given, "-----BEGIN") {
		k.pem = []byte(strings.ReplaceAll(given, `\n`, "\n"))
		return nil
	}
	read, err := os.ReadFile(given)
	if err != nil || len(read) == 0 {
		return fault.New(fault.Invalid, "this is neither a key in PEM nor the path of a file that can be read.")
	}
	k.pem = read
	return nil
}
