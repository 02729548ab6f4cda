package stack

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// ErrNoMapping says that nothing gives the publisher its messages.
var ErrNoMapping = errors.New("the publish queue has no event source mapping")

// Mapping is the event source mapping of the publish queue, by which Lambda gives
// the publisher its messages.
type Mapping struct {
	client   *lambda.Client
	sqs      *sqs.Client
	queueURL string
}

// States of a mapping (https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html).
// Between them it is Creating, Enabling, Disabling, Updating or Deleting, which
// takes up to a minute and during which it cannot be changed.
const (
	enabled  = "Enabled"
	disabled = "Disabled"
)

// States are those of all mappings of the queue, which should be one.
func (m *Mapping) States(ctx context.Context) (states []string, err error) {
	all, err := m.list(ctx)
	for _, one := range all {
		states = append(states, aws.ToString(one.State))
	}
	return states, err
}

// SetEnabled returns when the mapping is enabled or disabled.
func (m *Mapping) SetEnabled(ctx context.Context, on bool) error {
	want := disabled
	if on {
		want = enabled
	}
	for {
		all, err := m.list(ctx)
		if err == nil && len(all) == 0 {
			err = ErrNoMapping
		}
		if err != nil {
			return err
		}
		settled := true
		for _, one := range all {
			if aws.ToString(one.State) == want {
				continue
			}
			settled = false
			if err := m.set(ctx, one, on); err != nil {
				return err
			}
		}
		if settled {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the event source mapping is not %s yet: %w", want, ctx.Err())
		case <-time.After(lookEvery):
		}
	}
}

// lookEvery is how often a mapping is looked at that is changing.
const lookEvery = 250 * time.Millisecond

// set asks for the change unless the mapping is at one, which is waited for.
func (m *Mapping) set(ctx context.Context, one types.EventSourceMappingConfiguration, on bool) error {
	if state := aws.ToString(one.State); state != enabled && state != disabled {
		return nil
	}
	_, err := m.client.UpdateEventSourceMapping(ctx, &lambda.UpdateEventSourceMappingInput{UUID: one.UUID, Enabled: &on})
	var inUse *types.ResourceInUseException
	var conflict *types.ResourceConflictException
	if errors.As(err, &inUse) || errors.As(err, &conflict) { // it has begun to change meanwhile
		return nil
	}
	if err != nil {
		return fmt.Errorf("change the event source mapping: %w", err)
	}
	return nil
}

// works tells whether messages reach the publisher.
func (m *Mapping) works(ctx context.Context) (bool, error) {
	states, err := m.States(ctx)
	for _, state := range states {
		if state != disabled && state != "Disabling" && state != "Deleting" {
			return true, err
		}
	}
	return false, err
}

// list finds the mappings by their queue, for the function may be named with an
// alias or a version.
func (m *Mapping) list(ctx context.Context) ([]types.EventSourceMappingConfiguration, error) {
	const queueARN = sqstypes.QueueAttributeNameQueueArn
	out, err := m.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &m.queueURL, AttributeNames: []sqstypes.QueueAttributeName{queueARN}})
	if err != nil {
		return nil, fmt.Errorf("find the publish queue: %w", err)
	}
	found, err := m.client.ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsInput{EventSourceArn: aws.String(out.Attributes[string(queueARN)])})
	if err != nil {
		return nil, fmt.Errorf("find the event source mapping: %w", err)
	}
	return found.EventSourceMappings, nil
}
