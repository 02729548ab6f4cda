package inmemory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"notionrelay/shared/queue"
)

// Queues holds queues that pass messages to each other. Its zero value has none.
type Queues struct {
	mu      sync.Mutex
	changed chan struct{} // closed, and replaced, whenever a queue has changed
	last    int           // number that was given last, to a message or its place
}

// Options are the attributes that a queue has on SQS.
type Options struct {
	FIFO        bool
	Visibility  time.Duration // of a received message
	MaxReceives int           // deliveries after which a message is a dead letter
	DeadLetter  *Queue        // where dead letters go; without it there are none
}

// Queue behaves as one SQS queue, except that durations are exact.
type Queue struct {
	all      *Queues
	options  Options
	messages []*message // in their order
	deleted  map[string]bool
	sent     map[string]time.Time // until when a deduplication id is remembered
}

type message struct {
	queue.Incoming

	visibleAt time.Time
}

// Queue makes an empty queue.
func (q *Queues) Queue(o Options) *Queue {
	return &Queue{all: q, options: o, deleted: map[string]bool{}, sent: map[string]time.Time{}}
}

// Len is how many messages there are, those in flight too.
func (q *Queue) Len() int {
	defer q.all.lock()()
	return len(q.messages)
}

// Depth counts the messages.
func (q *Queue) Depth(context.Context) (d queue.Depth, err error) {
	defer q.all.lock()()
	now := time.Now()
	for _, m := range q.messages {
		switch {
		case !m.visibleAt.After(now):
			d.Ready++
		case m.ReceiveCount > 0:
			d.InFlight++
		default:
			d.Delayed++
		}
	}
	return d, nil
}

// Next is when the first message can be received, of those that are there now;
// zero when there is none. A FIFO queue is taken to have one group.
func (q *Queue) Next() (at time.Time) {
	defer q.all.lock()()
	now := time.Now()
	for _, m := range q.messages {
		if q.options.FIFO && m.visibleAt.After(now) {
			return m.visibleAt // nothing before the one in flight
		}
		if at.IsZero() || m.visibleAt.Before(at) {
			at = m.visibleAt
		}
	}
	return at
}

// Peek lists every message in order, those in flight too, and receives none.
func (q *Queue) Peek() (messages []queue.Incoming) {
	defer q.all.lock()()
	for _, m := range q.messages {
		messages = append(messages, m.Incoming)
	}
	return messages
}

// Send puts a message at the tail of the queue. A FIFO queue accepts a
// duplicate without complaint and drops it.
func (q *Queue) Send(ctx context.Context, m queue.Outgoing) error {
	if err := errors.Join(ctx.Err(), q.check(m)); err != nil {
		return err
	}
	defer q.all.lock()()
	now := time.Now()
	if q.options.FIFO {
		if now.Before(q.sent[m.DeduplicationID]) {
			return nil
		}
		q.sent[m.DeduplicationID] = now.Add(deduplicationWindow)
	}
	q.add(queue.Incoming{
		ID: q.all.next(), Body: m.Body, Group: m.Group, DeduplicationID: m.DeduplicationID, Attributes: maps.Clone(m.Attributes), SentAt: now,
	}, now.Add(m.Delay))
	return nil
}

const deduplicationWindow = 5 * time.Minute

// check refuses what SQS refuses.
func (q *Queue) check(m queue.Outgoing) error {
	allowed := func(r rune) bool { return r >= 0x20 || strings.ContainsRune("\t\n\r", r) }
	switch {
	case m.Size() > queue.MaxSize:
		return fmt.Errorf("%d bytes: %w", m.Size(), queue.ErrTooLarge)
	case m.Body == "", !utf8.ValidString(m.Body), strings.ContainsFunc(m.Body, func(r rune) bool { return !allowed(r) }):
		return errors.New("no body, or one with characters that SQS does not take")
	case q.options.FIFO != (m.Group != "") || q.options.FIFO != (m.DeduplicationID != ""):
		return errors.New("a FIFO queue needs a group and a deduplication id, and a standard one neither")
	case m.Delay < 0, m.Delay > 15*time.Minute, m.Delay > 0 && q.options.FIFO:
		return fmt.Errorf("a delay of %s is not possible", m.Delay)
	case len(m.Attributes) > 10:
		return errors.New("too many attributes")
	}
	for name, value := range m.Attributes {
		if name == "" || value == "" {
			return fmt.Errorf("attribute %q has an empty name or value", name)
		}
	}
	return nil
}

// Receive returns up to limit messages and waits up to wait for the first; none
// in that time is no error.
func (q *Queue) Receive(ctx context.Context, limit int, wait time.Duration) ([]queue.Incoming, error) {
	deadline := time.Now().Add(wait)
	for {
		messages, next, changed := q.take(limit)
		left := time.Until(deadline)
		if len(messages) > 0 || left <= 0 {
			return messages, nil
		}
		if !next.IsZero() {
			left = min(left, time.Until(next))
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-changed:
		case <-time.After(left):
		}
	}
}

