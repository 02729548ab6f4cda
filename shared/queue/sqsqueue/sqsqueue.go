// Package sqsqueue is a queue of package queue on Amazon SQS.
package sqsqueue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"notionrelay/shared/queue"
	"notionrelay/shared/xray"
)

// Queue is one queue on Amazon SQS, FIFO or standard.
type Queue struct {
	client *sqs.Client
	url    string
}

// New gives access to the queue at url. It asks nothing of AWS.
func New(client *sqs.Client, url string) *Queue {
	return &Queue{client: client, url: url}
}

// Send puts a message at the tail of the queue. A FIFO queue accepts a
// duplicate without complaint and drops it. A message above MaxSize is refused
// with ErrTooLarge before it leaves. The message carries the trace of the
// invocation that sends it.
func (q *Queue) Send(ctx context.Context, m queue.Outgoing) error {
	if size := m.Size(); size > queue.MaxSize {
		return fmt.Errorf("send message of %d bytes to %s: %w", size, q.name(), queue.ErrTooLarge)
	}
	in := &sqs.SendMessageInput{
		QueueUrl:          &q.url,
		MessageBody:       &m.Body,
		DelaySeconds:      seconds(m.Delay),
		MessageAttributes: make(map[string]types.MessageAttributeValue, len(m.Attributes)),
	}
	// SQS tells an empty parameter from one that is not there.
	if m.Group != "" {
		in.MessageGroupId = &m.Group
	}
	if m.DeduplicationID != "" {
		in.MessageDeduplicationId = &m.DeduplicationID
	}
	// Lambda joins the trace of whoever receives a message to the one in it. It
	// does not count as part of the message's size.
	if header := xray.Header(ctx); header != "" {
		in.MessageSystemAttributes = map[string]types.MessageSystemAttributeValue{
			string(types.MessageSystemAttributeNameForSendsAWSTraceHeader): {DataType: aws.String(queue.AttributeType), StringValue: &header},
		}
	}
	for name, value := range m.Attributes {
		in.MessageAttributes[name] = types.MessageAttributeValue{DataType: aws.String(queue.AttributeType), StringValue: &value}
	}
	if _, err := q.client.SendMessage(ctx, in); err != nil {
		return fmt.Errorf("send message to %s: %w", q.name(), err)
	}
	return nil
}

// Receive returns up to max messages (SQS allows 1 to 10) and waits up to wait
// (at most 20 s) for the first. None in that time is no error.
func (q *Queue) Receive(ctx context.Context, limit int, wait time.Duration) ([]queue.Incoming, error) {
	out, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:              &q.url,
		MaxNumberOfMessages:   int32(limit), //nolint:gosec // at most 10
		WaitTimeSeconds:       seconds(wait),
		MessageAttributeNames: []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{
			types.MessageSystemAttributeNameApproximateReceiveCount,
			types.MessageSystemAttributeNameMessageDeduplicationId,
			types.MessageSystemAttributeNameMessageGroupId,
			types.MessageSystemAttributeNameSentTimestamp,
			types.MessageSystemAttributeNameSequenceNumber,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("receive from %s: %w", q.name(), err)
	}
	messages := make([]queue.Incoming, len(out.Messages))
	for i, m := range out.Messages {
		if messages[i], err = incoming(m); err != nil {
			return nil, fmt.Errorf("receive message %s from %s: %w", aws.ToString(m.MessageId), q.name(), err)
		}
	}
	return messages, nil
}

// Delete removes a message whose work is done. ErrReceipt says that it was
// not removed, because this delivery is over. SQS says so on a FIFO queue
// alone: a standard queue still takes the latest receipt after its timeout,
// and takes an older one without deleting anything.
func (q *Queue) Delete(ctx context.Context, receipt string) error {
	_, err := q.client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &q.url, ReceiptHandle: &receipt})
	if err != nil {
		return fmt.Errorf("delete message from %s: %w", q.name(), receiptError(err))
	}
	return nil
}

// ChangeVisibility ends the delivery's visibility timeout d from now, whatever
// it was: 0 gives the message back at once. SQS takes whole seconds, which d is
// rounded up to, and at most 12 hours. ErrReceipt says that the delivery is over.
func (q *Queue) ChangeVisibility(ctx context.Context, receipt string, d time.Duration) error {
	_, err := q.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: &q.url, ReceiptHandle: &receipt, VisibilityTimeout: seconds(d),
	})
	if err != nil {
		return fmt.Errorf("change visibility of message in %s: %w", q.name(), receiptError(err))
	}
	return nil
}

