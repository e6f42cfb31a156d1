package subscriber

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/topic"
)

// Columns are the fields of a CSV file of subscribers, in the order that export
// writes and that a file without a header is read in. Only the first is needed.
var Columns = []string{"email", "topics", "timezone", "language", "status", "hour", "cadence"}

// maxLine is the longest line of a CSV file, in octets.
const maxLine = 16 << 10

// BadLine is a line that could not be read, and why.
type BadLine struct {
	Number int
	Err    error
}

// ReadCSV reads subscribers from a CSV file (RFC 4180), one to a line; a field
// cannot run over several lines, so that one stray quote spoils one line and
// not the rest. The separator is a comma, or a semicolon when the first line has
// more of those. A first line that names columns may leave some out or put them
// in any order. Each line is handed to one of the two functions; only an error of
// good or of reading the file ends the whole.
func ReadCSV(r io.Reader, topics []topic.Topic, good func(Profile) error, bad func(BadLine)) error {
	lines := bufio.NewReaderSize(r, maxLine)
	p := csvParser{topics: topics}
	for number := 1; ; number++ {
		line, err := readLine(lines)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && fault.KindOf(err) == fault.Internal {
			return err
		}
		if number == 1 && err == nil && p.begin(&line) || err == nil && strings.TrimSpace(line) == "" {
			continue
		}
		var profile Profile
		if err == nil {
			profile, err = p.profile(line)
		}
		if err != nil {
			bad(BadLine{Number: number, Err: err})
		} else if err := good(profile); err != nil {
			return err
		}
	}
}

// readLine is the next line without its end. One that is too long is read to its
// end and reported as a fault.
func readLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = r.ReadSlice('\n')
		}
		return "", fault.New(fault.Invalid, "the line is longer than %d characters.", maxLine)
	}
	if err != nil && (len(line) == 0 || !errors.Is(err, io.EOF)) {
		return "", err
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

type csvParser struct {
	topics  []topic.Topic
	comma   rune
	columns []string
}

// begin looks at the first line: it drops a byte order mark, finds the separator
// and reports whether the line names the columns.
func (p *csvParser) begin(line *string) bool {
	*line = strings.TrimPrefix(*line, "\ufeff")
	p.comma, p.columns = ',', Columns
	if strings.Count(*line, ";") > strings.Count(*line, ",") && !strings.Contains(*line, ",") {
		p.comma = ';'
	}
	names, err := p.fields(strings.ToLower(*line))
	if err != nil {
		return false
	}
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	if !slices.Contains(names, Columns[0]) {
		return false
	}
	p.columns = names
	return true
}

func (p *csvParser) fields(line string) ([]string, error) {
	r := csv.NewReader(strings.NewReader(line))
	r.Comma, r.TrimLeadingSpace = p.comma, true
	fields, err := r.Read()
	if err != nil {
		return nil, fault.New(fault.Invalid, "the quotes on this line do not match.")
	}
	return fields, nil
}

func (p *csvParser) profile(line string) (Profile, error) {
	if !utf8.ValidString(line) {
		return Profile{}, fault.New(fault.Invalid, "the line is not UTF-8 text.")
	}
	fields, err := p.fields(line)
	if err != nil {
		return Profile{}, err
	}
	if len(fields) > len(p.columns) {
		return Profile{}, fault.New(fault.Invalid, "the line has %d fields where there are %d columns.", len(fields), len(p.columns))
	}
	value := map[string]string{}
	for i, f := range fields {
		value[p.columns[i]] = strings.TrimSpace(f)
	}
	return p.read(value)
}

func (p *csvParser) read(value map[string]string) (profile Profile, err error) {
	if profile.Address, err = address.Parse(value["email"]); err != nil {
		return profile, err
	}
	if profile.Topics, err = topic.ParseSet(p.topics, value["topics"]); err != nil {
		return profile, err
	}
	if profile.Timezone, err = ParseTimezone(value["timezone"]); err != nil {
		return profile, err
	}
	if profile.Language, err = ParseLanguage(value["language"]); err != nil {
		return profile, err
	}
	if profile.Hour, err = ParseHour(value["hour"]); err != nil {
		return profile, err
	}
	if word := strings.ToLower(value["cadence"]); word != "" {
		cadence, err := ParseCadence(word)
		if err != nil {
			return profile, err
		}
		profile.Cadence = &cadence
	}
	profile.State, err = importable(value["status"])
	return profile, err
}

// importable reads the status of an imported subscriber; none means active.
func importable(word string) (State, error) {
	if word == "" {
		return Active, nil
	}
	s, err := ParseState(strings.ToLower(word))
	if err == nil && s > Unsubscribed {
		err = fault.Field("status", "A subscriber cannot be imported as %s; use the suppression list.", s)
	}
	return s, err
}

// Record is a subscriber as one line of the file, in the order of Columns.
func (s Subscriber) Record(topics []topic.Topic) []string {
	var slugs []string
	for _, t := range topics {
		if s.Topics.Has(t.ID) {
			slugs = append(slugs, t.Slug)
		}
	}
	hour := ""
	if s.Hour >= 0 {
		hour = strconv.Itoa(s.Hour)
	}
	return []string{s.Address.String(), strings.Join(slugs, " "), s.Timezone, s.Language, s.State.String(), hour, s.Cadence.String()}
}
