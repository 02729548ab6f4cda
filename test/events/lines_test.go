package events_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"notionrelay/local/embedded"
	"notionrelay/local/notionsim"
	"notionrelay/operate/runbook"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
)

// Reports are accepted, wait, are published and complete, fail and are redriven;
// the publisher halts and goes on. Each has its line in the log.
func TestTheLogHasALineForWhateverBecomesOfAReport(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	w, p := handlers(t, secret, &log)
	w.notion.Inject(notionsim.Fault{Method: "POST", Path: "/v1/pages", Nth: 2, Status: 409})
	w.post(t, `{"strategyReport":"# One","runId":"run-1"}`, secret)
	w.deliver(t, "publisher", p.publish, 1) // meets the 409
	w.deliver(t, "enricher", p.waiting, 1)
	w.deliver(t, "publisher", p.publish, 1)
	w.deliver(t, "enricher", p.enrich, 1)
	w.deliver(t, "publisher", p.publish, 1)
	w.deliver(t, "publisher", p.publish, 1)

	w.post(t, `{"strategyReport":"# Two","runId":"run-2"}`, secret)
	w.notion.Inject(notionsim.Fault{Method: "POST", Path: "/v1/pages", Status: 400})
	w.deliver(t, "publisher", p.publish, 1)
	redrive(t, w, p.publish)
	w.deliver(t, "publisher", p.publish, 1)

	w.notion.People().RenameColumn(w.notion.DatabaseID(), "Contact Email", "Mail")
	w.post(t, `{"strategyReport":"# Three","runId":"run-3","email":"a@b.example"}`, secret)
	w.deliver(t, "publisher", p.publish, 1)

	// A publisher that begins after the mending, and whose probe is due.
	later, q := handlers(t, secret, &log)
	if err := later.signals.SetHalt(t.Context(), runs.Halt{Code: "column_missing", Since: time.Now().Add(-time.Hour), Next: time.Now().Add(-time.Minute)}); err != nil {
		t.Fatal(err)
	}
	later.post(t, `{"strategyReport":"# Four"}`, secret)
	later.deliver(t, "publisher", q.publish, 1)

	all := lines(t, &log)
	for _, want := range runbook.Lines() {
		if strings.Contains(want.From, "webhook") || strings.Contains(want.From, "publisher") {
			hasLine(t, all, want)
		}
	}
}

// hasLine expects the log to have the line, with level INFO and all that belongs
// to it.
func hasLine(t *testing.T, all []map[string]any, want runbook.Line) {
	t.Helper()
	found := false
	for _, line := range all {
		if line["msg"] != want.Message {
			continue
		}
		found = true
		if line["level"] != "INFO" || line["reportId"] == nil {
			t.Errorf("another level, or no report: %v", line)
		}
		for _, key := range want.Keys {
			if _, ok := line[key]; !ok {
				t.Errorf("no %s in %v", key, line)
			}
		}
	}
	if !found {
		t.Errorf("no line says %q", want.Message)
	}
}

// redrive moves the dead letter back.
func redrive(t *testing.T, w *world, publish *embedded.Queue) {
	t.Helper()
	letters, err := w.dead.Receive(t.Context(), 1, 0)
	if err != nil || len(letters) != 1 {
		t.Fatalf("%d dead letters, error %v", len(letters), err)
	}
	if err := publish.Send(t.Context(), queue.Outgoing{Body: letters[0].Body, Group: queue.PublishGroup, DeduplicationID: "redrive"}); err != nil {
		t.Fatal(err)
	}
}
