package main

import (
	"testing"
	"time"

	"notionrelay/local/embedded"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
	"notionrelay/test/planted"
)

// What waits for a complete run is gone, but for its quotes, which may still be
// written, and for what is another's.
func TestWhatWaitsForACompleteRunIsForgotten(t *testing.T) {
	t.Parallel()
	db, err := embedded.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	waits := db.Queue("waiting", embedded.QueueOptions{})
	for _, m := range []queue.Message{
		{Kind: queue.Settle, ReportID: "a", Payload: new(report.Payload)}, {Kind: queue.Publish, ReportID: "a", Payload: new(report.Payload)},
		{Kind: queue.Quotes, ReportID: "a", Quotes: new(queue.QuotesPart)}, {Kind: queue.Settle, ReportID: "b", Payload: new(report.Payload)},
	} {
		body, err := queue.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		if err := (waitingQueue{waits}).Send(t.Context(), queue.Outgoing{Body: body, Delay: time.Minute}); err != nil {
			t.Fatal(err)
		}
	}
	s := store{db.Runs(), waits, planted.Log(t)}
	run, _, err := s.Create(t.Context(), runs.Run{ReportID: "a", AcceptedAt: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		status runs.Status
		left   int
	}{{runs.Published, 4}, {runs.Complete, 2}} {
		run.Status = step.status
		if err := s.Save(t.Context(), &run); err != nil {
			t.Fatal(err)
		}
		if left, err := waits.Peek(t.Context()); err != nil || len(left) != step.left {
			t.Errorf("%d messages wait for a run that is %s, want %d; %v", len(left), step.status, step.left, err)
		}
	}
}
