package web

import (
	"math"
	"strings"

	"github.com/collabpulse/weekly/internal/delivery"
)

// figure is one class of a digest's deliveries, with its share of the beats.
type figure struct {
	Kind  string // a CSS class, and the word in the legend
	Count int
}

// chart draws a digest's deliveries as a run of beats: each stands for the same
// share of the readers, and whatever happened to anybody has at least one. The
// numbers are in Label and in the legend, so nothing rests on colour.
type chart struct {
	Figures []figure // with a count above zero, settled ones first
	Planned int
	Beats   []beat
	Label   string
}

// beat is one bar of the drawing, in units of its view box.
type beat struct {
	Kind    string
	X, Y, H int
}

// The drawing's measure: beats of 4 units with 2 between, 40 high.
const (
	beatStep   = 6
	beatWidth  = 4
	beatHeight = 40
)

// How many beats a drawing has, in a list and across a page.
const (
	fewBeats  = 72
	manyBeats = 168
)

// Width is the view box's.
func (c chart) Width() int { return len(c.Beats)*beatStep - (beatStep - beatWidth) }

// chartOf draws a tally with so many beats.
func chartOf(t delivery.Tally, beats int) chart {
	return drawn(t, beats, append(settledFigures(t), figure{"waiting", t.Queued + t.Claimed + t.Handing}))
}

// settledFigures are those that have reached an end.
func settledFigures(t delivery.Tally) []figure {
	return []figure{{"sent", t.Sent}, {"failed", t.Failed}, {"skipped", t.Skipped}, {"unknown", t.Unknown}}
}

// drawn draws the figures that are above zero.
func drawn(t delivery.Tally, beats int, figures []figure) chart {
	c := chart{Planned: t.Planned}
	var words []string
	for _, f := range figures {
		if f.Count > 0 {
			c.Figures = append(c.Figures, f)
			words = append(words, grouped(f.Count)+" "+f.Kind)
		}
	}
	c.Label = plural(t.Planned, "reader", "readers") + " planned"
	if len(words) > 0 {
		c.Label += ": " + strings.Join(words, ", ")
	}
	for i, kind := range spread(c.Figures, beats) {
		h := rhythm(i)
		c.Beats = append(c.Beats, beat{Kind: kind, X: i * beatStep, Y: (beatHeight - h) / 2, H: h})
	}
	return c
}

// spread deals the beats out by count. Every class gets one first, so that a
// single failure among a million shows.
func spread(figures []figure, beats int) []string {
	total := 0
	for _, f := range figures {
		total += f.Count
	}
	kinds := make([]string, 0, beats)
	left, free := total, beats-len(figures)
	for _, f := range figures {
		share := int(math.Round(float64(free) * float64(f.Count) / float64(left)))
		free, left = free-share, left-f.Count
		for range share + 1 {
			kinds = append(kinds, f.Kind)
		}
	}
	return kinds
}

// rhythm is the height of the beat at i: a pulse at rest, with a strong beat in
// every twelve.
func rhythm(i int) int {
	heights := [...]int{10, 12, 10, 14, 22, 40, 8, 30, 16, 12, 10, 12}
	return heights[i%len(heights)]
}
