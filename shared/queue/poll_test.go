package queue_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"notionrelay/local/embedded"
	"notionrelay/shared/queue"
	"notionrelay/test/planted"
)

func mapping(t *testing.T) queue.Mapping {
	t.Helper()
	return queue.Mapping{ARN: arn, BatchSize: 1, Timeout: time.Minute, Logger: planted.Log(t)}
}

const arn = "arn:aws:sqs:eu-central-1:123456789012:publish.fifo"

const visibility = 6 * time.Minute

// openQueue gives a queue that lives as long as the test.
func openQueue(t *testing.T) *embedded.Queue {
	t.Helper()
	db, err := embedded.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db.Queue("publish", embedded.QueueOptions{FIFO: true, Visibility: visibility})
}

func send(t *testing.T, q *embedded.Queue, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		m := queue.Outgoing{Body: body, Group: "g", DeduplicationID: body, Attributes: map[string]string{"Kind": "publish"}}
		if err := q.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
}

// poll runs Poll for d and returns once it has.
func poll(t *testing.T, d time.Duration, source queue.Source, m queue.Mapping, handler queue.Handler) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	queue.Poll(ctx, source, handler, m)
}

// left receives what a later poller would, and says how often each was received.
func left(t *testing.T, q *embedded.Queue) map[string]int {
	t.Helper()
	messages, err := q.Receive(t.Context(), 10, visibility)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, m := range messages {
		counts[m.Body] = m.ReceiveCount
	}
	return counts
}

func TestPollGivesTheHandlerWhatLambdaWould(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := openQueue(t)
		send(t, q, "hello")
		sent := time.Now()
		var got events.SQSEvent
		poll(t, time.Second, q, mapping(t), func(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
			got = e
			if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) != time.Minute {
				t.Errorf("deadline %s, want in a minute", deadline)
			}
			return events.SQSEventResponse{}, nil
		})
		if len(got.Records) != 1 {
			t.Fatalf("%d records, want 1", len(got.Records))
		}
		record := got.Records[0]
		want := events.SQSMessage{
			MessageId:     record.MessageId,
			ReceiptHandle: record.ReceiptHandle,
			Body:          "hello",
			Md5OfBody:     "5d41402abc4b2a76b9719d911017c592",
			Attributes: map[string]string{
				"ApproximateReceiveCount": "1",
				"MessageDeduplicationId":  "hello",
				"MessageGroupId":          "g",
				"SentTimestamp":           strconv.FormatInt(sent.UnixMilli(), 10),
				"SequenceNumber":          "00000000000000000001",
			},
			MessageAttributes: map[string]events.SQSMessageAttribute{
				"Kind": {DataType: "String", StringValue: new("publish"), StringListValues: []string{}, BinaryListValues: [][]byte{}},
			},
			EventSource:    "aws:sqs",
			EventSourceARN: arn,
			AWSRegion:      "eu-central-1",
		}
		if diff := cmp.Diff(want, record); diff != "" {
			t.Errorf("record (-want +got):\n%s", diff)
		}
		if record.MessageId == "" || record.ReceiptHandle == "" {
			t.Error("record lacks its id or its receipt")
		}
	})
}

func TestPollSettlesABatch(t *testing.T) {
	t.Parallel()
	fail := func(ids ...string) events.SQSEventResponse {
		var response events.SQSEventResponse
		for _, id := range ids {
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: id})
		}
		return response
	}
	all := map[string]int{"1": 2, "2": 2, "3": 2}
	for name, tt := range map[string]struct {
		handler queue.Handler
		left    map[string]int
	}{
		"success deletes all": {
			func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) { return fail(), nil },
			map[string]int{},
		},
		"reported failures stay": {
			func(_ context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
				return fail(e.Records[1].MessageId, e.Records[2].MessageId), nil
			},
			map[string]int{"2": 2, "3": 2},
		},
		"an error leaves all": {
			func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
				return fail(), errors.New("no")
			},
			all,
		},
		"a panic leaves all": {
			func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) { panic("no") },
			all,
		},
		"an unknown identifier leaves all": {
			func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) { return fail("who"), nil },
			all,
		},
		"an empty identifier leaves all": {
			func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) { return fail(""), nil },
			all,
		},
		"an answer after the timeout counts no more": {
			func(ctx context.Context, _ events.SQSEvent) (events.SQSEventResponse, error) {
				<-ctx.Done()
				return fail(), nil
			},
			all,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				q := openQueue(t)
				send(t, q, "1", "2", "3")
				m := mapping(t)
				m.BatchSize = 10
				poll(t, 2*time.Minute, q, m, tt.handler)
				if diff := cmp.Diff(tt.left, left(t, q)); diff != "" {
					t.Errorf("messages left by receive count (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestPollRetriesAfterTheVisibilityTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := openQueue(t)
		send(t, q, "1", "2")
		start := time.Now()
		var got []string
		poll(t, time.Hour, q, mapping(t), func(_ context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
			got = append(got, time.Since(start).String()+" "+e.Records[0].Body)
			if len(got) == 1 {
				return events.SQSEventResponse{}, errors.New("no")
			}
			return events.SQSEventResponse{}, nil
		})
		if diff := cmp.Diff([]string{"0s 1", "6m0s 1", "6m0s 2"}, got); diff != "" {
			t.Errorf("deliveries (-want +got):\n%s", diff)
		}
	})
}

func TestPollFinishesTheRunningInvocation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := openQueue(t)
		send(t, q, "1", "2")
		var got []string
		// Poll is told to stop while the handler works.
		poll(t, time.Second, q, mapping(t), func(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
			time.Sleep(10 * time.Second)
			got = append(got, e.Records[0].Body)
			return events.SQSEventResponse{}, ctx.Err()
		})
		if !slices.Equal(got, []string{"1"}) {
			t.Errorf("handled %v, want 1 alone", got)
		}
		if diff := cmp.Diff(map[string]int{"2": 1}, left(t, q)); diff != "" {
			t.Errorf("messages left by receive count (-want +got):\n%s", diff)
		}
	})
}

// broken is a queue that does not answer at first.
type broken struct {
	*embedded.Queue
	failures int
}

func (b *broken) Receive(ctx context.Context, limit int, wait time.Duration) ([]queue.Incoming, error) {
	if b.failures > 0 {
		b.failures--
		return nil, errors.New("no answer")
	}
	return b.Queue.Receive(ctx, limit, wait)
}

func TestPollOutlivesAQueueThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := openQueue(t)
		send(t, q, "1")
		start := time.Now()
		var took time.Duration
		poll(t, time.Minute, &broken{q, 3}, mapping(t), func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
			took = time.Since(start)
			return events.SQSEventResponse{}, nil
		})
		if took != 3*time.Second {
			t.Errorf("handled after %s, want after three pauses of a second", took)
		}
	})
}
