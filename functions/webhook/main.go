// Command webhook is the Lambda function behind the HTTP API: it takes reports
// and tells how far they have come. Its behaviour is in the package intake.
package main

import (
	"context"
	"log"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"notionrelay/functions/webhook/intake"
	"notionrelay/shared/apigateway"
	"notionrelay/shared/config"
	"notionrelay/shared/logs"
	"notionrelay/shared/metrics"
	"notionrelay/shared/parameters"
	"notionrelay/shared/queue/sqsqueue"
	"notionrelay/shared/runs/dynamoruns"
)

func main() {
	ctx := context.Background()
	logger := logs.New(os.Stdout)
	env, err := config.ForLambda[intake.Settings](ctx, parameters.OnDemand{}, logger)
	if err != nil {
		log.Fatal(err)
	}
	aws, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal("load AWS configuration: ", err)
	}
	auth, err := intake.NewAuth(config.Reveal(env.WebhookSecrets), env.StatusTokenKey.Reveal())
	if err != nil {
		log.Fatal(err)
	}
	if auth.Open() {
		log.Fatal("refusing to start without authentication: WEBHOOK_SECRETS has no secret in it")
	}
	webhook := &intake.Handler{
		Runs:  dynamoruns.New(dynamodb.NewFromConfig(aws), env.RunsTable),
		Queue: sqsqueue.New(sqs.NewFromConfig(aws), env.PublishQueueURL),
		Auth:  auth,
		Log:   logger,

		Metrics: metrics.Recorder{Function: lambdacontext.FunctionName, Log: logger},
	}
	lambda.Start(apigateway.Function(webhook.Routes()))
}
