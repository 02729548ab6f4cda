package publish

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"notionrelay/shared/ledger"
	"notionrelay/shared/logs"
	"notionrelay/shared/metrics"
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
	started     time.Time
	hiddenUntil time.Time
	yieldAsked  time.Time // when someoneWaits was asked last

	message queue.Message
	found   runs.Run       // the record as it was read
	ledger  *ledger.Ledger // of the record; nil until it was read
}

func newDelivery(p *Publisher, m events.SQSMessage) *delivery {
	now := time.Now()
	return &delivery{Publisher: p, raw: m, receives: queue.Receives(m), started: now, yieldAsked: now}
}

// settle works on the message and tells whether the queue may forget it.
func (d *delivery) settle(ctx context.Context) bool {
	ctx = logs.Begin(ctx)
	logs.Set(ctx, "messageId", d.raw.MessageId)
	logs.Set(ctx, "sentInTrace", xray.ID(d.raw.Attributes["AWSTraceHeader"]))
	defer d.measure(ctx)
	d.hide(ctx)
	o := d.work(ctx)
	refused := o.problem != nil && o.problem.Code == notion.TokenRefused
	verdict, pause := judge(o)
	settled, err := d.carryOut(ctx, verdict, pause, o)
	if err != nil { // a queue or the record did not answer
		o.err, o.problem = err, nil
		if verdict, pause = judge(o); verdict != tail {
			verdict = head
		}
		if settled, err = d.carryOut(ctx, verdict, pause, o); err != nil {
			settled, _ = d.carryOut(ctx, head, queuePause(d.receives), o)
		}
	}
	// A message that has gone to the tail is still to be deleted by the event source.
	if refused && !settled && d.Exit != nil {
		d.Exit()
	}
	return settled
}

// hiddenFor is how long the message stays hidden from others, from each request
// on: a process that dies costs no more than that, not the queue's much longer
// visibility timeout.
const hiddenFor = notion.LateEffect + 25*time.Second

// hide keeps the message hidden while a request is made, reads included. It does
// so again when what is left would not outlast another one.
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
func (d *delivery) work(ctx context.Context) (o outcome) {
	defer func() {
		if p := recover(); p != nil {
			d.Log.ErrorContext(ctx, "panic", "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			o = outcome{err: errDefect}
		}
		o.receives = d.receives
	}()
	if d.paused(ctx) {
		return outcome{err: &haltedError{time.Now().Add(pauseTime)}}
	}
	if err := d.open(ctx); err != nil {
		return outcome{err: err}
	}
	if d.receives >= MaxReceives {
		return outcome{err: errProcessDied}
	}
	switch due, why := dueWith(d.message, d.raw.MessageId, d.found, time.Now()); due {
	case drop:
		d.Log.InfoContext(ctx, "message dropped", "why", why)
		return outcome{}
	case tooEarly:
		return outcome{err: errTooEarly, age: time.Since(d.found.AcceptedAt)}
	case waiting:
		return outcome{err: &notYetError{d.found.Waiting(string(d.message.Kind), partOf(d.message)).Next}}
	case missing:
		return outcome{err: errPartMissing}
	}
	if d.letsPass(ctx) {
		return outcome{err: ledger.ErrSliceOver}
	}
	return d.write(ctx)
}

// hasContent tells whether the message has what its kind needs.
func hasContent(m queue.Message) bool {
	switch m.Kind {
	case queue.Publish, queue.Settle:
		return m.Payload != nil
	case queue.Texts:
		return m.Texts != nil
	case queue.Quotes:
		return m.Quotes != nil && m.Subject != nil
	}
	return false
}

// open reads the message and its record.
func (d *delivery) open(ctx context.Context) (err error) {
	if d.message, err = queue.Decode(d.raw.Body); err != nil {
		return err
	}
	logs.Set(ctx, "reportId", d.message.ReportID)
	logs.Set(ctx, "kind", string(d.message.Kind))
	if !hasContent(d.message) {
		return fmt.Errorf("publish %s: a message of kind %q without its content: %w", d.message.ReportID, d.message.Kind, queue.ErrUnreadable)
	}
	run, err := d.record(ctx)
	if err != nil {
		return fmt.Errorf("open run %s: %w", d.message.ReportID, err)
	}
	logs.Set(ctx, "runId", run.ResearchRunID)
	d.found = run
	run.Waits = slices.Clone(run.Waits)
	d.ledger = &ledger.Ledger{
		Run: &run, Store: d.Runs, Notion: d.Notion, Owner: d.Owner, Log: d.Log,
		Slice: sliceTime, Stop: d.Stop,
		Progress: func() { run.GoOn(string(d.message.Kind), partOf(d.message)) },
	}
	return nil
}

// record reads the record, which the webhook has written. Should it be gone, it is
// made again. A publish message holds all that it takes to begin anew; anything else
// belongs behind base pages, and finds that there are none to wait for.
func (d *delivery) record(ctx context.Context) (runs.Run, error) {
	lost := runs.Run{ReportID: d.message.ReportID, Status: runs.Queued, AcceptedAt: sentAt(d.raw), UpdatedAt: time.Now()}
	if p := d.message.Payload; p != nil {
		lost.ResearchRunID, lost.Fingerprint = p.RunID, p.Fingerprint()
	}
	if d.message.Kind != queue.Publish {
		lost.Fail(runs.Failure{Kind: string(queue.Publish), Code: codeRecordLost, Message: "The record of the report is gone.", Remedy: "Send the report again."})
	}
	run, created, err := d.Runs.Create(ctx, lost)
	if err != nil {
		return run, err
	}
	if created {
		d.Log.WarnContext(ctx, "record was missing and has been made again", "status", run.Status)
	}
	if created && run.Status == runs.Failed {
		d.Metrics.Record(ctx, metrics.Count(metrics.RunsFailed, 1))
	}
	if run.Fingerprint == "" { // it was made again of a message without the report
		run.ResearchRunID, run.Fingerprint = lost.ResearchRunID, lost.Fingerprint
	}
	return run, nil
}

// write writes what the message brings, unless there is a halt, and gives the run
// the state that this has left it in.
func (d *delivery) write(ctx context.Context) outcome {
	if err := d.ledger.Begin(); err != nil {
		return outcome{err: err}
	}
	ctx = notion.WithStop(notion.WithBefore(ctx, d.hide), d.Stop)
	halt := d.halt(ctx)
	if o, held := d.holdBack(ctx, halt); held {
		return o
	}
	d.begin(ctx)
	err := d.writeKind(ctx)
	s := d.signOf(ctx, err, halt.Halted())
	d.setHalt(ctx, d.message.ReportID, s)
	o := d.conclude(err, s, halt.Halted() || d.halts.now.Halted())
	if err := d.ledger.Close(ctx); err != nil {
		o.err = errors.Join(o.err, err)
	}
	return o
}

// holdBack keeps a message from being written during a halt. A halt that is only
// suspected holds back those that have failed themselves, off the queue: whether
// another run gets on is just what is to be found out.
func (d *delivery) holdBack(ctx context.Context, halt runs.Halt) (o outcome, held bool) {
	suspected := halt.Code == NotionFailing
	failed := d.found.Waiting(string(d.message.Kind), partOf(d.message)) != nil
	switch early := time.Now().Before(halt.Next); {
	case !halt.Halted(), suspected && !failed:
		return outcome{}, false
	case suspected && early:
		return outcome{err: &notYetError{halt.Next}}, true
	case early:
		return outcome{err: &haltedError{halt.Next}}, true
	}
	if p := d.inspect(ctx); p != nil {
		d.setHalt(ctx, d.message.ReportID, sign{problem: p})
		return outcome{err: &haltedError{d.halts.now.Next}, problem: p}, true
	}
	return outcome{}, false
}

// writeKind leaves time for what comes behind the writing.
func (d *delivery) writeKind(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-closingTime))
		defer cancel()
	}
	if isBulk(d.message, d.found) {
		ctx = notion.WithBulk(ctx, d.leavesOff)
	}
	d.ledger.Yield = d.yields
	switch d.message.Kind {
	case queue.Publish:
		return d.writeBase(ctx)
	case queue.Texts:
		return writeTexts(ctx, d.ledger, d.message)
	case queue.Quotes:
		return writeQuotes(ctx, d.ledger, d.message)
	case queue.Settle:
		return d.endWaiting(ctx)
	}
	return nil
}

