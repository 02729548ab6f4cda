package awstest

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// SQS is a running server that speaks SQS.
type SQS struct {
	Endpoint string
	Client   *sqs.Client
	*server
}

// OpenSQS runs ElasticMQ. Close stops it.
func OpenSQS(ctx context.Context) (*SQS, error) {
	s, err := java{
		name: "elasticmq",
		main: "org.elasticmq.server.Main",
		options: func(port, _ string) []string {
			return []string{
				"-Drest-sqs.bind-hostname=127.0.0.1", "-Drest-sqs.bind-port=" + port,
				"-Dnode-address.host=127.0.0.1", "-Dnode-address.port=" + port, "-Drest-stats.enabled=false",
			}
		},
		arguments: func(string) []string { return nil },
		health:    "/health",
	}.start(ctx)
	if err != nil {
		return nil, err
	}
	return &SQS{Endpoint: s.endpoint, Client: sqs.NewFromConfig(s.config()), server: s}, nil
}

// StartSQS runs ElasticMQ until the test ends. Where it is not installed the
// test fails.
func StartSQS(tb testing.TB) *SQS {
	tb.Helper()
	s, err := OpenSQS(tb.Context())
	return untilTheEnd(tb, s, err)
}

// Queues describes a queue with its dead-letter queue.
type Queues struct {
	FIFO        bool // both
	Visibility  time.Duration
	MaxReceives int // of the main queue
}

// Create makes a queue and its dead-letter queue and returns their addresses.
func (s *SQS) Create(tb testing.TB, name string, q Queues) (url, deadURL string) {
	tb.Helper()
	url, deadURL, err := s.CreateQueues(tb.Context(), name, q)
	if err != nil {
		tb.Fatal(err)
	}
	return url, deadURL
}

// CreateQueues is Create outside of a test.
func (s *SQS) CreateQueues(ctx context.Context, name string, q Queues) (url, deadURL string, err error) {
	attributes := map[string]string{"VisibilityTimeout": strconv.Itoa(int(q.Visibility.Seconds()))}
	suffix := ""
	if q.FIFO {
		attributes["FifoQueue"], suffix = "true", ".fifo"
	}
	deadURL, err = s.create(ctx, name+"-dead"+suffix, attributes)
	if err != nil {
		return "", "", err
	}
	arn, err := s.arn(ctx, deadURL)
	if err != nil {
		return "", "", err
	}
	attributes = maps.Clone(attributes)
	attributes["RedrivePolicy"] = fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":"%d"}`, arn, q.MaxReceives)
	url, err = s.create(ctx, name+suffix, attributes)
	return url, deadURL, err
}

func (s *SQS) create(ctx context.Context, name string, attributes map[string]string) (url string, err error) {
	out, err := s.Client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		return "", fmt.Errorf("create queue %s: %w", name, err)
	}
	return aws.ToString(out.QueueUrl), nil
}

// ARN is the name by which AWS knows the queue at url.
func (s *SQS) ARN(tb testing.TB, url string) string {
	tb.Helper()
	arn, err := s.arn(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	return arn
}

func (s *SQS) arn(ctx context.Context, url string) (string, error) {
	const arn = types.QueueAttributeNameQueueArn
	out, err := s.Client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{arn}})
	if err != nil {
		return "", fmt.Errorf("find the ARN of queue %s: %w", url, err)
	}
	return out.Attributes[string(arn)], nil
}
