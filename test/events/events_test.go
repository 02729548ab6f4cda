// Package events_test makes the inputs below events/ and shows what the
// functions do with them.
package events_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/test/golden"
	"notionrelay/test/samlocal"
)

// folder has the inputs.
const folder = "../../events"

// secret is what the webhook has to be configured with for these events.
const secret = samlocal.Secret

// An event that is no longer the one that Lambda would send is worse than none.
func TestEventsAreUpToDate(t *testing.T) {
	t.Parallel()
	for name, event := range all(t) {
		var want bytes.Buffer
		encoder := json.NewEncoder(&want)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(event); err != nil {
			t.Fatal(err)
		}
		golden.Compare(t, filepath.Join(folder, filepath.FromSlash(name)), want.String())
	}
	for _, path := range files(t) {
		if _, ok := all(t)[path]; !ok {
			t.Errorf("no test knows %s", path)
		}
	}
}

func files(t *testing.T) []string {
	t.Helper()
	paths, err := fs.Glob(os.DirFS(folder), "*/*.json")
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// all are the events by the names of their files.
func all(t *testing.T) map[string]any {
	t.Helper()
	body, payload := sample(t)
	id, subject := report.ID("", payload.Fingerprint()), payload.Subject()
	authorized := map[string]string{"authorization": "Bearer " + secret}
	predecessor := http("POST", "/api/add-to-notion", base64.StdEncoding.EncodeToString(body), map[string]string{"x-api-key": secret, "prefer": "wait=0"})
	predecessor.IsBase64Encoded = true

	publish := queue.Message{Kind: queue.Publish, ReportID: id, Payload: &payload}
	timer := queue.Message{Kind: queue.Settle, ReportID: id, Payload: &payload}
	enrich := queue.Message{Kind: queue.Enrich, ReportID: id, Payload: &payload, Subject: &subject}
	texts := queue.Message{Kind: queue.Texts, ReportID: id, Texts: &queue.HomepageTexts{
		Title: "What Home Cooks Want from Appliances", Introduction: "A look at **412** conversations about kitchens.",
	}}
	score := 0.9
	quotes := queue.Message{Kind: queue.Quotes, ReportID: id, Subject: &subject, Quotes: &queue.QuotesPart{Total: 2, Posts: 12, Quotes: []report.Quote{
		{Text: "It has to survive my family", Category: "user_needs", Sentiment: "frustrated", Theme: "general", RelevanceScore: &score, URL: "https://www.reddit.com/r/cooking/comments/abc123/"},
		{Text: "Quiet enough to talk over", Category: "user_language", Sentiment: "positive", Theme: "general"},
	}, Categories: []string{"user_needs", "user_language"}, Sentiments: []string{"frustrated", "positive"}, Themes: []string{"general"}}}

	return map[string]any{
		"webhook/report.json":       http("POST", "/reports", string(body), authorized),
		"webhook/predecessor.json":  predecessor,
		"webhook/status.json":       http("GET", "/reports/"+id, "", authorized),
		"webhook/unauthorized.json": http("POST", "/reports", string(body), map[string]string{"authorization": "Bearer wrong"}),
		"webhook/no-report.json":    http("POST", "/reports", `{"strategyReport":" "}`, authorized),

		"publisher/report.json":     sqs("publish.fifo", encode(t, publish), "1"),
		"publisher/redelivery.json": sqs("publish.fifo", encode(t, publish), "2"),
		"publisher/texts.json":      sqs("publish.fifo", encode(t, texts), "1"),
		"publisher/quotes.json":     sqs("publish.fifo", encode(t, quotes), "1"),
		"publisher/timer.json":      sqs("publish.fifo", encode(t, timer), "1"),
		"publisher/unreadable.json": sqs("publish.fifo", `{"version":99}`, "1"),

		"enricher/report.json":     sqs("enrich", encode(t, enrich), "1"),
		"enricher/redelivery.json": sqs("enrich", encode(t, enrich), "2"),
		"enricher/waited.json":     sqs("waiting", encode(t, timer), "1"),
		"enricher/unreadable.json": sqs("enrich", "no JSON", "1"),
	}
}

// sample is the report of sample-report.json.
func sample(t *testing.T) ([]byte, report.Payload) {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(folder, "sample-report.json"))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := report.Parse(body)
	if err != nil {
		t.Fatal(err)
	}
	return body, payload
}

// http is a request as API Gateway's HTTP API hands it on.
func http(method, path, body string, headers map[string]string) events.APIGatewayV2HTTPRequest {
	event := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "$default", RawPath: path, Body: body,
		Headers: map[string]string{"content-type": "application/json", "x-forwarded-proto": "https"},
	}
	maps.Copy(event.Headers, headers)
	event.RequestContext.Stage = "$default"
	event.RequestContext.RequestID = "JKJaXmPLvHcESHA="
	event.RequestContext.DomainName = "api.example.com"
	event.RequestContext.HTTP = events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: method, Path: path, Protocol: "HTTP/1.1", SourceIP: "192.0.2.1"}
	return event
}

// sentAt is when the events' messages were sent, in milliseconds.
const sentAt = "1751360400000"

// sqs is a delivery as Lambda's event source mapping makes it.
func sqs(name, body, receives string) events.SQSEvent {
	attributes := map[string]string{
		"ApproximateReceiveCount": receives, "SentTimestamp": sentAt, "ApproximateFirstReceiveTimestamp": "1751360400100",
		"SenderId": "AROAEXAMPLE:relay", "AWSTraceHeader": "Root=1-68639b10-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1",
	}
	if strings.HasSuffix(name, ".fifo") {
		attributes["MessageGroupId"] = queue.PublishGroup
		attributes["MessageDeduplicationId"] = "example"
		attributes["SequenceNumber"] = "18849496460467696128"
	}
	return events.SQSEvent{Records: []events.SQSMessage{{
		MessageId: "059f36b4-87a3-44ab-83d2-661975830a7d", ReceiptHandle: "AQEBexample",
		Body: body, Attributes: attributes, MessageAttributes: map[string]events.SQSMessageAttribute{},
		EventSource: "aws:sqs", EventSourceARN: "arn:aws:sqs:us-east-1:123456789012:" + name, AWSRegion: "us-east-1",
	}}}
}

func encode(t *testing.T, m queue.Message) string {
	t.Helper()
	body, err := queue.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
