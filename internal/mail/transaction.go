package mail

import (
	"errors"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
)

// transact carries one message through MAIL, RCPT, DATA and the final dot
// (RFC 5321 §3.3). The next message's commands may follow behind the dot.
func (c *Conn) transact(l letter, next *letter) delivery.Outcome {
	if stage, err := c.begin(l); err != nil {
		return c.refused(stage, l, err)
	}
	if err := c.writeBody(l, next); err != nil {
		return c.interrupted(l, err)
	}
	return c.final(l)
}

// final reads the reply to the final dot.
func (c *Conn) final(l letter) delivery.Outcome {
	var code int
	var text string
	err := c.step(c.pool.config.Waits.Final, func() (err error) { code, text, err = c.client.Text.ReadResponse(250); return err })
	if err == nil {
		return delivery.Outcome{Verdict: delivery.Accepted, Code: code, Enhanced: enhanced(code, text)}
	}
	o := judge("the final dot", l, err)
	if o.Verdict == delivery.NotTried {
		o.Verdict = delivery.InDoubt
	}
	c.broken = c.broken || o.Verdict == delivery.InDoubt || o.Code == 421
	return o
}

// refused judges a failure before the body. After a refusal the connection is
// sound and the transaction is given up; after anything else it is not.
func (c *Conn) refused(stage string, l letter, err error) delivery.Outcome {
	o := judge(stage, l, err)
	if o.Verdict == delivery.NotTried || o.Code == 421 {
		c.broken = true
		if stage != "MAIL" {
			o = c.charged(o)
		}
		return o
	}
	if !c.broken {
		c.broken = c.step(c.pool.config.Waits.Command, c.client.Reset) != nil
	}
	return o
}

// interrupted judges a body that could not be written to its end. The relay may
// have said why before it hung up. Nothing but closing the socket ends DATA
// without delivering what is there, so there is no QUIT.
func (c *Conn) interrupted(l letter, err error) delivery.Outcome {
	c.broken = true
	defer c.hangUp()
	parting := c.step(time.Second, func() error { _, _, err := c.client.Text.ReadResponse(354); return err })
	if _, said := errors.AsType[*textproto.Error](parting); said {
		err = parting
	}
	return c.charged(judge("the body", l, err))
}

// charged counts a broken connection as a temporary refusal of the message at
// which it broke, unless it was us who broke it. Its recipient or its text may be
// what the relay stumbles over each time; put back as untried it would be the
// first in line again, and nobody behind it would ever get theirs.
func (c *Conn) charged(o delivery.Outcome) delivery.Outcome {
	if o.Verdict == delivery.NotTried && !c.severed.Load() {
		o.Verdict = delivery.Deferred
	}
	return o
}

// judge turns an error into a verdict by its reply code: 4yz for now, 5yz for
// good, 421 for now and the connection with it (RFC 5321 §3.8, §4.2.1). Anything
// else says nothing about the message.
func judge(stage string, l letter, err error) delivery.Outcome {
	reply, ok := errors.AsType[*textproto.Error](err)
	if !ok {
		return delivery.Outcome{Verdict: delivery.NotTried, Text: describe(stage, scrub(err.Error(), l.to))}
	}
	o := delivery.Outcome{Verdict: delivery.NotTried, Stage: spokenAt[stage], Code: reply.Code, Enhanced: enhanced(reply.Code, reply.Msg),
		Text: describe(stage, scrub(strconv.Itoa(reply.Code)+" "+reply.Msg, l.to))}
	switch reply.Code / 100 {
	case 4:
		o.Verdict = delivery.Deferred
	case 5:
		o.Verdict = delivery.RefusedForGood
	}
	return o
}

// spokenAt are the stages by the names that a failure's text gives them.
var spokenAt = map[string]delivery.Stage{
	"MAIL": delivery.AtMail, "RCPT": delivery.AtRcpt, "DATA": delivery.AtData, "the body": delivery.AtData, "the final dot": delivery.AtEnd,
}

func describe(stage, text string) string { return "at " + stage + ": " + text }

var enhancedCode = regexp.MustCompile(`^([245]\.\d{1,3}\.\d{1,3})(?:\s|$)`)

// enhanced reads the status code at the beginning of a reply's text (RFC 2034
// §3). One of another class than the reply says nothing.
func enhanced(code int, text string) string {
	m := enhancedCode.FindStringSubmatch(text)
	if m == nil || int(m[1][0]-'0') != code/100 {
		return ""
	}
	return m[1]
}

// maxReply is how much of a relay's reply is kept, in characters.
const maxReply = 300

var (
	looksLikeAddress = regexp.MustCompile(`(?i)[^\s<>()\[\],;:"']*(?:@|%40|=40|&#0*64;|\(at\))[^\s<>()\[\],;"']*`)
	word             = regexp.MustCompile(`[^\s<>()\[\],;:"']+`)
)

// scrub makes a relay's words fit for a log: one line, clipped, without anything
// that looks like an address and without the recipient's own name for itself.
func scrub(text, recipient string) string {
	text = text[:min(len(text), 8*maxReply)]
	text = looksLikeAddress.ReplaceAllString(oneLine(text), "…@…")
	local, _, _ := strings.Cut(recipient, "@")
	text = word.ReplaceAllStringFunc(text, func(w string) string {
		if strings.EqualFold(strings.TrimRight(w, "."), local) {
			return "…"
		}
		return w
	})
	if r := []rune(text); len(r) > maxReply {
		text = string(r[:maxReply]) + "…"
	}
	return text
}
