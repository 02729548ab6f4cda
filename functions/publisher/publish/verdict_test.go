package publish

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"notionrelay/shared/ledger"
	"notionrelay/shared/notion"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	wrap := func(err error) error { return fmt.Errorf("step row of run rep_1: %w", err) }
	in := func(d time.Duration) time.Time { return time.Now().Add(d) }
	refused := &notion.Error{Status: 400, Code: "validation_error"}
	outage := &notion.PostponedError{Wait: 8 * time.Second, Cause: &notion.Error{Status: 503}}
	told := &notion.PostponedError{Wait: time.Hour, Cause: &notion.Error{Status: 429, Code: "rate_limited"}}
	noTime := &notion.PostponedError{}
	open := func(d time.Duration) error {
		return wrap(&ledger.UnsettledError{Until: in(d), Cause: &notion.Error{Status: 502}})
	}
	tests := []struct {
		name    string
		outcome func() outcome // made when its time has come
		want    verdict
		pause   time.Duration
	}{
		{"done", func() outcome { return outcome{wrote: true} }, acknowledge, 0},
		{"slice over", func() outcome { return outcome{err: wrap(ledger.ErrSliceOver), wrote: true} }, tail, 0},
		{"time over after writing", func() outcome { return outcome{err: noTime, wrote: true} }, tail, 0},

		{"time over before writing", func() outcome { return outcome{err: noTime} }, head, time.Second},
		{"told to wait for an hour", func() outcome { return outcome{err: told, wrote: true} }, head, time.Hour},
		{"told to wait for an hour, again and again", func() outcome { return outcome{err: told, receives: newMessageAt, spent: 2 * patience} }, tail, 0},
		{"something is wrong with everyone", func() outcome {
			return outcome{err: wrap(refused), problem: &notion.Problem{}, probeIn: 15 * time.Second, spent: 2 * patience}
		}, head, 15 * time.Second},
		{"a halt", func() outcome { return outcome{err: &haltedError{in(time.Minute)}} }, head, time.Minute},
		{"a halt whose message has been looked at often", func() outcome { return outcome{err: &haltedError{in(time.Minute)}, receives: newMessageAt} }, tail, 0},
		{"the record does not answer", func() outcome { return outcome{err: errors.New("no table"), receives: 2} }, head, 4 * time.Second},
		{"nor at the fifth time", func() outcome { return outcome{err: errors.New("no table"), receives: newMessageAt} }, tail, 0},

		{"another process works on the run", func() outcome { return outcome{err: &ledger.LeasedError{Until: in(time.Minute)}, spent: 2 * patience} }, park, time.Minute},
		{"another process has worked on the run", func() outcome { return outcome{err: wrap(runs.ErrStale), spent: 2 * patience} }, park, time.Second},
		{"too early in a young run", func() outcome { return outcome{err: errTooEarly, spent: 2 * patience} }, park, 5 * time.Second},
		{"too early in an old run", func() outcome { return outcome{err: errTooEarly, age: time.Hour} }, park, 5 * time.Minute},
		{"the run waits", func() outcome { return outcome{err: &notYetError{in(time.Hour)}, spent: 2 * patience} }, park, time.Hour},
		{"a request may still take effect", func() outcome { return outcome{err: open(40 * time.Second), wrote: true} }, park, 40 * time.Second},
		{"first failure of a run", func() outcome { return outcome{err: wrap(outage), attempts: 1} }, park, time.Second},
		{"fourth failure of a run", func() outcome { return outcome{err: wrap(outage), attempts: 4, receives: 9} }, park, 64 * time.Second},
		{"sixth failure of a run", func() outcome { return outcome{err: wrap(outage), attempts: 6} }, park, 15 * time.Minute},
		{"a page that was just made is still unknown", func() outcome {
			return outcome{err: wrap(&notion.PostponedError{Cause: &notion.Error{Status: 404, Code: "object_not_found"}}), attempts: 1}
		}, park, time.Second},
		{"failure of a probe", func() outcome { return outcome{err: wrap(outage), attempts: 1, probeIn: time.Minute} }, park, time.Minute},
		{"just within its patience", func() outcome { return outcome{err: wrap(outage), attempts: 3, spent: patience - 16*time.Second} }, park, 16 * time.Second},

		{"out of patience", func() outcome { return outcome{err: wrap(outage), attempts: 3, spent: patience - 15*time.Second} }, deadLetter, 0},
		{"out of patience with requests that may take effect", func() outcome { return outcome{err: open(time.Minute), spent: patience} }, deadLetter, 0},
		{"unreadable", func() outcome { return outcome{err: wrap(queue.ErrUnreadable)} }, deadLetter, 0},
		{"refused for ever", func() outcome { return outcome{err: wrap(refused), wrote: true} }, deadLetter, 0},
		{"refused for ever, and the record could not be closed", func() outcome { return outcome{err: errors.Join(refused, errors.New("no table"))} }, deadLetter, 0},
		{"an earlier part put aside", func() outcome { return outcome{err: errPartMissing} }, deadLetter, 0},
		{"larger than a message", func() outcome { return outcome{err: wrap(queue.ErrTooLarge)} }, deadLetter, 0},
		{"page in the trash", func() outcome { return outcome{err: errors.Join(ledger.ErrTrashed, refused)} }, deadLetter, 0},
		{"panic", func() outcome { return outcome{err: errDefect} }, deadLetter, 0},
		{"processes that died", func() outcome { return outcome{err: errProcessDied, receives: MaxReceives} }, deadLetter, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				if got, pause := judge(tt.outcome()); got != tt.want || pause != tt.pause {
					t.Errorf("got %d after %s, want %d after %s", got, pause, tt.want, tt.pause)
				}
			})
		})
	}
}

// The waits of a run together outlast an outage of two hours, and end.
func TestAMessageIsTriedForTwoAndAHalfHours(t *testing.T) {
	t.Parallel()
	outage := &notion.PostponedError{Cause: &notion.Error{Status: 503}}
	var spent time.Duration
	for attempt := 1; ; attempt++ {
		v, pause := judge(outcome{err: outage, attempts: attempt, spent: spent})
		if v == deadLetter {
			break
		}
		spent += pause
	}
	if spent < 2*time.Hour || spent > patience {
		t.Errorf("a message waits for %s in all", spent)
	}
}

// However long a queue or the record does not answer, or a halt lasts, a message is
// never delivered so often that its process counts as dead.
func TestWaitingAtTheHeadDoesNotUseUpTheDeliveries(t *testing.T) {
	t.Parallel()
	for _, err := range []error{errors.New("no table"), &haltedError{time.Now().Add(time.Hour)}, &notion.PostponedError{Wait: time.Hour}} {
		receives := 1
		for ; receives < MaxReceives; receives++ {
			if v, _ := judge(outcome{err: err, receives: receives}); v == tail {
				break
			}
		}
		if receives >= MaxReceives {
			t.Errorf("%v: still at the head in delivery %d", err, receives)
		}
	}
}
