package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"notionrelay/shared/ledger"
	"notionrelay/shared/metrics"
	"notionrelay/shared/notion"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
)

// verdict is what becomes of a message after a delivery.
type verdict int

const (
	acknowledge verdict = iota + 1 // the queue may forget it
	tail                           // it goes to the tail of the queue
	park                           // it waits off the queue, and comes back at its tail
	head                           // it stays at the head, and everybody waits
	deadLetter                     // it can never succeed
)

// outcome is what a delivery has ended with, as far as the verdict depends on it.
type outcome struct {
	err     error           // nil: all that was due is done
	problem *notion.Problem // what is wrong with everyone, where the error comes of that
	wrote   bool            // at least one request was made

	receives int           // of this message by the queue
	attempts int           // to get on, in a row, that came to nothing
	spent    time.Duration // of the message's patience
	probeIn  time.Duration // until the next probe where there is a halt; else 0
	age      time.Duration // of the run
}

// errTooEarly ends a delivery whose run is not as far yet.
var errTooEarly = errors.New("what has to be there before is not written yet")

// errPartMissing ends a delivery whose earlier part will not be written.
var errPartMissing = errors.New("an earlier part is missing")

// errDefect ends a delivery that found a mistake of this program.
var errDefect = errors.New("the publisher has a defect")

// errProcessDied ends the last delivery of a message at which the process has died
// every time.
var errProcessDied = errors.New("the process died at this message")

// notYetError says that the run is waited out until then.
type notYetError struct{ until time.Time }

func (e *notYetError) Error() string {
	return "the run waits until " + e.until.UTC().Format(time.RFC3339)
}

// haltedError says that nothing is written until then.
type haltedError struct{ until time.Time }

func (e *haltedError) Error() string { return "halted until " + e.until.UTC().Format(time.RFC3339) }

// newMessageAt is the delivery after which a message that stays at the head is sent
// anew: SQS's count begins again with it. So the count is used up only by
// processes that die before they come to a verdict.
const newMessageAt = 5

// judge decides what becomes of a message. How long is the pause before it is
// delivered again, where that is not at once.
func judge(o outcome) (_ verdict, pause time.Duration) {
	v, pause := place(o)
	switch {
	case v == park && isCharged(o.err) && o.spent+pause > patience:
		return deadLetter, 0
	case v == head && o.receives >= newMessageAt:
		return tail, 0
	}
	return v, pause
}

// place finds where a message waits, by whose wait it is.
func place(o outcome) (_ verdict, pause time.Duration) {
	postponed, isPostponed := errors.AsType[*notion.PostponedError](o.err)
	fromNotion, isFromNotion := errors.AsType[*notion.Error](o.err)
	_, hasReason := reasonOf(o.err)
	switch until, reached := untilOf(o.err); {
	case o.err == nil:
		return acknowledge, 0
	case o.problem != nil:
		return head, max(time.Second, o.probeIn)
	case reached != 0:
		return reached, max(time.Second, time.Until(until))
	case errors.Is(o.err, runs.ErrStale):
		return park, time.Second // its new owner's lease will be seen
	case errors.Is(o.err, ledger.ErrSliceOver):
		return tail, 0
	case errors.Is(o.err, errTooEarly):
		return park, min(max(o.age/4, 5*time.Second), 5*time.Minute)
	case isPostponed && postponed.Cause == nil && o.wrote:
		return tail, 0 // the time is over, not Notion's patience
	case isPostponed && (postponed.Cause == nil || notion.IsRateLimit(o.err)):
		return head, min(max(time.Second, postponed.Wait), maxVisibility)
	case isPostponed && isFromNotion:
		return park, max(o.probeIn, backoff(o.attempts))
	case hasReason, isFromNotion && notion.FateOf(fromNotion) == notion.Permanent:
		return deadLetter, 0
	case isFromNotion:
		return park, max(o.probeIn, backoff(o.attempts))
	}
	return head, queuePause(o.receives)
}

// queuePause is how long a message stays at the head because a queue or the record
// does not answer: it grows to five minutes.
func queuePause(receives int) time.Duration {
	return min(time.Second<<min(2*max(receives-1, 0), 10), 5*time.Minute)
}

// untilOf is until when an error says to wait, and where.
func untilOf(err error) (until time.Time, where verdict) {
	if e, ok := errors.AsType[*haltedError](err); ok {
		return e.until, head
	}
	if e, ok := errors.AsType[*notYetError](err); ok {
		return e.until, park
	}
	if e, ok := errors.AsType[*ledger.LeasedError](err); ok {
		return e.Until, park
	}
	if e, ok := errors.AsType[*ledger.UnsettledError](err); ok {
		return e.Until, park
	}
	return until, 0
}

// isCharged tells whether the wait for an error uses patience: an attempt has been
// made, and came to nothing.
func isCharged(err error) bool {
	_, fromNotion := errors.AsType[*notion.Error](err)
	_, unsettled := errors.AsType[*ledger.UnsettledError](err)
	return fromNotion || unsettled
}

// reasonToWait says to a person why a run waits.
func reasonToWait(err error) string {
	reason := "its last request may still take effect"
	if e, ok := errors.AsType[*notion.Error](err); ok {
		reason = e.Outcome()
	}
	return sentence(reason)
}

// sentence makes a sentence of what an error says.
func sentence(words string) string {
	first, size := utf8.DecodeRuneInString(words)
	return string(unicode.ToUpper(first)) + words[size:] + "."
}