// take delivers what may be delivered now. Of a FIFO queue's group nothing may
// while one of its messages is in flight. If nothing is, next tells when the
// first hidden message will be visible.
func (q *Queue) take(limit int) (messages []queue.Incoming, next time.Time, changed <-chan struct{}) {
	defer q.all.lock()()
	now := time.Now()
	held := map[string]bool{} // groups with a message in flight
	for _, m := range q.messages {
		if m.visibleAt.After(now) {
			held[m.Group] = q.options.FIFO
			if next.IsZero() || m.visibleAt.Before(next) {
				next = m.visibleAt
			}
		}
	}
	for _, m := range slices.Clone(q.messages) {
		switch {
		case m.visibleAt.After(now), held[m.Group], len(messages) == limit:
		case q.options.DeadLetter != nil && m.ReceiveCount >= q.options.MaxReceives:
			q.bury(m, now)
		default:
			m.ReceiveCount++
			m.Receipt = m.ID + "#" + strconv.Itoa(m.ReceiveCount)
			m.visibleAt = now.Add(q.options.Visibility)
			messages = append(messages, m.Incoming)
			messages[len(messages)-1].Attributes = maps.Clone(m.Attributes)
		}
	}
	if q.all.changed == nil {
		q.all.changed = make(chan struct{})
	}
	return messages, next, q.all.changed
}

// bury moves a message that was received too often to the dead letters.
func (q *Queue) bury(m *message, now time.Time) {
	letter := m.Incoming
	letter.ReceiveCount = 0
	if q.options.FIFO {
		letter.DeduplicationID = m.ID
	}
	q.remove(m.ID)
	q.options.DeadLetter.add(letter, now)
	q.all.notify()
}

// Delete removes a message whose work is done; deleting it again is no error. A
// FIFO queue answers queue.ErrReceipt when this delivery is over, a standard one
// then deletes only what nobody has received since.
func (q *Queue) Delete(ctx context.Context, receipt string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	defer q.all.lock()()
	id, _, _ := strings.Cut(receipt, "#")
	m := q.find(id)
	over := m == nil || m.Receipt != receipt || !m.visibleAt.After(time.Now()) && q.options.FIFO
	switch {
	case m == nil && q.deleted[id]:
	case over && q.options.FIFO:
		return queue.ErrReceipt
	case !over:
		q.remove(id)
		q.deleted[id] = true
		q.all.notify()
	}
	return nil
}

// ChangeVisibility ends the delivery's visibility timeout d from now.
func (q *Queue) ChangeVisibility(ctx context.Context, receipt string, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	defer q.all.lock()()
	id, _, _ := strings.Cut(receipt, "#")
	m := q.find(id)
	if m == nil || m.Receipt != receipt || !m.visibleAt.After(time.Now()) {
		return queue.ErrReceipt
	}
	m.visibleAt = time.Now().Add(d)
	q.all.notify()
	return nil
}

// Redrive moves what is in the dead letters, and in nobody's hands, back to this
// queue, as new messages at its tail.
func (q *Queue) Redrive(context.Context) error {
	defer q.all.lock()()
	dead, now := q.options.DeadLetter, time.Now()
	for _, m := range slices.Clone(dead.messages) {
		if m.visibleAt.After(now) {
			continue
		}
		dead.remove(m.ID)
		again := m.Incoming
		again.ID, again.ReceiveCount, again.SentAt = q.all.next(), 0, now
		q.add(again, now)
	}
	q.all.notify()
	return nil
}

func (q *Queue) add(m queue.Incoming, visibleAt time.Time) {
	m.Receipt, m.SequenceNumber = "", q.all.next()
	q.messages = append(q.messages, &message{m, visibleAt})
	q.all.notify()
}

func (q *Queue) find(id string) *message {
	i := slices.IndexFunc(q.messages, func(m *message) bool { return m.ID == id })
	if i < 0 {
		return nil
	}
	return q.messages[i]
}

func (q *Queue) remove(id string) {
	q.messages = slices.DeleteFunc(q.messages, func(m *message) bool { return m.ID == id })
}

func (q *Queues) lock() (unlock func()) {
	q.mu.Lock()
	return q.mu.Unlock
}

// next gives a number that no other message or place has.
func (q *Queues) next() string {
	q.last++
	return fmt.Sprintf("%020d", q.last)
}

// notify wakes every waiting Receive.
func (q *Queues) notify() {
	if q.changed != nil {
		close(q.changed)
		q.changed = nil
	}
}
