package subscriber_test

import (
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/subscriber"
)

func TestAQuotaIsReadAndShownAgain(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]subscriber.Quota{
		"20/h": {Count: 20, Per: time.Hour}, "600/m": {Count: 600, Per: time.Minute}, "50/s": {Count: 50, Per: time.Second}, "off": {},
	} {
		got, err := subscriber.ParseQuota(text)
		if err != nil || got != want || got.String() != text || got.Unlimited() != (text == "off") {
			t.Errorf("%s is %+v, shown as %s: %v", text, got, got, err)
		}
	}
	for _, text := range []string{"", "20", "0/h", "-1/h", "1.5/h", "20/d", "1000001/h", "h", "/h"} {
		if got, err := subscriber.ParseQuota(text); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q is %+v", text, got)
		}
	}
}
