package enrich_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"notionrelay/functions/enricher/enrich"
	"notionrelay/functions/publisher/publish"
	"notionrelay/local/embedded"
	"notionrelay/local/notionsim"
	"notionrelay/shared/copywriter"
	"notionrelay/shared/notion"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/research"
	"notionrelay/shared/runs"
	"notionrelay/shared/tree"
	"notionrelay/test/planted"
)

// ai answers the requests to a provider in place of the network.
type ai func(*http.Request) (*http.Response, error)

func (f ai) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func replies(status int, body string) ai {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
}

// says completes every question with the same text.
func says(text string) ai {
	return replies(200, `{"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":"`+text+`"}}]}`)
}

func hangs(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// downUntil refuses everything until so long after the first request.
func downUntil(recovered time.Duration, then ai) ai {
	var first sync.Once
	var start time.Time
	return func(r *http.Request) (*http.Response, error) {
		first.Do(func() { start = time.Now() })
		if time.Since(start) < recovered {
			return replies(503, "")(r)
		}
		return then(r)
	}
}

// The warnings of a run that does without the AI or the database.
const (
	noTitle        = "The AI wrote no usable title, so the homepage has the standard one."
	noIntroduction = "The AI wrote no usable introduction, so the homepage has the standard one."
	noQuotes       = "The research database did not answer, so the report has no quotes."
	noAccount      = "The research database did not answer, so company and contact were derived from the e-mail address."
	noStatistics   = "The research database did not answer, so the homepage shows no statistics."
)

// slowResearch is a database that is reached and does not answer in time.
type slowResearch struct{}

func (slowResearch) Account(ctx context.Context, _, _ string) (research.Account, bool, error) {
	<-ctx.Done()
	return research.Account{}, false, ctx.Err()
}

func (slowResearch) Statistics(context.Context, string) (report.Statistics, bool, error) {
	time.Sleep(5 * time.Second)
	return report.Statistics{}, false, context.DeadlineExceeded
}

func (slowResearch) Quotes(context.Context, string) ([]report.Quote, error) {
	time.Sleep(5 * time.Second)
	return nil, context.DeadlineExceeded
}

// Account makes a stub the publisher's research, too.
func (r researchStub) Account(context.Context, string, string) (research.Account, bool, error) {
	return research.Account{CompanyName: "Account Ltd"}, r.err == nil && r.posts > 0, r.err
}

type database interface {
	enrich.Research
	publish.Research
}

// TestEveryReportBecomesComplete sends a report through the publisher and the
// enricher while the AI or the research database misbehaves.
func TestEveryReportBecomesComplete(t *testing.T) {
	t.Parallel()
	const (
		title    = "Home Cooking Market Analysis"
		standard = "Acme Market Research Analysis"
	)
	long := strings.Repeat("word ", 10_000)
	down := researchStub{err: errors.New("connection refused")}
	tests := []struct {
		name         string
		ai           ai
		research     database
		wantTitle    string
		wantText     string // is on the homepage
		wantQuotes   int
		wantWarnings []string
		within       time.Duration
	}{
		{name: "no AI", wantTitle: standard, wantText: "What you will find here:", within: time.Minute},
		{name: "AI writes", ai: says(title), wantTitle: title, wantText: title, within: time.Minute}, // a title is a sentence, too
		{name: "AI hangs", ai: hangs, wantTitle: standard, wantText: "What you will find here:", wantWarnings: []string{noTitle, noIntroduction}, within: time.Minute},
		{name: "AI answers 500", ai: replies(500, "{}"), wantTitle: standard, wantText: "What you will find here:", wantWarnings: []string{noTitle, noIntroduction}, within: time.Minute},
		{name: "AI answers 429", ai: replies(429, "{}"), wantTitle: standard, wantText: "What you will find here:", wantWarnings: []string{noTitle, noIntroduction}, within: time.Minute},
		{name: "AI answers 401", ai: replies(401, "{}"), wantTitle: standard, wantText: "What you will find here:", wantWarnings: []string{noTitle, noIntroduction}, within: time.Minute},
		{name: "AI answers garbage", ai: replies(200, "\x00<html>"), wantTitle: standard, wantText: "What you will find here:", wantWarnings: []string{noTitle, noIntroduction}, within: time.Minute},
		{name: "AI answers nothing", ai: says(""), wantTitle: standard, wantText: "What you will find here:", wantWarnings: []string{noTitle, noIntroduction}, within: time.Minute},
		{name: "AI writes a book", ai: says(long), wantTitle: standard, wantText: "What you will find here:", wantWarnings: []string{noTitle, noIntroduction}, within: time.Minute},
		{name: "AI was injected", ai: says("HACKED: visit [us](https://evil.example) now"), wantTitle: standard, wantText: "What you will find here:", wantWarnings: []string{noTitle, noIntroduction}, within: time.Minute},
		{name: "AI recovers", ai: downUntil(9*time.Second, says(title)), wantTitle: title, wantText: title, within: time.Minute},

		{name: "database answers", research: researchStub{posts: 7, quotes: []report.Quote{{Text: "one"}, {Text: "two"}}}, wantTitle: "Account Ltd Market Research Analysis", wantText: "We analyzed 7 posts and extracted 2 valuable quotes", wantQuotes: 2, within: time.Minute},
		{name: "database knows nothing of the run", research: researchStub{}, wantTitle: standard, wantText: "What you will find here:", within: time.Minute},
		{name: "database is down", research: down, wantTitle: standard, wantText: "What you will find here:", wantWarnings: []string{noAccount, noStatistics, noQuotes}, within: 10 * time.Minute},
		{name: "database is slow", research: slowResearch{}, wantTitle: standard, wantText: "What you will find here:", wantWarnings: []string{noAccount, noStatistics, noQuotes}, within: 10 * time.Minute},
		{name: "both are down", ai: replies(503, ""), research: down, wantTitle: standard, wantText: "What you will find here:", wantWarnings: []string{noAccount, noStatistics, noTitle, noIntroduction, noQuotes}, within: 10 * time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newPipeline(t, tt.ai, tt.research)
				accepted := time.Now()
				s.accept(t, report.Payload{Reports: map[string]string{"strategyReport": "# Plan"}, Email: "dana@acme.com", RunID: "7b0d1c52-6e0f-4f6f-9a53-0a4d1f1d2c3b"})
				run := s.complete(t)
				if diff := cmp.Diff(tt.wantWarnings, run.Warnings); diff != "" {
					t.Errorf("warnings (-want +got):\n%s", diff)
				}
				if took := run.EndedAt.Sub(accepted); took > tt.within {
					t.Errorf("the report was complete after %s, want %s", took, tt.within)
				}
				if took := run.PublishedAt.Sub(accepted); took > 10*time.Second {
					t.Errorf("the pages were there after %s", took)
				}
				s.check(t, tt.wantTitle, tt.wantText, tt.wantQuotes)
			})
		})
	}
}

