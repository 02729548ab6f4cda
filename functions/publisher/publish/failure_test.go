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

	"notionrelay/functions/publisher/publish"
	"notionrelay/local/notionsim"
	"notionrelay/shared/metrics"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
	"notionrelay/test/planted"
)

// Notion may answer with the whole body that it refuses, and a record must not
// outgrow DynamoDB's 400 KB.
func TestALongRefusalLeavesTheRecordSmall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{})
		w.sim.Inject(notionsim.Fault{
			Method: http.MethodPost, Path: "/v1/pages", Times: -1, Status: 400, Message: strings.Repeat("Refused: ä. ", 50_000),
		})
		w.accept("rep_1", payload(3, 0))
		w.drain(w.publisher("a", nil), visibility)
		run := w.run("rep_1")
		record, err := json.Marshal(run)
		if err != nil {
			t.Fatal(err)
		}
		if len(record) > 10_000 {
			t.Errorf("the record has %d bytes", len(record))
		}
		f := run.LastFailure()
		if f == nil || f.Code != "validation_error" || f.NotionRequestID == "" || !strings.HasPrefix(f.Message, "Refused: ä.") {
			t.Fatalf("the failure is %+v", f)
		}
		dead := w.peek(w.dead)
		if len(dead) != 1 {
			t.Fatalf("there are %d dead letters", len(dead))
		}
		if a := dead[0].Attributes; a["notionRequestId"] != f.NotionRequestID || !strings.HasPrefix(a["reason"], "validation_error: Refused: ä.") {
			t.Errorf("the dead letter has %v", a)
		}
	})
}

func TestAFailureNamesTheStatusOfAnAnswerWithoutJSON(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{})
		edge := notionsim.Edge(http.StatusBadGateway)
		edge.Method, edge.Path, edge.Times = http.MethodPost, "/v1/pages", -1 // Notion can be asked, so it is this run's trouble
		w.sim.Inject(edge)
		w.accept("rep_1", payload(3, 0))
		w.drain(w.publisher("a", nil), 2*visibility)
		run := w.run("rep_1")
		f := run.LastFailure()
		if f == nil || f.Code != "gave_up" || !strings.Contains(f.Message, "502") || !strings.Contains(f.Message, edge.Header.Get("Cf-Ray")) {
			t.Errorf("the failure is %+v", f)
		}
	})
}

// A process that dies at a message leaves no word of it, so the last delivery that
// the queue allows is for that: the record has failed and says why, the letter as
// well, and who waits behind it is published.
func TestWhatKillsEveryProcessIsToldInItsRecord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{})
		w.accept("rep_1", payload(3, 0))
		w.accept("rep_2", payload(2, 0))
		for death := range publish.MaxReceives - 1 {
			if batch := w.next(visibility); len(batch) != 1 || batch[0].ReceiveCount != death+1 {
				t.Fatalf("delivery %d is %+v", death+1, batch)
			}
			time.Sleep(visibility)
		}
		w.drain(w.publisher("a", nil), visibility)
		run, dead := w.run("rep_1"), w.peek(w.dead)
		if f := run.LastFailure(); run.Status != runs.Failed || f == nil || f.Code != "process_died" || f.Remedy == "" {
			t.Errorf("the run is %s: %+v", run.Status, run.Failures)
		}
		if len(dead) != 1 || dead[0].Attributes["reportId"] != "rep_1" || !strings.HasPrefix(dead[0].Attributes["reason"], "process_died: ") {
			t.Errorf("the dead letters are %+v", dead)
		}
		if next := w.run("rep_2"); next.Status != runs.Complete {
			t.Errorf("the next run is %s", next.Status)
		}
	})
}

// Of texts no report can be made again. The run says so, and goes well when the report
// is sent again.
func TestAReportWhoseRecordIsGoneIsSentAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var figures bytes.Buffer
		w := newWorld(t, notionsim.Options{Budget: 1_000_000})
		a, p := w.publisher("a", nil), payload(2, 1)
		a.Metrics = metrics.Recorder{Function: "publisher", Log: planted.Heard(t, slog.NewJSONHandler(&figures, nil))}
		for _, again := range []string{"", "again"} {
			w.send(queue.Message{Kind: queue.Texts, ReportID: "rep_1", Answer: "asked", Texts: &written}, again)
		}
		w.drain(a, visibility)
		if n := totals(t, figures.String())[metrics.RunsFailed]; n != 1 {
			t.Errorf("it has failed %v times", n)
		}
		run := w.run("rep_1")
		if f := run.LastFailure(); run.Status != runs.Failed || f.Code != "record_lost" || len(w.peek(w.dead)) > 0 || w.sim.Stats().Requests > 0 {
			t.Fatalf("the run is %s, failures %+v", run.Status, run.Failures)
		}
		w.accept("rep_1", p)
		w.drain(a, visibility)
		w.wantComplete("rep_1")
		if run := w.run("rep_1"); run.Fingerprint != p.Fingerprint() || run.ResearchRunID != p.RunID {
			t.Errorf("it is known as %q, with the fingerprint %q", run.ResearchRunID, run.Fingerprint)
		}
	})
}
