//go:build integration

package sqsqueue_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"notionrelay/shared/queue"
	"notionrelay/shared/queue/sqsqueue"
	"notionrelay/test/awstest"
	"notionrelay/test/queuetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSQSConforms(t *testing.T) {
	t.Parallel()
	server := awstest.StartSQS(t)
	queuetest.Run(t, queuetest.RealTime, func(t *testing.T, o queuetest.Options) (main, dead queuetest.Queue) {
		t.Helper()
		url, deadURL := server.Create(t, "test-"+rand.Text(), awstest.Queues{FIFO: o.FIFO, Visibility: o.Visibility, MaxReceives: o.MaxReceives})
		return sqsqueue.New(server.Client, url), sqsqueue.New(server.Client, deadURL)
	}, elasticMQ(server))
}

func TestSQSIsLinearizable(t *testing.T) {
	t.Parallel()
	server := awstest.StartSQS(t)
	for range 5 {
		url, _ := server.Create(t, "test-"+rand.Text(), awstest.Queues{FIFO: true, Visibility: 10 * time.Minute, MaxReceives: 1000})
		if err := queuetest.CheckLinearizable(t.Context(), sqsqueue.New(server.Client, url), 3, 12); err != nil {
			t.Fatal(err)
		}
	}
}

// elasticMQ is what ElasticMQ 1.7.1 does otherwise than SQS.
func elasticMQ(server *awstest.SQS) map[string]queuetest.Case {
	return map[string]queuetest.Case{
		"a message can be deleted twice":                forgetsReceipt,
		"a receipt dies with its timeout":               deletesAfterTimeout,
		"redrive of a FIFO queue keeps group and order": func(t *testing.T, _ queuetest.Open) { movesNoFIFOMessage(t, server) },
	}
}

func forgetsReceipt(t *testing.T, open queuetest.Open) {
	q, _ := open(t, queuetest.Options{FIFO: true, Visibility: time.Minute, MaxReceives: 1})
	m := sendAndReceive(t, q)
	if err := q.Delete(t.Context(), m.Receipt); err != nil {
		t.Fatal(err)
	}
	if err := q.Delete(t.Context(), m.Receipt); !errors.Is(err, queue.ErrReceipt) {
		t.Errorf("second deletion: got %v, want ErrReceipt", err)
	}
}

func deletesAfterTimeout(t *testing.T, open queuetest.Open) {
	q, _ := open(t, queuetest.Options{FIFO: true, Visibility: time.Second, MaxReceives: 100})
	m := sendAndReceive(t, q)
	time.Sleep(2 * time.Second)
	if err := q.Delete(t.Context(), m.Receipt); err != nil {
		t.Fatal(err)
	}
	wantReceived(t, q, 0)
}

// movesNoFIFOMessage: ElasticMQ's move task looks for messages where it keeps
// those of standard queues, and calls itself completed when it finds none. Nor
// does it help to leave the destination out. The queue in local/embedded
// passes the case.
func movesNoFIFOMessage(t *testing.T, server *awstest.SQS) {
	url, deadURL := server.Create(t, "test-"+rand.Text(), awstest.Queues{FIFO: true, Visibility: time.Minute, MaxReceives: 1})
	q, dead := sqsqueue.New(server.Client, url), sqsqueue.New(server.Client, deadURL)
	m := sendAndReceive(t, q)
	if err := q.ChangeVisibility(t.Context(), m.Receipt, 0); err != nil {
		t.Fatal(err)
	}
	wantReceived(t, q, 0) // moves it to the dead letters
	arn := server.ARN(t, deadURL)
	for _, redrive := range []func() error{
		func() error { return q.Redrive(t.Context()) },
		func() error {
			_, err := server.Client.StartMessageMoveTask(t.Context(), &sqs.StartMessageMoveTaskInput{SourceArn: &arn})
			return err
		},
	} {
		if err := redrive(); err != nil {
			t.Fatal(err)
		}
		if moved := movedByTask(t, server.Client, arn); moved != 0 {
			t.Errorf("%d messages were moved, want none", moved)
		}
	}
	wantReceived(t, q, 0)
	wantReceived(t, dead, 1)
}

// movedByTask waits for the end of the latest move task and returns how many
// messages it says to have moved.
func movedByTask(t *testing.T, client *sqs.Client, sourceARN string) int64 {
	t.Helper()
	for {
		out, err := client.ListMessageMoveTasks(t.Context(), &sqs.ListMessageMoveTasksInput{SourceArn: &sourceARN})
		if err != nil || len(out.Results) == 0 {
			t.Fatalf("got tasks %v, %v, want one", out, err)
		}
		switch task := out.Results[0]; *task.Status {
		case "RUNNING":
		case "COMPLETED":
			return task.ApproximateNumberOfMessagesMoved
		default:
			t.Fatalf("the task is %s: %v", *task.Status, task.FailureReason)
		}
	}
}

func wantReceived(t *testing.T, q queuetest.Queue, want int) {
	t.Helper()
	if got, err := q.Receive(t.Context(), 10, 2*time.Second); err != nil || len(got) != want {
		t.Errorf("received %v, %v, want %d messages", got, err, want)
	}
}

// sendAndReceive returns a message of a queue.
func sendAndReceive(t *testing.T, q queuetest.Queue) queue.Incoming {
	t.Helper()
	if err := q.Send(t.Context(), queue.Outgoing{Body: "1", Group: "g", DeduplicationID: "1"}); err != nil {
		t.Fatal(err)
	}
	messages, err := q.Receive(t.Context(), 1, time.Second)
	if err != nil || len(messages) != 1 {
		t.Fatalf("received %v, %v, want the message", messages, err)
	}
	return messages[0]
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
func serve(t *testing.T, status int, bodies map[string]string) (*sqsqueue.Queue, *answers) {
	t.Helper()
	a := &answers{status, bodies, map[string]map[string]any{}}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	return sqsqueue.New(client(t, server.URL), server.URL+"/123456789012/publish.fifo"), a
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

// Lambda joins the receiver's trace to the one that the message carries.
func TestSQSSendsTheTraceOfItsInvocation(t *testing.T) {
	t.Parallel()
	const header = "Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad;Sampled=1"
	q, server := serve(t, http.StatusOK, map[string]string{"SendMessage": `{"MD5OfMessageBody":"92eb5ffee6ae2fec3ad71c777531578f"}`})
	ctx := context.WithValue(t.Context(), "x-amzn-trace-id", header) //nolint:staticcheck // as aws-lambda-go does it
	if err := q.Send(ctx, queue.Outgoing{Body: "b"}); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"AWSTraceHeader": map[string]any{"DataType": "String", "StringValue": header}}
	if diff := cmp.Diff(want, server.requests["SendMessage"]["MessageSystemAttributes"]); diff != "" {
		t.Errorf("system attributes (-want +got):\n%s", diff)
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
