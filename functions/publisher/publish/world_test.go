package publish_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"go.uber.org/goleak"

	enricher "notionrelay/functions/enricher/enrich"
	"notionrelay/functions/publisher/publish"
	"notionrelay/local/embedded"
	"notionrelay/local/notionsim"
	"notionrelay/shared/metrics"
	"notionrelay/shared/notion"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
	"notionrelay/shared/tree"
	"notionrelay/test/planted"
	"notionrelay/test/rapidtest"
)

func TestMain(m *testing.M) {
	rapidtest.Settle()
	goleak.VerifyTestMain(m)
}

const visibility = publish.Visibility

// world is everything around a publisher: a simulated Notion, the record and
// the queues, all in the time of a synctest bubble.
type world struct {
	t        testing.TB
	sim      *notionsim.Sim
	db       *embedded.DB
	publish  *embedded.Queue
	dead     *embedded.Queue
	enrich   *embedded.Queue
	waiting  *waitingRoom
	research publish.Research
	texts    queue.HomepageTexts // what the enricher answers
	log      *slog.Logger
	minGap   time.Duration
	budget   int
}

// written are texts of an AI.
var written = queue.HomepageTexts{Title: "Home Cooking Market Analysis", Introduction: "We read a lot.\n\n- **Plan**: what to do\n- **All**: why\n"}

func newWorld(t testing.TB, options notionsim.Options) *world {
	t.Helper()
	sim, err := notionsim.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	db, err := embedded.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		sim.Close()
		db.Close()
	})
	w := &world{t: t, sim: sim, db: db, log: planted.Log(t, reportTexts...), texts: written, minGap: 100 * time.Millisecond, budget: options.Budget}
	w.dead = db.Queue("dead", embedded.QueueOptions{FIFO: true, Visibility: visibility})
	w.publish = db.Queue("publish", embedded.QueueOptions{FIFO: true, Visibility: visibility, MaxReceives: publish.MaxReceives, DeadLetter: w.dead})
	w.enrich = db.Queue("enrich", embedded.QueueOptions{Visibility: visibility})
	w.waiting = &waitingRoom{Queue: db.Queue("waiting", embedded.QueueOptions{Visibility: visibility})}
	return w
}

// publisher is a process with its own way to Notion.
func (w *world) publisher(owner string, transport http.RoundTripper) *publish.Publisher {
	w.t.Helper()
	if transport == nil {
		transport = w.sim.Transport()
	}
	client, err := notion.New(notion.Options{Token: "t", MinGap: w.minGap, Budget: w.budget, Transport: transport, Jitter: func() float64 { return 0.5 }, Log: w.log})
	if err != nil {
		w.t.Fatal(err)
	}
	return &publish.Publisher{
		Notion: client, Runs: w.db.Runs(), PublishQueue: w.publish, DeadLetters: w.dead, EnrichQueue: w.enrich, WaitingQueue: w.waiting, Research: w.research,
		Database: publish.Database{ID: w.sim.DatabaseID(), Columns: tree.StandardColumns}, CoverURL: "https://example.com/banner.png", Owner: owner, Log: w.log, Metrics: metrics.Recorder{Function: "publisher", Log: w.log},
	}
}

// accept does what the webhook does.
func (w *world) accept(id string, p report.Payload) {
	w.t.Helper()
	_, _, err := w.db.Runs().Create(w.t.Context(), runs.Run{ReportID: id, ResearchRunID: p.RunID, Fingerprint: p.Fingerprint(), Status: runs.Queued, AcceptedAt: time.Now(), UpdatedAt: time.Now()})
	if err != nil {
		w.t.Fatal(err)
	}
	w.send(queue.Message{Kind: queue.Publish, ReportID: id, Payload: &p}, "")
}

func (w *world) send(m queue.Message, distinct string) {
	w.t.Helper()
	body, err := queue.Encode(m)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.publish.Send(w.t.Context(), queue.Outgoing{Body: body, Group: queue.PublishGroup, DeduplicationID: m.DeduplicationID() + distinct}); err != nil {
		w.t.Fatal(err)
	}
}

// answerEnrichRequests does what the enricher does with every request that waits.
func (w *world) answerEnrichRequests() {
	w.t.Helper()
	for {
		asked, err := w.enrich.Receive(w.t.Context(), 1, 0)
		if err != nil {
			w.t.Fatal(err)
		}
		if len(asked) == 0 {
			return
		}
		m, err := queue.Decode(asked[0].Body)
		if err != nil {
			w.t.Fatal(err)
		}
		w.send(queue.Message{Kind: queue.Texts, ReportID: m.ReportID, Answer: asked[0].ID, Texts: &w.texts}, asked[0].ID)
		w.send(queue.Message{Kind: queue.Quotes, ReportID: m.ReportID, Answer: asked[0].ID, Subject: m.Subject, Quotes: quotesOf(m.Payload)}, asked[0].ID)
		if err := w.enrich.Delete(w.t.Context(), asked[0].Receipt); err != nil {
			w.t.Fatal(err)
		}
	}
}

func quotesOf(p *report.Payload) *queue.QuotesPart {
	part := &queue.QuotesPart{Total: len(p.Quotes), Quotes: p.Quotes, Posts: 12}
	for _, q := range p.Quotes {
		part.Categories = append(part.Categories, q.Category)
		part.Sentiments = append(part.Sentiments, q.Sentiment)
		part.Themes = append(part.Themes, q.Theme)
	}
	return part
}

