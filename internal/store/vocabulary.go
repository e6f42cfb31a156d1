package store

import (
	"slices"
	"strconv"
	"strings"

	"github.com/collabpulse/weekly/internal/consent"
	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/outbox"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/suppression"
)

// inNumbers puts the stored numbers in the place of a text's {words}.
func inNumbers(text string) string { return strings.NewReplacer(vocabulary()...).Replace(text) }

// vocabulary pairs each {word} of the ledger's templates with its stored number,
// taken from the domain so that the two cannot drift apart. The texts get
// literals because a partial index is used only where its predicate stands
// literally in the query.
func vocabulary() []string {
	return slices.Concat(
		numbered("", delivery.Queued, delivery.Claimed, delivery.Handing, delivery.Sent, delivery.Failed, delivery.Skipped, delivery.Unknown),
		numbered("because ", delivery.Inactive, delivery.Suppressed, delivery.Erased, delivery.Cancelled, delivery.Expired, delivery.Refused, delivery.Obsolete),
		numbered("digest ", digest.Draft, digest.Approved, digest.Sending, digest.Sent, digest.Held, digest.Paused, digest.Cancelled),
		numbered("reader ", subscriber.Pending, subscriber.Active, subscriber.Paused, subscriber.Unsubscribed, subscriber.Suppressed, subscriber.Erased),
		numbered("consent ", consent.Asked, consent.Imported),
		numbered("letter ", outbox.Confirm, outbox.Welcome, outbox.Already, outbox.PreferencesByMail),
		[]string{
			"{policy resend}", digits(delivery.Resend),
			"{letters to readers}", those(outbox.Confirm, outbox.PreferencesByMail, outbox.Kind.ForReader),
			"{lifted by opt-in}", those(suppression.Unsubscribed, suppression.Manual, suppression.Reason.LiftedByOptIn),
		})
}

// numbered pairs words with their numbers: "{because expired}", "5".
func numbered[N interface {
	~uint8
	String() string
}](kind string, all ...N) []string {
	var pairs []string
	for _, n := range all {
		pairs = append(pairs, "{"+kind+n.String()+"}", digits(n))
	}
	return pairs
}

// those lists the numbers from first to last for which the domain says yes.
func those[N ~uint8](first, last N, yes func(N) bool) string {
	var list []string
	for n := first; n <= last; n++ {
		if yes(n) {
			list = append(list, digits(n))
		}
	}
	return strings.Join(list, ", ")
}

func digits[N ~uint8](n N) string { return strconv.Itoa(int(n)) }
