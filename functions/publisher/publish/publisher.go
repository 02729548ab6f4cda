// Package publish turns the messages of the publish queue into pages. It is the
// only code that writes to Notion.
//
// A delivery goes through three decisions. What is due with the message, given
// the state of its run, is one (due.go). If something is to be written, the
// pages (shared/tree) are written step by step (base.go, texts.go, quotes.go),
// each exactly once (shared/ledger). What becomes of the message then, given
// what the writing has ended with, is the last (verdict.go).
//
// # Waiting
//
// The queue is one FIFO group, so whatever waits at its head holds up everyone.
// So each wait has its place:
//
//   - The token's, for the pace, the budget and a 429, is waited out in place or
//     at the head. Nobody else could write either.
//   - One run's, for an outage that only it meets, for an effect that may still
//     come, for what has to be written before it, is waited out off the queue, in
//     the waiting queue, from which the enricher's function sends messages back
//     to the tail (patience.go).
//   - Everyone's is a halt (halt.go): a token that is refused, a database that is
//     gone, a Notion that does not answer. Nothing is tried but a probe now and
//     then, nobody fails, and the status of each run says why.
//
// How long a message has been tried without getting on is in its run's record, not
// in SQS's count of its deliveries.
//
// What a reader waits for goes first. A delivery of anything else lets a report
// that was accepted after its message was sent, and therefore stands behind it,
// pass (yield.go). And behind every promise is a timer (timer.go).
package publish

import (
	"context"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"notionrelay/shared/block"
	"notionrelay/shared/ledger"
	"notionrelay/shared/metrics"
	"notionrelay/shared/notion"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/research"
	"notionrelay/shared/runs"
	"notionrelay/shared/tree"
)

// Store keeps the records of the runs.
type Store interface {
	ledger.Store
	// Create stores a new record, or returns the one that is there.
	Create(ctx context.Context, run runs.Run) (stored runs.Run, created bool, err error)
	// LastAccepted is when the newest run was accepted, or the zero time.
	LastAccepted(ctx context.Context) (time.Time, error)
	// Halt is the halt that was set last, the zero one if none was.
	Halt(ctx context.Context) (runs.Halt, error)
	// SetHalt stores the halt of all runs. The zero one ends it.
	SetHalt(ctx context.Context, halt runs.Halt) error
}

// Pauses tells whether an operator has stopped the publisher.
type Pauses interface {
	Pause(ctx context.Context) (runs.Pause, error)
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
	Statistics(ctx context.Context, runID string) (report.Statistics, bool, error)
}

// Publisher handles the messages of the publish queue.
type Publisher struct {
	Notion       *notion.Client
	Runs         Store
	PublishQueue Queue
	DeadLetters  Sender
	EnrichQueue  Sender
	WaitingQueue Sender   // whose messages come back to the publish queue
	Research     Research // nil when there is no research database
	Pauses       Pauses   // nil where nobody can pause it

	Database Database
	CoverURL string // banner of the homepages; none when empty

	// Owner names this process in leases. A process that keeps its name over a
	// restart goes on at once; any other waits until a lost lease has ended.
	Owner string
	// Stop is closed when the process is about to end: a delivery then ends
	// after its current request. Nil where nobody announces it.
	Stop <-chan struct{}
	// Exit ends the process, which cannot go on with a token that is refused: the
	// next one reads the token anew. Nil where it would not.
	Exit    func()
	Log     *slog.Logger
	Metrics metrics.Recorder

	convert func(markdown string) []block.Block // markdown.Blocks where it is nil
	halts   halts
}

// Database is the reports database.
type Database struct {
	ID      string
	Columns tree.Columns
}

// Setup is what a publisher that writes to this database, with this banner, needs
// of its Notion.
func Setup(d Database, coverURL string) notion.Setup {
	return notion.Setup{DatabaseID: d.ID, CoverURL: coverURL, Columns: []notion.Column{
		{Type: "title"}, {Name: d.Columns.ReportType, Type: "rich_text"}, {Name: d.Columns.ContactEmail, Type: "email"},
	}}
}

// Handle works on the messages in order. With the first one that does not end,
// it gives that and all behind it back to the queue, which keeps a FIFO
// queue's order.
func (p *Publisher) Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	var response events.SQSEventResponse
	for i, m := range event.Records {
		if newDelivery(p, m).settle(ctx) {
			continue
		}
		for _, rest := range event.Records[i:] {
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: rest.MessageId})
		}
		break
	}
	return response, nil
}
