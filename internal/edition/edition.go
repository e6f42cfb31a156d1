// Package edition is a digest for one audience: readers who chose the same
// topics, in the same language and format, and last heard from us at the same
// number. There can be hundreds of editions of a digest, never millions, so each
// is rendered once and kept; what differs from reader to reader stands in it as
// slots.
package edition

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/topic"
)

// Key tells editions of one digest apart. Together with the snapshot it
// determines every byte of the edition.
type Key struct {
	Topics   topic.Set // the reader's topics that have stories in this digest
	Language string    // of the frame
	Plain    bool      // text part only
	Since    int64     // the digest the reader got last, when more than one is merged; else 0
}

// String is the key as the ledger stores it: "6.en.h.0". The freeze builds the
// same text in SQL.
func (k Key) String() string {
	return strconv.FormatInt(int64(k.Topics), 10) + "." + k.Language + "." + k.Format() + "." + strconv.FormatInt(k.Since, 10)
}

// Format is "p" for plain text alone and "h" for HTML with text.
func (k Key) Format() string {
	if k.Plain {
		return "p"
	}
	return "h"
}

// ParseKey reads what String wrote, and nothing that only looks like it: one
// edition has one key. The error is a fault.Invalid.
func ParseKey(text string) (Key, error) {
	parts := strings.Split(text, ".")
	if len(parts) != 4 {
		return Key{}, noEdition(text)
	}
	topics, err1 := strconv.ParseInt(parts[0], 10, 64)
	since, err2 := strconv.ParseInt(parts[3], 10, 64)
	k := Key{Topics: topic.Set(topics), Language: parts[1], Plain: parts[2] == "p", Since: since}
	if err1 != nil || err2 != nil || topics < 0 || since < 0 || k.String() != text {
		return Key{}, noEdition(text)
	}
	return k, nil
}

func noEdition(text string) error { return fault.New(fault.Invalid, "There is no edition %q.", text) }

// Edition is a rendered edition with slots in it.
type Edition struct {
	Subject string `json:"subject"`
	HTML    string `json:"html"` // "" for a plain edition
	Text    string `json:"text"`
	Slots   Slots  `json:"slots"`
}

// Slots are the marks that stand for what differs between readers. They are
// made from the snapshot's hash, which no story can contain, so gathered text
// can never pass for a slot.
type Slots struct {
	Leave       string `json:"leave"`       // the reader's own unsubscribe page
	Preferences string `json:"preferences"` // the reader's own page of preferences
}

// SlotsFor makes the slots of a snapshot, given its hash. A slot is a word of
// letters and digits, so it comes through HTML and URL escaping unchanged.
func SlotsFor(hash string) Slots {
	hash = hash[:min(len(hash), 32)]
	return Slots{Leave: "slotleave" + hash, Preferences: "slotprefs" + hash}
}

// Values are one reader's own.
type Values struct {
	Leave, Preferences string // absolute URLs made of unreserved characters (RFC 3986 §2.3) and "/:"
}

// Fill puts a reader's values in place.
func (e Edition) Fill(v Values) (html, text string) {
	own := strings.NewReplacer(e.Slots.Leave, v.Leave, e.Slots.Preferences, v.Preferences)
	return own.Replace(e.HTML), own.Replace(e.Text)
}

// Encode is the edition as the ledger keeps it.
func (e Edition) Encode() []byte {
	b, err := json.Marshal(e)
	if err != nil {
		panic(err) // strings always marshal
	}
	return b
}

// Decode reads what Encode wrote.
func Decode(b []byte) (Edition, error) {
	var e Edition
	err := json.Unmarshal(b, &e)
	return e, err
}
