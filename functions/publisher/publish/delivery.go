package publish

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"notionrelay/shared/ledger"
	"notionrelay/shared/logs"
	"notionrelay/shared/notion"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
	"notionrelay/shared/xray"
)

// sliceTime is how long one delivery writes before it lets other reports in.
const sliceTime = 15 * time.Second

// closingTime is kept back from the function's deadline for the last saves
// and for the queue.
const closingTime = 5 * time.Second

// delivery is one message on its way through the publisher.
type delivery struct {
	*Publisher

	raw         events.SQSMessage
	receives    int
	hiddenUntil time.Time

	message queue.Message
	found   runs.Run       // the record as it was read
	ledger  *ledger.Ledger // of the record; nil until it was read
}

func newDelivery(p *Publisher, m events.SQSMessage) *delivery {
	return &delivery{Publisher: p, raw: m, receives: queue.Receives(m)}
}

// settle works on the message and tells whether the queue may forget it.
func (d *delivery) settle(ctx context.Context) bool {
	ctx = logs.Begin(ctx)
	logs.Set(ctx, "messageId", d.raw.MessageId)
	logs.Set(ctx, "sentInTrace", xray.ID(d.raw.Attributes["AWSTraceHeader"]))
	defer d.measure(ctx)
	d.hide(ctx)
	err := d.work(ctx)
	switch verdict, wait := judge(err, d.receives, d.wrote()); verdict {
	case acknowledge:
		return true
	case continueLater:
		err = d.continueLater(ctx, wait)
	case deadLetter:
		err = d.deadLetter(ctx, err)
	case giveBack:
		return d.giveBack(ctx, wait, err)
	}
	if err != nil {
		return d.giveBack(ctx, time.Second, err)
	}
	return true
}

// hiddenFor is how long the message stays hidden from others, from each request
// on: a process that dies costs no more than that, not the queue's much longer
// visibility timeout.
const hiddenFor = notion.LateEffect + 25*time.Second

// hide keeps the message hidden while a request is made. It does so again when
// what is left would not outlast another one.
func (d *delivery) hide(ctx context.Context) {
	if time.Until(d.hiddenUntil) > notion.LateEffect+5*time.Second {
		return
	}
	if err := d.PublishQueue.ChangeVisibility(ctx, d.raw.ReceiptHandle, hiddenFor); err != nil {
		d.Log.WarnContext(ctx, "visibility was not changed", "error", err)
		return
	}
	d.hiddenUntil = time.Now().Add(hiddenFor)
}

// work reads the message and does what is due. A panic would come again at
// every delivery, and hold up the queue; it is an error as any other.
func (d *delivery) work(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			d.Log.ErrorContext(ctx, "panic", "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			err = errDefect
		}
	}()
	if d.message, err = queue.Decode(d.raw.Body); err != nil {
		return err
	}
	logs.Set(ctx, "reportId", d.message.ReportID)
	logs.Set(ctx, "kind", string(d.message.Kind))
	if !hasContent(d.message) {
		return fmt.Errorf("publish %s: a message of kind %q without its content: %w", d.message.ReportID, d.message.Kind, queue.ErrUnreadable)
	}
	if err := d.open(ctx); err != nil {
		return err
	}
	switch due, why := dueWith(d.message, d.found, time.Now()); due {
	case drop:
		d.Log.InfoContext(ctx, "message dropped", "why", why)
		return nil
	case tooEarly:
		return errTooEarly
	case missing:
		return errPartMissing
	case abandon:
		d.Log.ErrorContext(ctx, "message dropped", "why", why)
		d.ledger.Run.Fail(abandoned)
		return d.ledger.Save(ctx)
	}
	return d.write(ctx)
}

// hasContent tells whether the message has what its kind needs.
func hasContent(m queue.Message) bool {
	switch m.Kind {
	case queue.Publish:
		return m.Payload != nil
	case queue.Texts:
		return m.Texts != nil
	case queue.Quotes:
		return m.Quotes != nil && m.Subject != nil
	}
	return false
}

// open reads the record. The webhook has written it; should it be gone, the
// message holds all that it takes to begin again.
func (d *delivery) open(ctx context.Context) error {
	record := runs.Run{ReportID: d.message.ReportID, Status: runs.Queued, AcceptedAt: sentAt(d.raw), UpdatedAt: time.Now()}
	if p := d.message.Payload; p != nil {
		record.ResearchRunID, record.Fingerprint = p.RunID, p.Fingerprint()
	} else { // there is no base to wait for any more
		record.Fail(runs.Failure{Kind: string(queue.Publish), Code: codeRecordLost, Message: "The record of the report is gone. Send the report again."})
	}
	run, created, err := d.Runs.Create(ctx, record)
	if err != nil {
		return fmt.Errorf("open run %s: %w", d.message.ReportID, err)
	}
	if created {
		d.Log.WarnContext(ctx, "record was missing and has been made again")
	}
	logs.Set(ctx, "runId", run.ResearchRunID)
	d.found = run
	d.ledger = &ledger.Ledger{
		Run: &run, Store: d.Runs, Notion: d.Notion, Owner: d.Owner, Log: d.Log,
		Slice: sliceTime, Stop: d.Stop, Renew: d.hide,
	}
	return nil
}

// write writes what the message brings, and gives the run the state that this
// has left it in.
func (d *delivery) write(ctx context.Context) error {
	if err := d.ledger.Begin(); err != nil {
		return err
	}
	d.begin()
	workCtx := ctx
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		workCtx, cancel = context.WithDeadline(ctx, deadline.Add(-closingTime))
		defer cancel()
	}
	var err error
	switch d.message.Kind {
	case queue.Publish:
		err = d.writeBase(workCtx)
	case queue.Texts:
		err = writeTexts(workCtx, d.ledger, d.message)
	case queue.Quotes:
		err = writeQuotes(workCtx, d.ledger, d.message)
	}
	d.conclude(err)
	return errors.Join(err, d.ledger.Close(ctx))
}

// begin notes down that the message is worked on. One that had failed was
// redriven.
func (d *delivery) begin() {
	run := d.ledger.Run
	kind, part := string(d.message.Kind), partOf(d.message)
	if run.Failed(kind, part) != nil {
		run.Mend(kind, part)
		run.EndedAt = time.Time{}
		run.EnricherAskedAt = time.Time{} // what had come for it was dropped
	}
	if run.PublishedAt.IsZero() {
		run.Status = runs.Publishing
	}
	run.Counts.Deliveries++
}

// conclude gives the run the state that its steps and the delivery's error have
// left it in.
func (d *delivery) conclude(err error) {
	run, now := d.ledger.Run, time.Now()
	if v, _ := judge(err, d.receives, d.wrote()); v == giveBack {
		run.Counts.Waits++
	}
	if d.message.Kind == queue.Publish && err == nil {
		run.PublishedAt = now
	}
	switch {
	case len(run.Failures) > 0:
		run.Status = runs.Failed
	case run.PublishedAt.IsZero():
	case run.AllFinished():
		run.Status, run.EndedAt = runs.Complete, now
	default:
		run.Status = runs.Published
	}
}

func (d *delivery) wrote() bool { return d.ledger != nil && d.ledger.Wrote }

func sentAt(m events.SQSMessage) time.Time {
	milliseconds, err := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64)
	if err != nil {
		return time.Now()
	}
	return time.UnixMilli(milliseconds)
}
