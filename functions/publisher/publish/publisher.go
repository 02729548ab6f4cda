// Package publish writes reports to Notion. It is the only code that does.
//
// Each delivery of a message works on one run: it takes the run's lease, goes
// through the named steps of the plan, skips those that are done, recovers the
// one that may have happened, and ends with a verdict on the message.
package publish

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"notionrelay/shared/logs"
	"notionrelay/shared/metrics"
	"notionrelay/shared/notion"
	"notionrelay/shared/queue"
	"notionrelay/shared/research"
	"notionrelay/shared/runs"
	"notionrelay/shared/xray"
)

// Store keeps the records of the runs.
type Store interface {
	// Create stores a new record, or returns the one that is there.
	Create(ctx context.Context, run runs.Run) (stored runs.Run, created bool, err error)
	// Save stores a record, unless it was changed since it was read: ErrStale.
	Save(ctx context.Context, run *runs.Run) error
	// OwnerOf is the id of the run that owns a database row, or empty.
	OwnerOf(ctx context.Context, rowID string) (string, error)
}

// Queue is the queue that the publisher's messages come from.
type Queue interface {
	Sender
	// ChangeVisibility hides a received message for so long from now on.
	ChangeVisibility(ctx context.Context, receipt string, d time.Duration) error
}

// Sender is a queue to send to.
type Sender interface {
	Send(ctx context.Context, m queue.Outgoing) error
}

// Research knows the accounts and the size of a run. What it does not know is
// no error.
type Research interface {
	Account(ctx context.Context, accountID, runID string) (research.Account, bool, error)
	Statistics(ctx context.Context, runID string) (research.Statistics, bool, error)
}

// Publisher handles the messages of the publish queue.
type Publisher struct {
	Notion       *notion.Client
	Runs         Store
	PublishQueue Queue
	DeadLetters  Sender
	EnrichQueue  Sender   // the enrich queue
	Research     Research // nil when there is no research database

	DatabaseID string // the reports database
	CoverURL   string // banner of the homepages; none when empty

	// Owner names this process in leases. A process that keeps its name over a
	// restart goes on at once; any other waits until a lost lease has ended.
	Owner string
	// Stop is closed when the process is about to end: a delivery then ends
	// after its current request. Nil where nobody announces it.
	Stop    <-chan struct{}
	Log     *slog.Logger
	Metrics metrics.Recorder
}

// sliceTime is how long one delivery writes before it lets other reports in.
const sliceTime = 15 * time.Second

// closingTime is kept back from the function's deadline for the last saves
// and for the queue.
const closingTime = 5 * time.Second

// Handle works on the messages in order. With the first one that does not end,
// it gives that and all behind it back to the queue, which keeps a FIFO
// queue's order.
func (p *Publisher) Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	var response events.SQSEventResponse
	for i, m := range event.Records {
		if p.deliver(ctx, m) {
			continue
		}
		for _, rest := range event.Records[i:] {
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: rest.MessageId})
		}
		break
	}
	return response, nil
}

// deliver works on one message and tells whether the queue may forget it.
func (p *Publisher) deliver(ctx context.Context, m events.SQSMessage) (settled bool) {
	d := &delivery{Publisher: p, raw: m, receives: queue.Receives(m)}
	ctx = logs.Begin(ctx)
	logs.Set(ctx, "messageId", m.MessageId)
	logs.Set(ctx, "sentInTrace", xray.ID(m.Attributes["AWSTraceHeader"]))
	defer d.measure(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		// A process that dies now costs no more than its own time, not the
		// queue's much longer visibility timeout.
		if err := p.PublishQueue.ChangeVisibility(ctx, m.ReceiptHandle, time.Until(deadline)+time.Second); err != nil {
			d.Log.WarnContext(ctx, "visibility was not shortened", "error", err)
		}
	}
	err := d.work(ctx)
	switch verdict, wait := judge(err, d.receives, d.wrote); verdict {
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

// delivery is one message and the run that it works on.
type delivery struct {
	*Publisher
	raw      events.SQSMessage
	receives int

	message  queue.Message
	run      *runs.Run // nil until the record has been read
	found    runs.Run  // the record as it was read
	stored   runs.Run  // the record as it was saved last
	trace    notion.Trace
	sliceEnd time.Time
	step     string // that was worked on last
	wrote    bool   // at least one request was made
}

// work reads the message and does what it asks for. A panic would come again at
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
	write, err := d.job()
	if err != nil {
		return err
	}
	if err := d.open(ctx); err != nil {
		return err
	}
	if done, err := d.nothingToDo(ctx); done || err != nil {
		return err
	}
	if err := d.takeLease(ctx); err != nil {
		return err
	}
	workCtx := notion.WithTrace(ctx, &d.trace)
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		workCtx, cancel = context.WithDeadline(workCtx, deadline.Add(-closingTime))
		defer cancel()
	}
	err = write(workCtx)
	d.conclude(err)
	return errors.Join(err, d.close(ctx))
}

