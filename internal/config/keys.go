package config

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/collabpulse/weekly/internal/fault"
)

// WithKeys fills in the secrets nobody set from files in PULSE_DATA_DIR, which
// are made at the first start and readable by their owner alone. An installation
// at a public address must bring its own: it is a fault.Invalid when it does not.
func (s Settings) WithKeys() (Settings, error) {
	if s.lacksKeys() && !s.BaseURL.Local() {
		return s, fault.New(fault.Invalid, "%s", wantsKeys)
	}
	if len(s.Secrets) == 0 {
		secret, err := keep(filepath.Join(s.DataDir, "secret.key"))
		if err != nil {
			return s, err
		}
		s.Secrets = Secrets{secret}
	}
	if len(s.AddressKey.value) == 0 {
		key, err := keep(filepath.Join(s.DataDir, "address.key"))
		if err != nil {
			return s, err
		}
		s.AddressKey = key
	}
	return s, nil
}

// keep reads the key in the file, or makes one. Two processes that start at once
// agree on whichever was there first.
func keep(path string) (Secret, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return Secret{}, err
	}
	var raw [32]byte
	rand.Read(raw[:]) // never fails since Go 1.24
	if err := writeOnce(path, hex.EncodeToString(raw[:])); err != nil {
		return Secret{}, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Secret{}, err
	}
	var s Secret
	err = s.UnmarshalText([]byte(strings.TrimSpace(string(text))))
	return s, err
}

// writeOnce creates the file whole or leaves the one that is there: it is
// written beside and linked into place, so a crash never leaves half a key.
func writeOnce(path, text string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".key-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, werr := temp.WriteString(text + "\n")
	if err := errors.Join(werr, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
