//go:build integration

// Package deployed_test runs the functions' production binaries together, as
// they are deployed: under Lambda's runtime API, with servers that speak SQS
// and DynamoDB, and a simulated Notion.
package deployed_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"notionrelay/functions/enricher/enrich"
	"notionrelay/functions/publisher/publish"
	"notionrelay/functions/webhook/intake"
	"notionrelay/local/notionsim"
	"notionrelay/shared/queue"
	"notionrelay/shared/queue/sqsqueue"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
	"notionrelay/shared/runs/dynamoruns"
	"notionrelay/test/awstest"
	"notionrelay/test/lambdatest"
	"notionrelay/test/planted"
)

// built is the folder of the binaries, each built once when it is needed.
var built struct {
	folder string
	mu     sync.Mutex
	paths  map[string]string
}

// TestMain lets all tests run at one time, unless the command line says
// otherwise: what they do is wait.
func TestMain(m *testing.M) {
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		if err := flag.Set(parallel.Name, "100"); err != nil {
			panic(err)
		}
	}
	folder, err := os.MkdirTemp("", "functions")
	if err != nil {
		panic(err)
	}
	built.folder, built.paths = folder, map[string]string{}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(folder)
		os.Exit(code)
	}))
}

func bootstrap(tb testing.TB, function string) string {
	tb.Helper()
	built.mu.Lock()
	defer built.mu.Unlock()
	if built.paths[function] == "" {
		path, err := lambdatest.Build(tb.Context(), function, built.folder)
		if err != nil {
			tb.Fatal(err)
		}
		built.paths[function] = path
	}
	return built.paths[function]
}

// cloud is what stands in for AWS's services.
type cloud struct {
	sqs      *awstest.SQS
	dynamodb *awstest.DynamoDB
}

func startCloud(tb testing.TB) cloud {
	tb.Helper()
	return cloud{sqs: awstest.StartSQS(tb), dynamodb: awstest.StartDynamoDB(tb)}
}

// deployment is the functions with queues, a table and a Notion of their own.
type deployment struct {
	resources    map[string]string            // physical ids, by the names of template.yaml
	environments map[string]map[string]string // of the functions
	sim          *notionsim.Sim
	secrets      *awstest.Parameters
	runs         *dynamoruns.Store
	publish      *sqsqueue.Queue
	dead         *sqsqueue.Queue
	enrich       *sqsqueue.Queue
	waiting      *sqsqueue.Queue
	webhook      *lambdatest.Function
	publisher    *lambdatest.Function
	enricher     *lambdatest.Function

	// delivers tells whether the publish queue's messages are delivered; they are
	// when it is nil.
	delivers func() bool

	mu     sync.Mutex
	waited []queue.Kind // of the messages that have come out of the waiting queue
}

// between stands between the publisher and what it talks to over HTTP: Notion
// below /v1/, and DynamoDB.
type between func(w http.ResponseWriter, r *http.Request, outside http.Handler)

func untouched(w http.ResponseWriter, r *http.Request, outside http.Handler) { outside.ServeHTTP(w, r) }

const (
	secret         = "a secret of the tests"
	token          = "a token of the tests"
	tokenParameter = "/relay/notion-api-key"
)

