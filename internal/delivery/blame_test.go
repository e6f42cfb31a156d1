package delivery

import "testing"

// What the large providers document, by whose fault it is. The words are theirs in
// short; only stage, code and status count.
var providerAnswers = []struct {
	provider, about string
	stage           Stage
	code            int
	enhanced        string
	want            Blame
}{
	{"Gmail", "no such user", AtRcpt, 550, "5.1.1", DeadAddress},
	{"Gmail", "the account is disabled", AtRcpt, 550, "5.2.1", TheMailbox},
	{"Gmail", "over quota", AtRcpt, 552, "5.2.2", TheMailbox},
	{"Gmail", "the domain is not known", AtRcpt, 553, "5.1.2", TheMailbox},
	{"Gmail", "not authenticated", AtEnd, 550, "5.7.26", TheSender},
	{"Gmail", "no PTR record", AtEnd, 550, "5.7.25", TheSender},
	{"Gmail", "likely unsolicited", AtEnd, 550, "5.7.1", TheSender},
	{"Gmail", "content is a security issue", AtEnd, 552, "5.7.0", TheSender},
	{"Gmail", "daily sending limit", AtRcpt, 550, "5.4.5", TheSender},
	{"Gmail", "larger than allowed", AtMail, 552, "5.3.4", TheSender},
	{"Gmail", "sign in first", AtMail, 530, "5.7.0", TheSender},
	{"Gmail", "two From fields", AtEnd, 555, "5.5.2", TheSender},
	{"Yahoo", "no such user", AtRcpt, 552, "", TheMailbox},
	{"Yahoo", "the mailbox is disabled", AtEnd, 554, "", TheMailbox},
	{"Yahoo", "not accepted for policy reasons", AtEnd, 554, "5.7.9", TheSender},
	{"Yahoo", "listed address", AtRcpt, 553, "5.7.1", TheSender},
	{"Yahoo", "listed address, said at once", AtMail, 553, "", TheSender},
	{"Outlook", "mailbox unavailable", AtRcpt, 550, "5.5.0", TheMailbox},
	{"Outlook", "recipient not found", AtRcpt, 550, "5.1.10", DeadAddress},
	{"Outlook", "recipient rejected, access denied", AtRcpt, 550, "5.4.1", TheMailbox},
	{"Outlook", "part of their network is on our block list", AtMail, 550, "5.7.1", TheSender},
	{"Outlook", "banned sending IP", AtRcpt, 550, "5.7.606", TheSender},
	{"Outlook", "does not meet the required authentication level", AtEnd, 550, "5.7.515", TheSender},
	{"Outlook", "DMARC", AtEnd, 550, "5.7.509", TheSender},
	{"Outlook", "a group that takes mail from members only", AtRcpt, 550, "5.7.133", TheMailbox},
	{"Outlook", "rejected by content", AtEnd, 554, "5.6.0", TheSender},
}

func TestARefusalIsOursOrTheirs(t *testing.T) {
	t.Parallel()
	for _, a := range providerAnswers {
		o := Outcome{Verdict: RefusedForGood, Stage: a.stage, Code: a.code, Enhanced: a.enhanced}
		if got := o.Blame(); got != a.want {
			t.Errorf("%s, %s (%s): blame %d, want %d", a.provider, a.about, o.Charge(), got, a.want)
		}
	}
}

func TestOnlyARefusalForGoodBlamesAnybody(t *testing.T) {
	t.Parallel()
	for _, o := range []Outcome{
		{Verdict: Accepted, Code: 250},
		{Verdict: Deferred, Code: 421, Enhanced: "4.7.28", Stage: AtRcpt},
		{Verdict: Deferred, Code: 451, Enhanced: "4.7.650", Stage: AtMail},
		{Verdict: InDoubt},
		{Verdict: NotTried, Code: 421},
		{Verdict: RefusedForGood, Enhanced: "5.6.0"}, // never handed over
	} {
		if o.Blame() != NobodysFault || o.Charge() != "" {
			t.Errorf("%+v: blame %d, charge %q", o, o.Blame(), o.Charge())
		}
	}
}

func TestAThrottleIsToldFromABusyMailbox(t *testing.T) {
	t.Parallel()
	for _, a := range []struct {
		about    string
		code     int
		enhanced string
		want     bool
	}{
		{"Gmail, unusual rate", 421, "4.7.28", true},
		{"Gmail, unsolicited mail from this address", 421, "4.7.0", true},
		{"Yahoo, unexpected volume", 421, "4.7.0", true},
		{"Outlook, rate limited", 421, "4.7.650", true},
		{"Outlook, server busy", 451, "4.7.500", true},
		{"Gmail, this user gets mail too quickly", 450, "4.2.1", false},
		{"greylisting", 451, "4.7.1", false},
		{"a relay that shuts down", 421, "4.3.2", false},
		{"over quota", 452, "4.2.2", false},
	} {
		if got := (Outcome{Verdict: Deferred, Code: a.code, Enhanced: a.enhanced}).Throttled(); got != a.want {
			t.Errorf("%s: %t", a.about, got)
		}
	}
	if (Outcome{Verdict: NotTried, Code: 421, Enhanced: "4.7.28"}).Throttled() {
		t.Error("what was never tried was throttled")
	}
}
