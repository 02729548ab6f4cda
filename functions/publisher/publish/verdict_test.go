package publish

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

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
		{"told to wait for an hour, again and again", func() outcome { return outcome{err: told, receives: 5, spent: 2 * patience} }, tail, 0},
		{"told to wait for longer than SQS hides a message", func() outcome {
			return outcome{err: &notion.PostponedError{Wait: 20 * time.Hour, Cause: told.Cause}}
		}, head, 11 * time.Hour},
		{"something is wrong with everyone", func() outcome {
			return outcome{err: wrap(refused), problem: &notion.Problem{}, probeIn: 15 * time.Second, spent: 2 * patience}
		}, head, 15 * time.Second},
		{"a halt", func() outcome { return outcome{err: &haltedError{in(time.Minute)}} }, head, time.Minute},
		{"a halt that is nearly over", func() outcome { return outcome{err: &haltedError{in(0)}} }, head, time.Second},
		{"a halt whose message has been looked at four times", func() outcome { return outcome{err: &haltedError{in(time.Minute)}, receives: 4} }, head, time.Minute},
		{"a halt whose message has been looked at often", func() outcome { return outcome{err: &haltedError{in(time.Minute)}, receives: 5} }, tail, 0},
		{"the record does not answer", func() outcome { return outcome{err: errors.New("no table"), receives: 2} }, head, 4 * time.Second},
		{"nor before a request", func() outcome {
			return outcome{err: &notion.PostponedError{Cause: errors.New("no table")}, receives: 2}
		}, head, 4 * time.Second},
		{"nor at the fifth time", func() outcome { return outcome{err: errors.New("no table"), receives: 5} }, tail, 0},

		{"another process works on the run", func() outcome { return outcome{err: &ledger.LeasedError{Until: in(time.Minute)}, spent: 2 * patience} }, park, time.Minute},
		{"another process has worked on the run", func() outcome { return outcome{err: wrap(runs.ErrStale), spent: 2 * patience} }, park, time.Second},
		{"too early in a young run", func() outcome { return outcome{err: errTooEarly, spent: 2 * patience} }, park, 5 * time.Second},
		{"too early in a run of some minutes", func() outcome { return outcome{err: errTooEarly, age: 8 * time.Minute} }, park, 2 * time.Minute},
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
		{"just within its patience", func() outcome {
			return outcome{err: wrap(outage), attempts: 3, spent: 150*time.Minute - 16*time.Second}
		}, park, 16 * time.Second},

		{"out of patience", func() outcome {
			return outcome{err: wrap(outage), attempts: 3, spent: 150*time.Minute - 15*time.Second}
		}, deadLetter, 0},
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
	if spent < 2*time.Hour || spent > 150*time.Minute {
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

// However often they were tried, a queue and a run are tried again.
func TestPausesGrowToTheirLimit(t *testing.T) {
	t.Parallel()
	const second, minute = time.Second, time.Minute
	for times, want := range map[int]struct{ queue, run, halt time.Duration }{
		0:     {second, second, 15 * second},
		1:     {second, second, 30 * second},
		2:     {4 * second, 4 * second, minute},
		3:     {16 * second, 16 * second, 2 * minute},
		4:     {64 * second, 64 * second, 4 * minute},
		5:     {256 * second, 256 * second, 5 * minute},
		6:     {5 * minute, 15 * minute, 5 * minute},
		1_000: {5 * minute, 15 * minute, 5 * minute},
	} {
		if got := queuePause(times); got != want.queue {
			t.Errorf("after %d deliveries a queue is tried after %s, want %s", times, got, want.queue)
		}
		if got := backoff(times); got != want.run {
			t.Errorf("after %d attempts a run is tried after %s, want %s", times, got, want.run)
		}
		if got := probeAfter(times); got != want.halt {
			t.Errorf("after %d probes of a halt the next comes after %s, want %s", times, got, want.halt)
		}
	}
}

// SQS refuses an empty attribute, and a full body leaves little room.
func TestAttributesAreShortAndNotEmpty(t *testing.T) {
	t.Parallel()
	got := attributes(map[string]string{"empty": "", "fits": strings.Repeat("ä", 500), "long": strings.Repeat("ö", 501)})
	if want := map[string]string{"fits": strings.Repeat("ä", 500), "long": strings.Repeat("ö", 500)}; !maps.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

// TestFailure shows what an operator reads of a message that was put aside.
func TestFailure(t *testing.T) {
	t.Parallel()
	const gaveUp = "It did not get on for two and a half hours."
	for name, tt := range map[string]struct {
		cause                     error
		code, message, remedy, id string
	}{
		"a queue":          {errors.New("no table"), "gave_up", gaveUp, anyRemedy, ""},
		"a reason":         {fmt.Errorf("row: %w", errDefect), "defect", "The publisher failed in an unforeseen way; its log says where.", "Report it, and redrive the report when it is mended.", ""},
		"a refusal":        {&notion.Error{Status: 400, Code: "validation_error", Message: "No such thing.", RequestID: "r"}, "validation_error", "No such thing.", remedies["validation_error"], "r"},
		"another refusal":  {&notion.Error{Status: 400, Code: "other", RequestID: "r"}, "other", "Notion answered 400 other.", anyRemedy, "r"},
		"an access denied": {&notion.Error{Status: 403, Reason: "public_api_request_blocked"}, "gave_up", "Notion answered 403 without saying why.", anyRemedy, ""},
		"an outage":        {&notion.Error{Status: 503, Code: "service_unavailable", RequestID: "r"}, "gave_up", gaveUp + " Last of all Notion answered 503 service_unavailable.", anyRemedy, "r"},
		"a page in the trash": {
			errors.Join(ledger.ErrTrashed, &notion.Error{Status: 400, Code: "validation_error", RequestID: "r"}),
			"in_trash", "A page of the report is in Notion's trash.", "Restore it, then redrive the report.", "r",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &delivery{message: queue.Message{Kind: queue.Quotes, Quotes: &queue.QuotesPart{Offset: 10}}, ledger: &ledger.Ledger{Step: "quotes"}}
			d.raw.MessageId = "m"
			want := runs.Failure{Kind: "quotes", Part: 10, MessageID: "m", Step: "quotes", Code: tt.code, Message: tt.message, Remedy: tt.remedy, NotionRequestID: tt.id}
			if diff := cmp.Diff(want, d.failure(tt.cause)); diff != "" {
				t.Errorf("failure (-want +got):\n%s", diff)
			}
		})
	}
}