func (c cloud) deploy(tb testing.TB, publisherTimeout time.Duration, interfere between) *deployment {
	tb.Helper()
	sim, err := notionsim.Open(notionsim.Options{Budget: 1_000_000})
	if err != nil {
		tb.Fatal(err)
	}
	name := uuid.NewString()
	parameters := awstest.StartParameters(tb, map[string]string{tokenParameter: token})
	publishURL, deadURL := c.sqs.Create(tb, "publish-"+name, awstest.Queues{FIFO: true, Visibility: publish.Visibility, MaxReceives: publish.MaxReceives})
	enrichURL, enrichDeadURL := c.sqs.Create(tb, "enrich-"+name, awstest.Queues{Visibility: enrich.Visibility, MaxReceives: enrich.MaxReceives})
	waitingURL, waitingDeadURL := c.sqs.Create(tb, "waiting-"+name, awstest.Queues{Visibility: enrich.Visibility, MaxReceives: enrich.WaitingReceives})
	c.dynamodb.Create(tb, dynamoruns.Table("runs-"+name))
	common := map[string]string{
		"AWS_REGION": awstest.Region, "AWS_ACCESS_KEY_ID": awstest.AccessKey, "AWS_SECRET_ACCESS_KEY": awstest.AccessKey,
		"AWS_ENDPOINT_URL_SQS": c.sqs.Endpoint, "AWS_ENDPOINT_URL_DYNAMODB": c.dynamodb.Endpoint,
		"PUBLISH_QUEUE_URL": publishURL, "RUNS_TABLE": "runs-" + name,
	}
	environments := map[string]map[string]string{}
	function := func(name string, timeout time.Duration, own map[string]string) *lambdatest.Function {
		environment := maps.Clone(common)
		maps.Copy(environment, own)
		environments[name] = environment
		return lambdatest.New(tb, bootstrap(tb, name), lambdatest.Options{Timeout: timeout, Environment: environment})
	}
	outside := c.outside(tb, sim, interfere)
	d := &deployment{
		environments: environments,
		resources: map[string]string{
			"PublishQueue": publishURL, "PublishDeadLetters": deadURL, "EnrichQueue": enrichURL, "EnrichDeadLetters": enrichDeadURL,
			"WaitingQueue": waitingURL, "WaitingDeadLetters": waitingDeadURL, "RunsTable": "runs-" + name,
			"WebhookFunction": "webhook", "PublisherFunction": "publisher", "EnricherFunction": "enricher",
		},
		sim: sim, secrets: parameters, runs: dynamoruns.New(c.dynamodb.Client, "runs-"+name),
		publish: sqsqueue.New(c.sqs.Client, publishURL), dead: sqsqueue.New(c.sqs.Client, deadURL),
		enrich: sqsqueue.New(c.sqs.Client, enrichURL), waiting: sqsqueue.New(c.sqs.Client, waitingURL),
		webhook:  function("webhook", intake.Timeout, map[string]string{"WEBHOOK_SECRETS": secret, "STATUS_TOKEN_KEY": "a key of the tests"}),
		enricher: function("enricher", enrich.Timeout, map[string]string{"ENRICH_QUEUE_URL": enrichURL, "WAITING_QUEUE_URL": waitingURL}),
		publisher: function("publisher", publisherTimeout, map[string]string{
			"PUBLISH_DLQ_URL": deadURL, "ENRICH_QUEUE_URL": enrichURL, "WAITING_QUEUE_URL": waitingURL,
			"NOTION_API_KEY": "ssm:" + tokenParameter, "AWS_ENDPOINT_URL_SSM": parameters.Endpoint,
			"NOTION_DATABASE_ID": sim.DatabaseID(), "NOTION_BASE_URL": outside,
			"NOTION_MIN_GAP": "0s", "NOTION_BUDGET": "1000000", "AWS_ENDPOINT_URL_DYNAMODB": outside,
		}),
	}
	return d
}

// outside serves Notion and DynamoDB to the publisher.
func (c cloud) outside(tb testing.TB, sim *notionsim.Sim, interfere between) (address string) {
	tb.Helper()
	dynamodb, err := url.Parse(c.dynamodb.Endpoint)
	if err != nil {
		tb.Fatal(err)
	}
	transport := &http.Transport{}
	proxy := httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(dynamodb) }}
	mux := http.NewServeMux()
	mux.Handle("/v1/", sim)
	mux.Handle("/", &proxy)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { interfere(w, r, mux) }))
	tb.Cleanup(func() {
		server.Close()
		transport.CloseIdleConnections()
	})
	return server.URL
}

// serve joins the queues to the functions, as the event source mappings do,
// until the test ends. publish is how the publisher is invoked.
func (d *deployment) serve(tb testing.TB, publish queue.Handler) {
	tb.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(tb.Context()))
	var polling sync.WaitGroup
	poll := func(q *sqsqueue.Queue, name string, handler queue.Handler) {
		source := impatient{q, nil}
		if q == d.publish {
			source.delivers = d.delivers
		}
		polling.Go(func() {
			queue.Poll(ctx, source, handler, queue.Mapping{
				ARN: "arn:aws:sqs:us-east-1:000000000000:" + name, BatchSize: 1,
				Timeout: 15 * time.Minute, // the functions have their own
				Logger:  planted.Log(tb),
			})
		})
	}
	poll(d.publish, "publish.fifo", publish)
	poll(d.enrich, "enrich", invoke(d.enricher))
	poll(d.waiting, "waiting", d.noting(invoke(d.enricher)))
	tb.Cleanup(func() {
		stop()
		polling.Wait()
		if tb.Failed() {
			tb.Logf("the publisher said:\n%s\nthe enricher said:\n%s", d.publisher.Logs(), d.enricher.Logs())
		}
	})
}

// noting keeps the kinds of the messages that come out of the waiting queue.
func (d *deployment) noting(handler queue.Handler) queue.Handler {
	return func(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
		for _, raw := range event.Records {
			m, err := queue.Decode(raw.Body)
			if err != nil {
				return events.SQSEventResponse{}, err
			}
			d.mu.Lock()
			d.waited = append(d.waited, m.Kind)
			d.mu.Unlock()
		}
		return handler(ctx, event)
	}
}

