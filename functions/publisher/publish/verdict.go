package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"notionrelay/shared/ledger"
	"notionrelay/shared/metrics"
	"notionrelay/shared/notion"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
)

// verdict is what becomes of a message after a delivery.
type verdict int

const (
	acknowledge   verdict = iota + 1 // the queue may forget it
	continueLater                    // the rest goes to the tail of the queue
	giveBack                         // it stays at the head and is delivered again after a wait
	deadLetter                       // it can never succeed
)

// errTooEarly ends a delivery whose run is not as far yet.
var errTooEarly = errors.New("the run's earlier pages are not written yet")

// errPartMissing ends a delivery whose earlier part will not be written.
var errPartMissing = errors.New("an earlier part of the quotes is missing")

// errDefect ends a delivery that found a mistake of this program.
var errDefect = errors.New("the publisher has a defect")

// abandoned says of a run that nobody works on it any more: its message has gone
// to the dead letters without a word, as SQS sends it there when its process
// dies at every delivery. Should it still come, the run goes on.
var abandoned = runs.Failure{
	Kind: string(queue.Publish), Code: codeAbandoned,
	Message: "Its pages stopped being written. Look for the report in the dead-letter queue and redrive it.",
}

// judge decides from the error of a delivery, nil included, from how often the
// message has been received, and from whether the delivery wrote anything.
func judge(err error, receives int, wrote bool) (verdict, time.Duration) {
	leased, isLeased := errors.AsType[*ledger.LeasedError](err)
	unsettled, isUnsettled := errors.AsType[*ledger.UnsettledError](err)
	postponed, isPostponed := errors.AsType[*notion.PostponedError](err)
	_, hasReason := reasonOf(err)
	switch {
	case err == nil:
		return acknowledge, 0
	case (isLeased || errors.Is(err, runs.ErrStale)) && receives >= MaxReceives:
		return continueLater, time.Second // a new message has all its deliveries before it
	case isLeased:
		return giveBack, max(time.Second, time.Until(leased.Until))
	case errors.Is(err, runs.ErrStale):
		return giveBack, time.Second // its new owner's lease will be seen
	case errors.Is(err, ledger.ErrSliceOver):
		return continueLater, 0
	case errors.Is(err, errTooEarly):
		return continueLater, time.Second // an otherwise empty queue would bring it back at once
	case isUnsettled:
		return continueLater, min(max(0, time.Until(unsettled.Until)), 5*time.Second) // others go on meanwhile
	case isPostponed && postponed.Cause == nil && wrote:
		return continueLater, 0 // the time is over, not Notion's patience
	case isPostponed && postponed.Cause == nil:
		return afterPatience(postponed.Wait, receives)
	case isPostponed:
		return afterPatience(max(postponed.Wait, outageWait(receives)), receives)
	case hasReason, isPermanent(err):
		return deadLetter, 0
	}
	return afterPatience(outageWait(receives), receives)
}

// reasons are what a report can fail of besides what Notion says, in words that
// an operator can act on.
var reasons = []reason{
	{queue.ErrUnreadable, "unreadable_message", "The message is not one that this version can read."},
	{queue.ErrTooLarge, "too_large", "With what is known of its company the report is larger than a message."},
	{errPartMissing, "part_missing", "An earlier part of the quotes was put aside. Redrive them together."},
	{ledger.ErrTrashed, "in_trash", "A page of the report is in Notion's trash. Restore it, then redrive the report."},
	{errDefect, "defect", "The publisher failed in an unforeseen way; its log says where."},
}

type reason struct {
	err           error
	code, message string
}

func reasonOf(err error) (reason, bool) {
	i := slices.IndexFunc(reasons, func(r reason) bool { return errors.Is(err, r.err) })
	if i < 0 {
		return reason{}, false
	}
	return reasons[i], true
}

func isPermanent(err error) bool {
	e, ok := errors.AsType[*notion.Error](err)
	return ok && notion.FateOf(e) == notion.Permanent
}

// afterPatience gives a message back as long as there are deliveries left.
func afterPatience(wait time.Duration, receives int) (verdict, time.Duration) {
	if receives >= MaxReceives {
		return deadLetter, 0
	}
	return giveBack, min(wait, maxVisibility)
}

