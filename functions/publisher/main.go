// Command publisher is the Lambda function behind the publish queue, and the
// only one that writes to Notion. Its behaviour is in the package publish.
package main

import (
	"context"
	"crypto/rand"
	"log"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"notionrelay/functions/publisher/publish"
	"notionrelay/shared/config"
	"notionrelay/shared/logs"
	"notionrelay/shared/metrics"
	"notionrelay/shared/notion"
	"notionrelay/shared/parameters"
	"notionrelay/shared/queue/sqsqueue"
	"notionrelay/shared/research"
	"notionrelay/shared/runs/dynamoruns"
)

func main() {
	ctx := context.Background()
	logger := logs.New(os.Stdout)
	env, err := config.ForLambda[publish.Settings](ctx, parameters.OnDemand{}, logger)
	if err != nil {
		log.Fatal(err)
	}
	aws, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal("load AWS configuration: ", err)
	}
	client, err := notion.New(notion.Options{
		Token: env.NotionAPIKey.Reveal(), BaseURL: env.NotionBaseURL,
		MinGap: env.NotionMinGap, Budget: env.NotionBudget, Log: logger,
	})
	if err != nil {
		log.Fatal(err)
	}
	queues := sqs.NewFromConfig(aws)
	records := dynamoruns.New(dynamodb.NewFromConfig(aws), env.RunsTable)
	publisher := &publish.Publisher{
		Notion:       client,
		Runs:         records,
		Pauses:       records,
		PublishQueue: sqsqueue.New(queues, env.PublishQueueURL),
		DeadLetters:  sqsqueue.New(queues, env.PublishDLQURL),
		EnrichQueue:  sqsqueue.New(queues, env.EnrichQueueURL),
		WaitingQueue: sqsqueue.New(queues, env.WaitingQueueURL),
		Database:     env.Database(),
		CoverURL:     env.HomepageCoverURL,
		Owner:        rand.Text(),
		Exit:         func() { os.Exit(1) },
		Log:          logger,
		Metrics:      metrics.Recorder{Function: lambdacontext.FunctionName, Log: logger},
	}
	if env.ResearchDatabaseURL != "" {
		database, err := research.Open(env.ResearchDatabaseURL.Reveal())
		if err != nil {
			logger.WarnContext(ctx, "going on without the research database", "error", err)
		} else {
			publisher.Research = database
		}
	}
	lambda.Start(publisher.Handle)
}
