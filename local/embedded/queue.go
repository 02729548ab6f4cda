package embedded

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"notionrelay/shared/queue"
)

// deduplicationWindow is how long a FIFO queue remembers a deduplication id.
const deduplicationWindow = 5 * time.Minute

// newID is the SQL for a message id.
const newID = `lower(hex(randomblob(16)))`

// QueueOptions are the attributes that a queue has on SQS. Every handle on one
// queue is given the same.
type QueueOptions struct {
	FIFO        bool
	Visibility  time.Duration // of a received message; 30 s when zero, as on SQS
	MaxReceives int           // deliveries after which a message is a dead letter
	DeadLetter  *Queue        // where dead letters go; without it there are none
}

// Queue behaves as one SQS queue, except that it keeps a message until it is
// deleted, that durations are exact, not whole seconds, and that a delivery
// ends with the process that received the message.
type Queue struct {
	db      *DB
	name    string
	options QueueOptions
}

// Queue gives access to the queue with that name, which comes into being with
// its first message.
func (db *DB) Queue(name string, options QueueOptions) *Queue {
	if options.Visibility == 0 {
		options.Visibility = 30 * time.Second
	}
	return &Queue{db: db, name: name, options: options}
}

// Send puts a message at the tail of the queue; it is durable when Send
// returns. A FIFO queue accepts a duplicate without complaint and drops it. What
// SQS refuses is refused, a message above queue.MaxSize with queue.ErrTooLarge.
func (q *Queue) Send(ctx context.Context, m queue.Outgoing) error {
	send, err := q.sending(m)
	if err == nil {
		err = q.db.transact(ctx, send)
	}
	if err != nil {
		return fmt.Errorf("send message to %s: %w", q.name, err)
	}
	q.db.notify(q.name)
	return nil
}

// sending is what puts the message at the tail of the queue, unless SQS would
// refuse it.
func (q *Queue) sending(m queue.Outgoing) (func(context.Context, *transaction) error, error) {
	if err := q.check(m); err != nil {
		return nil, err
	}
	attributes, err := json.Marshal(m.Attributes)
	if err != nil {
		return nil, fmt.Errorf("encode attributes: %w", err)
	}
	return func(ctx context.Context, tx *transaction) error {
		now := time.Now()
		if q.options.FIFO {
			if duplicate, err := q.remember(ctx, tx, m.DeduplicationID, now); duplicate || err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `
			INSERT INTO messages (queue, id, message_group, deduplication, body, attributes, sent_at, visible_at, receives)
			VALUES (?, `+newID+`, ?, ?, ?, ?, ?, ?, 0)`,
			q.name, m.Group, m.DeduplicationID, m.Body, string(attributes), now.UnixNano(), now.Add(m.Delay).UnixNano())
		return err
	}, nil
}

// check refuses what SQS refuses (SendMessage in the API reference).
func (q *Queue) check(m queue.Outgoing) error {
	switch {
	case m.Body == "":
		return errors.New("body is empty")
	case m.Size() > queue.MaxSize:
		return fmt.Errorf("%d bytes: %w", m.Size(), queue.ErrTooLarge)
	case !utf8.ValidString(m.Body) || forbidden(m.Body):
		return errors.New("body has characters that SQS does not take")
	case len(m.Attributes) > 10:
		return fmt.Errorf("%d attributes, 10 are allowed", len(m.Attributes))
	case q.options.FIFO && (m.Group == "" || m.DeduplicationID == ""):
		return errors.New("a FIFO queue needs a group and a deduplication id")
	case q.options.FIFO && m.Delay != 0:
		return errors.New("a FIFO queue takes no delay of a single message")
	case !q.options.FIFO && m.DeduplicationID != "":
		return errors.New("a standard queue takes no deduplication id")
	case m.Delay < 0 || m.Delay > 15*time.Minute:
		return fmt.Errorf("delay %s is not within 0 to 15 minutes", m.Delay)
	}
	for name, value := range m.Attributes {
		if name == "" || value == "" {
			return fmt.Errorf("attribute %q has an empty name or value", name)
		}
	}
	return nil
}

// forbidden tells whether a text has characters that may not be in an SQS message.
func forbidden(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < 0x20 && c != '\t' && c != '\n' && c != '\r' {
			return true
		}
	}
	return strings.Contains(text, "\ufffe") || strings.Contains(text, "\uffff")
}

