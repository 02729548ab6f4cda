package queue_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"notionrelay/shared/queue"
	"notionrelay/shared/queue/queuetest"
)

func TestSQSConforms(t *testing.T) {
	t.Parallel()
	endpoint := os.Getenv("SQS_ENDPOINT")
	if endpoint == "" {
		t.Skip("SQS_ENDPOINT names no server to test against")
	}
	client := client(t, endpoint)
	queuetest.Run(t, queuetest.RealTime, func(t *testing.T, o queuetest.Options) (main, dead queuetest.Queue) {
		t.Helper()
		attributes := map[string]string{"VisibilityTimeout": strconv.Itoa(int(o.Visibility.Seconds()))}
		suffix := ""
		if o.FIFO {
			attributes["FifoQueue"], suffix = "true", ".fifo"
		}
		name := "test-" + rand.Text()
		deadURL := create(t, client, name+"-dead"+suffix, attributes)
		deadAttributes, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
			QueueUrl: &deadURL, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameQueueArn},
		})
		if err != nil {
			t.Fatal(err)
		}
		attributes = maps.Clone(attributes)
		attributes["RedrivePolicy"] = fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":"%d"}`, deadAttributes.Attributes["QueueArn"], o.MaxReceives)
		return queue.NewSQS(client, create(t, client, name+suffix, attributes)), queue.NewSQS(client, deadURL)
	}, elasticMQ)
}

// elasticMQ is what ElasticMQ 1.7.1 does otherwise than SQS.
var elasticMQ = map[string]string{
	"a receipt dies with its timeout":               "ElasticMQ deletes with a receipt that has timed out",
	"a message can be deleted twice":                "ElasticMQ no longer knows the receipt",
	"redrive of a FIFO queue keeps group and order": "ElasticMQ completes the task without moving a FIFO message",
}

// answers is an SQS that answers each action with a fixed status and body and
// keeps the requests.
type answers struct {
	status   int
	bodies   map[string]string // by action
	requests map[string]map[string]any
}

func (a *answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	action := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.")
	var request map[string]any
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	delete(request, "QueueUrl")
	a.requests[action] = request
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(a.status)
	_, _ = w.Write([]byte(a.bodies[action])) // the client notices
}

// serve gives a queue whose requests all get the answers.
func serve(t *testing.T, status int, bodies map[string]string) (*queue.SQS, *answers) {
	t.Helper()
	a := &answers{status, bodies, map[string]map[string]any{}}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	return queue.NewSQS(client(t, server.URL), server.URL+"/123456789012/publish.fifo"), a
}

func TestSQSSendsOnlyWhatIsSet(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		message queue.Outgoing
		want    map[string]any
	}{
		"FIFO": {
			queue.Outgoing{Body: "b", Group: "g", DeduplicationID: "d", Attributes: map[string]string{"Reason": "r"}},
			map[string]any{
				"MessageBody": "b", "MessageGroupId": "g", "MessageDeduplicationId": "d",
				"MessageAttributes": map[string]any{"Reason": map[string]any{"DataType": "String", "StringValue": "r"}},
			},
		},
		"standard": {
			queue.Outgoing{Body: "b", Delay: 1500 * time.Millisecond},
			map[string]any{"MessageBody": "b", "DelaySeconds": 2.0, "MessageAttributes": map[string]any{}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q, server := serve(t, http.StatusOK, map[string]string{"SendMessage": `{"MD5OfMessageBody":"92eb5ffee6ae2fec3ad71c777531578f"}`})
			if err := q.Send(t.Context(), tt.message); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, server.requests["SendMessage"]); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSQSTellsAnEndedDeliveryFromOtherErrors(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		code, message string
		ended         bool
	}{
		"expired on FIFO":  {"InvalidParameterValue", "Value AQEB for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.", true},
		"unknown":          {"ReceiptHandleIsInvalid", "The input receipt handle is not a valid receipt handle.", true},
		"not in flight":    {"MessageNotInflight", "The message referred to is not in flight.", true},
		"another value":    {"InvalidParameterValue", "Value 50000 for parameter VisibilityTimeout is invalid.", false},
		"no right to it":   {"AccessDenied", "Access to the resource is denied.", false},
		"no queue at hand": {"QueueDoesNotExist", "The specified queue does not exist.", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := fmt.Sprintf(`{"__type":"com.amazonaws.sqs#%s","message":%q}`, tt.code, tt.message)
			q, _ := serve(t, http.StatusBadRequest, map[string]string{"DeleteMessage": body, "ChangeMessageVisibility": body})
			for _, err := range []error{
				q.Delete(t.Context(), "AQEB"),
				q.ChangeVisibility(t.Context(), "AQEB", time.Minute),
			} {
				if got := errors.Is(err, queue.ErrReceipt); err == nil || got != tt.ended {
					t.Errorf("%v: is ErrReceipt %t, want %t", err, got, tt.ended)
				}
			}
		})
	}
}

// Without a destination SQS moves back only what its own redrive policy moved.
func TestSQSRedriveNamesItsDestination(t *testing.T) {
	t.Parallel()
	q, server := serve(t, http.StatusOK, map[string]string{
		"GetQueueAttributes":   `{"Attributes":{"QueueArn":"arn:q","RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:dead\",\"maxReceiveCount\":5}"}}`,
		"StartMessageMoveTask": `{}`,
	})
	if err := q.Redrive(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"SourceArn": "arn:dead", "DestinationArn": "arn:q"}
	if diff := cmp.Diff(want, server.requests["StartMessageMoveTask"]); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestSQSRedriveNeedsADeadLetterQueue(t *testing.T) {
	t.Parallel()
	q, _ := serve(t, http.StatusOK, map[string]string{"GetQueueAttributes": `{"Attributes":{"QueueArn":"arn:q"}}`})
	if err := q.Redrive(t.Context()); err == nil || !strings.Contains(err.Error(), "redrive policy") {
		t.Errorf("error %v, want one about the redrive policy", err)
	}
}

// client has no connection left when the test is over.
func client(t *testing.T, endpoint string) *sqs.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return sqs.New(sqs.Options{
		HTTPClient:   &http.Client{Transport: transport},
		BaseEndpoint: &endpoint,
		Region:       "us-east-1",
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
}

// create makes a queue for the time of the test.
func create(t *testing.T, client *sqs.Client, name string, attributes map[string]string) string {
	t.Helper()
	out, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	url := aws.ToString(out.QueueUrl)
	t.Cleanup(func() {
		if _, err := client.DeleteQueue(context.WithoutCancel(t.Context()), &sqs.DeleteQueueInput{QueueUrl: &url}); err != nil {
			t.Error(err)
		}
	})
	return url
}
