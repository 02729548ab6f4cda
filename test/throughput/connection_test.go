// Package throughput_test measures how fast reports become pages: the real
// publisher and enricher between real queues, real records and a simulated Notion.
package throughput_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"notionrelay/functions/enricher/enrich"
	"notionrelay/functions/publisher/publish"
	"notionrelay/local/embedded"
	"notionrelay/local/notionsim"
	"notionrelay/operate/folder"
	"notionrelay/shared/notion"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
	"notionrelay/shared/tree"
	"notionrelay/test/inmemory"
	"notionrelay/test/planted"
)

// pace is how fast Notion answers and how fast a token may ask.
type pace struct {
	latency, gap time.Duration
	budget       int // requests per minute
}

// unhindered is a Notion that answers at once and takes any number of requests, so
// that what is left is the relay's own time.
var unhindered = pace{budget: 1_000_000}

// place is where messages and records are.
type place struct {
	runs                     publish.Store
	publish, enrich, waiting messages
	dead                     publish.Sender
}

type messages interface {
	queue.Source
	publish.Queue
}

// onDisk is the place of one machine.
func onDisk(tb testing.TB) place {
	tb.Helper()
	db, err := embedded.Open(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	q := folder.QueuesOf(db)
	return place{runs: db.Runs(), publish: q.Publish, enrich: q.Enrich, waiting: q.Waiting, dead: q.PublishDead}
}

// inMemory is a place without files and servers, for virtual time.
func inMemory() place {
	var all inmemory.Queues
	dead := all.Queue(inmemory.Options{FIFO: true})
	return place{
		runs:    new(inmemory.Runs),
		publish: all.Queue(inmemory.Options{FIFO: true, Visibility: publish.Visibility, MaxReceives: publish.MaxReceives, DeadLetter: dead}),
		enrich:  all.Queue(inmemory.Options{Visibility: enrich.Visibility}),
		waiting: all.Queue(inmemory.Options{Visibility: enrich.Visibility}),
		dead:    dead,
	}
}

// connection is one Notion connection and all that writes to it.
type connection struct {
	place

	tb        testing.TB
	pace      pace
	log       *slog.Logger
	sim       *notionsim.Sim
	journal   *journal
	publisher *publish.Publisher
	enricher  *enrich.Enricher
	complete  *completions
	opened    time.Time
}

func connect(tb testing.TB, in place, p pace) *connection {
	tb.Helper()
	sim, err := notionsim.Open(notionsim.Options{Latency: p.latency, Budget: p.budget})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { sim.Close() })
	log := planted.Log(tb)
	c := &connection{place: in, tb: tb, pace: p, log: log, sim: sim, journal: &journal{next: sim.Transport()}, opened: time.Now()}
	c.complete = &completions{Store: in.runs, ids: map[string]bool{}, published: map[string]time.Duration{}}
	client, err := notion.New(notion.Options{Token: "t", Log: log, MinGap: p.gap, Budget: p.budget, Transport: c.journal})
	if err != nil {
		tb.Fatal(err)
	}
	c.publisher = &publish.Publisher{
		Notion: client, Runs: c.complete, PublishQueue: in.publish, DeadLetters: in.dead, EnrichQueue: in.enrich, WaitingQueue: in.waiting,
		Database: publish.Database{ID: sim.DatabaseID(), Columns: tree.StandardColumns}, Owner: "one", Log: log,
	}
	c.enricher = &enrich.Enricher{PublishQueue: in.publish, EnrichQueue: in.enrich, WaitingQueue: in.waiting, Log: log}
	return c
}

