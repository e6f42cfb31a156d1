package store

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/collabpulse/weekly/internal/delivery"
)

// sizes are how many rows the texts of a step can take: one lane's group, and what
// two and four lanes have written together.
var sizes = [...]int{delivery.Group, 2 * delivery.Group, largest}

// largest is how many rows a step takes at once.
const largest = 4 * delivery.Group

// sized is a step in one text for each of the sizes, so that a few prepared texts
// do for every number of rows. The places that are left over are filled up with
// ids that nobody has.
type sized [len(sizes)]string

// inSizes makes a step's texts.
func inSizes(text func(rows int) string) (s sized) {
	for i, rows := range sizes {
		s[i] = text(rows)
	}
	return s
}

// fit is the smallest text that takes so many rows, and how many it takes.
func (s sized) fit(n int) (text string, rows int) {
	for i, rows := range sizes {
		if n <= rows {
			return s[i], rows
		}
	}
	return s[len(s)-1], largest
}

// asked names so many rows as a table of ids and attempts, from place $n on.
func asked(n, rows int) string {
	list := []string{fmt.Sprintf("(CAST($%d AS BIGINT), CAST($%d AS INTEGER))", n, n+1)}
	for i := 1; i < rows; i++ {
		list = append(list, fmt.Sprintf("($%d, $%d)", n+2*i, n+2*i+1))
	}
	return "WITH asked (item, try) AS (VALUES " + strings.Join(list, ", ") + ")"
}

// places is a list of so many places, from $n on.
func places(n, rows int) string {
	list := make([]string, rows)
	for i := range list {
		list[i] = "$" + strconv.Itoa(n+i)
	}
	return strings.Join(list, ", ")
}

// withAsked adds the values of asked to a step's other arguments.
func withAsked(items []delivery.Item, rows int, args ...any) []any {
	for i := range rows {
		item := nth(items, i)
		args = append(args, item.ID, item.Attempt)
	}
	return args
}

// withIDs adds the values of places to a step's other arguments.
func withIDs(items []delivery.Item, rows int, args ...any) []any {
	for i := range rows {
		args = append(args, nth(items, i).ID)
	}
	return args
}

// nth is an item, or the one that nobody has.
func nth(items []delivery.Item, i int) delivery.Item {
	if i < len(items) {
		return items[i]
	}
	return delivery.Item{}
}
