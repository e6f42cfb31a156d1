package mail

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/message"
)

func deferred(code int, enhanced string) delivery.Outcome {
	return delivery.Outcome{Verdict: delivery.Deferred, Code: code, Enhanced: enhanced}
}

func TestARefusalSaysAtWhichStageItWasSaid(t *testing.T) {
	t.Parallel()
	for stage, script := range map[delivery.Stage]relayScript{
		delivery.AtMail: {mail: say("550 5.7.1 not you")},
		delivery.AtRcpt: {rcpt: say("550 5.7.1 not you")},
		delivery.AtData: {data: say("550 5.7.1 not you")},
		delivery.AtEnd:  {dot: say("550 5.7.1 not you")},
	} {
		relay := play(t, script)
		got := lent(t, pool(t, nil, "smtp://"+relay.addr)).Deliver(t.Context(), []message.Message{messageTo(t, "mara@example.com")})
		if got[0].Stage != stage || got[0].Blame() != delivery.TheSender {
			t.Errorf("at stage %d: %+v", stage, got[0])
		}
	}
}

func refused(code int, enhanced string) delivery.Outcome {
	return delivery.Outcome{Verdict: delivery.RefusedForGood, Code: code, Enhanced: enhanced}
}

// eachWay runs a test against a relay that takes pipelined commands, one that
// takes them and a text for nobody as well, and one that takes them one by one.
func eachWay(t *testing.T, name string, script relayScript, test func(*testing.T, relayScript)) {
	pipelined, eager, plain := script, script, script
	eager.eager, plain.plain = true, true
	for way, script := range map[string]relayScript{"pipelined": pipelined, "eager": eager, "one by one": plain} {
		t.Run(name+"/"+way, func(t *testing.T) {
			t.Parallel()
			test(t, script)
		})
	}
}

