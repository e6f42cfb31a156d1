package config

import (
	"strings"

	"github.com/collabpulse/weekly/internal/subscriber"
)

// Quota is how often something may be asked for.
type Quota struct{ subscriber.Quota }

// UnmarshalText reads one; see subscriber.ParseQuota.
func (q *Quota) UnmarshalText(text []byte) (err error) {
	q.Quota, err = subscriber.ParseQuota(strings.TrimSpace(string(text)))
	return err
}
