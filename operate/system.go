// Package operate is what an operator does to a Notion Relay that runs: find runs
// and say what has become of them, put dead letters back or away, stop the
// publisher and let it go on. It works on the queues and the record themselves, on
// AWS (operate/stack) as well as in a data folder (operate/folder), whether or not
// anybody works on them meanwhile.
//
// Whatever changes something says so in the log and in the records of the runs
// that it concerns.
package operate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
)

// System is one Notion Relay.
type System struct {
	Name    string // for people: "the stack notion-relay"
	Runs    Records
	Signals Signals
	// Publish, Enrich and Waiting are the queues with their dead letters.
	Publish, Enrich, Waiting Queue
	// Source lets the publisher have messages; nil where the pause in the record is
	// enough.
	Source Source
	// Works tells whether anybody takes messages out of the queues.
	Works func(context.Context) (bool, error)
	// Webhook tells where reports are sent, and a secret to send them with; empty
	// where none is needed.
	Webhook func(context.Context) (url, secret string, err error)
	// Lag is how late the figures of the queues may be, and Longest how long a
	// delivery of the publisher may take.
	Lag, Longest time.Duration
	Log          *slog.Logger
}

// Records are the runs.
type Records interface {
	// Get reads a record; runs.ErrNotFound when there is none.
	Get(ctx context.Context, id string) (runs.Run, error)
	// Latest reads the newest record of a caller's run id, or runs.ErrNotFound.
	Latest(ctx context.Context, runID string) (runs.Run, error)
	// List returns the newest runs that the query asks for, newest first.
	List(ctx context.Context, q runs.Query) ([]runs.Run, error)
	// Save stores a record, unless it was changed since it was read: runs.ErrStale.
	Save(ctx context.Context, run *runs.Run) error
}

// Signals are what concerns all runs.
type Signals interface {
	Halt(ctx context.Context) (runs.Halt, error)
	Pause(ctx context.Context) (runs.Pause, error)
	SetPause(ctx context.Context, pause runs.Pause) error
}

// Source is what gives the publisher its messages: the event source mapping.
type Source interface {
	// SetEnabled returns when the change has happened. A message that was taken
	// before may still be worked on.
	SetEnabled(ctx context.Context, enabled bool) error
}

// Queue is a queue and its dead letters.
type Queue struct {
	Name string // publish, enrich or waiting
	FIFO bool
	Main Box
	Dead Box
}

// Box is an SQS queue.
type Box interface {
	Send(ctx context.Context, m queue.Outgoing) error
	// Receive returns up to limit messages, 1 to 10, and waits for the first.
	Receive(ctx context.Context, limit int, wait time.Duration) ([]queue.Incoming, error)
	Delete(ctx context.Context, receipt string) error
	ChangeVisibility(ctx context.Context, receipt string, d time.Duration) error
	// Depth counts the messages. On SQS the figures are approximate.
	Depth(ctx context.Context) (queue.Depth, error)
}

// FirstSecret is the first of the webhook's secrets, as WEBHOOK_SECRETS has them.
// Blank ones count for nothing there.
func FirstSecret(secrets string) string {
	for secret := range strings.SplitSeq(secrets, ",") {
		if secret = strings.TrimSpace(secret); secret != "" {
			return secret
		}
	}
	return ""
}

// Queues are the three, in the order in which a report meets them.
func (s *System) Queues() []Queue { return []Queue{s.Publish, s.Enrich, s.Waiting} }

// Find reads the run with that report id, or the newest one of that research run.
func (s *System) Find(ctx context.Context, id string) (runs.Run, error) {
	run, err := runs.Run{}, runs.ErrNotFound
	if report.IsID(id) {
		run, err = s.Runs.Get(ctx, id)
	}
	if errors.Is(err, runs.ErrNotFound) {
		run, err = s.Runs.Latest(ctx, id)
	}
	if errors.Is(err, runs.ErrNotFound) {
		return runs.Run{}, fmt.Errorf("%s knows no report and no run %q: %w", s.Name, id, runs.ErrNotFound)
	}
	if err != nil {
		return runs.Run{}, fmt.Errorf("find %s: %w", id, err)
	}
	return run, nil
}

// note writes what an operator does to a dead letter into log and record. A run
// without a record has nothing to note it in.
func (s *System) note(ctx context.Context, l Letter, did string) error {
	s.Log.InfoContext(ctx, did, "reportId", l.ReportID, "kind", l.title(), "code", l.code())
	for {
		run, err := s.Runs.Get(ctx, l.ReportID)
		if errors.Is(err, runs.ErrNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("note what is done to %s: %w", l.ReportID, err)
		}
		run.Note(time.Now(), did+": "+l.title())
		err = s.Runs.Save(ctx, &run)
		if err == nil {
			return nil
		}
		if !errors.Is(err, runs.ErrStale) { // else it is being worked on
			return fmt.Errorf("note what is done to %s: %w", l.ReportID, err)
		}
	}
}

// Company is whom a run's pages are for, as far as that is known.
func Company(run runs.Run) string {
	if run.Subject == nil {
		return ""
	}
	return strings.TrimSpace(run.Subject.Company)
}
