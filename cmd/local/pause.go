package main

import (
	"context"
	"log/slog"
	"time"

	"notionrelay/local/embedded"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
)

// pausable is the publish queue, which gives out nothing while an operator has
// paused the publisher. On AWS the event source mapping is disabled meanwhile.
type pausable struct {
	queue.Source

	runs *embedded.Runs
	log  *slog.Logger
	last runs.Pause // as it was seen last
}

// lookEvery is how soon the end of a pause is noticed.
const lookEvery = 250 * time.Millisecond

func (p *pausable) Receive(ctx context.Context, limit int, wait time.Duration) ([]queue.Incoming, error) {
	for until := time.Now().Add(wait); ; {
		paused, err := p.look(ctx)
		if err != nil {
			return nil, err
		}
		if !paused {
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

// look sees whether there is a pause. What another process has begun or ended is
// said in this one's log, too.
func (p *pausable) look(ctx context.Context) (paused bool, err error) {
	now, err := p.runs.Pause(ctx)
	if err != nil {
		return false, err
	}
	switch {
	case now.Paused() && !p.last.Paused():
		p.log.InfoContext(ctx, "paused", "reason", now.Reason)
	case !now.Paused() && p.last.Paused():
		p.log.InfoContext(ctx, "resumed", "lasted", time.Since(p.last.Since))
	}
	p.last = now
	return now.Paused(), nil
}