// maxVisibility is SQS's limit, 12 hours, less the time that a message has
// already been in flight.
const maxVisibility = 11 * time.Hour

// outageWait grows so that an outage of two hours fits into the deliveries
// that a message has: 1, 2, 4, 8, 16, then 30 minutes, two and a half hours in all.
func outageWait(receives int) time.Duration {
	return min(time.Minute<<min(max(receives-1, 0), 10), 30*time.Minute)
}

// continueLater sends the message to the tail of the queue once more; the
// record knows what is done of it. The deduplication id comes from this
// message, so that it is new at every turn, or SQS would drop the message in
// silence, and the same when a crash makes this turn happen twice.
func (d *delivery) continueLater(ctx context.Context, wait time.Duration) error {
	select {
	case <-time.After(wait):
	case <-ctx.Done():
		return ctx.Err()
	}
	d.Log.InfoContext(ctx, "continuing at the tail of the queue")
	err := d.PublishQueue.Send(ctx, queue.Outgoing{Body: d.raw.Body, Group: queue.PublishGroup, DeduplicationID: d.raw.MessageId + "-rest"})
	if err != nil {
		return fmt.Errorf("send the rest of %s: %w", d.message.ReportID, err)
	}
	return nil
}

// giveBack hides the message for the wait. It never settles a message; should
// the queue not answer, the visibility timeout brings the message back.
func (d *delivery) giveBack(ctx context.Context, wait time.Duration, cause error) (settled bool) {
	d.Log.WarnContext(ctx, "message given back", "wait", wait, "receives", d.receives, "error", cause)
	if err := d.PublishQueue.ChangeVisibility(ctx, d.raw.ReceiptHandle, wait.Round(time.Second)); err != nil {
		d.Log.WarnContext(ctx, "visibility was not changed", "error", err)
	}
	return false
}

// deadLetter puts the message aside with its reason and lets the queue go on.
// The record fails after the message is safe; a crash between the two repeats
// both, and the deduplication id keeps the dead letter single.
func (d *delivery) deadLetter(ctx context.Context, cause error) error {
	failure := d.failure(cause)
	err := d.DeadLetters.Send(ctx, queue.Outgoing{
		Body: d.raw.Body, Group: queue.PublishGroup, DeduplicationID: d.raw.MessageId,
		Attributes: attributes(map[string]string{
			"reason": failure.Code + ": " + failure.Message, "step": failure.Step,
			"notionRequestId": failure.NotionRequestID, "reportId": d.message.ReportID,
		}),
	})
	if err != nil {
		return fmt.Errorf("send dead letter of %s: %w", d.message.ReportID, err)
	}
	d.Log.ErrorContext(ctx, "message dead-lettered", "code", failure.Code, "notionRequestId", failure.NotionRequestID, "error", cause)
	d.Metrics.Record(ctx, metrics.Count(metrics.DeadLetters, 1))
	if d.ledger == nil {
		return nil
	}
	d.ledger.Run.UpdatedAt = time.Now()
	d.ledger.Run.Fail(failure)
	return d.ledger.Close(ctx)
}

// failure says why a message was put aside, in words that an operator can act on.
func (d *delivery) failure(cause error) runs.Failure {
	f := runs.Failure{
		Kind: string(d.message.Kind), Part: partOf(d.message),
		Code: codeGaveUp, Message: fmt.Sprintf("It did not succeed in %d deliveries.", d.receives),
	}
	if d.ledger != nil {
		f.Step = d.ledger.Step
	}
	e, fromNotion := errors.AsType[*notion.Error](cause)
	if fromNotion {
		f.NotionRequestID = e.RequestID
	}
	r, known := reasonOf(cause)
	switch {
	case known:
		f.Code, f.Message = r.code, r.message
	case fromNotion && e.Code != "":
		f.Code, f.Message = e.Code, e.Message
	case fromNotion:
		f.Message += " Last of all " + e.Outcome() + "."
	}
	return f
}

// attributes leaves out empty values, which SQS refuses, and shortens long
// ones, so that a full body leaves room for them.
func attributes(all map[string]string) map[string]string {
	for name, value := range all {
		if value == "" {
			delete(all, name)
		} else if len(value) > 500 {
			all[name] = string([]rune(value)[:min(500, len([]rune(value)))])
		}
	}
	return all
}
