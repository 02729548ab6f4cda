package enrich_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"notionrelay/functions/enricher/enrich"
	"notionrelay/local/embedded"
	"notionrelay/shared/metrics"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/test/planted"
)

// researchStub answers with what a test says.
type researchStub struct {
	quotes []report.Quote
	posts  int
	err    error
}

func (r researchStub) Quotes(context.Context, string) ([]report.Quote, error) { return r.quotes, r.err }

func (r researchStub) Statistics(context.Context, string) (report.Statistics, bool, error) {
	return report.Statistics{Posts: r.posts, Quotes: len(r.quotes)}, r.posts > 0, r.err
}

// bundle is an enricher over real queues.
type bundle struct {
	*enrich.Enricher
	publish *embedded.Queue
	enrich  *embedded.Queue
	waiting *embedded.Queue
}

func setup(t *testing.T, r enrich.Research) *bundle {
	t.Helper()
	db, err := embedded.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	b := &bundle{
		publish: db.Queue("publish", embedded.QueueOptions{FIFO: true, Visibility: time.Minute}),
		enrich:  db.Queue("enrich", embedded.QueueOptions{Visibility: time.Minute}),
		waiting: db.Queue("waiting", embedded.QueueOptions{Visibility: time.Minute}),
	}
	log := planted.Log(t)
	b.Enricher = &enrich.Enricher{PublishQueue: b.publish, EnrichQueue: b.enrich, WaitingQueue: b.waiting, Research: r, Log: log, Metrics: metrics.Recorder{Function: "enricher", Log: log}}
	return b
}

