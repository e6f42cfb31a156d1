package app

import (
	"testing"

	"github.com/collabpulse/weekly/internal/fault"
)

func TestAWorkerTellsOfItsRelaysAsItBeats(t *testing.T) {
	t.Parallel()
	a := build(t, settings(t))
	r := &reporter{Store: a.Store, relays: a.relays, meters: a.meters}
	worker, err := r.RegisterWorker(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Beat(t.Context(), worker); err != nil {
		t.Fatal(err)
	}
	reports, err := a.Store.Reports(t.Context())
	if err != nil || len(reports) != 1 || len(reports[0].Relays) != 1 || reports[0].Relays[0].Name != a.relays.States()[0].Name {
		t.Errorf("%+v, %v", reports, err)
	}
	if err := r.Beat(t.Context(), worker+1); !fault.Is(err, fault.Gone) {
		t.Errorf("a worker that nobody knows beats: %v", err)
	}
}
