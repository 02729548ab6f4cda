// Package watch is a live screen of a Notion Relay: what its queues hold, which
// runs are being written, wait or have failed, and the keys for what an operator
// does about it.
package watch

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"notionrelay/operate"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
)

// Snapshot is what a Notion Relay is doing at a moment.
type Snapshot struct {
	Name   string     `json:"name"`
	At     time.Time  `json:"at"`
	Works  bool       `json:"works"` // somebody takes messages out of the queues
	Pause  runs.Pause `json:"pause,omitzero"`
	Halt   runs.Halt  `json:"halt,omitzero"`
	Queues []Depths   `json:"queues"`

	Running  []operate.Summary `json:"running"`
	Waiting  []operate.Summary `json:"waiting"` // for their own time
	Failed   []operate.Summary `json:"failed"`
	Complete []operate.Summary `json:"complete"` // the last of them
}

// Same tells whether nothing is different but the time.
func (now Snapshot) Same(other Snapshot) bool {
	other.At = now.At
	return reflect.DeepEqual(now, other)
}

// Depths are the messages of a queue and of its dead letters.
type Depths struct {
	Name string `json:"name"`
	queue.Depth

	Dead int `json:"dead"`
}

// How many runs are shown of each state.
const (
	maxActive   = 30
	maxFailed   = 20
	maxComplete = 5
)

// Look looks at all that the screen shows.
func Look(ctx context.Context, system *operate.System) (now Snapshot, err error) {
	now = Snapshot{Name: system.Name, At: time.Now()}
	for _, q := range system.Queues() {
		main, err := q.Main.Depth(ctx)
		if err != nil {
			return now, fmt.Errorf("count the messages of the %s queue: %w", q.Name, err)
		}
		dead, err := q.Dead.Depth(ctx)
		if err != nil {
			return now, fmt.Errorf("count the dead letters of the %s queue: %w", q.Name, err)
		}
		now.Queues = append(now.Queues, Depths{q.Name, main, dead.All()})
	}
	if now.Works, err = system.Works(ctx); err != nil {
		return now, err
	}
	if now.Pause, err = system.Signals.Pause(ctx); err != nil {
		return now, err
	}
	if now.Halt, err = system.Signals.Halt(ctx); err != nil {
		return now, err
	}
	return now, now.lookAtRuns(ctx, system)
}

func (now *Snapshot) lookAtRuns(ctx context.Context, system *operate.System) error {
	list := func(status runs.Status, limit int) ([]runs.Run, error) {
		return system.Runs.List(ctx, runs.Query{Status: status, Limit: limit})
	}
	var running, waiting []runs.Run
	for _, status := range []runs.Status{runs.Publishing, runs.Published, runs.Queued} {
		some, err := list(status, maxActive)
		if err != nil {
			return err
		}
		for _, run := range some {
			if len(run.Waits) > 0 {
				waiting = append(waiting, run)
			} else {
				running = append(running, run)
			}
		}
	}
	failed, err := list(runs.Failed, maxFailed)
	if err != nil {
		return err
	}
	complete, err := list(runs.Complete, maxComplete)
	if err != nil {
		return err
	}
	now.Running, now.Waiting = operate.Summaries(running), operate.Summaries(waiting)
	now.Failed, now.Complete = operate.Summaries(failed), operate.Summaries(complete)
	return nil
}
