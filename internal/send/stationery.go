package send

import (
	"time"

	"github.com/collabpulse/weekly/internal/link"
)

// Stationery is what every mail to a reader is written with: links that are signed,
// and the time.
type Stationery struct {
	Signer link.Signer
	Site   link.Site
	Now    func() time.Time
}

// preferences is a reader's own page of preferences, for as long as such a link lives.
func (s Stationery) preferences(reader, moves int64) string {
	claim := link.Claim{Subject: reader, Stamp: moves, Expires: s.Now().Add(link.PreferencesFor)}
	return s.Site.Preferences(s.Signer.Sign(link.Preferences, claim))
}
