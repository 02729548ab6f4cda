// Package stack is the way of an operator to a Notion Relay on AWS: to the
// queues, the table and the functions of a CloudFormation stack, or to what the
// environment of one of its functions names.
package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go/logging"

	"notionrelay/functions/publisher/publish"
	"notionrelay/operate"
	"notionrelay/shared/parameters"
	"notionrelay/shared/queue"
	"notionrelay/shared/queue/sqsqueue"
	"notionrelay/shared/runs/dynamoruns"
)

// Open gives an operator the stack with that name, in the account and the region
// of the AWS CLI.
func Open(ctx context.Context, name string, log *slog.Logger) (*operate.System, error) {
	a, err := Connect(ctx)
	if err != nil {
		return nil, err
	}
	s, err := a.Stack(ctx, name)
	if err != nil {
		return nil, err
	}
	return s.System(log), nil
}

// FromEnvironment gives an operator what the environment names as that of a
// function does: PUBLISH_QUEUE_URL, ENRICH_QUEUE_URL, WAITING_QUEUE_URL and
// RUNS_TABLE. Nothing is known of event source mappings there, so a pause is one
// in the record alone, which the publisher heeds as well.
func FromEnvironment(ctx context.Context, log *slog.Logger) (*operate.System, error) {
	a, err := Connect(ctx)
	if err != nil {
		return nil, err
	}
	return a.Environment(ctx, os.Getenv, log)
}

// AWS is the services of one account and region.
type AWS struct {
	CloudFormation *cloudformation.Client
	Lambda         *lambda.Client
	SQS            *sqs.Client
	DynamoDB       *dynamodb.Client
	SSM            *ssm.Client
}

// Connect is AWS as the environment and the files of the AWS CLI say. What the SDK
// would say by itself is left out: errors tell what matters of it.
func Connect(ctx context.Context) (*AWS, error) {
	config, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithLogger(logging.Nop{}))
	if err != nil {
		return nil, fmt.Errorf("load AWS configuration: %w", err)
	}
	return New(config), nil
}

// New is AWS with that configuration. It asks nothing.
func New(config aws.Config) *AWS {
	return &AWS{
		cloudformation.NewFromConfig(config), lambda.NewFromConfig(config), sqs.NewFromConfig(config), dynamodb.NewFromConfig(config), ssm.NewFromConfig(config),
	}
}

// Parameters is the Parameter Store.
func (a *AWS) Parameters() *parameters.Store { return parameters.New(a.SSM) }

// Stack is a stack of template.yaml, found.
type Stack struct {
	Name    string
	Outputs map[string]string

	aws      *AWS
	physical map[string]string // by the logical ids of template.yaml
}

// needed are the parts of a stack without which nothing can be done.
var needed = []string{
	"PublishQueue", "PublishDeadLetters", "EnrichQueue", "EnrichDeadLetters", "WaitingQueue", "WaitingDeadLetters", "RunsTable",
	Webhook, Publisher, Enricher,
}

// The functions of a stack, by their logical ids.
const (
	Webhook   = "WebhookFunction"
	Publisher = "PublisherFunction"
	Enricher  = "EnricherFunction"
)

// Stack finds the parts of a stack.
func (a *AWS) Stack(ctx context.Context, name string) (*Stack, error) {
	s := &Stack{Name: name, Outputs: map[string]string{}, aws: a, physical: map[string]string{}}
	stacks, err := a.CloudFormation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if err != nil {
		return nil, fmt.Errorf("find the stack %s, with the credentials and in the region of the AWS CLI: %w", name, err)
	}
	for _, found := range stacks.Stacks {
		for _, output := range found.Outputs {
			s.Outputs[aws.ToString(output.OutputKey)] = aws.ToString(output.OutputValue)
		}
	}
	pages := cloudformation.NewListStackResourcesPaginator(a.CloudFormation, &cloudformation.ListStackResourcesInput{StackName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the resources of the stack %s: %w", name, err)
		}
		for _, r := range page.StackResourceSummaries {
			s.physical[aws.ToString(r.LogicalResourceId)] = aws.ToString(r.PhysicalResourceId)
		}
	}
	var missing []string
	for _, id := range needed {
		if s.physical[id] == "" {
			missing = append(missing, id)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("the stack %s is no Notion Relay, or is not complete: it has no %s", name, strings.Join(missing, ", "))
	}
	return s, nil
}

// System is the stack for an operator.
func (s *Stack) System(log *slog.Logger) *operate.System {
	m := s.Mapping()
	system := s.aws.system("the stack "+s.Name, s.physical["RunsTable"], log)
	system.Source, system.Works, system.Webhook = m, m.works, s.webhook
	box := func(logical string, fifo bool) box { return box{sqsqueue.New(s.aws.SQS, s.physical[logical]), fifo} }
	system.Publish = operate.Queue{Name: "publish", FIFO: true, Main: box("PublishQueue", true), Dead: box("PublishDeadLetters", true)}
	system.Enrich = operate.Queue{Name: "enrich", Main: box("EnrichQueue", false), Dead: box("EnrichDeadLetters", false)}
	system.Waiting = operate.Queue{Name: "waiting", Main: box("WaitingQueue", false), Dead: box("WaitingDeadLetters", false)}
	return system
}

// Mapping is the one that gives the publisher its messages.
func (s *Stack) Mapping() *Mapping {
	return &Mapping{client: s.aws.Lambda, sqs: s.aws.SQS, queueURL: s.physical["PublishQueue"]}
}

// Variables are the environment of one of the functions, as it is configured.
func (s *Stack) Variables(ctx context.Context, function string) (map[string]string, error) {
	out, err := s.aws.Lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String(s.physical[function])})
	if err != nil {
		return nil, fmt.Errorf("read the configuration of %s: %w", function, err)
	}
	if out.Environment == nil {
		return map[string]string{}, nil
	}
	return out.Environment.Variables, nil
}

