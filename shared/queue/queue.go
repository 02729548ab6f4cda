// Package queue carries messages between the functions: their envelope, and
// the queue itself on Amazon SQS. The queue for one machine is in
// shared/embedded; both pass the suite in shared/queue/queuetest.
package queue

import "time"

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