// accept does what the webhook does.
func (c *connection) accept(id string, p report.Payload) {
	c.tb.Helper()
	now := time.Now()
	run := runs.Run{ReportID: id, Fingerprint: p.Fingerprint(), Status: runs.Queued, AcceptedAt: now, UpdatedAt: now}
	if _, _, err := c.runs.Create(c.tb.Context(), run); err != nil {
		c.tb.Fatal(err)
	}
	m := queue.Message{Kind: queue.Publish, ReportID: id, Payload: &p}
	body, err := queue.Encode(m)
	if err != nil {
		c.tb.Fatal(err)
	}
	if err := c.publish.Send(c.tb.Context(), queue.Outgoing{Body: body, Group: queue.PublishGroup, DeduplicationID: m.DeduplicationID()}); err != nil {
		c.tb.Fatal(err)
	}
}

// work lets publisher and enricher work until so many runs are complete.
func (c *connection) work(n int) {
	c.tb.Helper()
	ctx, stop := context.WithCancel(c.tb.Context())
	done := c.complete.wait(n)
	var wait sync.WaitGroup
	for _, s := range []struct {
		source  queue.Source
		handler queue.Handler
		timeout time.Duration
	}{{c.publish, c.publisher.Handle, publish.Timeout}, {c.enrich, c.enricher.Handle, enrich.Timeout}, {c.waiting, c.enricher.Handle, enrich.Timeout}} {
		wait.Go(func() {
			queue.Poll(ctx, s.source, s.handler, queue.Mapping{
				ARN: "arn:aws:sqs:local:000000000000:queue", BatchSize: 1, Timeout: s.timeout, Logger: c.log,
			})
		})
	}
	select {
	case <-done:
	case <-ctx.Done():
	}
	stop()
	wait.Wait()
	if stats := c.sim.Stats(); stats.RateLimited+stats.Conflicts+stats.Rejected > 0 {
		c.tb.Errorf("Notion has refused requests: %+v", stats)
	}
}

// completions is a store that notices which runs are complete.
type completions struct {
	publish.Store

	mu        sync.Mutex
	ids       map[string]bool
	published map[string]time.Duration // how long after it was accepted
	wanted    int
	done      chan struct{}
}

// wait returns what is closed when so many runs are complete.
func (c *completions) wait(n int) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wanted, c.done = n, make(chan struct{})
	return c.done
}

func (c *completions) Save(ctx context.Context, run *runs.Run) error {
	err := c.Store.Save(ctx, run)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil && !run.PublishedAt.IsZero() {
		c.published[run.ReportID] = run.PublishedAt.Sub(run.AcceptedAt)
	}
	if err == nil && run.Status == runs.Complete && !c.ids[run.ReportID] {
		c.ids[run.ReportID] = true
		if len(c.ids) == c.wanted {
			close(c.done)
		}
	}
	return err
}

// journal is the way to Notion; it notes down when each request was under way.
type journal struct {
	next http.RoundTripper
	all  []request // requests take turns
}

type request struct {
	write        bool
	began, ended time.Time
}

func (j *journal) RoundTrip(r *http.Request) (*http.Response, error) {
	write := r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "/query")
	began := time.Now()
	answer, err := j.next.RoundTrip(r)
	j.all = append(j.all, request{write, began, time.Now()})
	return answer, err
}

// document is a run with one report of so many blocks and so many quotes.
func document(blocks, quotes int) report.Payload {
	p := report.Payload{Reports: map[string]string{"strategyReport": "# Strategy\n\n" + strings.Repeat("A paragraph of the usual kind.\n\n", blocks-1)}}
	for i := range quotes {
		p.Quotes = append(p.Quotes, report.Quote{
			Text: fmt.Sprintf("Quote %d of what people say", i), Category: "user_needs", Sentiment: "positive", Theme: fmt.Sprintf("theme %d", i%7),
			URL: fmt.Sprintf("https://www.reddit.com/r/cooking/comments/%d/", i), Justification: "It says so.", PostID: fmt.Sprint(i), Date: "2025-06-27",
		})
	}
	return p
}

// both is a run with two reports of the usual size.
func both() report.Payload {
	p := document(40, 0)
	p.Reports["comprehensiveReport"] = p.Reports["strategyReport"]
	return p
}
