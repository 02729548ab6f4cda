package publish_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"notionrelay/local/notionsim"
	"notionrelay/shared/metrics"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
	"notionrelay/test/planted"
)

// A run is published once and completed once, however many deliveries that takes,
// and every request counts once.
func TestEachFigureOfARunIsRecordedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var figures bytes.Buffer
		w := newWorld(t, notionsim.Options{Budget: 1_000_000})
		p := w.publisher("a", nil)
		p.Metrics = metrics.Recorder{Function: "publisher", Log: planted.Heard(t, slog.NewJSONHandler(&figures, nil))}
		run := payload(2, 3)
		w.sim.Inject(notionsim.Fault{Nth: 2, Status: 429, Header: http.Header{"Retry-After": {"3"}}})
		w.sim.Inject(notionsim.Fault{Nth: 5, Status: 409})
		w.accept("rep_1", run)
		w.drain(p, visibility)
		said := figures.Len()
		w.send(queue.Message{Kind: queue.Publish, ReportID: "rep_1", Payload: &run}, "again")
		w.drain(p, visibility)
		if more := figures.String()[said:]; more != "" {
			t.Errorf("a message that has come in vain has figures: %s", more)
		}
		got := totals(t, figures.String())
		record := w.run("rep_1")
		want := map[metrics.Name]float64{
			metrics.RunsPublished: 1, metrics.RunsCompleted: 1, metrics.RunsFailed: 0, metrics.DeadLetters: 0,
			metrics.TimeToPublish:  float64(record.PublishedAt.Sub(record.AcceptedAt).Microseconds()) / 1000,
			metrics.NotionRequests: float64(w.sim.Stats().Requests), metrics.NotionConflicts: 1, metrics.NotionRateLimits: 1,
		}
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

// A run that fails counts as that, and so does its dead letter.
func TestAFailedRunIsRecordedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var figures bytes.Buffer
		w := newWorld(t, notionsim.Options{Budget: 1_000_000, Latency: 100 * time.Millisecond})
		p := w.publisher("a", nil)
		p.Metrics = metrics.Recorder{Function: "publisher", Log: planted.Heard(t, slog.NewJSONHandler(&figures, nil))}
		w.sim.Inject(notionsim.Fault{Method: http.MethodPost, Path: "/v1/pages", Times: -1, Status: 400})
		w.accept("rep_1", payload(2, 0))
		w.drain(p, visibility)
		got := totals(t, figures.String())
		want := map[metrics.Name]float64{
			metrics.RunsPublished: 0, metrics.RunsCompleted: 0, metrics.RunsFailed: 1, metrics.DeadLetters: 1,
			metrics.NotionRequests: 1, // what was asked for the reason does not count
		}
		if got[metrics.NotionLatency] <= 0 {
			t.Errorf("the request took %v ms", got[metrics.NotionLatency])
		}
		for name, n := range want {
			if got[name] != n {
				t.Errorf("%s adds up to %v, want %v", name, got[name], n)
			}
		}
	})
}

// Of two letters of a run one is redriven, and written: the run has failed as before,
// then and not once more.
func TestARunThatStillHasAFailureDoesNotFailAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var figures bytes.Buffer
		w, p := published(t)
		a := w.publisher("a", nil)
		a.Metrics = metrics.Recorder{Function: "publisher", Log: planted.Heard(t, slog.NewJSONHandler(&figures, nil))}
		first, second := part(p, 0, 2, report.Quote{Text: "one"}), part(p, 1, 2, report.Quote{Text: "two"})
		w.sim.Inject(notionsim.Fault{Method: http.MethodPost, Path: "/v1/pages", Status: 400})
		w.send(first, "")
		w.send(second, "")
		for w.deliver(t.Context(), a, visibility) {
		}
		failed := w.run("rep_1")
		figures.Reset()
		w.send(first, "redriven")
		for w.deliver(t.Context(), a, visibility) {
		}
		run := w.run("rep_1")
		if run.Status != runs.Failed || len(run.Failures) != 1 || run.EndedAt.IsZero() || !run.EndedAt.Equal(failed.EndedAt) {
			t.Errorf("the run is %s, ended at %s, failures %+v", run.Status, run.EndedAt, run.Failures)
		}
		if n := totals(t, figures.String())[metrics.RunsFailed]; n != 0 {
			t.Errorf("it has failed %v times more", n)
		}
	})
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
