package publish_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"notionrelay/local/notionsim"
	"notionrelay/shared/metrics"
	"notionrelay/shared/queue"
)

// A run is published once and completed once, however many deliveries that takes,
// and every request counts once.
func TestEachFigureOfARunIsRecordedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var figures bytes.Buffer
		w := newWorld(t, notionsim.Options{Budget: 1_000_000})
		p := w.publisher("a", nil)
		p.Metrics = metrics.Recorder{Function: "publisher", Log: slog.New(slog.NewJSONHandler(&figures, nil))}
		run := payload(2, 3)
		w.accept("rep_1", run)
		w.drain(p, visibility)
		w.send(queue.Message{Kind: queue.Publish, ReportID: "rep_1", Payload: &run}, "again")
		w.drain(p, visibility)
		got := totals(t, figures.String())
		want := map[metrics.Name]float64{metrics.RunsPublished: 1, metrics.RunsCompleted: 1, metrics.RunsFailed: 0, metrics.NotionRequests: float64(w.sim.Stats().Requests)}
		for name, n := range want {
			if got[name] != n {
				t.Errorf("%s adds up to %v, want %v", name, got[name], n)
			}
		}
	})
}

// totals adds up the figures of each name.
func totals(t *testing.T, lines string) map[metrics.Name]float64 {
	t.Helper()
	sums := map[metrics.Name]float64{}
	for line := range strings.Lines(lines) {
		fields := map[metrics.Name]json.RawMessage{}
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		for _, name := range metrics.Names() {
			var values []float64
			if fields[name] == nil {
				continue
			}
			if err := json.Unmarshal(fields[name], &values); err != nil {
				t.Fatal(err)
			}
			for _, v := range values {
				sums[name] += v
			}
		}
	}
	return sums
}

func TestAMessageWithoutItsContentIsPutAside(t *testing.T) {
	t.Parallel()
	subject := payload(2, 0).Subject()
	for name, m := range map[string]queue.Message{
		"publish without a payload":  {Kind: queue.Publish},
		"texts without any":          {Kind: queue.Texts},
		"quotes without any":         {Kind: queue.Quotes, Subject: &subject},
		"quotes without a subject":   {Kind: queue.Quotes, Quotes: &queue.QuotesPart{}},
		"a kind that does not exist": {Kind: "other"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, notionsim.Options{})
				m.ReportID = "rep_1"
				w.send(m, "")
				w.drain(w.publisher("a", nil), visibility)
				if dead := w.peek(w.dead); len(dead) != 1 || !strings.HasPrefix(dead[0].Attributes["reason"], "unreadable_message") {
					t.Errorf("got dead letters %+v", dead)
				}
			})
		})
	}
}
