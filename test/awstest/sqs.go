package awstest

import (
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
}

// StartSQS runs ElasticMQ until the test ends. Where it is not installed the
// test fails.
func StartSQS(tb testing.TB) *SQS {
	tb.Helper()
	endpoint := java{
		name: "elasticmq",
		main: "org.elasticmq.server.Main",
		options: func(port string) []string {
			return []string{
				"-Drest-sqs.bind-hostname=127.0.0.1", "-Drest-sqs.bind-port=" + port,
				"-Dnode-address.host=127.0.0.1", "-Dnode-address.port=" + port, "-Drest-stats.enabled=false",
			}
		},
		arguments: func(string) []string { return nil },
		health:    "/health",
	}.start(tb)
	return &SQS{Endpoint: endpoint, Client: sqs.NewFromConfig(config(tb, endpoint))}
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
	attributes := map[string]string{"VisibilityTimeout": strconv.Itoa(int(q.Visibility.Seconds()))}
	suffix := ""
	if q.FIFO {
		attributes["FifoQueue"], suffix = "true", ".fifo"
	}
	deadURL = s.create(tb, name+"-dead"+suffix, attributes)
	attributes = maps.Clone(attributes)
	attributes["RedrivePolicy"] = fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":"%d"}`, s.ARN(tb, deadURL), q.MaxReceives)
	return s.create(tb, name+suffix, attributes), deadURL
}

func (s *SQS) create(tb testing.TB, name string, attributes map[string]string) (url string) {
	tb.Helper()
	out, err := s.Client.CreateQueue(tb.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		tb.Fatal(err)
	}
	return aws.ToString(out.QueueUrl)
}

// ARN is the name by which AWS knows the queue at url.
func (s *SQS) ARN(tb testing.TB, url string) string {
	tb.Helper()
	const arn = types.QueueAttributeNameQueueArn
	out, err := s.Client.GetQueueAttributes(tb.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{arn}})
	if err != nil {
		tb.Fatal(err)
	}
	return out.Attributes[string(arn)]
}