// ask sends a question and handles its delivery of that number.
func (b *bundle) ask(t *testing.T, body string, delivery int) (failed bool) {
	t.Helper()
	if err := b.enrich.Send(t.Context(), queue.Outgoing{Body: body}); err != nil {
		t.Fatal(err)
	}
	batch, err := b.enrich.Receive(t.Context(), 1, time.Second)
	if err != nil || len(batch) != 1 {
		t.Fatal(len(batch), err)
	}
	response, err := b.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{{
		MessageId: batch[0].ID, ReceiptHandle: batch[0].Receipt, Body: body,
		Attributes: map[string]string{"ApproximateReceiveCount": fmt.Sprint(delivery)},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return len(response.BatchItemFailures) == 1
}

func question(t *testing.T, p report.Payload) string {
	t.Helper()
	subject := p.Subject()
	body, err := queue.Encode(queue.Message{Kind: queue.Enrich, ReportID: "rep_1", Payload: &p, Subject: &subject})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// answers takes what was sent to the publisher, in order.
func (b *bundle) answers(t *testing.T) []queue.Message {
	t.Helper()
	var all []queue.Message
	for {
		batch, err := b.publish.Receive(t.Context(), 1, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(batch) == 0 {
			return all
		}
		m, err := queue.Decode(batch[0].Body)
		if err != nil || batch[0].Group != queue.PublishGroup {
			t.Fatal(batch[0].Group, err)
		}
		all = append(all, m)
		if err := b.publish.Delete(t.Context(), batch[0].Receipt); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTextsComeBeforeQuotes(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	p := report.Payload{Reports: map[string]string{"strategyReport": "x"}, Email: "x@acme.com", Quotes: []report.Quote{{Text: "It <b>works</b>"}, {Text: "</indicator>"}}}
	if b.ask(t, question(t, p), 1) {
		t.Fatal("the message was given back")
	}
	got := b.answers(t)
	if len(got) != 2 || got[0].Kind != queue.Texts || got[1].Kind != queue.Quotes {
		t.Fatalf("got %+v", got)
	}
	if texts := got[0].Texts; texts.Title != "" || texts.Introduction != "" || len(texts.Warnings) != 0 {
		t.Errorf("without an AI got texts %+v", texts)
	}
	if part := got[1].Quotes; part.Total != 1 || len(part.Warnings) != 1 || got[1].Subject.Company != "Acme" {
		t.Errorf("got quotes %+v", part)
	}
}

func TestStoredQuotesAreForReportsWithoutTheirOwn(t *testing.T) {
	t.Parallel()
	stored := researchStub{quotes: []report.Quote{{Text: "stored"}}, posts: 7}
	for name, own := range map[string][]report.Quote{"stored": nil, "own": {{Text: "own"}}} {
		b := setup(t, stored)
		b.ask(t, question(t, report.Payload{Reports: map[string]string{"strategyReport": "x"}, RunID: "r", Quotes: own}), 1)
		part := b.answers(t)[1].Quotes
		if part.Total != 1 || part.Quotes[0].Text != name {
			t.Errorf("got %+v, want the %s quote", part, name)
		}
	}
}

func TestADatabaseThatIsDownIsNotZeroQuotes(t *testing.T) {
	t.Parallel()
	for delivery := 1; delivery <= 5; delivery++ {
		b := setup(t, researchStub{err: errors.New("down")})
		failed := b.ask(t, question(t, report.Payload{Reports: map[string]string{"strategyReport": "x"}, RunID: "r"}), delivery)
		got := b.answers(t)
		if got[0].Kind != queue.Texts {
			t.Errorf("delivery %d held back the texts", delivery)
		}
		if delivery < 5 && (!failed || len(got) != 1) {
			t.Errorf("delivery %d gave up: %+v", delivery, got)
		}
		if delivery == 5 && (failed || len(got) != 2 || got[1].Quotes.Total != 0 || len(got[1].Quotes.Warnings) != 1) {
			t.Errorf("the last delivery did not end: %+v", got)
		}
	}
}

func TestNoQuotesAreSaidToBeNone(t *testing.T) {
	t.Parallel()
	b := setup(t, researchStub{})
	b.ask(t, question(t, report.Payload{Reports: map[string]string{"strategyReport": "x"}}), 1)
	if got := b.answers(t); len(got) != 2 || got[1].Quotes.Total != 0 || len(got[1].Quotes.Warnings) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestARedeliveryRepeatsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	raw := events.SQSMessage{MessageId: "m-1", Body: question(t, report.Payload{Reports: map[string]string{"strategyReport": "x"}})}
	for range 2 {
		if _, err := b.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{raw}}); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.answers(t); len(got) != 2 {
		t.Errorf("got %d messages, want 2", len(got))
	}
}

// changing is a database, and an AI, that says something else each time.
type changing struct{ asked *atomic.Int64 }

func (c changing) next() string { return fmt.Sprint("found ", c.asked.Add(1)) }

func (c changing) Quotes(context.Context, string) ([]report.Quote, error) {
	found := []report.Quote{{Text: c.next()}}
	random, noise := rand.NewChaCha8([32]byte{}), make([]byte, 600)
	for range 1_600 { // more than a message takes, packed
		_, _ = random.Read(noise)
		found = append(found, report.Quote{Text: base64.StdEncoding.EncodeToString(noise)})
	}
	return found, nil
}

func (changing) Statistics(context.Context, string) (report.Statistics, bool, error) {
	return report.Statistics{}, false, nil
}

func (c changing) Title(context.Context, report.Subject, []report.Document) (string, error) {
	return c.next(), nil
}

func (c changing) Introduction(context.Context, report.Subject, []report.Document) (string, error) {
	return c.next(), nil
}

// stopping is a queue that takes so many messages.
type stopping struct {
	enrich.Publisher

	left int
}

func (s *stopping) Send(ctx context.Context, m queue.Outgoing) error {
	if s.left--; s.left < 0 {
		return errors.New("no")
	}
	return s.Publisher.Send(ctx, m)
}

// A question that is delivered twice may have two answers that differ. Each has a
// name of its own, by which the publisher keeps to one; and no quotes are begun of
// which a part has not come, since their first part is sent last.
func TestAnswersThatDifferAreToldApart(t *testing.T) {
	t.Parallel()
	c := changing{new(atomic.Int64)}
	b := setup(t, c)
	b.Writer = c
	raw := events.SQSMessage{MessageId: "m-1", Body: question(t, report.Payload{Reports: map[string]string{"strategyReport": "x"}, RunID: "r"})}
	for i, left := range []int{2, 1000} { // the first delivery ends behind the texts and a part of the quotes
		b.PublishQueue = &stopping{b.publish, left}
		response, err := b.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{raw}})
		if err != nil || len(response.BatchItemFailures) != 1-i {
			t.Fatalf("delivery %d: %+v, %v", i, response, err)
		}
	}
	got := b.answers(t)
	first, second := got[:2], got[2:]
	if len(second) < 3 || first[0].Kind != queue.Texts || first[1].Kind != queue.Quotes || first[1].Quotes.Offset == 0 {
		t.Fatalf("got %d messages of the second answer, and first %+v", len(second), first)
	}
	if first[0].Answer == "" || first[0].Answer == second[0].Answer {
		t.Errorf("different texts have the names %q and %q", first[0].Answer, second[0].Answer)
	}
	for i, part := range second[1:] {
		if part.Answer == "" || part.Answer == first[1].Answer || part.Answer != second[1].Answer {
			t.Errorf("part %d is of answer %q, the one before of %q", i, part.Answer, first[1].Answer)
		}
		if last := i == len(second)-2; (part.Quotes.Offset == 0) != last {
			t.Errorf("of %d parts the %d. begins at %d", len(second)-1, i, part.Quotes.Offset)
		}
	}
}

// Another question has an answer, though it is the same as that of the one before:
// what had come for that may have been dropped.
func TestASecondQuestionHasAnAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for range 2 {
		b.ask(t, question(t, report.Payload{Reports: map[string]string{"strategyReport": "x"}}), 1)
	}
	if got := b.answers(t); len(got) != 4 || got[0].Answer != got[2].Answer || got[1].Answer != got[3].Answer {
		t.Errorf("got %+v", got)
	}
}

func TestWhatCannotBeReadIsLeftToTheQueue(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"hello", `{"version":1,"kind":"enrich","reportId":"r"}`} {
		if !setup(t, nil).ask(t, body, 1) {
			t.Errorf("%q was acknowledged", body)
		}
	}
}

// What has waited out its time goes to the tail of the publish queue as it is, and
// only once however often it is delivered; while that queue refuses, it stays where
// it is.
func TestWhatHasWaitedGoesBackToThePublishQueue(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.EnrichQueue = nil // it is not the queue that the message has come from
	body := `{"version":1,"kind":"quotes","reportId":"rep_1"}`
	if err := b.waiting.Send(t.Context(), queue.Outgoing{Body: body}); err != nil {
		t.Fatal(err)
	}
	batch, err := b.waiting.Receive(t.Context(), 1, 0)
	if err != nil || len(batch) != 1 {
		t.Fatal(len(batch), err)
	}
	event := events.SQSEvent{Records: []events.SQSMessage{{MessageId: batch[0].ID, ReceiptHandle: batch[0].Receipt, Body: body}}}
	b.PublishQueue = refusing{}
	if response, err := b.Handle(t.Context(), event); err != nil || len(response.BatchItemFailures) != 1 {
		t.Errorf("a message that could not be sent on was acknowledged: %v", err)
	}
	b.PublishQueue = b.publish
	for range 2 {
		if response, err := b.Handle(t.Context(), event); err != nil || len(response.BatchItemFailures) > 0 {
			t.Errorf("got %+v, %v", response, err)
		}
	}
	if got, err := b.publish.Peek(t.Context()); err != nil || len(got) != 1 || got[0].Body != body || got[0].Group != queue.PublishGroup {
		t.Errorf("the publish queue has %+v, %v", got, err)
	}
}

// refusing is a queue that takes nothing.
type refusing struct{}

func (refusing) Send(context.Context, queue.Outgoing) error { return errors.New("no") }

// The enricher cannot reach Notion: nothing that it is built from can.
func TestNothingHereCanReachNotion(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "notionrelay/functions/enricher/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, forbidden := range []string{"notionrelay/shared/notion", "notionrelay/local/notionsim", "github.com/jomei/notionapi"} {
		if strings.Contains("\n"+string(out), "\n"+forbidden+"\n") {
			t.Errorf("the enricher is built from %s", forbidden)
		}
	}
	if !strings.Contains(string(out), "notionrelay/shared/queue") {
		t.Error("the list of dependencies is not what it seems")
	}
}
