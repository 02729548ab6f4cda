package publish

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"notionrelay/shared/ledger"
	"notionrelay/shared/notion"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	permanent := &notion.Error{Status: 400, Code: "validation_error"}
	outage := &notion.PostponedError{Wait: 8 * time.Second, Cause: &notion.Error{Status: 503}}
	told := &notion.PostponedError{Wait: time.Hour, Cause: &notion.Error{Status: 429}}
	noTime := &notion.PostponedError{}
	tests := []struct {
		name     string
		err      error
		receives int
		wrote    bool
		want     verdict
		wait     time.Duration
	}{
		{"done", nil, 1, true, acknowledge, 0},
		{"slice over", fmt.Errorf("x: %w", ledger.ErrSliceOver), 1, true, continueLater, 0},
		{"a request still open", fmt.Errorf("x: %w", &ledger.UnsettledError{Until: time.Now().Add(time.Hour)}), 1, true, continueLater, 5 * time.Second},
		{"too early", fmt.Errorf("x: %w", errTooEarly), 1, false, continueLater, time.Second},
		{"unreadable", fmt.Errorf("x: %w", queue.ErrUnreadable), 1, false, deadLetter, 0},
		{"refused for ever", fmt.Errorf("x: %w", permanent), 1, true, deadLetter, 0},
		{"refused for ever, and the record could not be closed", errors.Join(permanent, errors.New("no table")), 1, true, deadLetter, 0},
		{"an earlier part put aside", fmt.Errorf("x: %w", errPartMissing), 1, false, deadLetter, 0},
		{"larger than a message", fmt.Errorf("x: %w", queue.ErrTooLarge), 1, false, deadLetter, 0},
		{"page in the trash", fmt.Errorf("x: %w", ledger.ErrTrashed), 1, true, deadLetter, 0},
		{"panic", errDefect, 1, false, deadLetter, 0},
		{"lost the run", fmt.Errorf("x: %w", runs.ErrStale), 1, false, giveBack, time.Second},
		{"lost the run at the last delivery", fmt.Errorf("x: %w", runs.ErrStale), 10, false, continueLater, time.Second},
		{"time over after writing", noTime, 1, true, continueLater, 0},
		{"time over before writing", noTime, 1, false, giveBack, 0},
		{"first failure in an outage", outage, 1, false, giveBack, time.Minute},
		{"fifth failure in an outage", outage, 5, true, giveBack, 16 * time.Minute},
		{"ninth failure in an outage", outage, 9, false, giveBack, 30 * time.Minute},
		{"last failure in an outage", outage, 10, false, deadLetter, 0},
		{"told to wait for an hour", told, 1, false, giveBack, time.Hour},
		{"store does not answer", errors.New("no table"), 2, false, giveBack, 2 * time.Minute},
		{"anything for the last time", errors.New("?"), 10, false, deadLetter, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, wait := judge(tt.err, tt.receives, tt.wrote); got != tt.want || wait != tt.wait {
				t.Errorf("got %d after %s, want %d after %s", got, wait, tt.want, tt.wait)
			}
		})
	}
}

func TestJudgeWaitsForALease(t *testing.T) {
	t.Parallel()
	leased := &ledger.LeasedError{Until: time.Now().Add(time.Hour)}
	if got, wait := judge(leased, 9, false); got != giveBack || wait < 59*time.Minute {
		t.Errorf("got %d after %s, want it given back for an hour", got, wait)
	}
	if got, wait := judge(leased, 10, false); got != continueLater || wait != time.Second {
		t.Errorf("the last delivery: got %d after %s, want it sent to the tail", got, wait)
	}
}

// The waits of all deliveries together outlast an outage of two hours.
func TestAMessageOutlastsAnOutageOfTwoHours(t *testing.T) {
	t.Parallel()
	var all time.Duration
	for receives := 1; receives < MaxReceives; receives++ {
		_, wait := judge(errors.New("down"), receives, false)
		all += wait
	}
	if all < 2*time.Hour {
		t.Errorf("a message waits for %s in all", all)
	}
}