// remember notes a deduplication id, unless the queue knows it already.
func (q *Queue) remember(ctx context.Context, tx *transaction, id string, now time.Time) (duplicate bool, err error) {
	if err := forgetDeduplication(ctx, tx, now); err != nil {
		return false, fmt.Errorf("forget old deduplication ids: %w", err)
	}
	result, err := tx.ExecContext(ctx, `
		INSERT INTO deduplication (queue, id, until) VALUES (?, ?, ?)
		ON CONFLICT DO UPDATE SET until = excluded.until WHERE until <= ?`,
		q.name, id, now.Add(deduplicationWindow).UnixNano(), now.UnixNano())
	if err != nil {
		return false, fmt.Errorf("remember deduplication id: %w", err)
	}
	noted, err := result.RowsAffected()
	return noted == 0, err
}

// forgetEvery is how often deduplication ids are looked for that are over, so that
// not each send pays for that.
const forgetEvery = 100 * time.Millisecond

func forgetDeduplication(ctx context.Context, tx *transaction, now time.Time) error {
	if now.Sub(tx.db.forgot).Abs() < forgetEvery { // also where the clock was put back
		return nil
	}
	tx.db.forgot = now
	_, err := tx.ExecContext(ctx, `DELETE FROM deduplication WHERE until <= ?`, now.UnixNano())
	return err
}

// Receive returns up to limit messages (1 to 10) and waits up to wait for the
// first; none in that time is no error. Messages that were received MaxReceives
// times already are moved to the dead-letter queue instead.
func (q *Queue) Receive(ctx context.Context, limit int, wait time.Duration) ([]queue.Incoming, error) {
	if limit < 1 || limit > 10 {
		return nil, fmt.Errorf("receive from %s: %d messages are not within 1 to 10", q.name, limit)
	}
	deadline := time.Now().Add(wait)
	for {
		changed := q.db.watch(q.name)
		messages, next, err := q.take(ctx, limit)
		if err != nil {
			return nil, fmt.Errorf("receive from %s: %w", q.name, err)
		}
		left := time.Until(deadline)
		if len(messages) > 0 || left <= 0 {
			return messages, nil
		}
		if !next.IsZero() {
			left = min(left, time.Until(next))
		}
		if err := await(ctx, changed, left); err != nil {
			return nil, fmt.Errorf("receive from %s: %w", q.name, err)
		}
	}
}

func await(ctx context.Context, changed <-chan struct{}, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-changed:
	case <-time.After(d):
	}
	return nil
}

// ready selects the messages that may be delivered now. One of a standard queue is
// hidden until its delay or its delivery is over. One of a FIFO queue is hidden only
// while it is in flight, and then its group has to wait. Neither looks at each of
// the hidden ones, which may be many.
func (q *Queue) ready() string {
	if q.options.FIFO {
		return `SELECT sequence FROM messages WHERE queue = :queue AND message_group NOT IN (
			SELECT message_group FROM messages WHERE queue = :queue AND ` + q.hideable() + ` AND visible_at > :now)`
	}
	return `SELECT sequence FROM messages WHERE queue = :queue AND visible_at <= :now`
}

// next is ready in the order of delivery. Those of a standard queue go by when they
// could be delivered, as SQS promises no order there.
func (q *Queue) next() string {
	if q.options.FIFO {
		return q.ready() + ` ORDER BY sequence`
	}
	return q.ready() + ` AND ` + q.hideable() + ` ORDER BY visible_at, sequence`
}

// hideable is true of the queue's messages that can be hidden, in the words of the
// index that has them by time.
func (q *Queue) hideable() string {
	if q.options.FIFO {
		return `receives > 0`
	}
	return `deduplication = ''`
}

