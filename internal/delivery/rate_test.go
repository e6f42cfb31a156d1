package delivery_test

import (
	"testing"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/fault"
)

func TestARateIsSaidPerSecondMinuteOrHour(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		rate  delivery.Rate
		shown string
	}{
		"14": {14, "14/s"}, "14/s": {14, "14/s"}, "0.5": {0.5, "30/m"}, "600/m": {10, "10/s"},
		"90/m": {1.5, "90/m"}, "3600/h": {1, "1/s"}, "1/h": {1.0 / 3600, "1/h"}, "100000": {100_000, "100000/s"},
	} {
		got, err := delivery.ParseRate(text)
		if err != nil || got != want.rate || got.String() != want.shown {
			t.Errorf("%s is %v (%s): %v", text, float64(got), got, err)
		}
		if again, err := delivery.ParseRate(got.String()); err != nil || again != got {
			t.Errorf("%s read back is %v: %v", got, again, err)
		}
	}
	for _, text := range []string{"", "0", "-1", "fast", "14/", "14/d", "14/s/s", "/s", "0.5/h", "100001", "NaN", "Inf"} {
		if got, err := delivery.ParseRate(text); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q is a rate: %v %v", text, got, err)
		}
	}
}