// reasons are what a report can fail of besides what Notion says, in words that
// an operator can act on.
var reasons = []reason{
	{queue.ErrUnreadable, "unreadable_message", "The message is not one that this version can read.", "Deploy the version that wrote it and redrive it, or send the report again."},
	{queue.ErrTooLarge, "too_large", "With what is known of its company the report is larger than a message.", "Shorten the report or the account's description, and send it again."},
	{errPartMissing, "part_missing", "An earlier part of the report was put aside, or was never written.", "Redrive them together."},
	{errProcessDied, "process_died", "The publisher's process died at this message every time, most likely for lack of memory.", "Give the function more memory and redrive it, or shorten the report."},
	{ledger.ErrTrashed, "in_trash", "A page of the report is in Notion's trash.", "Restore it, then redrive the report."},
	{errDefect, "defect", "The publisher failed in an unforeseen way; its log says where.", "Report it, and redrive the report when it is mended."},
}

type reason struct {
	err                   error
	code, message, remedy string
}

// remedies are what helps against what Notion refuses, by its code.
var remedies = map[string]string{
	"validation_error":   "Mend what the message names, then redrive the report.",
	"object_not_found":   "Share the page again with the integration or restore it, then redrive the report.",
	"row_limit_exceeded": "Make room in the database, then redrive the report.",
}

// anyRemedy is for what has none of its own.
const anyRemedy = "Mend what the message names last, then redrive the report."

func reasonOf(err error) (reason, bool) {
	i := slices.IndexFunc(reasons, func(r reason) bool { return errors.Is(err, r.err) })
	if i < 0 {
		return reason{}, false
	}
	return reasons[i], true
}

// maxVisibility is SQS's limit, 12 hours, less the time that a message has
// already been in flight.
const maxVisibility = 11 * time.Hour

// carryOut does with the message what was decided, and tells whether the queue may
// forget it.
func (d *delivery) carryOut(ctx context.Context, v verdict, pause time.Duration, o outcome) (settled bool, err error) {
	switch v {
	case acknowledge:
		return true, nil
	case tail:
		return true, d.sendToTail(ctx)
	case park:
		return true, d.park(ctx, pause, o.err)
	case deadLetter:
		return true, d.deadLetter(ctx, o.err)
	}
	d.Log.WarnContext(ctx, "message stays at the head", "wait", pause, "receives", d.receives, "error", o.err)
	if err := d.PublishQueue.ChangeVisibility(ctx, d.raw.ReceiptHandle, pause.Round(time.Second)); err != nil {
		d.Log.WarnContext(ctx, "visibility was not changed", "error", err) // its timeout brings the message back
	}
	return false, nil
}

// sendToTail sends the message to the tail of the queue once more; the record
// knows what is done of it. The deduplication id comes from this message, so that
// it is new at every turn, or SQS would drop the message in silence, and the same
// when a crash makes this turn happen twice.
func (d *delivery) sendToTail(ctx context.Context) error {
	err := d.PublishQueue.Send(ctx, queue.Outgoing{Body: d.raw.Body, Group: queue.PublishGroup, DeduplicationID: d.raw.MessageId + "-rest"})
	if err != nil {
		return fmt.Errorf("send the rest of %s: %w", d.message.ReportID, err)
	}
	d.Log.DebugContext(ctx, "message goes on at the tail")
	return nil
}

// park lets the message wait off the queue. A crash behind it makes two
// messages of one, which does no harm: the record decides what is due with each.
func (d *delivery) park(ctx context.Context, pause time.Duration, cause error) error {
	pause = min((pause + time.Second - 1).Truncate(time.Second), maxDelay)
	if err := d.WaitingQueue.Send(ctx, queue.Outgoing{Body: d.raw.Body, Delay: pause}); err != nil {
		return fmt.Errorf("let %s wait: %w", d.message.ReportID, err)
	}
	d.Log.InfoContext(ctx, "waiting", "wait", pause, "error", cause)
	return nil
}

// deadLetter puts the message aside with its reason and lets the queue go on.
// The record fails after the message is safe; a crash between the two repeats
// both, and the deduplication id keeps the dead letter single.
func (d *delivery) deadLetter(ctx context.Context, cause error) error {
	failure := d.failure(cause)
	err := d.DeadLetters.Send(ctx, queue.Outgoing{
		Body: d.raw.Body, Group: queue.PublishGroup, DeduplicationID: d.raw.MessageId,
		Attributes: attributes(map[string]string{
			"reason": failure.Code + ": " + failure.Unquoted(), "step": failure.Step,
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
		Kind: string(d.message.Kind), Part: partOf(d.message), MessageID: d.raw.MessageId,
		Code: codeGaveUp, Message: "It did not get on for two and a half hours.",
	}
	if d.ledger != nil {
		f.Step = d.ledger.Step
	}
	e, fromNotion := errors.AsType[*notion.Error](cause)
	if fromNotion {
		f.NotionRequestID = e.RequestID
	}
	r, known := reasonOf(cause)
	f.Remedy = anyRemedy
	switch {
	case known:
		f.Code, f.Message, f.Remedy = r.code, r.message, r.remedy
	case fromNotion && notion.FateOf(e) == notion.Permanent:
		f.Code, f.Message = cmp.Or(e.Code, f.Code), cmp.Or(e.Message, sentence(e.Outcome()))
		f.Remedy = cmp.Or(remedies[e.Code], anyRemedy)
	case fromNotion:
		f.Message += " Last of all " + e.Outcome() + "."
	}
	return f
}

// attributes leaves out empty values, which SQS refuses, and shortens long
// ones, so that a full body leaves room for them.
func attributes(all map[string]string) map[string]string {
	for name, value := range all {
		if all[name] = beginning(value, 500); value == "" {
			delete(all, name)
		}
	}
	return all
}