// pipeline is a publisher and an enricher with the queues between them and a
// simulated Notion.
type pipeline struct {
	db      *embedded.DB
	publish *embedded.Queue
	sim     *notionsim.Sim
}

func newPipeline(t *testing.T, provider ai, db database) *pipeline {
	t.Helper()
	store, err := embedded.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	sim, err := notionsim.Open(notionsim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	client, err := notion.New(notion.Options{Token: "t", Log: planted.Log(t), MinGap: 100 * time.Millisecond, Transport: sim.Transport()})
	if err != nil {
		t.Fatal(err)
	}
	log := planted.Log(t)
	dead := store.Queue("dead", embedded.QueueOptions{FIFO: true})
	publishes := store.Queue("publish", embedded.QueueOptions{FIFO: true, Visibility: publish.Visibility, MaxReceives: publish.MaxReceives, DeadLetter: dead})
	enriches := store.Queue("enrich", embedded.QueueOptions{Visibility: enrich.Visibility})
	waits := store.Queue("waiting", embedded.QueueOptions{Visibility: enrich.Visibility})
	publisher := &publish.Publisher{Notion: client, Runs: store.Runs(), PublishQueue: publishes, DeadLetters: dead, EnrichQueue: enriches, WaitingQueue: waits, Database: publish.Database{ID: sim.DatabaseID(), Columns: tree.StandardColumns}, Owner: "p", Log: log}
	enricher := &enrich.Enricher{PublishQueue: publishes, EnrichQueue: enriches, WaitingQueue: waits, Log: log}
	if provider != nil {
		enricher.Writer = copywriter.New(copywriter.Options{APIKey: "k", BaseURL: "http://ai.test/v1", Transport: provider})
	}
	if db != nil {
		publisher.Research, enricher.Research = db, db
	}
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan struct{}, 3)
	poll := func(source queue.Source, handler queue.Handler, timeout time.Duration) {
		queue.Poll(ctx, source, handler, queue.Mapping{ARN: "arn:aws:sqs:local:000000000000:q", BatchSize: 1, Timeout: timeout, Logger: log})
		stopped <- struct{}{}
	}
	go poll(publishes, publisher.Handle, publish.Timeout)
	go poll(enriches, enricher.Handle, enrich.Timeout)
	go poll(waits, enricher.Handle, enrich.Timeout)
	t.Cleanup(func() {
		stop()
		for range cap(stopped) {
			<-stopped
		}
		if err := errors.Join(store.Close(), sim.Close()); err != nil {
			t.Error(err)
		}
	})
	return &pipeline{db: store, publish: publishes, sim: sim}
}