// take delivers what is ready. If nothing is, next tells when the first hidden
// message will be visible.
func (q *Queue) take(ctx context.Context, limit int) (messages []queue.Incoming, next time.Time, err error) {
	var buried int64
	var settled map[string]settlement
	err = q.db.transact(ctx, func(ctx context.Context, tx *transaction) error {
		now := time.Now()
		if settled, err = q.db.settleOwed(ctx, tx); err != nil {
			return err
		}
		if buried, err = q.bury(ctx, tx, now); err != nil {
			return fmt.Errorf("move dead letters: %w", err)
		}
		if messages, err = q.deliver(ctx, tx, now, limit); err != nil || len(messages) > 0 {
			return err
		}
		next, err = q.nextVisible(ctx, tx, now)
		return err
	})
	if err != nil && len(settled) > 0 {
		q.db.owe(settled)
	}
	if err == nil && buried > 0 {
		q.db.notify(q.options.DeadLetter.name)
	}
	return messages, next, err
}

// bury moves messages that were received MaxReceives times to the dead-letter
// queue. As on SQS they keep id and group, and on a FIFO queue the id becomes the
// deduplication id.
func (q *Queue) bury(ctx context.Context, tx *transaction, now time.Time) (int64, error) {
	if q.options.DeadLetter == nil || q.options.MaxReceives == 0 {
		return 0, nil
	}
	return move(ctx, tx, q.ready()+` AND receives > 0 AND receives >= :max`, sql.Named("queue", q.name), sql.Named("now", now.UnixNano()),
		sql.Named("max", q.options.MaxReceives),
		sql.Named("to", q.options.DeadLetter.name), sql.Named("again", false))
}

