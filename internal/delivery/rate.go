package delivery

import (
	"strconv"
	"strings"

	"github.com/collabpulse/weekly/internal/fault"
)

// Rate is how many mails a second may be handed over.
type Rate float64

// fastest is the largest rate that may be said. A larger number is a slip of the finger.
const fastest = 100_000

// ParseRate reads mails a second, a minute or an hour: 14, 0.5, 14/s, 600/m, 5000/h.
// One an hour is the least. The error is a fault.Invalid.
func ParseRate(text string) (Rate, error) {
	number, unit, _ := strings.Cut(text, "/")
	span, known := map[string]float64{"": 1, "s": 1, "m": 60, "h": 3600}[unit]
	n, err := strconv.ParseFloat(number, 64)
	if perSecond := n / max(span, 1); err == nil && known && !strings.HasSuffix(text, "/") && perSecond >= 1.0/3600 && perSecond <= fastest {
		return Rate(perSecond), nil
	}
	return 0, fault.New(fault.Invalid, "a rate is mails a second, such as 14, or a minute or an hour, such as 600/m or 5000/h.")
}

// String is the rate as ParseRate reads it, in the largest unit that leaves a whole number.
func (r Rate) String() string {
	for _, unit := range []struct {
		name string
		span float64
	}{{"/s", 1}, {"/m", 60}, {"/h", 3600}} {
		if n := float64(r) * unit.span; n >= 1 && n == float64(int(n)) {
			return strconv.Itoa(int(n)) + unit.name
		}
	}
	return strconv.FormatFloat(float64(r), 'g', 4, 64) + "/s"
}
