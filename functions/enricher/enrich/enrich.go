// Package enrich finds what makes a report's pages complete: a title, an
// introduction and its quotes. It sends what it finds to the publisher and has
// no way to Notion.
package enrich

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"notionrelay/shared/logs"
	"notionrelay/shared/metrics"
	"notionrelay/shared/queue"
	"notionrelay/shared/quotes"
	"notionrelay/shared/report"
	"notionrelay/shared/research"
	"notionrelay/shared/xray"
)

// Publisher is the publish queue.
type Publisher interface {
	Send(ctx context.Context, m queue.Outgoing) error
}

// Source is the enrich queue, as far as it has to wait.
type Source interface {
	// ChangeVisibility hides a received message for so long from now on.
	ChangeVisibility(ctx context.Context, receipt string, d time.Duration) error
}

// Research knows the quotes and the size of a run.
type Research interface {
	Quotes(ctx context.Context, runID string) ([]report.Quote, error)
	Statistics(ctx context.Context, runID string) (research.Statistics, bool, error)
}

// Enricher handles the messages of the enrich queue.
type Enricher struct {
	Publisher Publisher
	Source    Source
	Research  Research // nil when there is no research database
	Log       *slog.Logger
	Metrics   metrics.Recorder
}

// maxReceives is how often the research database is asked before a report does
// without its quotes.
const maxReceives = 5

// Handle works on every message and reports those that have to come again.
func (e *Enricher) Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	var response events.SQSEventResponse
	for _, m := range event.Records {
		ctx := logs.Begin(ctx)
		logs.Set(ctx, "messageId", m.MessageId)
		logs.Set(ctx, "sentInTrace", xray.ID(m.Attributes["AWSTraceHeader"]))
		if err := e.enrich(ctx, m); err != nil {
			receives, _ := strconv.Atoi(m.Attributes["ApproximateReceiveCount"])
			wait := retryAfter(receives)
			e.Log.WarnContext(ctx, "message given back", "receives", receives, "wait", wait, "error", err)
			if err := e.Source.ChangeVisibility(ctx, m.ReceiptHandle, wait); err != nil {
				e.Log.WarnContext(ctx, "visibility was not changed", "error", err)
			}
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		}
	}
	return response, nil
}

// retryAfter grows with the deliveries: 10, 20, 40, 80 seconds.
func retryAfter(receives int) time.Duration {
	return 10 * time.Second << min(max(receives-1, 0), 6)
}

// enrich sends the texts first: they do not wait for a database.
func (e *Enricher) enrich(ctx context.Context, raw events.SQSMessage) error {
	m, err := queue.Decode(raw.Body)
	if err == nil && (m.Kind != queue.Enrich || m.Payload == nil || m.Subject == nil) {
		err = fmt.Errorf("enrich %s: a message of kind %q without its content: %w", m.ReportID, m.Kind, queue.ErrUnreadable)
	}
	if err != nil {
		return err
	}
	logs.Set(ctx, "reportId", m.ReportID)
	logs.Set(ctx, "runId", m.Payload.RunID)
	if err := e.sendTexts(ctx, raw.MessageId, m); err != nil {
		return err
	}
	return e.sendQuotes(ctx, raw, m)
}

func (e *Enricher) sendTexts(ctx context.Context, distinct string, m queue.Message) error {
	return e.send(ctx, distinct, queue.Message{Kind: queue.Texts, ReportID: m.ReportID, Texts: &queue.Enrichment{
		Title:        m.Subject.HomepageTitle(),
		Introduction: m.Subject.Introduction(m.Payload.Documents()),
	}})
}

// sendQuotes sends the quotes of the payload, else those of the research
// database, else that there are none.
func (e *Enricher) sendQuotes(ctx context.Context, raw events.SQSMessage, m queue.Message) error {
	found, posts, warnings := m.Payload.Quotes, 0, []string(nil)
	if len(found) == 0 && e.Research != nil {
		var err error
		found, posts, err = e.stored(ctx, m.Payload.RunID)
		if err != nil && raw.Attributes["ApproximateReceiveCount"] != strconv.Itoa(maxReceives) {
			return err
		}
		if err != nil {
			e.Log.ErrorContext(ctx, "quotes given up", "error", err)
			e.Metrics.Record(ctx, metrics.Count(metrics.EnrichmentFallbacks, 1))
			warnings = []string{"The research database did not answer, so the report has no quotes."}
		}
	}
	prepared := quotes.Prepare(found)
	warnings = append(warnings, prepared.Warnings()...)
	parts, err := prepared.Parts(queue.Message{Kind: queue.Quotes, ReportID: m.ReportID, Subject: m.Subject}, posts, warnings, func(part int) int64 { return int64(part) })
	if err != nil {
		return err
	}
	for _, part := range parts {
		if err := e.send(ctx, raw.MessageId, part); err != nil {
			return err
		}
	}
	return nil
}

func (e *Enricher) stored(ctx context.Context, runID string) ([]report.Quote, int, error) {
	found, err := e.Research.Quotes(ctx, runID)
	if err != nil || len(found) == 0 {
		return nil, 0, err
	}
	statistics, _, err := e.Research.Statistics(ctx, runID)
	if err != nil {
		return nil, 0, err
	}
	return found, statistics.Posts, nil
}

// send puts a message on the publish queue. The deduplication id holds the id
// of the message that is answered: a redelivery of it repeats nothing, and a
// new question gets a new answer.
func (e *Enricher) send(ctx context.Context, distinct string, m queue.Message) error {
	body, err := queue.Encode(m)
	if err != nil {
		return err
	}
	err = e.Publisher.Send(ctx, queue.Outgoing{Body: body, Group: queue.PublishGroup, DeduplicationID: m.DeduplicationID() + "-" + distinct})
	if err != nil {
		return fmt.Errorf("send %s of %s: %w", m.Kind, m.ReportID, err)
	}
	return nil
}
