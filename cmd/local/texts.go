package main

import (
	"context"
	"encoding/json"
	"log/slog"

	"notionrelay/local/embedded"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
)

// waitingQueue knows the reports of its messages. They carry the reports' texts,
// for five minutes as a timer does, although all but quotes have nothing more to do
// as soon as the run is complete.
type waitingQueue struct{ *embedded.Queue }

func (q waitingQueue) Send(ctx context.Context, m queue.Outgoing) error {
	var head struct {
		Kind     queue.Kind `json:"kind"`
		ReportID string     `json:"reportId"`
	}
	if json.Unmarshal([]byte(m.Body), &head) == nil && head.Kind != queue.Quotes {
		m.Group = head.ReportID
	}
	return q.Queue.Send(ctx, m)
}

// store is the run record. It takes away what waits for a run that is complete, so
// that its texts are no longer in the data folder.
type store struct {
	*embedded.Runs

	waits *embedded.Queue
	log   *slog.Logger
}

func (s store) Save(ctx context.Context, run *runs.Run) error {
	if err := s.Runs.Save(ctx, run); err != nil {
		return err
	}
	if run.Status == runs.Complete {
		if err := s.waits.Forget(ctx, run.ReportID); err != nil { // it goes when it has waited
			s.log.WarnContext(ctx, "texts stay until they have waited", "error", err)
		}
	}
	return nil
}
