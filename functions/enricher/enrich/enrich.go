// Package enrich finds what makes a report's pages complete: a title, an
// introduction and its quotes. It sends what it finds to the publisher and has
// no way to Notion.
package enrich

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"notionrelay/shared/copywriter"
	"notionrelay/shared/logs"
	"notionrelay/shared/metrics"
	"notionrelay/shared/queue"
	"notionrelay/shared/quotes"
	"notionrelay/shared/report"
	"notionrelay/shared/xray"
)

// Publisher is the publish queue.
type Publisher interface {
	Send(ctx context.Context, m queue.Outgoing) error
}

// Source is the enrich queue, as far as its messages are made to wait.
type Source interface {
	// ChangeVisibility hides a received message for so long from now on.
	ChangeVisibility(ctx context.Context, receipt string, d time.Duration) error
}

// Research knows the quotes and the size of a run.
type Research interface {
	Quotes(ctx context.Context, runID string) ([]report.Quote, error)
	Statistics(ctx context.Context, runID string) (report.Statistics, bool, error)
}

// Writer writes what a homepage says. Its error is copywriter.ErrUnavailable
// where asking later may help.
type Writer interface {
	Title(ctx context.Context, s report.Subject, documents []report.Document) (string, error)
	Introduction(ctx context.Context, s report.Subject, documents []report.Document) (string, error)
}

// Enricher handles the messages of the enrich queue.
type Enricher struct {
	PublishQueue Publisher
	EnrichQueue  Source
	Writer       Writer   // nil when no AI is configured: pages get the standard texts
	Research     Research // nil when there is no research database
	Log          *slog.Logger
	Metrics      metrics.Recorder
}

// maxAsks is how many deliveries ask the AI and the research database. After
// them a report does without what has not answered.
const maxAsks = 5

// Handle works on every message and reports those that have to come again.
func (e *Enricher) Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	var response events.SQSEventResponse
	for _, m := range event.Records {
		ctx := logs.Begin(ctx)
		logs.Set(ctx, "messageId", m.MessageId)
		logs.Set(ctx, "sentInTrace", xray.ID(m.Attributes["AWSTraceHeader"]))
		receives := queue.Receives(m)
		if err := e.enrich(ctx, m, receives >= maxAsks); err != nil {
			wait := retryAfter(receives)
			e.Log.WarnContext(ctx, "message given back", "receives", receives, "wait", wait, "error", err)
			if err := e.EnrichQueue.ChangeVisibility(ctx, m.ReceiptHandle, wait); err != nil {
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

// enrich answers one message. Texts are sent though the quotes have to be asked
// for again, and the other way round. At the last delivery a report does without
// what is still missing.
func (e *Enricher) enrich(ctx context.Context, raw events.SQSMessage, last bool) error {
	m, err := queue.Decode(raw.Body)
	logs.Set(ctx, "reportId", m.ReportID)
	if err == nil && (m.Kind != queue.Enrich || m.Payload == nil || m.Subject == nil) {
		err = fmt.Errorf("enrich %s: a message of kind %q without its content: %w", m.ReportID, m.Kind, queue.ErrUnreadable)
	}
	if err != nil {
		return err
	}
	logs.Set(ctx, "runId", m.Payload.RunID)
	return errors.Join(e.sendTexts(ctx, raw.MessageId, m, last), e.sendQuotes(ctx, raw.MessageId, m, last))
}

// sendTexts sends the title and the introduction.
func (e *Enricher) sendTexts(ctx context.Context, distinct string, m queue.Message, last bool) error {
	documents := m.Payload.Documents()
	texts := queue.HomepageTexts{Title: m.Subject.HomepageTitle(), Introduction: m.Subject.Introduction(documents)}
	if e.Writer != nil {
		var err error
		if texts, err = e.write(ctx, m, texts, last); err != nil {
			return err
		}
	}
	return e.send(ctx, distinct, queue.Message{Kind: queue.Texts, ReportID: m.ReportID, Asked: m.Asked, Texts: &texts})
}

// write has the AI write better texts than the standard ones. Where it cannot,
// the standard text stays, and a warning says so.
func (e *Enricher) write(ctx context.Context, m queue.Message, texts queue.HomepageTexts, last bool) (queue.HomepageTexts, error) {
	documents := m.Payload.Documents()
	for _, text := range []struct {
		name  string
		place *string
		write func(context.Context, report.Subject, []report.Document) (string, error)
	}{
		{"title", &texts.Title, e.Writer.Title},
		{"introduction", &texts.Introduction, e.Writer.Introduction},
	} {
		written, err := text.write(ctx, *m.Subject, documents)
		switch {
		case err == nil:
			*text.place = written
		case errors.Is(err, copywriter.ErrUnavailable) && !last:
			return texts, err
		default:
			e.Log.ErrorContext(ctx, "standard text used", "text", text.name, "error", err)
			e.Metrics.Record(ctx, metrics.Count(metrics.EnricherFallbacks, 1))
			texts.Warnings = append(texts.Warnings, fmt.Sprintf("The AI wrote no usable %s, so the homepage has the standard one.", text.name))
		}
	}
	return texts, nil
}

// sendQuotes sends the quotes of the payload, else those of the research
// database, else that there are none.
func (e *Enricher) sendQuotes(ctx context.Context, distinct string, m queue.Message, last bool) error {
	found, posts, warnings := m.Payload.Quotes, 0, []string(nil)
	if len(found) == 0 && e.Research != nil {
		var err error
		found, posts, err = e.stored(ctx, m.Payload.RunID, last)
		if err != nil && !last {
			return err
		}
		if err != nil {
			e.Log.ErrorContext(ctx, "quotes given up", "error", err)
			e.Metrics.Record(ctx, metrics.Count(metrics.EnricherFallbacks, 1))
			warnings = []string{"The research database did not answer, so the report has no quotes."}
		}
	}
	prepared := quotes.Prepare(found)
	warnings = append(warnings, prepared.Warnings()...)
	parts, err := prepared.Parts(queue.Message{Kind: queue.Quotes, ReportID: m.ReportID, Asked: m.Asked, Subject: m.Subject}, posts, warnings)
	if err != nil {
		return err
	}
	for _, part := range parts {
		if err := e.send(ctx, distinct, part); err != nil {
			return err
		}
	}
	return nil
}

// stored reads the quotes and the number of posts that they are from. At the
// last delivery the number may be missing: it is only mentioned.
func (e *Enricher) stored(ctx context.Context, runID string, last bool) ([]report.Quote, int, error) {
	found, err := e.Research.Quotes(ctx, runID)
	if err != nil || len(found) == 0 {
		return nil, 0, err
	}
	statistics, _, err := e.Research.Statistics(ctx, runID)
	if err != nil && !last {
		return nil, 0, err
	}
	return found, statistics.Posts, nil
}

// send puts a message on the publish queue. Its deduplication id holds the id of
// the message that it answers. So a redelivery of the question sends nothing
// twice, and a new question gets a new answer.
func (e *Enricher) send(ctx context.Context, distinct string, m queue.Message) error {
	body, err := queue.Encode(m)
	if err != nil {
		return err
	}
	err = e.PublishQueue.Send(ctx, queue.Outgoing{Body: body, Group: queue.PublishGroup, DeduplicationID: m.DeduplicationID() + "-" + distinct})
	if err != nil {
		return fmt.Errorf("send %s of %s: %w", m.Kind, m.ReportID, err)
	}
	return nil
}