// move puts the selected messages at the tail of the queue :to. With :again they
// become new messages, else they keep their ids.
func move(ctx context.Context, tx *transaction, selection string, arguments ...any) (int64, error) {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO messages (queue, id, message_group, deduplication, body, attributes, sent_at, visible_at, receives)
		SELECT :to, iif(:again, `+newID+`, id), message_group, iif(deduplication = '' OR :again, deduplication, id),
			body, attributes, iif(:again, :now, sent_at), :now, 0
		FROM messages WHERE sequence IN (`+selection+`) ORDER BY sequence`, arguments...)
	if err != nil {
		return 0, err
	}
	result, err := tx.ExecContext(ctx, `DELETE FROM messages WHERE sequence IN (`+selection+`)`, arguments...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (q *Queue) deliver(ctx context.Context, tx *transaction, now time.Time, limit int) ([]queue.Incoming, error) {
	rows, err := tx.QueryContext(ctx, `
		UPDATE messages SET visible_at = :until, receives = receives + 1
		WHERE sequence IN (`+q.next()+` LIMIT :limit)
		RETURNING sequence, id, message_group, deduplication, body, attributes, sent_at, receives`,
		sql.Named("queue", q.name), sql.Named("now", now.UnixNano()),
		sql.Named("until", now.Add(q.options.Visibility).UnixNano()), sql.Named("limit", limit))
	if err != nil {
		return nil, fmt.Errorf("take messages: %w", err)
	}
	defer rows.Close()
	var messages []queue.Incoming
	for rows.Next() {
		m, err := scan(rows)
		if err != nil {
			return nil, err
		}
		messages = append(messages, m)
	}
	// RETURNING gives rows in any order; the numbers have a fixed width.
	slices.SortFunc(messages, func(a, b queue.Incoming) int { return cmp.Compare(a.SequenceNumber, b.SequenceNumber) })
	return messages, rows.Err()
}

// Peek lists every message of the queue in order, those in flight too, and
// receives none: they have no receipt.
func (q *Queue) Peek(ctx context.Context) (messages []queue.Incoming, err error) {
	err = q.db.transact(ctx, func(ctx context.Context, tx *transaction) error {
		rows, err := tx.QueryContext(ctx, `
			SELECT sequence, id, message_group, deduplication, body, attributes, sent_at, receives
			FROM messages WHERE queue = ? ORDER BY sequence`, q.name)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			m, err := scan(rows)
			if err != nil {
				return err
			}
			m.Receipt = ""
			messages = append(messages, m)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list messages of %s: %w", q.name, err)
	}
	return messages, nil
}

func scan(rows *sql.Rows) (queue.Incoming, error) {
	var (
		m                queue.Incoming
		sequence, sentAt int64
		attributes       string
	)
	if err := rows.Scan(&sequence, &m.ID, &m.Group, &m.DeduplicationID, &m.Body, &attributes, &sentAt, &m.ReceiveCount); err != nil {
		return m, fmt.Errorf("read message: %w", err)
	}
	if err := json.Unmarshal([]byte(attributes), &m.Attributes); err != nil {
		return m, fmt.Errorf("read attributes of message %s: %w", m.ID, err)
	}
	m.SequenceNumber = fmt.Sprintf("%020d", sequence)
	m.SentAt = time.Unix(0, sentAt)
	m.Receipt = newReceipt(m.ID, m.ReceiveCount)
	return m, nil
}

func (q *Queue) nextVisible(ctx context.Context, tx *transaction, now time.Time) (time.Time, error) {
	var at sql.NullInt64
	err := tx.QueryRowContext(ctx, `SELECT min(visible_at) FROM messages WHERE queue = ? AND `+q.hideable()+` AND visible_at > ?`, q.name, now.UnixNano()).Scan(&at)
	if err != nil {
		return time.Time{}, fmt.Errorf("find next visible message: %w", err)
	}
	if !at.Valid {
		return time.Time{}, nil
	}
	return time.Unix(0, at.Int64), nil
}

// Delete removes a message whose work is done, and soon every byte of it from the
// folder; deleting it again is no error.
// A FIFO queue answers queue.ErrReceipt when this delivery is over. A standard
// queue, as on SQS, still takes the latest receipt after its timeout, and takes
// an older one without deleting anything.
func (q *Queue) Delete(ctx context.Context, receipt string) error {
	err := q.settle(ctx, receipt, func(ctx context.Context, tx *transaction) error {
		sequence, state, err := q.delivery(ctx, tx, receipt)
		switch {
		case err != nil:
			return err
		case state == running, state == timedOut && !q.options.FIFO:
			_, err := tx.ExecContext(ctx, `DELETE FROM messages WHERE sequence = ?`, sequence)
			return err
		case state != deleted && q.options.FIFO:
			return queue.ErrReceipt
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("delete message from %s: %w", q.name, err)
	}
	q.db.notify(q.name) // the next of its group may go
	return nil
}

// Forget removes all messages of a group, those in flight too, and soon every
// byte of them from the folder. SQS has nothing like it.
func (q *Queue) Forget(ctx context.Context, group string) error {
	grouped := `queue = ? AND message_group = ?`
	if !q.options.FIFO { // whose messages have an index by their group
		grouped += ` AND deduplication = ''`
	}
	var forgotten int64
	err := q.db.transact(ctx, func(ctx context.Context, tx *transaction) error {
		result, err := tx.ExecContext(ctx, `DELETE FROM messages WHERE `+grouped, q.name, group)
		if err != nil {
			return err
		}
		forgotten, err = result.RowsAffected()
		return err
	})
	if err != nil {
		return fmt.Errorf("forget messages of %s: %w", q.name, err)
	}
	if forgotten > 0 {
		q.db.notify(q.name)
	}
	return nil
}

// Depth counts the messages.
func (q *Queue) Depth(ctx context.Context) (d queue.Depth, err error) {
	err = q.db.transact(ctx, func(ctx context.Context, tx *transaction) error {
		return tx.QueryRowContext(ctx, `
			SELECT count(*) FILTER (WHERE visible_at <= :now), count(*) FILTER (WHERE visible_at > :now AND receives > 0),
				count(*) FILTER (WHERE visible_at > :now AND receives = 0)
			FROM messages WHERE queue = :queue`, sql.Named("now", time.Now().UnixNano()), sql.Named("queue", q.name)).Scan(&d.Ready, &d.InFlight, &d.Delayed)
	})
	if err != nil {
		return queue.Depth{}, fmt.Errorf("count messages of %s: %w", q.name, err)
	}
	return d, nil
}

// ChangeVisibility ends the delivery's visibility timeout d from now, whatever
// it was: 0 gives the message back at once. SQS allows 12 hours at most.
// queue.ErrReceipt says that the delivery is over.
func (q *Queue) ChangeVisibility(ctx context.Context, receipt string, d time.Duration) error {
	if d < 0 || d > 12*time.Hour {
		return fmt.Errorf("change visibility of message in %s: timeout %s is not within 0 to 12 hours", q.name, d)
	}
	until := time.Now().Add(d).UnixNano()
	err := q.settle(ctx, receipt, func(ctx context.Context, tx *transaction) error {
		sequence, state, err := q.delivery(ctx, tx, receipt)
		switch {
		case err != nil:
			return err
		case state != running:
			return queue.ErrReceipt
		}
		_, err = tx.ExecContext(ctx, `UPDATE messages SET visible_at = ? WHERE sequence = ?`, until, sequence)
		return err
	})
	if err != nil {
		return fmt.Errorf("change visibility of message in %s: %w", q.name, err)
	}
	q.db.notify(q.name)
	return nil
}

// Redrive moves everything in this queue's dead-letter queue back to this
// queue, where it gets new message ids and a place at the tail. Messages of
// the dead-letter queue that somebody has received and holds stay there.
func (q *Queue) Redrive(ctx context.Context) error {
	dead := q.options.DeadLetter
	if dead == nil {
		return fmt.Errorf("redrive to %s: it has no dead-letter queue", q.name)
	}
	err := q.db.transact(ctx, func(ctx context.Context, tx *transaction) error {
		_, err := move(ctx, tx, `SELECT sequence FROM messages WHERE queue = :from AND visible_at <= :now`,
			sql.Named("from", dead.name), sql.Named("now", time.Now().UnixNano()), sql.Named("to", q.name), sql.Named("again", true))
		return err
	})
	if err != nil {
		return fmt.Errorf("redrive from %s to %s: %w", dead.name, q.name, err)
	}
	q.db.notify(q.name)
	return nil
}

// settle does what a delivery's receiver wants done with it. What the disk does not
// take is owed, and done before anything else is received: else the delivery, at
// which nobody works any more, would keep its message, and with it its group, until
// its timeout.
func (q *Queue) settle(ctx context.Context, receipt string, do settlement) error {
	err := q.db.transact(ctx, do)
	q.db.mu.Lock()
	defer q.db.mu.Unlock()
	if err == nil || errors.Is(err, queue.ErrReceipt) {
		delete(q.db.owed, receipt)
	} else {
		q.db.owed[receipt] = do
	}
	return err
}

type settlement func(context.Context, *transaction) error

// settleOwed is the beginning of a transaction. The settlements are owed again by
// whoever finds that it has failed.
func (db *DB) settleOwed(ctx context.Context, tx *transaction) (owed map[string]settlement, err error) {
	db.mu.Lock()
	if len(db.owed) > 0 {
		owed, db.owed = db.owed, map[string]settlement{}
	}
	db.mu.Unlock()
	for _, do := range owed {
		if err := do(ctx, tx); err != nil && !errors.Is(err, queue.ErrReceipt) {
			return owed, fmt.Errorf("settle a delivery: %w", err)
		}
	}
	return owed, nil
}

// owe owes these settlements again, but for those of which there is a later one.
func (db *DB) owe(settlements map[string]settlement) {
	db.mu.Lock()
	defer db.mu.Unlock()
	maps.Copy(settlements, db.owed)
	db.owed = settlements
}

// newReceipt names one delivery of a message.
func newReceipt(id string, receives int) string { return id + "#" + strconv.Itoa(receives) }

// deliveryState says what has become of the delivery that a receipt names.
type deliveryState int

const (
	running    deliveryState = iota
	timedOut                 // and the message was not received again since
	superseded               // by another delivery, or the message has left the queue
	deleted
)

// delivery finds the message of a receipt, and what has become of the delivery. Who
// has a receipt has received the message, and one that left for the dead letters of
// a FIFO queue has its id for deduplication.
func (q *Queue) delivery(ctx context.Context, tx *transaction, receipt string) (sequence int64, state deliveryState, err error) {
	id, _, _ := strings.Cut(receipt, "#")
	var (
		name      string
		receives  int
		visibleAt int64
	)
	err = tx.QueryRowContext(ctx, `
		SELECT sequence, queue, receives, visible_at FROM messages WHERE id = ? AND (receives > 0 OR deduplication = id)`,
		id).Scan(&sequence, &name, &receives, &visibleAt)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, deleted, nil
	case err != nil:
		return 0, 0, fmt.Errorf("find message %s: %w", id, err)
	case name != q.name || receipt != newReceipt(id, receives):
		return sequence, superseded, nil
	case visibleAt <= time.Now().UnixNano():
		return sequence, timedOut, nil
	}
	return sequence, running, nil
}
