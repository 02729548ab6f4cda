package events_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	nethttp "net/http"

	"github.com/google/go-cmp/cmp"

	"notionrelay/local/notionsim"
	"notionrelay/shared/copywriter"
	"notionrelay/shared/metrics"
	"notionrelay/shared/report"
	"notionrelay/test/planted"
)

// A report goes through the handlers with everything that can go wrong and be
// logged, Notion and the AI quoting it in their errors among them.
func TestLogsNameTheRequestAndKeepSecrets(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	w, p := handlers(t, planted.Secret, &log)
	p.enricher.Writer = copywriter.New(copywriter.Options{APIKey: planted.Secret, BaseURL: objecting(t, planted.Text+" "+planted.Email)})
	p.enricher.Research = closed{}
	w.notion.Inject(notionsim.Fault{Method: "POST", Path: "/v1/pages", Nth: 2, Status: 409})

	good := `{"strategyReport":"# ` + planted.Text + `","email":"` + planted.Email + `","runId":"run-1"}`
	bad := `{"strategyReport":"# ` + planted.Text + ` of another report","runId":"run-2"}`
	w.post(t, good, planted.Secret)
	w.post(t, good, "wrong "+planted.Secret)
	w.post(t, `{"strategyReport":"`+planted.Text, planted.Secret)
	w.post(t, `{"strategyReport":5,"email":"`+planted.Email+` "}`, planted.Secret)
	w.deliver(t, "publisher", p.publish, 1) // meets the 409
	w.deliver(t, "enricher", p.waiting, 1)
	w.deliver(t, "publisher", p.publish, 1)
	w.deliver(t, "enricher", p.enrich, 1)
	w.deliver(t, "enricher", p.enrich, 5)
	w.deliver(t, "publisher", p.publish, 1)
	w.deliver(t, "publisher", p.publish, 1)
	w.post(t, bad, planted.Secret)
	w.notion.Inject(notionsim.Fault{Method: "POST", Path: "/v1/pages", Status: 400, Body: `{"object":"error","status":400,` +
		`"code":"validation_error","message":"body.children[0] should be shorter, instead was ` + planted.Text + `","request_id":"n-1"}`})
	w.deliver(t, "publisher", p.publish, 1)
	w.post(t, `{"strategyReport":"# `+planted.Text+` while everybody waits","runId":"run-3"}`, planted.Secret)
	w.notion.People().RevokeToken(planted.Secret)
	w.deliver(t, "publisher", p.publish, 1)

	for _, leak := range planted.Find(log.String()) {
		t.Errorf("the log tells what it must not: %s", leak)
	}
	dead, err := w.dead.Receive(t.Context(), 10, time.Second)
	if err != nil || len(dead) == 0 {
		t.Fatalf("%d dead letters, %v", len(dead), err)
	}
	for _, letter := range dead {
		for _, leak := range planted.Find(fmt.Sprint(letter.Attributes)) {
			t.Errorf("a dead letter says for the list what it must not: %s", leak)
		}
	}
	everyLineSaysWhatItBelongsTo(t, lines(t, &log))
}

func everyLineSaysWhatItBelongsTo(t *testing.T, all []map[string]any) {
	t.Helper()
	figures := map[string]bool{}
	for _, line := range all {
		if line["requestId"] != "request-of-aws" {
			t.Errorf("no request of AWS in %v", line)
		}
		_, fromGateway := line["gatewayRequestId"]
		if line["messageId"] != nil && line["reportId"] == nil && line["msg"] != "visibility was not shortened" {
			t.Errorf("no report in %v", line)
		}
		if fromGateway == (line["messageId"] != nil) {
			t.Errorf("neither a request nor a message in %v", line)
		}
		if strings.HasPrefix(line["msg"].(string), "notion request") && (line["step"] == nil || line["runId"] == nil) {
			t.Errorf("no step or no run in %v", line)
		}
		if line["msg"] == "figures" {
			for _, name := range metrics.Names() {
				figures[string(name)] = figures[string(name)] || line[string(name)] != nil
			}
		}
	}
	want := map[string]bool{}
	for _, name := range metrics.Names() {
		want[string(name)] = true
	}
	if diff := cmp.Diff(want, figures); diff != "" {
		t.Errorf("figures (-want +recorded):\n%s", diff)
	}
}

// post sends a report through the webhook.
func (w *world) post(t *testing.T, body, token string) {
	t.Helper()
	event, err := json.Marshal(http("POST", "/reports", body, map[string]string{"authorization": "Bearer " + token}))
	if err != nil {
		t.Fatal(err)
	}
	w.invoke(t, "webhook", event)
}

// deliver hands the queue's next message to a function, as if for the nth time.
func (w *world) deliver(t *testing.T, function string, q interface {
	receiver
	ChangeVisibility(ctx context.Context, receipt string, d time.Duration) error
	Delete(ctx context.Context, receipt string) error
}, nth int) {
	t.Helper()
	messages, err := q.Receive(t.Context(), 1, 10*time.Second)
	if err != nil || len(messages) == 0 {
		t.Fatalf("no message for the %s: %v", function, err)
	}
	event := sqs("publish.fifo", messages[0].Body, string(rune('0'+nth)))
	event.Records[0].MessageId, event.Records[0].ReceiptHandle = messages[0].ID, messages[0].Receipt
	event.Records[0].Attributes["SentTimestamp"] = fmt.Sprint(messages[0].SentAt.UnixMilli())
	encoded, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	if answer := w.invoke(t, function, encoded); !bytes.Contains(answer, []byte(messages[0].ID)) {
		err = q.Delete(t.Context(), messages[0].Receipt)
	} else {
		err = q.ChangeVisibility(t.Context(), messages[0].Receipt, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// objecting is an AI that quotes what it objects to.
func objecting(t *testing.T, quote string) string {
	t.Helper()
	server := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, _ *nethttp.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(nethttp.StatusBadRequest)
		w.Write([]byte(`{"error":{"message":"flagged: ` + quote + `","code":"` + quote + `","type":"` + quote + `"}}`))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// closed is a research database that does not answer.
type closed struct{}

var errClosed = errors.New("the database is closed")

func (closed) Quotes(context.Context, string) ([]report.Quote, error) { return nil, errClosed }

func (closed) Statistics(context.Context, string) (report.Statistics, bool, error) {
	return report.Statistics{}, false, errClosed
}
