package operate

import (
	"context"
	"fmt"
	"time"

	"notionrelay/shared/runs"
)

// Pause stops the publisher: a delivery that is under way ends after its current
// request, for which Quiet waits, and none follows. Nothing is lost, and what is
// sent meanwhile is accepted and waits.
func (s *System) Pause(ctx context.Context, reason string) error {
	pause, err := s.Signals.Pause(ctx)
	if err != nil {
		return err
	}
	if !pause.Paused() {
		pause.Since = time.Now()
	}
	pause.Reason = reason
	if err := s.Signals.SetPause(ctx, pause); err != nil {
		return err
	}
	s.Log.InfoContext(ctx, "paused", "reason", reason)
	if s.Source != nil {
		if err := s.Source.SetEnabled(ctx, false); err != nil {
			return fmt.Errorf("disable the publisher's event source: %w", err)
		}
	}
	return nil
}

// Quiet returns when nothing is being written any more after a pause, or with an
// error when ctx ends before. It waits until no message of the publish queue is in
// anybody's hands, or the longest delivery is over: one that was put off stays in
// flight in the meantime.
func (s *System) Quiet(ctx context.Context) error {
	if s.Source == nil {
		if works, err := s.Works(ctx); err != nil || !works {
			return err
		}
	}
	began := time.Now()
	for {
		depth, err := s.Publish.Main.Depth(ctx)
		passed := time.Since(began)
		if err != nil || depth.InFlight == 0 && passed >= s.Lag || s.Longest > 0 && passed >= s.Longest {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the pause is set, but a delivery may still be under way: %w", ctx.Err())
		case <-time.After(lookEvery):
		}
	}
}

// Resume lets the publisher go on.
func (s *System) Resume(ctx context.Context) error {
	was, err := s.Signals.Pause(ctx)
	if err != nil {
		return err
	}
	if err := s.Signals.SetPause(ctx, runs.Pause{}); err != nil {
		return err
	}
	if s.Source != nil {
		if err := s.Source.SetEnabled(ctx, true); err != nil {
			return fmt.Errorf("enable the publisher's event source: %w", err)
		}
	}
	if was.Paused() {
		s.Log.InfoContext(ctx, "resumed", "lasted", time.Since(was.Since))
	}
	return nil
}