// TestEveryFailureIsJudgedByHowFarTheMessageHadCome hands two messages to a
// relay that fails at the first one, and looks at both verdicts.
func TestEveryFailureIsJudgedByHowFarTheMessageHadCome(t *testing.T) {
	t.Parallel()
	type out = delivery.Outcome
	accepted := out{Verdict: delivery.Accepted, Code: 250, Enhanced: "2.6.0"}
	untried := out{Verdict: delivery.NotTried}
	charged := out{Verdict: delivery.Deferred} // it may be this message that breaks the relay
	for name, c := range map[string]struct {
		script        relayScript
		first, second out
	}{
		"all is well":             {relayScript{}, accepted, accepted},
		"a slow greeting":         {relayScript{greet: slowly(say("220 relay.test"))}, accepted, accepted},
		"a late reply to the dot": {relayScript{dot: once(slowly(say("250 2.6.0 taken")), say("250 2.6.0 taken"))}, accepted, accepted},
		"accepted without a code": {relayScript{dot: say("250 OK queued")}, out{Code: 250}, out{Code: 250}},

		"421 at MAIL":                 {relayScript{mail: sayAndDrop("421 4.7.28 too much mail")}, deferred(421, "4.7.28"), untried},
		"421 at RCPT":                 {relayScript{rcpt: sayAndDrop("421 4.3.2 shutting down")}, deferred(421, "4.3.2"), untried},
		"421 at DATA":                 {relayScript{data: sayAndDrop("421 4.3.2 shutting down")}, deferred(421, "4.3.2"), untried},
		"421 to the dot":              {relayScript{dot: sayAndDrop("421 4.3.2 shutting down")}, deferred(421, "4.3.2"), untried},
		"421 and the line stays open": {relayScript{rcpt: say("421 4.7.0 slow down")}, deferred(421, "4.7.0"), untried},

		"throttled at MAIL": {relayScript{mail: once(say("450 4.7.1 slow"), say("250 ok"))}, deferred(450, "4.7.1"), accepted},
		"greylisted":        {relayScript{rcpt: once(say("451 4.7.1 come back later"), say("250 ok"))}, deferred(451, "4.7.1"), accepted},
		"a full mailbox":    {relayScript{rcpt: once(say("452 4.2.2 full"), say("250 ok"))}, deferred(452, "4.2.2"), accepted},
		"no such mailbox":   {relayScript{rcpt: once(say("550 5.1.1 unknown"), say("250 ok"))}, refused(550, "5.1.1"), accepted},
		"a long refusal": {relayScript{rcpt: once(say("550-5.7.1 first line", "550 5.7.1 second line"), say("250 ok"))},
			refused(550, "5.7.1"), accepted},
		"a sender refused":                       {relayScript{mail: once(say("553 5.1.8 no"), say("250 ok"))}, refused(553, "5.1.8"), accepted},
		"refused at DATA":                        {relayScript{data: say("554 5.7.1 no")}, refused(554, "5.7.1"), refused(554, "5.7.1")},
		"too large":                              {relayScript{dot: once(say("552 5.3.4 too large"), say("250 2.6.0 taken"))}, refused(552, "5.3.4"), accepted},
		"spam, says filter":                      {relayScript{dot: once(say("451 4.7.1 later"), say("250 2.6.0 taken"))}, deferred(451, "4.7.1"), accepted},
		"a refusal with a code of another class": {relayScript{rcpt: once(say("550 4.1.1 odd"), say("250 ok"))}, refused(550, ""), accepted},

		"dropped at MAIL":          {relayScript{mail: drop}, untried, untried},
		"dropped at RCPT":          {relayScript{rcpt: drop}, charged, untried},
		"dropped before DATA":      {relayScript{data: drop}, charged, untried},
		"dropped in DATA":          {relayScript{body: drop}, charged, untried},
		"refused in DATA":          {relayScript{body: sayAndDrop("552 5.3.4 too large")}, refused(552, "5.3.4"), untried},
		"dropped after the dot":    {relayScript{dot: drop}, out{Verdict: delivery.InDoubt}, untried},
		"stalled at MAIL":          {relayScript{mail: stall}, untried, untried},
		"stalled at RCPT":          {relayScript{rcpt: stall}, charged, untried},
		"stalled at DATA":          {relayScript{data: stall}, charged, untried},
		"stalled after the dot":    {relayScript{dot: stall}, out{Verdict: delivery.InDoubt}, untried},
		"nonsense at MAIL":         {relayScript{mail: say("hello?")}, untried, untried},
		"600 at RCPT":              {relayScript{rcpt: say("600 5.0.0 what")}, out{Verdict: delivery.Deferred, Code: 600}, untried},
		"nonsense after the dot":   {relayScript{dot: say("as you wish")}, out{Verdict: delivery.InDoubt}, untried},
		"354 after the dot":        {relayScript{dot: say("354 go on")}, out{Verdict: delivery.InDoubt, Code: 354}, untried},
		"RSET is not answered":     {relayScript{rcpt: say("550 5.1.1 unknown"), rset: drop}, refused(550, "5.1.1"), untried},
		"dropped after acceptance": {relayScript{dot: sayAndDrop("250 2.6.0 taken")}, accepted, untried},
	} {
		eachWay(t, name, c.script, func(t *testing.T, script relayScript) {
			relay := play(t, script)
			conn := lent(t, pool(t, func(config *Config) {
				if strings.HasPrefix(name, "stalled") {
					config.Waits.Final = 200 * time.Millisecond
					if c.script.dot == nil {
						config.Waits.Command = 200 * time.Millisecond
					}
				}
			}, "smtp://"+relay.addr))
			messages := []message.Message{messageTo(t, "mara@example.com"), messageTo(t, "noor@example.org")}
			if c.script.body != nil { // more than the sockets can hold
				messages[0] = hugeMessage(t)
			}
			got := conn.Deliver(t.Context(), messages)
			if d := cmp.Diff([]out{c.first, c.second}, got, cmpopts.IgnoreFields(out{}, "Text", "Stage")); d != "" {
				t.Errorf("%s\n%q\n%q", d, got[0].Text, got[1].Text)
			}
			if (got[0].Verdict == delivery.Accepted) != (got[0].Text == "") {
				t.Errorf("the text is %q", got[0].Text)
			}
			if want := c.second.Verdict == delivery.NotTried; conn.Broken() != want {
				t.Errorf("broken: %t, want %t", conn.Broken(), want)
			}
			if relay.said("QUIT") != 0 {
				t.Error("QUIT was said in the middle")
			}
		})
	}
}

