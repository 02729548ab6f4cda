package publish_test

import (
	"testing"
	"testing/synctest"
	"time"

	"notionrelay/local/notionsim"
	"notionrelay/shared/runs"
)

// An operator stops the publisher in the midst of a report: the request under way
// is the last one, nothing happens for an hour, and then all goes on.
func TestAPauseStopsWithinARequestAndLosesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{Budget: 1_000_000, Latency: time.Second})
		p := w.publisher("a", nil)
		p.Pauses = w.db.Runs()
		stop := w.serve(p, true)
		defer stop()
		w.accept("rep_1", payload(500, 3))
		w.accept("rep_2", payload(3, 0))
		time.Sleep(4500 * time.Millisecond) // a request is under way
		before := w.sim.Stats().Requests
		if err := w.db.Runs().SetPause(t.Context(), runs.Pause{Since: time.Now(), Reason: "a test"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if after := w.sim.Stats().Requests; before == 0 || after > before+1 {
			t.Errorf("%d requests were done before the pause, %d at its end", before, after)
		}
		for _, id := range []string{"rep_1", "rep_2"} {
			if run := w.run(id); run.Ended() || len(run.Waits) > 0 {
				t.Errorf("%s is %s, waits %+v", id, run.Status, run.Waits)
			}
		}
		if err := w.db.Runs().SetPause(t.Context(), runs.Pause{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		w.wantComplete("rep_1", "rep_2")
	})
}