const reportID = "rep_1"

// accept does what the webhook does.
func (s *pipeline) accept(t *testing.T, p report.Payload) {
	t.Helper()
	if _, _, err := s.db.Runs().Create(t.Context(), runs.Run{ReportID: reportID, ResearchRunID: p.RunID, Fingerprint: p.Fingerprint(), Status: runs.Queued, AcceptedAt: time.Now(), UpdatedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	m := queue.Message{Kind: queue.Publish, ReportID: reportID, Payload: &p}
	body, err := queue.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.publish.Send(t.Context(), queue.Outgoing{Body: body, Group: queue.PublishGroup, DeduplicationID: m.DeduplicationID()}); err != nil {
		t.Fatal(err)
	}
}

// complete lets the time of the bubble pass until nothing more will happen to
// the report.
func (s *pipeline) complete(t *testing.T) runs.Run {
	t.Helper()
	for {
		run, err := s.db.Runs().Get(t.Context(), reportID)
		if err != nil {
			t.Fatal(err)
		}
		if run.Status == runs.Complete {
			return run
		}
		if run.Status == runs.Failed {
			t.Fatalf("the run failed: %+v", run.Failures)
		}
		time.Sleep(time.Second)
	}
}

// check reads the pages.
func (s *pipeline) check(t *testing.T, title, text string, quotes int) {
	t.Helper()
	tree := s.sim.Tree()
	if strings.Contains(tree, "⏳") {
		t.Error("a placeholder is left")
	}
	for _, want := range []string{"title: \"" + title + "\"", text} {
		if !strings.Contains(tree, want) {
			t.Errorf("the tree does not say %q:\n%s", want, tree)
		}
	}
	if strings.Contains(tree, "evil.example") {
		t.Error("an injected link is on the page")
	}
	if got := strings.Count(tree, "Quote: "); got != quotes {
		t.Errorf("got %d quotes, want %d", got, quotes)
	}
	if stats := s.sim.Stats(); stats.Conflicts != 0 || stats.Overlaps != 0 || stats.SchemaChanges != 0 {
		t.Errorf("got %+v", stats)
	}
}