// deliver gives the next message, if one comes within the wait, to a publisher
// as Lambda does, and settles it unless the process has died meanwhile.
func (w *world) deliver(alive context.Context, p *publish.Publisher, wait time.Duration) (delivered bool) {
	w.t.Helper()
	batch := w.next(wait)
	if len(batch) == 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(alive, publish.Timeout)
	defer cancel()
	response, err := p.Handle(ctx, eventOf(batch[0]))
	if err != nil {
		w.t.Fatal(err)
	}
	if len(response.BatchItemFailures) == 0 && alive.Err() == nil {
		if err := w.publish.Delete(w.t.Context(), batch[0].Receipt); err != nil {
			w.t.Fatal(err)
		}
	}
	return true
}

// next is the next message of the publish queue that comes within the wait, with
// what has waited out its time sent back there meanwhile.
func (w *world) next(wait time.Duration) []queue.Incoming {
	w.t.Helper()
	for until := time.Now().Add(wait); ; {
		w.sendBack()
		left := max(0, time.Until(until))
		if due := w.waiting.next(); !due.IsZero() {
			left = min(left, max(0, time.Until(due)))
		}
		batch, err := w.publish.Receive(w.t.Context(), 1, left)
		if err != nil {
			w.t.Fatal(err)
		}
		if len(batch) > 0 || !time.Now().Before(until) {
			return batch
		}
	}
}

// sendBack does with the waiting queue what the enricher's function does.
func (w *world) sendBack() {
	w.t.Helper()
	sender := &enricher.Enricher{PublishQueue: w.publish, WaitingQueue: w.waiting, Log: w.log}
	for {
		back, err := w.waiting.Receive(w.t.Context(), 1, 0)
		if err != nil {
			w.t.Fatal(err)
		}
		if len(back) == 0 {
			return
		}
		response, err := sender.Handle(w.t.Context(), eventOf(back[0]))
		if err != nil || len(response.BatchItemFailures) > 0 {
			w.t.Fatalf("send back: %+v, %v", response, err)
		}
		if err := w.waiting.Delete(w.t.Context(), back[0].Receipt); err != nil {
			w.t.Fatal(err)
		}
	}
}

// waitingRoom is a waiting queue that knows when its messages come back.
type waitingRoom struct {
	*embedded.Queue

	mu  sync.Mutex
	due []time.Time
}

func (r *waitingRoom) Send(ctx context.Context, m queue.Outgoing) error {
	r.mu.Lock()
	r.due = append(r.due, time.Now().Add(m.Delay))
	r.mu.Unlock()
	return r.Queue.Send(ctx, m)
}

// next is when the next message comes back; zero when none does.
func (r *waitingRoom) next() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	r.due = slices.DeleteFunc(r.due, func(t time.Time) bool { return !t.After(now) })
	if len(r.due) == 0 {
		return time.Time{}
	}
	return slices.MinFunc(r.due, time.Time.Compare)
}

func eventOf(m queue.Incoming) events.SQSEvent {
	return events.SQSEvent{Records: []events.SQSMessage{{
		MessageId: m.ID, ReceiptHandle: m.Receipt, Body: m.Body,
		Attributes: map[string]string{
			"ApproximateReceiveCount": fmt.Sprint(m.ReceiveCount),
			"SentTimestamp":           fmt.Sprint(m.SentAt.UnixMilli()),
		},
	}}}
}

// drain delivers until nothing has come for so long, the enricher's answers
// included. Nothing that is on its way takes longer than the visibility timeout
// unless it was given back.
func (w *world) drain(p *publish.Publisher, quiet time.Duration) {
	w.t.Helper()
	for {
		w.answerEnrichRequests()
		if !w.deliver(w.t.Context(), p, quiet) {
			return
		}
	}
}

func (w *world) run(id string) runs.Run {
	w.t.Helper()
	run, err := w.db.Runs().Get(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return run
}

// peek lists a queue's messages.
func (w *world) peek(q *embedded.Queue) []queue.Incoming {
	w.t.Helper()
	all, err := q.Peek(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// roundTrip answers a request in a test.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// payload is a run with reports of so many blocks each and so many quotes.
func payload(blocks, quotes int) report.Payload {
	p := report.Payload{
		Reports: map[string]string{"strategyReport": "# Strategy\n\n" + paragraphs("Do", blocks-1), "comprehensiveReport": "# All\n\n" + paragraphs("See", blocks-1)},
		Email:   "dana@salt-and-pepper.com", RunID: "run-1",
	}
	for i := range quotes {
		score := 1 - float64(i)/float64(quotes)
		p.Quotes = append(p.Quotes, report.Quote{
			Text: fmt.Sprintf("Quote %d of what people say", i), Category: "user_needs", Sentiment: "positive", Theme: fmt.Sprintf("theme %d", i%7),
			RelevanceScore: &score, URL: fmt.Sprintf("https://www.reddit.com/r/cooking/comments/%d/", i), Justification: "It says so.", PostID: fmt.Sprint(i), Date: "2025-06-27",
		})
	}
	if quotes > 2 {
		p.Quotes[2].Text = strings.Repeat("long ", 600)
		p.Quotes[2].Justification = strings.Repeat("Зачем? ", 500) // leaves its row no room for the rest of the text
		p.Quotes[1].URL = ""
	}
	return p
}

func paragraphs(word string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s item %d.\n\n", word, i)
	}
	return b.String()
}

func answer(r *http.Request, status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}
}

// bodyOf reads a request's body and leaves it in place.
func bodyOf(t testing.TB, r *http.Request) string {
	t.Helper()
	if r.Body == nil {
		return ""
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return string(body)
}

// errDial is what a connection ends with that nobody takes.
var errDial = &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