func TestWhatARelayTookIsWhatWasWritten(t *testing.T) {
	t.Parallel()
	eachWay(t, "each way", relayScript{}, func(t *testing.T, script relayScript) {
		relay := play(t, script)
		conn := lent(t, pool(t, nil, "smtp://"+relay.addr))
		m := messageTo(t, "mara@example.com")
		m.Text = ".\n..dots at the beginning\n.\n"
		if got := conn.Deliver(t.Context(), []message.Message{m}); got[0].Verdict != delivery.Accepted {
			t.Fatal(got)
		}
		_, body, _ := strings.Cut(relay.bodies[0], "\r\n\r\n")
		if body != ".\r\n..dots at the beginning\r\n.\r\n" {
			t.Errorf("it got %q", body)
		}
	})
}

func TestTheEnvelopeCarriesTheReturnToken(t *testing.T) {
	t.Parallel()
	eachWay(t, "each way", relayScript{}, func(t *testing.T, script relayScript) {
		relay := play(t, script)
		conn := lent(t, pool(t, nil, "smtp://"+relay.addr))
		m := messageTo(t, "mara@example.com")
		m.Return = "AbC-12_x"
		conn.Deliver(t.Context(), []message.Message{m, messageTo(t, "noor@example.org")})
		for _, line := range []string{
			"MAIL FROM:<bounces+AbC-12_x@pulse.example> BODY=8BITMIME", "RCPT TO:<mara@example.com>",
			"MAIL FROM:<bounces@pulse.example> BODY=8BITMIME", "RCPT TO:<noor@example.org>",
		} {
			if relay.said(line) != 1 {
				t.Errorf("the relay did not hear %q in %q", line, relay.transcript())
			}
		}
	})
}

