package main

import (
	"github.com/collabpulse/weekly/internal/app"
	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/jobs"
	"github.com/collabpulse/weekly/internal/store"
)

type digestDoubtsCommand struct {
	Digest int64  `arg:"" help:"The digest's number."`
	Policy string `arg:"" enum:"resend,leave" help:"What becomes of a message that may or may not have arrived: resend once, or leave alone."`
}

// Run sets what becomes of doubts from now on.
func (c digestDoubtsCommand) Run(sh *shell) error {
	policy, err := delivery.ParseDoubts(c.Policy)
	if err != nil {
		return err
	}
	return sh.act(c.Digest, func(db *store.Store) error { return db.SetDoubts(sh, c.Digest, policy) })
}

type digestSettleCommand struct {
	Digest int64 `arg:"" help:"The digest's number."`
	Resend bool  `help:"Send the copies in doubt once more." xor:"how"`
	Accept bool  `help:"Count the copies in doubt as sent." xor:"how"`
}

// Run settles the copies of which nobody knows whether they arrived.
func (c digestSettleCommand) Run(sh *shell) error {
	switch {
	case c.Accept:
		return sh.act(c.Digest, func(db *store.Store) error {
			n, err := db.AcceptUnknown(sh, c.Digest)
			if err == nil {
				sh.printf("Copies counted as sent: %d\n", n)
			}
			return err
		})
	case c.Resend:
		return sh.withStore(func(db *store.Store, s config.Settings) error {
			n, err := db.ResendUnknown(sh, c.Digest)
			if err != nil {
				return err
			}
			sh.printf("Copies on their way once more: %d\n", n)
			return app.Wake(s, func(q *jobs.Client) { q.WakeDigest(sh, c.Digest) })
		})
	}
	return fault.New(fault.Invalid, "Say --resend to send the copies in doubt once more, or --accept to count them as sent.")
}
