package queue_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"notionrelay/local/embedded"
	"notionrelay/shared/queue"
)

// One machine joins the handler of a Lambda function to a queue.
func ExamplePoll() {
	db, err := embedded.OpenMemory()
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	publish := db.Queue("publish", embedded.QueueOptions{FIFO: true})

	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	m := queue.Outgoing{Body: "a report", Group: queue.PublishGroup, DeduplicationID: "rep_1"}
	if err := publish.Send(ctx, m); err != nil {
		log.Print(err)
		return
	}
	handler := func(_ context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
		for _, record := range e.Records {
			fmt.Println(record.Body, "for the", record.Attributes["ApproximateReceiveCount"]+"st time")
		}
		stop() // or a signal does
		return events.SQSEventResponse{}, nil
	}
	queue.Poll(ctx, publish, handler, queue.Mapping{
		ARN: "arn:aws:sqs:local:000000000000:publish.fifo", BatchSize: 1, Timeout: time.Minute, Logger: slog.Default(),
	})
	// Output: a report for the 1st time
}
