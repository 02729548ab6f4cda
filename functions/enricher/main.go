// Command enricher is the Lambda function behind the enrich queue. It holds no
// Notion token. Its behaviour is in the package enrich.
package main

import (
	"context"
	"log"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"notionrelay/functions/enricher/enrich"
	"notionrelay/shared/config"
	"notionrelay/shared/copywriter"
	"notionrelay/shared/logs"
	"notionrelay/shared/metrics"
	"notionrelay/shared/parameters"
	"notionrelay/shared/queue/sqsqueue"
	"notionrelay/shared/research"
)

func main() {
	ctx := context.Background()
	logger := logs.New(os.Stdout)
	env, err := config.ForLambda[enrich.Settings](ctx, parameters.OnDemand{}, logger)
	if err != nil {
		log.Fatal(err)
	}
	aws, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal("load AWS configuration: ", err)
	}
	queues := sqs.NewFromConfig(aws)
	enricher := &enrich.Enricher{
		PublishQueue: sqsqueue.New(queues, env.PublishQueueURL),
		EnrichQueue:  sqsqueue.New(queues, env.EnrichQueueURL),
		WaitingQueue: sqsqueue.New(queues, env.WaitingQueueURL),
		Log:          logger,
		Metrics:      metrics.Recorder{Function: lambdacontext.FunctionName, Log: logger},
	}
	if env.AIAPIKey != "" {
		enricher.Writer = copywriter.New(copywriter.Options{
			APIKey: env.AIAPIKey.Reveal(), BaseURL: env.AIBaseURL, TitleModel: env.AITitleModel, IntroModel: env.AIIntroModel,
		})
	}
	if env.ResearchDatabaseURL != "" {
		database, err := research.Open(env.ResearchDatabaseURL.Reveal())
		if err != nil {
			logger.WarnContext(ctx, "going on without the research database", "error", err)
		} else {
			enricher.Research = database
		}
	}
	lambda.Start(enricher.Handle)
}
