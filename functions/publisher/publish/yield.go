package publish

import (
	"context"
	"time"

	"notionrelay/shared/ledger"
)

// letsPass tells whether this delivery leaves its turn to a report that was
// accepted after its message was sent, and so stands behind it in the queue. A run
// that has not come on for minutes takes its turn, though it is short.
func (d *delivery) letsPass(ctx context.Context) bool {
	if !isBulk(d.message, d.found) || d.hasStood() {
		return false
	}
	return d.acceptedSince(ctx, sentAt(d.raw))
}

// hasStood tells whether the run had not come on for long when it was read.
func (d *delivery) hasStood() bool {
	cameOn := d.found.AcceptedAt
	for _, s := range d.found.Steps {
		if s.At.After(cameOn) {
			cameOn = s.At
		}
	}
	return time.Since(cameOn) > passTime
}

// passTime is how long bulk work lets new reports pass before it writes once.
const passTime = 5 * time.Minute

// yields tells whether the delivery leaves off before its slice is over: an operator
// has paused the publisher, or it is bulk work for which a new report waits.
func (d *delivery) yields(ctx context.Context) bool {
	if d.paused(ctx) {
		return true
	}
	if !isBulk(d.message, d.found) || time.Since(d.yieldAsked) < yieldEvery {
		return false
	}
	d.yieldAsked = time.Now()
	return d.someoneWaits(ctx)
}

// leavesOff ends a wait of bulk work before its request, if somebody waits for it.
func (d *delivery) leavesOff(ctx context.Context) error {
	if (d.wrote() || !d.hasStood()) && d.yields(ctx) {
		return ledger.ErrSliceOver
	}
	return nil
}

// yieldEvery is how often bulk work asks who waits.
const yieldEvery = 2 * time.Second

// paused tells whether an operator has stopped the publisher. One who cannot be
// asked has not.
func (d *delivery) paused(ctx context.Context) bool {
	if d.Pauses == nil {
		return false
	}
	pause, err := d.Pauses.Pause(ctx)
	if err != nil {
		d.Log.WarnContext(ctx, "pause was not read", "error", err)
	}
	return pause.Paused()
}

// pauseTime is how long a message stays at the head before it is looked whether the
// pause is over.
const pauseTime = 5 * time.Second

// someoneWaits tells whether a report was accepted since the delivery has begun, or
// since its message was sent, so that it stands behind it. Clocks may differ a little.
func (d *delivery) someoneWaits(ctx context.Context) bool {
	since := d.started.Add(-time.Second)
	if sent := sentAt(d.raw); sent.Before(since) {
		since = sent
	}
	return d.acceptedSince(ctx, since)
}

func (d *delivery) acceptedSince(ctx context.Context, t time.Time) bool {
	last, err := d.Runs.LastAccepted(ctx)
	if err != nil {
		d.Log.WarnContext(ctx, "newest report was not looked up", "error", err)
	}
	return last.After(t) && time.Until(last) < tolerance
}

// tolerance is how much a clock may be ahead. A time beyond it says nothing.
const tolerance = 10 * time.Second
