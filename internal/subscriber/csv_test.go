package subscriber_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/topic"
)

// read gives what ReadCSV found: "address topics zone language state" for each
// good line, with " at hour" for one with a wish, and "number: message" for each bad one.
func read(t *testing.T, file string) (good, bad []string) {
	t.Helper()
	err := subscriber.ReadCSV(strings.NewReader(file), topic.Defaults(), func(p subscriber.Profile) error {
		line := fmt.Sprintf("%s %b %s %s %s", p.Address, p.Topics, p.Timezone, p.Language, p.State)
		if p.WishedHour() != subscriber.AnyHour {
			line += fmt.Sprintf(" at %d", p.WishedHour())
		}
		if p.Cadence != nil {
			line += " " + p.Cadence.String()
		}
		good = append(good, line)
		return nil
	}, func(b subscriber.BadLine) {
		bad = append(bad, fmt.Sprintf("%d: %s", b.Number, fault.Message(b.Err)))
	})
	if err != nil {
		t.Fatal(err)
	}
	return good, bad
}

func TestCSVFilesOfManyKindsAreRead(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		file string
		want []string
	}{
		"all columns": {"email,topics,timezone,language,status\na@example.com,tips-tools social-good,Europe/Berlin,de,active\n",
			[]string{"a@example.com 10100 Europe/Berlin de active"}},
		"columns in another order, some left out, others unknown": {"Name,Status,EMAIL\nAda,paused,a@example.com\n",
			[]string{"a@example.com 11110  en paused"}},
		"no header":             {"a@example.com,success-stories\nb@example.com\n", []string{"a@example.com 10  en active", "b@example.com 11110  en active"}},
		"semicolons":            {"email;language\na@example.com;fr\n", []string{"a@example.com 11110  fr active"}},
		"byte order mark, CRLF": {"\ufeffemail\r\na@example.com\r\n\r\nb@example.com", []string{"a@example.com 11110  en active", "b@example.com 11110  en active"}},
		"quoted fields":         {"email,topics\n\"a@example.com\",\"tips-tools, social-good\"\n", []string{"a@example.com 10100  en active"}},
		"an hour of the day":    {"email,hour\na@example.com,7\nb@example.com,\n", []string{"a@example.com 11110  en active at 7", "b@example.com 11110  en active"}},
		"a cadence":             {"email,cadence\na@example.com,Monthly\nb@example.com,\n", []string{"a@example.com 11110  en active monthly", "b@example.com 11110  en active"}},
		"empty":                 {"", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			good, bad := read(t, test.file)
			if diff := cmp.Diff(test.want, good); diff != "" {
				t.Error(diff)
			}
			if len(bad) > 0 {
				t.Errorf("bad lines: %q", bad)
			}
		})
	}
}

func TestABadLineIsReportedByNumberAndTheRestIsKept(t *testing.T) {
	t.Parallel()
	file := strings.Join([]string{
		"email,topics,timezone,language,status",
		"first@example.com",
		"nobody",
		"\"unclosed@example.com",
		"a@example.com,cooking",
		"a@example.com,,Mars/Olympus",
		"a@example.com,,,xx-nonsense-language-tag-that-is-long",
		"a@example.com,,,,erased",
		"a@example.com,,,,sleeping",
		"a@example.com,,,,,24",
		"a@example.com,,,,,nine",
		"a@example.com,,,,,,daily",
		"a@example.com,,,,,,,,too,many",
		"\xff\xfe@example.com",
		strings.Repeat("x", 20000) + "@example.com",
		"last@example.com",
	}, "\n")
	good, bad := read(t, file)
	if diff := cmp.Diff([]string{"first@example.com 11110  en active", "last@example.com 11110  en active"}, good); diff != "" {
		t.Error(diff)
	}
	if len(bad) != 13 || !strings.HasPrefix(bad[0], "3: ") || !strings.HasPrefix(bad[12], "15: ") {
		t.Errorf("bad lines: %q", bad)
	}
}

func TestWhatIsExportedCanBeImported(t *testing.T) {
	t.Parallel()
	good, _ := read(t, "email,topics,timezone,language,status,hour,cadence\nÄnne@exämple.com,tips-tools,Asia/Kathmandu,pt-BR,paused,7,fortnightly\n")
	var again []string
	err := subscriber.ReadCSV(strings.NewReader("Änne@exämple.com,tips-tools,Asia/Kathmandu,pt-BR,paused,7,fortnightly"), topic.Defaults(), func(p subscriber.Profile) error {
		s := subscriber.Subscriber{Address: p.Address, Topics: p.Topics, Timezone: p.Timezone, Language: p.Language, State: p.State, Hour: p.WishedHour(), Cadence: p.WishedCadence(subscriber.Weekly)}
		again, _ = read(t, strings.Join(s.Record(topic.Defaults()), ","))
		return nil
	}, func(b subscriber.BadLine) { t.Error(b.Err) })
	if err != nil || !cmp.Equal(good, again) {
		t.Errorf("%v, %v: %s", good, err, cmp.Diff(good, again))
	}
}

func TestAnErrorOfTheReceiverEndsTheReading(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	calls := 0
	err := subscriber.ReadCSV(strings.NewReader("a@example.com\nb@example.com\n"), topic.Defaults(),
		func(subscriber.Profile) error { calls++; return full }, func(subscriber.BadLine) {})
	if !errors.Is(err, full) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

func FuzzReadCSV(f *testing.F) {
	f.Add("email,topics\na@example.com,tips-tools\n")
	f.Add("\ufeffemail;x\n\"a@example.com\";\"")
	f.Fuzz(func(t *testing.T, file string) {
		lines := strings.Count(file, "\n") + 1
		seen := 0
		err := subscriber.ReadCSV(strings.NewReader(file), topic.Defaults(),
			func(p subscriber.Profile) error { seen++; return nil },
			func(b subscriber.BadLine) {
				seen++
				if b.Number < 1 || b.Number > lines {
					t.Errorf("line %d of %d", b.Number, lines)
				}
			})
		if err != nil || seen > lines {
			t.Errorf("%d lines gave %d answers, %v", lines, seen, err)
		}
	})
}