func TestAMessageThatCannotBeBuiltHurtsNoOther(t *testing.T) {
	t.Parallel()
	eachWay(t, "each way", relayScript{}, func(t *testing.T, script relayScript) {
		relay := play(t, script)
		conn := lent(t, pool(t, nil, "smtp://"+relay.addr))
		bad := messageTo(t, "mara@example.com")
		bad.Text = ""
		worse := messageTo(t, "mara@example.com")
		worse.Return = "x@evil.example> SIZE=1\r\nRCPT TO:<all@example.com"
		got := conn.Deliver(t.Context(), []message.Message{bad, worse, messageTo(t, "noor@example.org")})
		want := []delivery.Outcome{
			{Verdict: delivery.RefusedForGood, Enhanced: "5.6.0", Text: errNoText.Error()},
			{Verdict: delivery.RefusedForGood, Enhanced: "5.6.0", Text: errBadReturn.Error()},
			{Verdict: delivery.Accepted, Code: 250, Enhanced: "2.6.0"},
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

func TestCancellingCutsAStalledConnection(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script relayScript
		want   delivery.Verdict
	}{
		"before the body":   {relayScript{rcpt: stall}, delivery.NotTried},
		"in the body":       {relayScript{body: deaf}, delivery.NotTried},
		"after the dot":     {relayScript{dot: stall}, delivery.InDoubt},
		"before it started": {relayScript{}, delivery.NotTried},
	} {
		eachWay(t, name, c.script, func(t *testing.T, script relayScript) {
			relay := play(t, script)
			p := pool(t, func(c *Config) { c.Waits = Waits{} }, "smtp://"+relay.addr)
			conn := lent(t, p)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			if name == "before it started" {
				cancel()
				time.Sleep(10 * time.Millisecond)
			}
			m := messageTo(t, "mara@example.com")
			if c.script.body != nil {
				m = hugeMessage(t)
			}
			start := time.Now()
			got := conn.Deliver(ctx, []message.Message{m, m})
			if took := time.Since(start); took > 3*time.Second {
				t.Errorf("it took %v", took)
			}
			if got[0].Verdict != c.want || got[1].Verdict != delivery.NotTried || !conn.Broken() {
				t.Errorf("got %v, broken: %t", got, conn.Broken())
			}
			conn.Release()
			again, err := p.Connect(t.Context())
			if err != nil {
				t.Fatalf("the relay is blamed: %v", err)
			}
			again.Release()
		})
	}
}

func TestAnInternationalisedAddressNeedsSMTPUTF8(t *testing.T) {
	t.Parallel()
	able, narrow := play(t, relayScript{offers: []string{"SMTPUTF8"}}), play(t, relayScript{})
	messages := []message.Message{messageTo(t, "mära@example.com"), messageTo(t, "noor@example.org")}

	got := lent(t, pool(t, nil, "smtp://"+narrow.addr)).Deliver(t.Context(), messages)
	if got[0].Verdict != delivery.RefusedForGood || got[0].Enhanced != "5.6.7" || got[0].Text == "" || got[1].Verdict != delivery.Accepted {
		t.Errorf("a relay without it: %v", got)
	}
	if narrow.said("MAIL") != 1 {
		t.Error("the address was sent garbled")
	}

	got = lent(t, pool(t, nil, "smtp://"+able.addr)).Deliver(t.Context(), messages)
	if got[0].Verdict != delivery.Accepted || got[1].Verdict != delivery.Accepted {
		t.Errorf("a relay with it: %v", got)
	}
	if able.said("MAIL FROM:<bounces@pulse.example> BODY=8BITMIME SMTPUTF8") != 1 || able.said("RCPT TO:<mära@example.com>") != 1 {
		t.Errorf("SMTPUTF8 is for the message that needs it, and no other: %q", able.transcript())
	}

	both := pool(t, nil, "smtp://"+narrow.addr, "smtp://"+able.addr)
	if got := lent(t, both).Deliver(t.Context(), messages[:1]); got[0].Verdict != delivery.Deferred {
		t.Errorf("another relay could take it: %v", got)
	}
}

func TestRepliesAreKeptWithoutAddresses(t *testing.T) {
	t.Parallel()
	for _, reply := range []string{
		"550 5.1.1 <mara@example.com>: Recipient address rejected",
		"550 5.1.1 MARA@EXAMPLE.COM unknown, see https://relay.test/?a=mara%40example.com",
		"550 5.1.1 <Mara>: unknown in local table",
		"550 5.1.1 user mara. does not exist; SRS0=x=example.com=mara@relay.test",
		"550 5.1.1 bounces+tok=mara=40example.com is not wanted",
		"550 5.1.1 mara&#64;example.com or mara(at)example.com",
	} {
		t.Run(reply, func(t *testing.T) {
			t.Parallel()
			relay := play(t, relayScript{rcpt: say(reply)})
			got := lent(t, pool(t, nil, "smtp://"+relay.addr)).Deliver(t.Context(), []message.Message{messageTo(t, "mara@example.com")})
			if text := strings.ToLower(got[0].Text); strings.Contains(text, "mara") || strings.Contains(text, "example.com") {
				t.Errorf("kept %q", got[0].Text)
			}
			if !strings.HasPrefix(got[0].Text, "at RCPT: 550 5.1.1 ") {
				t.Errorf("nothing is left of it: %q", got[0].Text)
			}
		})
	}
}

func FuzzScrub(f *testing.F) {
	f.Add("550 5.1.1 <mara@example.com> \x00 unknown\nmara", "mara@example.com")
	f.Add("550 "+strings.Repeat("ä@", 500), "ä@example.com")
	f.Fuzz(func(t *testing.T, reply, recipient string) {
		got := scrub(reply, recipient)
		if strings.ContainsAny(got, "\r\n\x00") || len([]rune(got)) > maxReply+1 {
			t.Errorf("not one short line: %q", got)
		}
		if strings.Contains(strings.ReplaceAll(got, "…@…", ""), "@") {
			t.Errorf("an address is left: %q", got)
		}
	})
}
