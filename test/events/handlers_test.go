package events_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"notionrelay/functions/enricher/enrich"
	"notionrelay/functions/publisher/publish"
	"notionrelay/functions/webhook/intake"
	"notionrelay/local/embedded"
	"notionrelay/local/notionsim"
	"notionrelay/shared/apigateway"
	"notionrelay/shared/logs"
	"notionrelay/shared/metrics"
	"notionrelay/shared/notion"
	"notionrelay/shared/tree"
	"notionrelay/test/planted"
)

func TestTheHandlersDoWhatTheEventsAskFor(t *testing.T) {
	t.Parallel()
	w, _ := handlers(t, secret, io.Discard)
	w.story(t)
}

// parts are the handlers of a world, to be changed before it is used.
type parts struct {
	webhook   *intake.Handler
	publisher *publish.Publisher
	enricher  *enrich.Enricher
	publish   *embedded.Queue
	enrich    *embedded.Queue
	waiting   *embedded.Queue
}

// handlers is a world in which the handlers run here, over what one machine
// has. They log everything that they have to say.
func handlers(t *testing.T, token string, log io.Writer) (*world, *parts) {
	t.Helper()
	db, err := embedded.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	sim, err := notionsim.Open(notionsim.Options{Budget: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	auth, err := intake.NewAuth([]string{token}, token)
	if err != nil {
		t.Fatal(err)
	}
	logger := planted.Heard(t, logs.NewHandler(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	client, err := notion.New(notion.Options{Token: token, Transport: sim.Transport(), Budget: 1_000_000, Log: logger})
	if err != nil {
		t.Fatal(err)
	}
	dead := db.Queue("dead", embedded.QueueOptions{FIFO: true})
	p := &parts{
		publish: db.Queue("publish", embedded.QueueOptions{FIFO: true}),
		enrich:  db.Queue("enrich", embedded.QueueOptions{}), waiting: db.Queue("waiting", embedded.QueueOptions{}),
	}
	recorder := func(function string) metrics.Recorder { return metrics.Recorder{Function: function, Log: logger} }
	p.webhook = &intake.Handler{Runs: db.Runs(), Queue: p.publish, Auth: auth, Log: logger, Metrics: recorder("webhook")}
	p.publisher = &publish.Publisher{
		Notion: client, Runs: db.Runs(), PublishQueue: p.publish, DeadLetters: dead, EnrichQueue: p.enrich, WaitingQueue: p.waiting,
		Database: publish.Database{ID: sim.DatabaseID(), Columns: tree.StandardColumns}, Owner: "test", Log: logger, Metrics: recorder("publisher"),
	}
	p.enricher = &enrich.Enricher{PublishQueue: p.publish, EnrichQueue: p.enrich, WaitingQueue: p.waiting, Log: logger, Metrics: recorder("enricher")}
	functions := map[string]lambda.Handler{
		"webhook":   lambda.NewHandler(apigateway.Function(p.webhook.Routes())),
		"publisher": lambda.NewHandler(p.publisher.Handle),
		"enricher":  lambda.NewHandler(p.enricher.Handle),
	}
	invoke := func(t *testing.T, function string, event []byte) []byte {
		t.Helper()
		ctx, cancel := context.WithTimeout(lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "request-of-aws"}), 3*time.Minute)
		defer cancel()
		answer, err := functions[function].Invoke(ctx, event)
		if err != nil {
			t.Fatalf("%s: %v", function, err)
		}
		return answer
	}
	return &world{invoke: invoke, runs: db.Runs(), signals: db.Runs(), publish: p.publish, enrich: p.enrich, waiting: p.waiting, dead: dead, notion: sim}, p
}

// lines reads a log.
func lines(t *testing.T, log *bytes.Buffer) (all []map[string]any) {
	t.Helper()
	decoder := json.NewDecoder(log)
	for decoder.More() {
		var line map[string]any
		if err := decoder.Decode(&line); err != nil {
			t.Fatal(err)
		}
		all = append(all, line)
	}
	return all
}
