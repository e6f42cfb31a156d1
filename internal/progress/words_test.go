package progress

import "testing"

func TestADeferralIsSaidInPlainWords(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		d            Deferral
		codes, words string
	}{
		{Deferral{Code: 421, Enhanced: "4.7.28"}, "421 4.7.28", "the provider says that we send too much for now"},
		{Deferral{Code: 451, Enhanced: "4.7.1"}, "451 4.7.1", "the server makes newcomers wait (greylisting) or is cautious"},
		{Deferral{Code: 452, Enhanced: "4.2.2"}, "452 4.2.2", "the mailbox is full"},
		{Deferral{Code: 450, Enhanced: "4.2.19"}, "450 4.2.19", "the mailbox is busy or closed for now"},
		{Deferral{Code: 451}, "451", "the server asks to try again later"},
		{Deferral{}, "", "the connection broke"},
	} {
		if test.d.Codes() != test.codes || test.d.Words() != test.words {
			t.Errorf("%+v: %q, %q", test.d, test.d.Codes(), test.d.Words())
		}
	}
}