// Depth counts the messages. SQS's figures are approximate: they lag behind for
// a minute at most after the last change.
func (q *Queue) Depth(ctx context.Context) (queue.Depth, error) {
	out, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
	}})
	if err != nil {
		return queue.Depth{}, fmt.Errorf("count messages of %s: %w", q.name(), err)
	}
	count := func(name types.QueueAttributeName) int {
		n, convErr := strconv.Atoi(out.Attributes[string(name)])
		if convErr != nil {
			err = errors.Join(err, fmt.Errorf("count messages of %s: %w", q.name(), convErr))
		}
		return n
	}
	return queue.Depth{
		Ready:    count(types.QueueAttributeNameApproximateNumberOfMessages),
		InFlight: count(types.QueueAttributeNameApproximateNumberOfMessagesNotVisible),
		Delayed:  count(types.QueueAttributeNameApproximateNumberOfMessagesDelayed),
	}, err
}

// Redrive starts to move everything in this queue's dead-letter queue back to
// this queue, where it gets new message ids and a place at the tail. It returns
// when SQS has taken the task, which allows one at a time. The destination is
// named, since SQS knows the origin only of those messages that its own redrive
// policy moved, not of those that were sent to the dead-letter queue.
func (q *Queue) Redrive(ctx context.Context) error {
	out, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl:       &q.url,
		AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameQueueArn, types.QueueAttributeNameRedrivePolicy},
	})
	if err != nil {
		return fmt.Errorf("redrive to %s: %w", q.name(), err)
	}
	var policy struct {
		DeadLetterTargetArn string `json:"deadLetterTargetArn"`
	}
	if err := json.Unmarshal([]byte(out.Attributes[string(types.QueueAttributeNameRedrivePolicy)]), &policy); err != nil {
		return fmt.Errorf("redrive to %s: read its redrive policy: %w", q.name(), err)
	}
	_, err = q.client.StartMessageMoveTask(ctx, &sqs.StartMessageMoveTaskInput{
		SourceArn:      &policy.DeadLetterTargetArn,
		DestinationArn: aws.String(out.Attributes[string(types.QueueAttributeNameQueueArn)]),
	})
	if err != nil {
		return fmt.Errorf("redrive from %s to %s: %w", policy.DeadLetterTargetArn, q.name(), err)
	}
	return nil
}

// name is the last part of the URL, which also holds the account.
func (q *Queue) name() string { return q.url[strings.LastIndexByte(q.url, '/')+1:] }

func seconds(d time.Duration) int32 {
	return int32((d + time.Second - 1) / time.Second) //nolint:gosec // SQS takes twelve hours at most
}

func incoming(m types.Message) (queue.Incoming, error) {
	system := func(name types.MessageSystemAttributeName) string { return m.Attributes[string(name)] }
	count, err := strconv.Atoi(system(types.MessageSystemAttributeNameApproximateReceiveCount))
	if err != nil {
		return queue.Incoming{}, fmt.Errorf("read its receive count: %w", err)
	}
	sent, err := strconv.ParseInt(system(types.MessageSystemAttributeNameSentTimestamp), 10, 64)
	if err != nil {
		return queue.Incoming{}, fmt.Errorf("read its sent timestamp: %w", err)
	}
	in := queue.Incoming{
		ID:              aws.ToString(m.MessageId),
		Receipt:         aws.ToString(m.ReceiptHandle),
		Body:            aws.ToString(m.Body),
		Group:           system(types.MessageSystemAttributeNameMessageGroupId),
		DeduplicationID: system(types.MessageSystemAttributeNameMessageDeduplicationId),
		SequenceNumber:  system(types.MessageSystemAttributeNameSequenceNumber),
		ReceiveCount:    count,
		SentAt:          time.UnixMilli(sent),
	}
	for name, value := range m.MessageAttributes {
		if in.Attributes == nil {
			in.Attributes = make(map[string]string, len(m.MessageAttributes))
		}
		in.Attributes[name] = aws.ToString(value.StringValue)
	}
	return in, nil
}

// receiptError adds ErrReceipt to the answers by which SQS says that a delivery
// is over. An expired receipt has no error type of its own: a FIFO queue calls
// it an invalid value of the parameter ReceiptHandle
// (https://repost.aws/knowledge-center/sqs-receipt-handle-error).
func receiptError(err error) error {
	var (
		notInflight *types.MessageNotInflight
		invalid     *types.ReceiptHandleIsInvalid
		api         smithy.APIError
	)
	switch {
	case errors.As(err, &notInflight), errors.As(err, &invalid):
		return fmt.Errorf("%w: %w", queue.ErrReceipt, err)
	case errors.As(err, &api) && strings.HasSuffix(api.ErrorCode(), "InvalidParameterValue") && strings.Contains(api.ErrorMessage(), "ReceiptHandle"):
		return fmt.Errorf("%w: %w", queue.ErrReceipt, err)
	}
	return err
}
