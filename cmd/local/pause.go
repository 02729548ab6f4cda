package main

import (
	"context"
	"time"

	"notionrelay/local/embedded"
	"notionrelay/shared/queue"
)

// pausable is the publish queue, which gives out nothing while an operator has
// paused the publisher. On AWS the event source mapping is disabled meanwhile.
type pausable struct {
	queue.Source

	runs *embedded.Runs
}

// lookEvery is how soon the end of a pause is noticed.
const lookEvery = 250 * time.Millisecond

func (p pausable) Receive(ctx context.Context, limit int, wait time.Duration) ([]queue.Incoming, error) {
	for until := time.Now().Add(wait); ; {
		pause, err := p.runs.Pause(ctx)
		if err != nil {
			return nil, err
		}
		if !pause.Paused() {
			return p.Source.Receive(ctx, limit, max(0, time.Until(until)))
		}
		if time.Until(until) <= 0 {
			return nil, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lookEvery):
		}
	}
}
