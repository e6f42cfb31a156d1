package mail

import (
	"errors"
	"net/textproto"
	"time"
)

// begin brings a message to the 354 after which its text may follow. When the
// relay offers PIPELINING (RFC 2920) the three commands leave in one write, with
// the text of the message before if there was one, and their replies are read
// then; else each waits for the reply to the one before. It says which command
// failed first, and leaves the connection in step unless it is broken.
func (c *Conn) begin(l letter) (stage string, err error) {
	ahead, pipelined := c.ahead, c.ahead || c.pipelines()
	c.ahead = false
	if pipelined && !ahead {
		if err := c.command(c.appendGroup(c.out[:0], l)); err != nil {
			return stages[0].verb, err
		}
	}
	for i, s := range stages {
		if !pipelined {
			if err := c.command(c.appendCommand(c.out[:0], i, l)); err != nil {
				return s.verb, err
			}
		}
		if err = c.reply(s.expect); err == nil {
			continue
		}
		switch {
		case pipelined && refusal(err):
			c.catchUp(i)
		case pipelined && i == 0 && !isReply(err) && !c.severed.Load():
			c.relay.careful.Store(c.pool.config.Now().Add(carefulFor).UnixMilli())
		}
		return s.verb, err
	}
	return "", nil
}

// carefulFor is how long a relay is talked to one command at a time after it
// broke a connection without a reply to a group.
const carefulFor = time.Minute

// pipelines reports whether commands may leave together. A relay may hold back
// the replies to a group until the end of it (RFC 2920 §3.2), so one that hangs up
// at a recipient leaves no trace of how far it came, and the message would stay
// first in line for ever. Asked one by one it shows where it stumbles, and that
// message alone is put off.
func (c *Conn) pipelines() bool {
	return c.offers("PIPELINING") && c.pool.config.Now().UnixMilli() >= c.relay.careful.Load()
}

// stages are the commands of a transaction in order, each with the reply that
// lets it go on.
var stages = [...]struct {
	verb   string
	expect int // as textproto has it: 25 stands for 250 to 259
}{{"MAIL", 250}, {"RCPT", 25}, {"DATA", 354}}

// refusal reports whether the relay refused a command and goes on talking.
func refusal(err error) bool {
	reply, ok := errors.AsType[*textproto.Error](err)
	return ok && reply.Code != 421 && (reply.Code/100 == 4 || reply.Code/100 == 5)
}

// catchUp reads the replies to commands that were sent behind a refused one. A
// relay that wants text all the same, having no recipient for it, gets a lone
// dot and refuses that (RFC 2920 §3.1). One that took the recipient but not the
// sender would deliver an empty message, so there the line is cut instead.
func (c *Conn) catchUp(refused int) {
	recipient := false
	for i := refused + 1; i < len(stages) && !c.broken; i++ {
		err := c.reply(stages[i].expect)
		switch {
		case err != nil:
			c.broken = !refusal(err)
		case stages[i].verb == "RCPT":
			recipient = true
		case recipient:
			c.broken = true
			c.hangUp()
		default:
			c.loneDot()
		}
	}
}

func (c *Conn) loneDot() {
	err := c.command([]byte(".\r\n"))
	if err == nil {
		err = c.step(c.pool.config.Waits.Final, func() error { _, _, err := c.client.Text.ReadResponse(25); return err })
	}
	c.broken = err != nil && !refusal(err)
}

// writeBody sends a message's text and the final dot, with the next message's
// commands behind them if the relay pipelines: DATA ends a group, and the group
// after it may follow the dot (RFC 2920 §3.1). It fails only if the dot cannot
// have reached the relay; what did not leave behind the dot is found out later.
func (c *Conn) writeBody(l letter, next *letter) error {
	c.out = append(l.appendTo(c.out[:0]), ".\r\n"...)
	dot := len(c.out)
	if next != nil && c.pipelines() {
		c.out = c.appendGroup(c.out, *next)
		c.ahead = true
	}
	var left int
	err := c.step(c.pool.config.Waits.Body, func() (err error) { left, err = c.write(c.out); return err })
	if err != nil {
		c.ahead = false
	}
	if left < dot {
		return err
	}
	return nil
}

// command sends what waits for a reply.
func (c *Conn) command(line []byte) error {
	return c.step(c.pool.config.Waits.Command, func() error { _, err := c.write(line); return err })
}

// write sends bytes and says how many of them have left at least.
func (c *Conn) write(b []byte) (left int, err error) {
	w := c.client.Text.W
	if left, err = w.Write(b); err != nil {
		return left, err
	}
	if err = w.Flush(); err != nil {
		return max(0, left-w.Buffered()), err
	}
	return left, nil
}

// reply reads the reply to one command.
func (c *Conn) reply(expect int) error {
	return c.step(c.pool.config.Waits.Command, func() error { _, _, err := c.client.Text.ReadResponse(expect); return err })
}

func (c *Conn) appendGroup(dst []byte, l letter) []byte {
	for i := range stages {
		dst = c.appendCommand(dst, i, l)
	}
	return dst
}

// appendCommand writes one command. Neither address can hold a line end: both are
// checked before they come here.
func (c *Conn) appendCommand(dst []byte, stage int, l letter) []byte {
	switch stages[stage].verb {
	case "MAIL":
		dst = append(append(append(dst, "MAIL FROM:<"...), l.from...), '>')
		if c.offers("8BITMIME") {
			dst = append(dst, " BODY=8BITMIME"...)
		}
		// Only a message that needs it: behind a relay that does without, the
		// parameter alone would bounce it (RFC 6531 §3.6).
		if l.utf8 {
			dst = append(dst, " SMTPUTF8"...)
		}
	case "RCPT":
		dst = append(append(append(dst, "RCPT TO:<"...), l.to...), '>')
	case "DATA":
		dst = append(dst, "DATA"...)
	}
	return append(dst, "\r\n"...)
}

// offers reports whether the relay offers an extension of SMTP.
func (c *Conn) offers(extension string) bool {
	ok, _ := c.client.Extension(extension)
	return ok
}