// begin notes down that the message is worked on. One that had failed was
// redriven.
func (d *delivery) begin(ctx context.Context) {
	run := d.ledger.Run
	kind, part := string(d.message.Kind), partOf(d.message)
	if f := run.Failed(kind, part); f != nil {
		d.Log.InfoContext(ctx, "redriven", "code", f.Code)
		run.Mend(kind, part)
		run.Asked = 0 // what had come for it was dropped
		if len(run.Failures) == 0 {
			run.Status, run.EndedAt = runs.Published, time.Time{}
		}
	}
	if run.PublishedAt.IsZero() {
		run.Status = runs.Publishing
	}
	run.Counts.Deliveries++
}

// conclude gives the run the state that its steps and the delivery's end have
// left it in, and charges the message's patience.
func (d *delivery) conclude(err error, s sign, halted bool) outcome {
	run, now := d.ledger.Run, time.Now()
	kind, part := string(d.message.Kind), partOf(d.message)
	o := outcome{err: err, problem: s.problem, wrote: d.wrote(), receives: d.receives}
	if err == nil {
		run.GoOn(kind, part)
	}
	wait := runs.Wait{Kind: kind, Part: part, Since: d.started}
	if w := run.Waiting(kind, part); w != nil {
		wait = *w
	}
	share := time.Duration(1)
	if halted {
		share, o.probeIn = haltShare, max(time.Second, d.halts.now.Next.Sub(now))
	} else {
		wait.Attempts++
	}
	wait.Spent += now.Sub(d.started) / share
	o.spent, o.attempts = wait.Spent, wait.Attempts
	switch verdict, pause := judge(o); verdict {
	case park:
		wait.Spent += pause / share
		wait.Next, wait.Reason = now.Add(pause), reasonToWait(err)
		run.Await(wait)
		run.Counts.Waits++
	case head:
		run.Counts.Waits++
	}
	switch {
	case len(run.Failures) > 0:
		run.Status = runs.Failed
	case run.PublishedAt.IsZero():
	case run.AllFinished():
		run.Status, run.EndedAt, run.Waits = runs.Complete, now, nil // what still waits will be dropped
	default:
		run.Status = runs.Published
	}
	return o
}

func (d *delivery) wrote() bool { return d.ledger != nil && d.ledger.Wrote }

func sentAt(m events.SQSMessage) time.Time {
	milliseconds, err := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64)
	if err != nil {
		return time.Now()
	}
	return time.UnixMilli(milliseconds)
}
