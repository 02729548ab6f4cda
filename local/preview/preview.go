// Package preview publishes one report to a simulated Notion that is gone
// afterwards, with the publisher and the enricher that write the real one.
package preview

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"notionrelay/functions/enricher/enrich"
	"notionrelay/functions/publisher/publish"
	"notionrelay/local/embedded"
	"notionrelay/local/notionsim"
	"notionrelay/operate/folder"
	"notionrelay/shared/markdown"
	"notionrelay/shared/notion"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
	"notionrelay/shared/tree"
)

// budget is more requests in a minute than any report needs.
const budget = 1_000_000

// Publish writes a report with all that belongs to it into a Notion of its own,
// which the caller closes. Texts are the standard ones, as no AI is asked.
func Publish(ctx context.Context, p report.Payload, log *slog.Logger) (*notionsim.Sim, runs.Run, error) {
	sim, err := notionsim.Open(notionsim.Options{Budget: budget})
	if err != nil {
		return nil, runs.Run{}, err
	}
	run, err := publishTo(ctx, sim, p, log)
	if err != nil {
		return nil, run, errors.Join(fmt.Errorf("preview report: %w", err), sim.Close())
	}
	return sim, run, nil
}

func publishTo(ctx context.Context, sim *notionsim.Sim, p report.Payload, log *slog.Logger) (run runs.Run, err error) {
	db, err := embedded.OpenMemory()
	if err != nil {
		return run, err
	}
	defer db.Close()
	client, err := notion.New(notion.Options{Token: "preview", Budget: budget, Transport: sim.Transport(), Log: log})
	if err != nil {
		return run, err
	}
	q := folder.QueuesOf(db)
	publisher := &publish.Publisher{
		Notion: client, Runs: db.Runs(), PublishQueue: q.Publish, DeadLetters: q.PublishDead, EnrichQueue: q.Enrich, WaitingQueue: q.Waiting,
		Database: publish.Database{ID: sim.DatabaseID(), Columns: tree.StandardColumns}, Owner: "preview", Log: log,
	}
	enricher := &enrich.Enricher{PublishQueue: q.Publish, EnrichQueue: q.Enrich, WaitingQueue: q.Waiting, Log: log}
	id, err := accept(ctx, db, q.Publish, p)
	if err != nil {
		return run, err
	}
	working, stop := context.WithCancel(ctx)
	var pollers sync.WaitGroup
	defer pollers.Wait()
	defer stop()
	for name, work := range map[string]struct {
		source  queue.Source
		handle  queue.Handler
		timeout time.Duration
	}{
		"publish.fifo": {q.Publish, publisher.Handle, publish.Timeout},
		"enrich":       {q.Enrich, enricher.Handle, enrich.Timeout},
		"waiting":      {q.Waiting, enricher.Handle, enrich.Timeout},
	} {
		pollers.Go(func() {
			queue.Poll(working, work.source, work.handle, queue.Mapping{ARN: "arn:aws:sqs:local:000000000000:" + name, BatchSize: 1, Timeout: work.timeout, Logger: log})
		})
	}
	return ended(ctx, db.Runs(), id)
}

// accept does what the webhook does, and refuses what it would.
func accept(ctx context.Context, db *embedded.DB, publishes *embedded.Queue, p report.Payload) (id string, err error) {
	var documents []string
	for _, d := range p.Documents() {
		documents = append(documents, d.Markdown)
	}
	if err := markdown.Check(documents...); err != nil {
		return "", err
	}
	id = report.ID("", p.Fingerprint())
	now := time.Now()
	run := runs.Run{ReportID: id, ResearchRunID: p.RunID, Fingerprint: p.Fingerprint(), Status: runs.Queued, AcceptedAt: now, UpdatedAt: now}
	if _, _, err := db.Runs().Create(ctx, run); err != nil {
		return "", err
	}
	m := queue.Message{Kind: queue.Publish, ReportID: id, Payload: &p}
	body, err := queue.Encode(m)
	if err != nil {
		return "", err
	}
	return id, publishes.Send(ctx, queue.Outgoing{Body: body, Group: queue.PublishGroup, DeduplicationID: m.DeduplicationID()})
}

// ended waits for the end of a run. It takes milliseconds.
func ended(ctx context.Context, records *embedded.Runs, id string) (runs.Run, error) {
	for {
		run, err := records.Get(ctx, id)
		if err != nil {
			return run, err
		}
		if f := run.LastFailure(); f != nil {
			return run, fmt.Errorf("%s: %s %s", f.Code, f.Message, f.Remedy)
		}
		if run.Ended() {
			return run, nil
		}
		select {
		case <-ctx.Done():
			return run, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}
