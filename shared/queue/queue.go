// Package queue carries messages between the functions: their envelope, what a
// queue takes and gives, and the loop that hands its messages to a handler. The
// queue on Amazon SQS is in sqsqueue, the one for one machine in local/embedded,
// which needs nothing of AWS; both pass the suite in test/queuetest.
package queue

import (
	"errors"
	"time"
)

// MaxSize is the most that Outgoing.Size may be: 1 MiB, the default and
// highest MaximumMessageSize of a queue. Older documentation says 256 KiB.
const MaxSize = 1 << 20

// ErrReceipt is returned for a receipt that names no running delivery: its
// visibility timeout is over, or the message was received again since.
var ErrReceipt = errors.New("receipt is no longer valid")

// Outgoing is a message to send.
type Outgoing struct {
	Body string
	// Group is the FIFO message group; empty on a standard queue. Messages of
	// one group are delivered in order, and none is delivered while an earlier
	// one of the group is in flight.
	Group string
	// DeduplicationID is required on a FIFO queue and empty on a standard one.
	// A second message with the same id within five minutes of the first is
	// accepted and dropped, even when the first has been deleted meanwhile.
	DeduplicationID string
	// Attributes are string attributes that travel beside the body, for people
	// and tools that look at a queue. SQS allows ten.
	Attributes map[string]string
	// Delay postpones the first delivery: whole seconds, at most 15 minutes,
	// standard queues only (SQS sets the delay of a FIFO queue as a whole).
	Delay time.Duration
}

// Size counts the message as SQS does: the bytes of the body and of each
// attribute's name, data type and value.
func (m Outgoing) Size() int {
	size := len(m.Body)
	for name, value := range m.Attributes {
		size += len(name) + len(AttributeType) + len(value)
	}
	return size
}

// AttributeType is the data type of every attribute that is sent.
const AttributeType = "String"

// Depth counts the messages of a queue.
type Depth struct {
	Ready    int `json:"ready"`    // to be received now
	InFlight int `json:"inFlight"` // received, and neither deleted nor given back
	Delayed  int `json:"delayed"`  // sent with a delay that is not over
}

// All counts them all.
func (d Depth) All() int { return d.Ready + d.InFlight + d.Delayed }

// Incoming is a message that was received and is hidden from other receivers
// until its visibility timeout ends.
type Incoming struct {
	ID              string // changes when a message is redriven; never an identity
	Receipt         string // names this delivery, for Delete and ChangeVisibility
	Body            string
	Group           string
	DeduplicationID string
	SequenceNumber  string
	Attributes      map[string]string
	ReceiveCount    int // 1 on the first delivery
	SentAt          time.Time
}
