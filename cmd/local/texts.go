package main

import (
	"context"
	"encoding/json"
	"log/slog"

	"notionrelay/local/embedded"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
)

// timers is the waiting queue. It knows the report of a timer, which carries the
// report's texts for five minutes although it has nothing more to do as soon as the
// run is complete.
type timers struct{ *embedded.Queue }

func (q timers) Send(ctx context.Context, m queue.Outgoing) error {
	var head struct {
		Kind     queue.Kind `json:"kind"`
		ReportID string     `json:"reportId"`
	}
	if json.Unmarshal([]byte(m.Body), &head) == nil && head.Kind == queue.Settle {
		m.Group = head.ReportID
	}
	return q.Queue.Send(ctx, m)
}

// store is the run record, and takes the timer of a run that is complete away, so
// that its texts are on this machine no longer.
type store struct {
	*embedded.Runs

	timers *embedded.Queue
	log    *slog.Logger
}

func (s store) Save(ctx context.Context, run *runs.Run) error {
	if err := s.Runs.Save(ctx, run); err != nil {
		return err
	}
	if run.Status == runs.Complete {
		if err := s.timers.Forget(ctx, run.ReportID); err != nil { // it goes with its time
			s.log.WarnContext(ctx, "texts stay until their timer ends", "error", err)
		}
	}
	return nil
}