// job is what the message asks for.
func (d *delivery) job() (func(context.Context) error, error) {
	switch m := d.message; {
	case m.Kind == queue.Publish && m.Payload != nil:
		return d.basePages, nil
	case m.Kind == queue.Texts && m.Texts != nil:
		return d.texts, nil
	case m.Kind == queue.Quotes && m.Quotes != nil && m.Subject != nil:
		return d.quotes, nil
	}
	return nil, fmt.Errorf("publish %s: a message of kind %q without its content: %w", d.message.ReportID, d.message.Kind, queue.ErrUnreadable)
}

// open reads the record. The webhook has written it; should it be gone, the
// message holds all that it takes to begin again.
func (d *delivery) open(ctx context.Context) error {
	record := runs.Run{ReportID: d.message.ReportID, Status: runs.Queued, AcceptedAt: sentAt(d.raw), UpdatedAt: time.Now()}
	if p := d.message.Payload; p != nil {
		record.ResearchRunID, record.Fingerprint = p.RunID, p.Fingerprint()
	} else {
		record.Status = runs.Failed // there is no base to wait for any more
	}
	run, created, err := d.Runs.Create(ctx, record)
	if err != nil {
		return fmt.Errorf("open run %s: %w", d.message.ReportID, err)
	}
	if created {
		d.Log.WarnContext(ctx, "record was missing and has been made again")
	}
	d.run, d.found, d.stored = &run, run, run
	logs.Set(ctx, "runId", run.ResearchRunID)
	return nil
}

// stale is how long a run may stand still before what waits for its base pages
// gives up.
const stale = 15 * time.Minute

// nothingToDo tells whether the message has come in vain. What the enricher
// has found for a run without its base pages waits for them at the tail of the
// queue; when they have failed it is dropped, since their redrive asks again.
func (d *delivery) nothingToDo(ctx context.Context) (bool, error) {
	published := !d.run.PublishedAt.IsZero()
	switch {
	case d.message.Kind == queue.Publish || d.run.Status == runs.Complete:
		return published, nil
	case d.ofAnotherAnswer():
		d.Log.InfoContext(ctx, "dropped, as the quotes of an earlier question are being written")
		return true, nil
	case published && d.awaitsPart() && (d.run.Status == runs.Failed || time.Since(d.run.UpdatedAt) > stale):
		return false, errPartMissing
	case published && d.awaitsPart():
		return false, errTooEarly
	case published:
		return false, nil
	case d.run.Status == runs.Failed:
		d.Log.WarnContext(ctx, "dropped, as the base pages have failed")
		return true, nil
	case time.Since(d.run.UpdatedAt) > stale:
		return true, d.abandon(ctx)
	}
	return false, errTooEarly
}

// abandon says of a run that nobody works on it any more: its message has gone
// to the dead letters without a word, as SQS sends it there when its process
// dies at every delivery. Should it still come, the run goes on.
func (d *delivery) abandon(ctx context.Context) error {
	d.Log.ErrorContext(ctx, "dropped, as nobody writes the base pages")
	d.run.Status, d.run.EndedAt = runs.Failed, time.Now()
	d.run.Failure = &runs.Failure{
		Kind: string(queue.Publish), Code: "abandoned",
		Message: "Its pages stopped being written. Look for the report in the dead-letter queue and redrive it.",
	}
	return d.save(ctx)
}

// conclude gives the run the state that its steps and the delivery's error have
// left it in.
func (d *delivery) conclude(err error) {
	now := time.Now()
	if v, _ := judge(err, d.receives, d.wrote); v == giveBack {
		d.run.Counts.Waits++
	}
	if d.message.Kind == queue.Publish && err == nil {
		d.run.PublishedAt = now
	}
	if d.run.PublishedAt.IsZero() || d.run.Failure != nil {
		return
	}
	d.run.Status = runs.Published
	for i := range d.run.Steps {
		if !d.run.Steps[i].Finished() {
			return
		}
	}
	d.run.Status, d.run.EndedAt = runs.Complete, now
}

func sentAt(m events.SQSMessage) time.Time {
	milliseconds, err := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64)
	if err != nil {
		return time.Now()
	}
	return time.UnixMilli(milliseconds)
}
