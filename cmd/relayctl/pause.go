package main

import (
	"context"
	"fmt"
	"time"

	"notionrelay/operate"
)

// What a pause is unless it is told otherwise. The longest request and the look for
// its effect fit into the wait.
const (
	defaultPauseReason = "Publishing was paused by an operator."
	defaultPauseWait   = 4 * time.Minute
)

type pauseCommand struct {
	Reason string        `help:"What the status of waiting reports says." default:"${pauseReason}"`
	Wait   time.Duration `help:"How long to wait for the request under way; 0 not at all." default:"${pauseWait}"`
}

func (c *pauseCommand) Run(s *session) error {
	system, err := s.open()
	if err != nil {
		return err
	}
	if c.Wait <= 0 {
		if err := system.Pause(s, c.Reason); err != nil {
			return err
		}
		return s.paused(true, "paused: a request under way comes to its end, and what is sent waits until relayctl resume")
	}
	ctx, cancel := context.WithTimeout(s, c.Wait)
	defer cancel()
	if err := pauseAndWait(ctx, system, c.Reason); err != nil {
		return err
	}
	return s.paused(true, "paused: nothing is being written, and what is sent waits until relayctl resume")
}

func pauseAndWait(ctx context.Context, system *operate.System, reason string) error {
	if err := system.Pause(ctx, reason); err != nil {
		return err
	}
	return system.Quiet(ctx)
}

type resumeCommand struct{}

func (c *resumeCommand) Run(s *session) error {
	system, err := s.open()
	if err != nil {
		return err
	}
	if err := system.Resume(s); err != nil {
		return err
	}
	return s.paused(false, "resumed")
}

// paused tells whether the publisher is paused now.
func (s *session) paused(is bool, words string) error {
	if s.json {
		return s.printJSON(map[string]bool{"paused": is})
	}
	fmt.Fprintln(s.out, words)
	return nil
}
