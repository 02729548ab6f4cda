package queue

import (
	"context"
	"crypto/md5" //nolint:gosec // the digest that SQS and Lambda use
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// Source is what Poll needs of a queue.
type Source interface {
	Receive(ctx context.Context, limit int, wait time.Duration) ([]Incoming, error)
	Delete(ctx context.Context, receipt string) error
}

// Handler is a Lambda function for SQS events that reports partial failures.
type Handler func(context.Context, events.SQSEvent) (events.SQSEventResponse, error)

// Mapping is how a queue is joined to a function: the settings that Lambda
// keeps in the event source mapping and in the function.
type Mapping struct {
	ARN       string        // of the queue, as the function sees it
	BatchSize int           // most messages of one invocation, 1 to 10
	Timeout   time.Duration // of the function
	Logger    *slog.Logger
}

const (
	pollWait  = 20 * time.Second // SQS's longest
	pollPause = time.Second      // after a queue that does not answer
)

// Poll does for one machine what Lambda's event source mapping does, one
// invocation at a time: it receives a batch, calls the handler with a deadline,
// and deletes what the handler does not report as failed. After an error, a
// panic or a timeout the whole batch is left to its visibility timeout. When
// ctx ends Poll lets the running invocation finish, settles it and returns.
//
// Go cannot stop a handler as Lambda does: one that outlives its timeout is
// waited for, but its answer counts no more.
func Poll(ctx context.Context, source Source, handler Handler, m Mapping) {
	for ctx.Err() == nil {
		batch, err := source.Receive(ctx, m.BatchSize, pollWait)
		switch {
		case ctx.Err() != nil && len(batch) == 0:
			return
		case err != nil:
			m.Logger.ErrorContext(ctx, "cannot receive", "queue", m.ARN, "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(pollPause):
			}
		case len(batch) > 0:
			m.invoke(context.WithoutCancel(ctx), source, handler, batch)
		}
	}
}

// invoke works one batch and settles it.
func (m Mapping) invoke(ctx context.Context, source Source, handler Handler, batch []Incoming) {
	failed, err := m.call(ctx, handler, batch)
	if err != nil {
		m.Logger.ErrorContext(ctx, "invocation failed", "queue", m.ARN, "message", batch[0].ID, "messages", len(batch), "error", err)
		return
	}
	for _, message := range batch {
		if failed[message.ID] {
			continue
		}
		if err := source.Delete(ctx, message.Receipt); err != nil {
			m.Logger.ErrorContext(ctx, "cannot delete", "queue", m.ARN, "message", message.ID, "error", err)
		}
	}
}

// call runs the handler and returns the ids of the messages that it reports as
// failed, or an error when all of them are.
func (m Mapping) call(ctx context.Context, handler Handler, batch []Incoming) (failed map[string]bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, m.Timeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("handler panicked: %v\n%s", p, debug.Stack())
		}
	}()
	response, err := handler(ctx, m.Event(batch))
	if err != nil {
		return nil, fmt.Errorf("handle messages: %w", err)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil, fmt.Errorf("handle messages: timed out after %s", m.Timeout)
	}
	return failures(response, batch)
}

// failures reads a partial batch response. An identifier that names none of
// the batch means that the response cannot be trusted: then, as with Lambda,
// the whole batch has failed
// (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html).
func failures(response events.SQSEventResponse, batch []Incoming) (map[string]bool, error) {
	known := make(map[string]bool, len(batch))
	for _, message := range batch {
		known[message.ID] = true
	}
	failed := make(map[string]bool, len(response.BatchItemFailures))
	for _, failure := range response.BatchItemFailures {
		if !known[failure.ItemIdentifier] {
			return nil, fmt.Errorf("handler reported failure of %q, which is no message of the batch", failure.ItemIdentifier)
		}
		failed[failure.ItemIdentifier] = true
	}
	return failed, nil
}

// Event is what Lambda invokes a function with for these messages.
func (m Mapping) Event(batch []Incoming) events.SQSEvent {
	var region string
	if source, err := arn.Parse(m.ARN); err == nil {
		region = source.Region
	}
	records := make([]events.SQSMessage, len(batch))
	for i, in := range batch {
		digest := md5.Sum([]byte(in.Body)) //nolint:gosec // see the import
		records[i] = events.SQSMessage{
			MessageId:         in.ID,
			ReceiptHandle:     in.Receipt,
			Body:              in.Body,
			Md5OfBody:         hex.EncodeToString(digest[:]),
			Attributes:        systemAttributes(in),
			MessageAttributes: messageAttributes(in),
			EventSourceARN:    m.ARN,
			EventSource:       "aws:sqs",
			AWSRegion:         region,
		}
	}
	return events.SQSEvent{Records: records}
}

// systemAttributes leaves out what a standard queue's message does not have.
func systemAttributes(in Incoming) map[string]string {
	attributes := map[string]string{
		"ApproximateReceiveCount": strconv.Itoa(in.ReceiveCount),
		"SentTimestamp":           strconv.FormatInt(in.SentAt.UnixMilli(), 10),
	}
	for name, value := range map[string]string{
		"MessageDeduplicationId": in.DeduplicationID,
		"MessageGroupId":         in.Group,
		"SequenceNumber":         in.SequenceNumber,
	} {
		if value != "" {
			attributes[name] = value
		}
	}
	return attributes
}

func messageAttributes(in Incoming) map[string]events.SQSMessageAttribute {
	attributes := make(map[string]events.SQSMessageAttribute, len(in.Attributes))
	for name, value := range in.Attributes {
		attributes[name] = events.SQSMessageAttribute{
			DataType:    AttributeType,
			StringValue: &value,
			// Lambda sends the unused kinds as empty lists.
			StringListValues: []string{},
			BinaryListValues: [][]byte{},
		}
	}
	return attributes
}

// Receives is how often a message has been delivered, this time included. A
// message that does not say so is on its first delivery.
func Receives(m events.SQSMessage) int {
	n, err := strconv.Atoi(m.Attributes["ApproximateReceiveCount"])
	if err != nil {
		return 1
	}
	return n
}