// webhook says where reports are sent, and gives a secret for it.
func (s *Stack) webhook(ctx context.Context) (url, secret string, err error) {
	variables, err := s.Variables(ctx, Webhook)
	if err != nil {
		return "", "", err
	}
	const variable = "WEBHOOK_SECRETS"
	secrets := variables[variable]
	if name, ok := strings.CutPrefix(secrets, "ssm:"); ok {
		values, err := s.aws.Parameters().Values(ctx, []string{name})
		if err != nil {
			return "", "", fmt.Errorf("read the secret of the webhook: %w", err)
		}
		if values[name] == "" {
			return "", "", fmt.Errorf("read the secret of the webhook: there is no parameter %s", name)
		}
		secrets = values[name]
	}
	url, ok := strings.CutSuffix(s.Outputs["ReportsUrl"], "/reports")
	if !ok {
		return "", "", fmt.Errorf("the stack %s has no output ReportsUrl", s.Name)
	}
	return url, operate.FirstSecret(secrets), nil
}

// Environment is what variables name as those of a function do.
func (a *AWS) Environment(ctx context.Context, variable func(string) string, log *slog.Logger) (*operate.System, error) {
	system := a.system("the relay of the environment", variable("RUNS_TABLE"), log)
	var missing []string
	for _, name := range []string{"PUBLISH_QUEUE_URL", "ENRICH_QUEUE_URL", "WAITING_QUEUE_URL", "RUNS_TABLE"} {
		if variable(name) == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("the environment does not say %s", strings.Join(missing, ", "))
	}
	for _, q := range []struct {
		queue *operate.Queue
		name  string
		fifo  bool
	}{{&system.Publish, "publish", true}, {&system.Enrich, "enrich", false}, {&system.Waiting, "waiting", false}} {
		url := variable(strings.ToUpper(q.name) + "_QUEUE_URL")
		dead, err := a.deadLettersOf(ctx, url)
		if err != nil {
			return nil, err
		}
		*q.queue = operate.Queue{Name: q.name, FIFO: q.fifo, Main: box{sqsqueue.New(a.SQS, url), q.fifo}, Dead: box{sqsqueue.New(a.SQS, dead), q.fifo}}
	}
	system.Works = func(context.Context) (bool, error) { return true, nil } // nothing here knows better
	system.Webhook = func(context.Context) (url, secret string, err error) {
		return "", "", errors.New("the environment of a function does not say where the webhook is: use --stack")
	}
	return system, nil
}

// deadLettersOf is where a queue puts its dead letters.
func (a *AWS) deadLettersOf(ctx context.Context, url string) (dead string, err error) {
	out, err := a.SQS.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameRedrivePolicy}})
	if err != nil {
		return "", fmt.Errorf("find the dead letters of %s: %w", url, err)
	}
	var policy struct {
		DeadLetterTargetArn string `json:"deadLetterTargetArn"`
	}
	if err := json.Unmarshal([]byte(out.Attributes[string(types.QueueAttributeNameRedrivePolicy)]), &policy); err != nil {
		return "", fmt.Errorf("read the redrive policy of %s: %w", url, err)
	}
	parsed, err := arn.Parse(policy.DeadLetterTargetArn)
	if err != nil {
		return "", fmt.Errorf("read the redrive policy of %s: %w", url, err)
	}
	named, err := a.SQS.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &parsed.Resource, QueueOwnerAWSAccountId: &parsed.AccountID})
	if err != nil {
		return "", fmt.Errorf("find the dead letters of %s: %w", url, err)
	}
	return aws.ToString(named.QueueUrl), nil
}

// system is what stacks and environments have in common.
func (a *AWS) system(name, table string, log *slog.Logger) *operate.System {
	records := dynamoruns.New(a.DynamoDB, table)
	return &operate.System{Name: name, Runs: records, Signals: records, Lag: lag, Longest: publish.Timeout, Log: log}
}

// lag is how late the figures of SQS may be
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html).
const lag = time.Minute

// box is a queue of SQS that does not call itself empty for having asked too few
// servers, as SQS's short polling may.
type box struct {
	*sqsqueue.Queue

	fifo bool
}

// Receive waits a second at least at a standard queue, which has all servers
// asked. At a FIFO queue it asks three times instead: whoever waits there while the
// group is held up gets its next message in ElasticMQ, wanted or not.
func (b box) Receive(ctx context.Context, limit int, wait time.Duration) ([]queue.Incoming, error) {
	if !b.fifo {
		return b.Queue.Receive(ctx, limit, max(wait, time.Second))
	}
	for range fifoAsks - 1 {
		if messages, err := b.Queue.Receive(ctx, limit, wait); err != nil || len(messages) > 0 {
			return messages, err
		}
	}
	return b.Queue.Receive(ctx, limit, wait)
}

const fifoAsks = 3
