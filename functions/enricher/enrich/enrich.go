// Package enrich finds what makes a report's pages complete: a title, an
// introduction and its quotes. It sends what it finds to the publisher and has
// no way to Notion.
//
// It also sends messages that have waited out their time back to the publish
// queue, since its function listens to the waiting queue as well: see
// Enricher.Handle.
package enrich

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
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

// Source is a queue that the enricher's messages come from.
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

// Enricher handles the messages of the enrich queue and of the waiting queue.
type Enricher struct {
	PublishQueue Publisher
	EnrichQueue  Source
	WaitingQueue Source
	Writer       Writer   // nil when no AI is configured: pages get the standard texts
	Research     Research // nil when there is no research database
	Log          *slog.Logger
	Metrics      metrics.Recorder
}

// How many deliveries ask a source before a report does without it. A homepage
// has its standard texts, so the AI is soon given up; quotes are worth minutes.
const (
	maxAsksAI       = 2
	maxAsksResearch = 5
)

// textTime bounds the asking for a title or an introduction.
const textTime = 20 * time.Second

// Handle works on every message and reports those that have to come again. A
// message that is not for the enricher has only waited: it goes to the tail of
// the publish queue.
func (e *Enricher) Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	var response events.SQSEventResponse
	for _, m := range event.Records {
		ctx := logs.Begin(ctx)
		logs.Set(ctx, "messageId", m.MessageId)
		logs.Set(ctx, "sentInTrace", xray.ID(m.Attributes["AWSTraceHeader"]))
		receives := queue.Receives(m)
		source, err := e.work(ctx, m, receives)
		if err == nil {
			continue
		}
		wait := retryAfter(receives)
		e.Log.WarnContext(ctx, "message given back", "receives", receives, "wait", wait, "error", err)
		if err := source.ChangeVisibility(ctx, m.ReceiptHandle, wait); err != nil {
			e.Log.WarnContext(ctx, "visibility was not changed", "error", err)
		}
		response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
	}
	return response, nil
}

// work does what a message asks for, and tells which queue it has come from.
func (e *Enricher) work(ctx context.Context, raw events.SQSMessage, receives int) (Source, error) {
	m, err := queue.Decode(raw.Body)
	logs.Set(ctx, "reportId", m.ReportID)
	logs.Set(ctx, "kind", string(m.Kind))
	switch {
	case err != nil:
		return e.EnrichQueue, err
	case m.Kind != queue.Enrich:
		return e.WaitingQueue, e.send(ctx, m, queue.Outgoing{Body: raw.Body, Group: queue.PublishGroup, DeduplicationID: raw.MessageId + "-waited"})
	case m.Payload == nil || m.Subject == nil:
		return e.EnrichQueue, fmt.Errorf("enrich %s: a message without its content: %w", m.ReportID, queue.ErrUnreadable)
	}
	logs.Set(ctx, "runId", m.Payload.RunID)
	return e.EnrichQueue, e.enrich(ctx, raw.MessageId, m, receives)
}

// retryAfter grows with the deliveries: 10, 20, 40, 80 seconds.
func retryAfter(receives int) time.Duration {
	return 10 * time.Second << min(max(receives-1, 0), 6)
}

// enrich answers one message. What one source has given is sent though the other
// one must be asked again. The texts come first, since a reader looks at the
// homepage while the quotes are written.
func (e *Enricher) enrich(ctx context.Context, distinct string, m queue.Message, receives int) error {
	return errors.Join(
		e.sendTexts(ctx, distinct, m, receives >= maxAsksAI),
		e.sendQuotes(ctx, distinct, m, receives >= maxAsksResearch))
}

// sendTexts sends the title and the introduction that the AI has written. What it
// has not written is left out: the homepage has the standard one.
func (e *Enricher) sendTexts(ctx context.Context, distinct string, m queue.Message, last bool) error {
	var texts queue.HomepageTexts
	if e.Writer != nil {
		var err error
		if texts, err = e.write(ctx, m, last); err != nil {
			return err
		}
	}
	name, err := nameOf(texts)
	if err != nil {
		return err
	}
	return e.answer(ctx, distinct, queue.Message{Kind: queue.Texts, ReportID: m.ReportID, Answer: name, Texts: &texts})
}

// write has the AI write both texts at the same time.
func (e *Enricher) write(ctx context.Context, m queue.Message, last bool) (queue.HomepageTexts, error) {
	var texts queue.HomepageTexts
	documents := m.Payload.Documents()
	all := []struct {
		name  string
		place *string
		write func(context.Context, report.Subject, []report.Document) (string, error)
		err   error
	}{
		{"title", &texts.Title, e.Writer.Title, nil},
		{"introduction", &texts.Introduction, e.Writer.Introduction, nil},
	}
	var both sync.WaitGroup
	for i := range all {
		both.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, textTime)
			defer cancel()
			*all[i].place, all[i].err = all[i].write(ctx, *m.Subject, documents)
		})
	}
	both.Wait()
	for _, text := range all {
		switch {
		case text.err == nil:
		case errors.Is(text.err, copywriter.ErrUnavailable) && !last:
			return texts, text.err
		default:
			*text.place = ""
			e.Log.ErrorContext(ctx, "standard text stays", "text", text.name, "error", text.err)
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
	name, err := nameOf(prepared, posts, warnings)
	if err != nil {
		return err
	}
	parts, err := prepared.Parts(queue.Message{Kind: queue.Quotes, ReportID: m.ReportID, Answer: name, Subject: m.Subject}, posts, warnings)
	if err != nil {
		return err
	}
	// The publisher begins with the first part. That goes last, so that an answer which
	// is begun has come as a whole: whoever dies in between may find other quotes next.
	for _, part := range slices.Concat(parts[1:], parts[:1]) {
		if err := e.answer(ctx, distinct, part); err != nil {
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

// nameOf names an answer after its content: one that is sent twice, or in parts by
// two deliveries of a question, has one name, and two that differ have two. It tells
// nothing of what is in it.
func nameOf(content ...any) (string, error) {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode(content); err != nil {
		return "", fmt.Errorf("name an answer: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:12]), nil
}

// answer sends a message to the publisher. The deduplication id holds the id of the
// message that is answered, and the answer's name: the same answer to it is sent
// once, and a new question gets an answer, though it may be the same.
func (e *Enricher) answer(ctx context.Context, distinct string, m queue.Message) error {
	body, err := queue.Encode(m)
	if err != nil {
		return err
	}
	return e.send(ctx, m, queue.Outgoing{Body: body, Group: queue.PublishGroup, DeduplicationID: m.DeduplicationID() + "-" + m.Answer + "-" + distinct})
}

func (e *Enricher) send(ctx context.Context, m queue.Message, out queue.Outgoing) error {
	if err := e.PublishQueue.Send(ctx, out); err != nil {
		return fmt.Errorf("send %s of %s: %w", m.Kind, m.ReportID, err)
	}
	return nil
}