// impatient asks a queue again and again instead of waiting at it. While a
// FIFO queue's group is held up by a message in flight, ElasticMQ 1.7.1 keeps
// receivers whose wait has ended, and the group's next message goes to one of
// them: nobody sees it until its visibility timeout.
type impatient struct {
	*sqsqueue.Queue

	delivers func() bool // see deployment
}

func (q impatient) Receive(ctx context.Context, limit int, wait time.Duration) ([]queue.Incoming, error) {
	until := time.Now().Add(wait)
	for {
		if q.delivers == nil || q.delivers() {
			if messages, err := q.Queue.Receive(ctx, limit, 0); err != nil || len(messages) > 0 {
				return messages, err
			}
		}
		if time.Now().After(until) {
			return nil, nil
		}
		select {
		case <-time.After(pollGap):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// invoke is a function for SQS events as the handler that it is.
func invoke(f *lambdatest.Function) queue.Handler {
	return func(ctx context.Context, event events.SQSEvent) (response events.SQSEventResponse, err error) {
		err = exchange(ctx, f, event, &response)
		return response, err
	}
}

func exchange(ctx context.Context, f *lambdatest.Function, event, answer any) error {
	encoded, err := json.Marshal(event)
	if err != nil {
		return err
	}
	said, err := f.Invoke(ctx, encoded)
	if err != nil {
		return err
	}
	return json.Unmarshal(said, answer)
}

// request sends the webhook what the HTTP API makes of a caller's request, and
// reads its answer.
func (d *deployment) request(tb testing.TB, method, path, body string, into any) (status int) {
	tb.Helper()
	event := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "$default", RawPath: path, Body: body,
		Headers: map[string]string{"content-type": "application/json", "authorization": "Bearer " + secret, "x-forwarded-proto": "https"},
	}
	event.RequestContext.Stage, event.RequestContext.RequestID, event.RequestContext.DomainName = "$default", uuid.NewString(), "relay.example"
	event.RequestContext.HTTP.Method, event.RequestContext.HTTP.Path = method, path
	var answer events.APIGatewayV2HTTPResponse
	if err := exchange(tb.Context(), d.webhook, event, &answer); err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal([]byte(answer.Body), into); err != nil {
		tb.Fatalf("%s %s: %d %s: %v", method, path, answer.StatusCode, answer.Body, err)
	}
	return answer.StatusCode
}

// accept does what the webhook does with a report that arrives at that time,
// whose date its row bears.
func (d *deployment) accept(tb testing.TB, id string, at time.Time, p report.Payload) {
	tb.Helper()
	_, _, err := d.runs.Create(tb.Context(), runs.Run{ReportID: id, ResearchRunID: p.RunID, Fingerprint: p.Fingerprint(), Status: runs.Queued, AcceptedAt: at, UpdatedAt: time.Now()})
	if err != nil {
		tb.Fatal(err)
	}
	m := queue.Message{Kind: queue.Publish, ReportID: id, Payload: &p}
	body, err := queue.Encode(m)
	if err != nil {
		tb.Fatal(err)
	}
	if err := d.publish.Send(tb.Context(), queue.Outgoing{Body: body, Group: queue.PublishGroup, DeduplicationID: m.DeduplicationID()}); err != nil {
		tb.Fatal(err)
	}
}

const (
	pollGap  = 300 * time.Millisecond // between two questions of one kind
	patience = 15 * time.Minute
)

// complete returns when nothing more will happen to the report. status asks
// where it stands.
func complete(tb testing.TB, status func() runs.Status) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	for {
		switch s := status(); s {
		case runs.Complete:
			return
		case runs.Failed:
			tb.Fatal("the run failed")
		}
		select {
		case <-time.After(pollGap):
		case <-ctx.Done():
			tb.Fatalf("the run is not complete: %v", ctx.Err())
		}
	}
}

// payload is a run with reports of so many blocks each and so many quotes.
func payload(blocks, quotes int) report.Payload {
	text := func(title string) string {
		text := "# " + title + "\n\n"
		for i := range blocks - 1 {
			text += fmt.Sprintf("%s, item %d.\n\n", title, i)
		}
		return text
	}
	p := report.Payload{Reports: map[string]string{"strategyReport": text("Strategy"), "comprehensiveReport": text("All")}, Email: "dana@salt-and-pepper.example", RunID: "run-1"}
	for i := range quotes {
		score := 1 - float64(i)/float64(quotes)
		p.Quotes = append(p.Quotes, report.Quote{
			Text: fmt.Sprintf("Quote %d of what people say", i), Category: "user_needs", Sentiment: "positive", Theme: fmt.Sprintf("theme %d", i%7),
			RelevanceScore: &score, URL: fmt.Sprintf("https://www.reddit.com/r/cooking/comments/%d/", i), Justification: "It says so.", PostID: fmt.Sprint(i), Date: "2025-06-27",
		})
	}
	return p
}
