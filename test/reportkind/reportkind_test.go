// Package reportkind_test shows that the table of report kinds is the one place
// that lists them: a third kind, added here as one more line of it, goes all
// the way from the request to its page.
package reportkind_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-lambda-go/events"

	"notionrelay/functions/enricher/enrich"
	"notionrelay/functions/publisher/publish"
	"notionrelay/functions/webhook/intake"
	"notionrelay/local/embedded"
	"notionrelay/local/notionsim"
	"notionrelay/shared/notion"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
	"notionrelay/shared/tree"
	"notionrelay/test/planted"
	"notionrelay/test/rapidtest"
)

func TestMain(m *testing.M) {
	report.Kinds = append(report.Kinds, report.Kind{
		Field: "competitorReport", Name: "competitor-report", Title: "Competitor Landscape", Icon: "🥊", Holds: "who else your customers talk about.",
	})
	rapidtest.Settle()
	m.Run()
}

func TestAThirdKindIsOneLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		first := w.post(t, `{"competitorReport":"# Rivals\n\nFirst of them."}`)
		second := w.post(t, `{"competitorReport":"# Rivals\n\nSecond of them."}`)
		if first == second {
			t.Errorf("two reports have the id %s", first)
		}
		w.settle(t)
		for _, id := range []string{first, second} {
			run, err := w.db.Runs().Get(t.Context(), id)
			if err != nil || run.Status != runs.Complete || run.Step("competitor-report") == nil {
				t.Errorf("run %s is %s: %+v, %v", id, run.Status, run.Failures, err)
			}
		}
		tree := w.sim.Tree()
		for want, times := range map[string]int{
			`"Client - Competitor Landscape"`:           2, // the page's title
			`icon 🥊`:                                    2,
			`"View Competitor Landscape"(link`:          2,
			`"First of them."`:                          1,
			`"Second of them."`:                         1,
			`": who else your customers talk about.\n"`: 2, // the introduction
			`"Competitor Landscape"(bold)`:              2,
			`"Strategy Report"`:                         0,
			"Generating personalized introduction":      0,
		} {
			if got := strings.Count(tree, want); got != times {
				t.Errorf("%s is there %d times, want %d", want, got, times)
			}
		}
		if t.Failed() {
			t.Log(tree)
		}
	})
}

type world struct {
	db        *embedded.DB
	sim       *notionsim.Sim
	webhook   http.Handler
	publishes *embedded.Queue
	enriches  *embedded.Queue
	waits     *embedded.Queue
	publisher *publish.Publisher
	enricher  *enrich.Enricher
}

func newWorld(t *testing.T) *world {
	t.Helper()
	sim, err := notionsim.Open(notionsim.Options{})
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
	auth, err := intake.NewAuth(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	client, err := notion.New(notion.Options{Token: "t", Log: planted.Log(t), Transport: sim.Transport()})
	if err != nil {
		t.Fatal(err)
	}
	log := planted.Log(t)
	w := &world{db: db, sim: sim}
	w.publishes = db.Queue("publish", embedded.QueueOptions{FIFO: true, Visibility: publish.Visibility})
	w.enriches = db.Queue("enrich", embedded.QueueOptions{Visibility: enrich.Visibility})
	w.waits = db.Queue("waiting", embedded.QueueOptions{Visibility: enrich.Visibility})
	w.webhook = (&intake.Handler{Runs: db.Runs(), Queue: w.publishes, Auth: auth, Log: log}).Routes()
	w.publisher = &publish.Publisher{
		Notion: client, Runs: db.Runs(), PublishQueue: w.publishes, DeadLetters: db.Queue("dead", embedded.QueueOptions{FIFO: true}), EnrichQueue: w.enriches, WaitingQueue: w.waits,
		Database: publish.Database{ID: sim.DatabaseID(), Columns: tree.StandardColumns}, Owner: "p", Log: log,
	}
	w.enricher = &enrich.Enricher{PublishQueue: w.publishes, EnrichQueue: w.enriches, WaitingQueue: w.waits, Log: log}
	return w
}

// post sends a report and returns its id.
func (w *world) post(t *testing.T, body string) string {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/reports", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	w.webhook.ServeHTTP(answer, r)
	_, rest, ok := strings.Cut(answer.Body.String(), `"reportId":"`)
	id, _, _ := strings.Cut(rest, `"`)
	if answer.Code != http.StatusAccepted || !ok {
		t.Fatalf("got %d %s", answer.Code, answer.Body)
	}
	return id
}

// settle lets both functions work until nothing is left to do.
func (w *world) settle(t *testing.T) {
	t.Helper()
	for w.work(t, w.publishes, w.publisher.Handle) || w.work(t, w.enriches, w.enricher.Handle) {
	}
}

// work gives a function its queue's next message, if there is one.
func (w *world) work(t *testing.T, q *embedded.Queue, handle func(context.Context, events.SQSEvent) (events.SQSEventResponse, error)) bool {
	t.Helper()
	messages, err := q.Receive(t.Context(), 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(messages) == 0 {
		return false
	}
	response, err := handle(t.Context(), queue.Mapping{}.Event(messages))
	if err != nil || len(response.BatchItemFailures) > 0 {
		t.Fatalf("got %+v, %v", response, err)
	}
	if err := q.Delete(t.Context(), messages[0].Receipt); err != nil {
		t.Fatal(err)
	}
	return true
}
