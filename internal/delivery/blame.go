package delivery

import (
	"strconv"
	"strings"
)

// Stage is how far a message had come when the relay answered (RFC 5321 §3.3).
type Stage uint8

// The stages.
const (
	NoStage Stage = iota // no relay said anything
	AtMail               // to MAIL, before the recipient was named
	AtRcpt               // to RCPT
	AtData               // to DATA or to the text
	AtEnd                // to the final dot
)

// Blame is whose fault a refusal for good is.
type Blame uint8

// The blames.
const (
	// NobodysFault: the message was taken, put off, never tried, or not refused by a relay.
	NobodysFault Blame = iota
	// DeadAddress: there is no such mailbox.
	DeadAddress
	// TheMailbox: this one mailbox does not take it, because it is full, disabled or
	// choosy. It may again one day.
	TheMailbox
	// TheSender: us, our name, our address, our text or our sign-in. Another reader's
	// server would say the same, so no reader is given up for it.
	TheSender
)

// Blame judges a refusal by where it was said and by its status code (RFC 3463).
// What Gmail, Yahoo and Outlook document is the table of its test.
func (o Outcome) Blame() Blame {
	switch {
	case o.Verdict != RefusedForGood || o.Code == 0:
		return NobodysFault
	case o.Stage == AtMail || wantsSignIn[o.Code] || o.blamesSender():
		return TheSender
	case o.Enhanced == "5.1.1" || o.Enhanced == "5.1.10": // the second is Exchange's word for the first
		return DeadAddress
	default:
		return TheMailbox
	}
}

// wantsSignIn are the replies of RFC 4954 §6: the relay does not know us.
var wantsSignIn = map[int]bool{530: true, 534: true, 535: true, 538: true}

// senders are status codes that speak of the sender or the message, although
// their subject does not: RFC 3463 §3.2, §3.4, §3.5 and Gmail's daily limit.
var senders = map[string]bool{"5.1.7": true, "5.1.8": true, "5.3.4": true, "5.4.5": true}

// choosy are the policies of single mailboxes among 5.7.x: groups and people of
// Exchange that take mail from some senders only.
var choosy = map[string]bool{"5.7.124": true, "5.7.129": true, "5.7.133": true, "5.7.134": true, "5.7.135": true, "5.7.136": true}

// blamesSender reports whether the status code says security or policy (X.7),
// content (X.6) or, once the recipient was taken, protocol (X.5): Outlook says
// 5.5.0 to RCPT of a mailbox that does not exist.
func (o Outcome) blamesSender() bool {
	switch {
	case senders[o.Enhanced]:
		return true
	case strings.HasPrefix(o.Enhanced, "5.7."):
		return !choosy[o.Enhanced]
	case strings.HasPrefix(o.Enhanced, "5.5."):
		return o.Stage != AtRcpt
	}
	return strings.HasPrefix(o.Enhanced, "5.6.")
}

// Charge is the answer by which refusals are told apart, "550 5.1.1" or "554"; ""
// for anything but a relay's refusal for good.
func (o Outcome) Charge() string {
	if o.Verdict != RefusedForGood || o.Code == 0 {
		return ""
	}
	return strings.TrimSpace(strconv.Itoa(o.Code) + " " + o.Enhanced)
}

// MaxRefusals is in how many digests in a row a mailbox may refuse for good
// before its address is suppressed, when it does not say that it does not exist.
const MaxRefusals = 3
