package publish_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"notionrelay/local/notionsim"
	"notionrelay/shared/block"
	"notionrelay/shared/markdown"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
)

// A delivery writes for fifteen seconds, and ends with the request that it is at.
func TestADeliveryWritesForFifteenSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{Budget: 1_000_000, Latency: time.Second})
		w.accept("rep_1", payload(3_000, 0))
		p, started := w.publisher("a", nil), time.Now()
		w.deliver(t.Context(), p, time.Minute)
		if took := time.Since(started); took < 15*time.Second || took > 17*time.Second {
			t.Errorf("took %s", took)
		}
		if run := w.run("rep_1"); run.Status != runs.Publishing {
			t.Errorf("the run is %s", run.Status)
		}
	})
}

// A small Lambda converts a long report for longer than a delivery writes, each time
// anew. Its slice begins with its first request, so that each delivery comes further,
// and with it the run to its end.
func TestADeliveryWritesHoweverLongItConverts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{Budget: 1_000_000, Latency: 4 * time.Second})
		p := w.publisher("a", nil)
		p.ConvertBy(func(text string) []block.Block {
			time.Sleep(20 * time.Second)
			return markdown.Blocks(text)
		})
		w.accept("rep_1", payload(2_000, 0))
		deliveries := 0
		for w.run("rep_1").PublishedAt.IsZero() {
			before := w.sim.Stats().Writes
			if !w.deliver(t.Context(), p, time.Minute) {
				t.Fatal("no message is left, and the pages are not there")
			}
			if deliveries++; w.sim.Stats().Writes == before {
				t.Fatalf("delivery %d wrote nothing", deliveries)
			}
		}
		if deliveries < 5 {
			t.Errorf("there were only %d deliveries", deliveries)
		}
		w.drain(p, visibility)
		if run := w.run("rep_1"); run.Status != runs.Complete || len(run.Failures) > 0 {
			t.Errorf("the run is %s: %+v", run.Status, run.Failures)
		}
	})
}

// The last five seconds of a function are for the record and the queue.
func TestNoRequestIsBegunThatLeavesNoTimeToClose(t *testing.T) {
	t.Parallel()
	for left, want := range map[time.Duration]bool{69 * time.Second: false, 71 * time.Second: true} {
		t.Run(left.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, notionsim.Options{})
				w.accept("rep_1", payload(3, 0))
				ctx, cancel := context.WithTimeout(t.Context(), left)
				defer cancel()
				w.deliver(ctx, w.publisher("a", nil), time.Minute)
				if wrote := w.sim.Stats().Writes > 0; wrote != want {
					t.Errorf("written: %t, want %t", wrote, want)
				}
			})
		})
	}
}

// The ids of a report's blocks are in the record only while they are needed.
func TestAFinishedPageKeepsNoIDsOfItsBlocks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{Budget: 1_000_000})
		nested := marked("Do", 150, true)
		kept := 0
		w.accept("rep_1", report.Payload{Reports: map[string]string{"strategyReport": nested}, Email: "dana@salt-and-pepper.com"})
		w.drain(w.publisher("a", roundTrip(func(r *http.Request) (*http.Response, error) {
			for _, s := range w.run("rep_1").Steps {
				kept = max(kept, len(s.Open))
			}
			return w.sim.Transport().RoundTrip(r)
		})), visibility)
		run := w.run("rep_1")
		if kept == 0 || run.Status != runs.Complete {
			t.Errorf("no id was needed, and the run is %s", run.Status)
		}
		if s := run.Step(report.Kinds[0].Name); len(s.Open)+len(s.Last) > 0 {
			t.Errorf("it keeps %v and %v", s.Open, s.Last)
		}
	})
}
