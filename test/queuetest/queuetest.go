// Package queuetest is the suite that every queue passes, on Amazon SQS, on a
// server in its place, or embedded.
package queuetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"notionrelay/shared/queue"
)

// Queue is all that a queue does.
type Queue interface {
	Send(ctx context.Context, m queue.Outgoing) error
	Receive(ctx context.Context, limit int, wait time.Duration) ([]queue.Incoming, error)
	Delete(ctx context.Context, receipt string) error
	ChangeVisibility(ctx context.Context, receipt string, d time.Duration) error
	Operated
}

// Operated is what operators ask of a queue.
type Operated interface {
	Redrive(ctx context.Context) error
	Depth(ctx context.Context) (queue.Depth, error)
}

// Options are what a case wants of its queues.
type Options struct {
	FIFO        bool // both queues
	Visibility  time.Duration
	MaxReceives int // of the main queue
}

// Open gives a case a new, empty queue and its dead-letter queue.
type Open func(t *testing.T, o Options) (main, dead Queue)

// Case is a test of what a queue does.
type Case func(t *testing.T, open Open)

// Run runs every case through in, which is RealTime for a server, or
// synctest.Test for a queue that lives inside the process: then the timeouts
// that the cases sit out take no time. The cases say what Amazon SQS does. For
// a server in its place that is known to do otherwise, deviations has cases of
// the same names that say what it does instead, and fail as soon as it no
// longer does.
func Run(t *testing.T, in func(*testing.T, func(*testing.T)), open Open, deviations map[string]Case) {
	t.Helper()
	for name := range deviations {
		if cases[name] == nil {
			t.Errorf("there is no case %q to deviate from", name)
		}
	}
	for name, test := range cases {
		if other := deviations[name]; other != nil {
			name, test = name+", but not here", other
		}
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T) { test(t, open) })
		})
	}
}

// RealTime runs a case beside the others, by the clock on the wall.
func RealTime(t *testing.T, test func(*testing.T)) {
	t.Helper()
	t.Parallel()
	test(t)
}

var cases = map[string]Case{
	"a message arrives whole":                                 arrivesWhole,
	"a FIFO queue keeps the order of each group":              keepsOrder,
	"a group waits for its message in flight":                 groupWaits,
	"a message returns after its visibility timeout":          returnsAfterTimeout,
	"a changed visibility hides longer or not at all":         changesVisibility,
	"a receipt dies with its timeout":                         receiptTimesOut,
	"a receipt dies when the message is received again":       receiptIsSuperseded,
	"a message can be deleted twice":                          deletedTwice,
	"a message that was received too often is a dead letter":  becomesDeadLetter,
	"redrive brings dead letters back":                        redrives,
	"messages are counted":                                    counts,
	"redrive brings back what was sent to the dead letters":   redrivesSent,
	"redrive of a FIFO queue keeps group and order":           redrivesInOrder,
	"a duplicate is dropped, also after deletion":             dropsDuplicates,
	"a receive waits for a message":                           waitsForMessage,
	"a receive of nothing ends":                               receivesNothing,
	"a receive ends with its context":                         endsWithContext,
	"parallel receivers never share a message":                neverShares,
	"a standard queue delivers messages side by side":         sideBySide,
	"a standard queue delays a message":                       delays,
	"a standard queue delays each message for its own time":   delaysEach,
	"a standard queue ignores the receipt of an old delivery": ignoresOldReceipt,
	"a message of 1 MiB passes and a larger one does not":     limitsSize,
	"what SQS refuses is refused":                             refuses,
}

const (
	visibility = 2 * time.Second // SQS counts whole ones
	patience   = 10 * time.Second
)

var fifo = Options{FIFO: true, Visibility: visibility, MaxReceives: 100}

func arrivesWhole(t *testing.T, open Open) {
	q, _ := open(t, fifo)
	sent := queue.Outgoing{
		Body: "line\nwith \"quotes\", ü, 📊 and <tags>", Group: "g", DeduplicationID: "d",
		Attributes: map[string]string{"Reason": "so that", "Kind": "x"},
	}
	before := time.Now()
	send(t, q, sent)
	got := receiveOne(t, q)
	want := queue.Incoming{Body: sent.Body, Group: "g", DeduplicationID: "d", Attributes: sent.Attributes, ReceiveCount: 1}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(queue.Incoming{}, "ID", "Receipt", "SequenceNumber", "SentAt")); diff != "" {
		t.Errorf("received message (-want +got):\n%s", diff)
	}
	if got.ID == "" || got.Receipt == "" || got.SequenceNumber == "" {
		t.Errorf("received message lacks an id, a receipt or a sequence number: %+v", got)
	}
	// A server's clock need not be ours.
	if got.SentAt.Before(before.Add(-time.Minute)) || got.SentAt.After(time.Now().Add(time.Minute)) {
		t.Errorf("sent at %s, want about %s", got.SentAt, before)
	}
}

func keepsOrder(t *testing.T, open Open) {
	o := fifo
	o.Visibility = time.Minute
	q, _ := open(t, o)
	want := map[string][]string{}
	for i := range 100 {
		group := string(rune('a' + i%2))
		body := fmt.Sprint(i)
		send(t, q, queue.Outgoing{Body: body, Group: group, DeduplicationID: body})
		want[group] = append(want[group], body)
	}
	got, last := map[string][]string{}, map[string]*big.Int{}
	for range 100 {
		for _, m := range receive(t, q, 10) {
			got[m.Group] = append(got[m.Group], m.Body)
			sequence, ok := new(big.Int).SetString(m.SequenceNumber, 10) // SQS gives 128 bits
			if !ok {
				t.Fatalf("sequence number %q is no number", m.SequenceNumber)
			}
			if before := last[m.Group]; before != nil && sequence.Cmp(before) <= 0 {
				t.Errorf("message %s has sequence number %s after %s", m.Body, sequence, before)
			}
			last[m.Group] = sequence
			del(t, q, m)
		}
		if len(got["a"])+len(got["b"]) >= 100 {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages by group (-want +got):\n%s", diff)
	}
}

func groupWaits(t *testing.T, open Open) {
	o := fifo
	o.Visibility = time.Minute
	q, _ := open(t, o)
	for _, body := range []string{"a1", "a2", "b1"} {
		send(t, q, queue.Outgoing{Body: body, Group: body[:1], DeduplicationID: body})
	}
	first := receiveOne(t, q)
	wantBody(t, first, "a1")
	wantBody(t, receiveOne(t, q), "b1")
	wantNone(t, q)
	del(t, q, first)
	wantBody(t, receiveOne(t, q), "a2")
}

func returnsAfterTimeout(t *testing.T, open Open) {
	q, _ := open(t, fifo)
	send(t, q, queue.Outgoing{Body: "1", Group: "g", DeduplicationID: "1"})
	send(t, q, queue.Outgoing{Body: "2", Group: "g", DeduplicationID: "2"})
	first := receiveOne(t, q)
	wantNone(t, q)
	again := receiveOne(t, q) // waits for the timeout
	wantBody(t, again, "1")
	if again.ReceiveCount != 2 {
		t.Errorf("receive count %d, want 2", again.ReceiveCount)
	}
	if again.ID != first.ID || again.Receipt == first.Receipt {
		t.Errorf("second delivery has id %s and receipt %s after %s and %s, want the same id and a new receipt",
			again.ID, again.Receipt, first.ID, first.Receipt)
	}
	del(t, q, again)
	wantBody(t, receiveOne(t, q), "2")
}

func changesVisibility(t *testing.T, open Open) {
	q, _ := open(t, fifo)
	send(t, q, queue.Outgoing{Body: "1", Group: "g", DeduplicationID: "1"})
	send(t, q, queue.Outgoing{Body: "2", Group: "g", DeduplicationID: "2"})
	m := receiveOne(t, q)
	if err := q.ChangeVisibility(t.Context(), m.Receipt, 3*visibility); err != nil {
		t.Fatal(err)
	}
	time.Sleep(visibility + time.Second)
	wantNone(t, q)
	if err := q.ChangeVisibility(t.Context(), m.Receipt, 0); err != nil {
		t.Fatal(err)
	}
	m = now(t, q)
	wantBody(t, m, "1")
	if m.ReceiveCount != 2 {
		t.Errorf("receive count %d, want 2", m.ReceiveCount)
	}
}

func receiptTimesOut(t *testing.T, open Open) {
	q, _ := open(t, fifo)
	send(t, q, queue.Outgoing{Body: "1", Group: "g", DeduplicationID: "1"})
	m := receiveOne(t, q)
	time.Sleep(visibility + time.Second)
	wantErr(t, q.ChangeVisibility(t.Context(), m.Receipt, time.Minute), queue.ErrReceipt)
	wantErr(t, q.Delete(t.Context(), m.Receipt), queue.ErrReceipt)
	wantBody(t, now(t, q), "1")
}

func receiptIsSuperseded(t *testing.T, open Open) {
	q, _ := open(t, fifo)
	send(t, q, queue.Outgoing{Body: "1", Group: "g", DeduplicationID: "1"})
	first := receiveOne(t, q)
	release(t, q, first)
	second := receiveOne(t, q)
	wantErr(t, q.ChangeVisibility(t.Context(), first.Receipt, 0), queue.ErrReceipt)
	wantErr(t, q.Delete(t.Context(), first.Receipt), queue.ErrReceipt)
	wantNone(t, q)
	release(t, q, second)
	wantBody(t, now(t, q), "1")
}

func deletedTwice(t *testing.T, open Open) {
	q, _ := open(t, fifo)
	send(t, q, queue.Outgoing{Body: "1", Group: "g", DeduplicationID: "1"})
	m := receiveOne(t, q)
	del(t, q, m)
	del(t, q, m)
}

func becomesDeadLetter(t *testing.T, open Open) {
	o := fifo
	o.MaxReceives = 2
	q, dead := open(t, o)
	poison := queue.Outgoing{Body: "poison", Group: "g", DeduplicationID: "p", Attributes: map[string]string{"Kind": "x"}}
	send(t, q, poison)
	send(t, q, queue.Outgoing{Body: "next", Group: "g", DeduplicationID: "n"})
	var id string
	for range 2 {
		m := receiveOne(t, q)
		wantBody(t, m, "poison")
		id = m.ID
		release(t, q, m)
	}
	wantNone(t, dead) // it moves at the next attempt to receive it
	wantBody(t, receiveOne(t, q), "next")
	letter := receiveOne(t, dead)
	want := queue.Incoming{ID: id, Body: "poison", Group: "g", DeduplicationID: id, Attributes: poison.Attributes}
	if diff := cmp.Diff(want, letter, cmpopts.IgnoreFields(queue.Incoming{}, "Receipt", "SequenceNumber", "SentAt", "ReceiveCount")); diff != "" {
		t.Errorf("dead letter (-want +got):\n%s", diff)
	}
}

func redrives(t *testing.T, open Open) {
	q, dead := open(t, Options{Visibility: time.Minute, MaxReceives: 1})
	send(t, q, queue.Outgoing{Body: "1", Attributes: map[string]string{"Kind": "x"}})
	first := receiveOne(t, q)
	release(t, q, first)
	wantNone(t, q) // moves it
	redrive(t, q)
	want := queue.Incoming{Body: "1", Attributes: first.Attributes, ReceiveCount: 1}
	got := receiveOne(t, q)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(queue.Incoming{}, "ID", "Receipt", "SequenceNumber", "SentAt")); diff != "" {
		t.Errorf("redriven message (-want +got):\n%s", diff)
	}
	wantNone(t, dead)
}

func redrivesSent(t *testing.T, open Open) {
	q, dead := open(t, Options{Visibility: time.Minute, MaxReceives: 1})
	send(t, dead, queue.Outgoing{Body: "1"})
	redrive(t, q)
	wantBody(t, receiveOne(t, q), "1")
	wantNone(t, dead)
}

func redrivesInOrder(t *testing.T, open Open) {
	o := fifo
	o.MaxReceives = 1
	q, dead := open(t, o)
	var ids []string
	for _, body := range []string{"1", "2"} {
		send(t, q, queue.Outgoing{Body: body, Group: "g", DeduplicationID: body})
		m := receiveOne(t, q)
		ids = append(ids, m.ID)
		release(t, q, m)
		wantNone(t, q) // moves it
	}
	send(t, dead, queue.Outgoing{Body: "3", Group: "g", DeduplicationID: "3"})
	send(t, q, queue.Outgoing{Body: "0", Group: "g", DeduplicationID: "0"})
	redrive(t, q)
	for _, body := range []string{"0", "1", "2", "3"} {
		m := receiveOne(t, q)
		wantBody(t, m, body)
		if m.ReceiveCount != 1 || m.Group != "g" || slices.Contains(ids, m.ID) {
			t.Errorf("redriven message has receive count %d, group %s and id %s, want 1, g and none of %v", m.ReceiveCount, m.Group, m.ID, ids)
		}
		del(t, q, m)
	}
	wantNone(t, dead)
}

func dropsDuplicates(t *testing.T, open Open) {
	q, dead := open(t, fifo)
	send(t, q, queue.Outgoing{Body: "first", Group: "g", DeduplicationID: "d"})
	send(t, q, queue.Outgoing{Body: "second", Group: "g", DeduplicationID: "d"})
	send(t, dead, queue.Outgoing{Body: "elsewhere", Group: "g", DeduplicationID: "d"})
	m := receiveOne(t, q)
	wantBody(t, m, "first")
	del(t, q, m)
	send(t, q, queue.Outgoing{Body: "third", Group: "g", DeduplicationID: "d"})
	send(t, q, queue.Outgoing{Body: "other", Group: "g", DeduplicationID: "o"})
	wantBody(t, receiveOne(t, q), "other")
	wantBody(t, receiveOne(t, dead), "elsewhere")
}

func waitsForMessage(t *testing.T, open Open) {
	q, _ := open(t, fifo)
	sent := make(chan error, 1)
	go func() {
		time.Sleep(time.Second)
		sent <- q.Send(t.Context(), queue.Outgoing{Body: "1", Group: "g", DeduplicationID: "1"})
	}()
	wantBody(t, receiveOne(t, q), "1")
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
}

func counts(t *testing.T, open Open) {
	q, _ := open(t, Options{Visibility: time.Minute, MaxReceives: 100})
	for _, delay := range []time.Duration{0, 0, 0, time.Minute} {
		send(t, q, queue.Outgoing{Body: "x", Delay: delay})
	}
	receive(t, q, 1)
	del(t, q, receiveOne(t, q))
	want := queue.Depth{Ready: 1, InFlight: 1, Delayed: 1}
	if got, err := q.Depth(t.Context()); err != nil || got != want || got.All() != 3 {
		t.Errorf("depth %+v, error %v, want %+v", got, err, want)
	}
}

func receivesNothing(t *testing.T, open Open) {
	q, _ := open(t, fifo)
	for _, wait := range []time.Duration{0, time.Second} {
		got, err := q.Receive(t.Context(), 10, wait)
		if err != nil || len(got) != 0 {
			t.Errorf("receive for %s from an empty queue: %v, %v, want nothing", wait, got, err)
		}
	}
}

func endsWithContext(t *testing.T, open Open) {
	q, _ := open(t, fifo)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Second, cancel)
	_, err := q.Receive(ctx, 1, patience)
	wantErr(t, err, context.Canceled)
}

func neverShares(t *testing.T, open Open) {
	o := fifo
	o.Visibility = time.Minute
	q, _ := open(t, o)
	want := map[string]int{}
	for i := range 40 {
		body := fmt.Sprint(i)
		send(t, q, queue.Outgoing{Body: body, Group: body, DeduplicationID: body})
		want[body] = 1
	}
	var (
		wg  sync.WaitGroup
		mu  sync.Mutex
		got = map[string]int{}
	)
	for range 8 {
		wg.Go(func() {
			for {
				messages, err := q.Receive(t.Context(), 3, time.Second)
				if err != nil {
					t.Error(err)
				}
				if len(messages) == 0 {
					return
				}
				mu.Lock()
				for _, m := range messages {
					got[m.Body]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("deliveries by message (-want +got):\n%s", diff)
	}
}

func sideBySide(t *testing.T, open Open) {
	q, _ := open(t, Options{Visibility: time.Minute, MaxReceives: 100})
	want := map[string]int{}
	for i := range 5 {
		send(t, q, queue.Outgoing{Body: fmt.Sprint(i)})
		want[fmt.Sprint(i)] = 1
	}
	got := map[string]int{}
	for range 5 {
		got[receiveOne(t, q).Body]++
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages in flight (-want +got):\n%s", diff)
	}
}

func delays(t *testing.T, open Open) {
	q, _ := open(t, Options{Visibility: time.Minute, MaxReceives: 100})
	send(t, q, queue.Outgoing{Body: "later", Delay: 2 * time.Second})
	send(t, q, queue.Outgoing{Body: "now"})
	wantBody(t, receiveOne(t, q), "now")
	wantNone(t, q)
	m := receiveOne(t, q)
	wantBody(t, m, "later")
	if m.ReceiveCount != 1 {
		t.Errorf("receive count %d, want 1", m.ReceiveCount)
	}
}

// delaysEach sends the messages in another order than they are due in. None may
// come early; how late one comes depends on the machine.
func delaysEach(t *testing.T, open Open) {
	q, _ := open(t, Options{Visibility: time.Minute, MaxReceives: 100})
	delays := map[string]time.Duration{"last": 5 * time.Second, "first": time.Second, "second": 3 * time.Second}
	sent := map[string]time.Time{}
	for _, body := range []string{"last", "first", "second"} {
		sent[body] = time.Now()
		send(t, q, queue.Outgoing{Body: body, Delay: delays[body]})
	}
	wantNone(t, q)
	for _, body := range []string{"first", "second", "last"} {
		m := receiveOne(t, q)
		wantBody(t, m, body)
		if waited := time.Since(sent[body]); waited < delays[body] {
			t.Errorf("%s was received after %s, want not before %s", body, waited, delays[body])
		}
		release(t, q, m)
		m = now(t, q) // what was given back is not delayed once more
		wantBody(t, m, body)
		del(t, q, m)
	}
	wantNone(t, q)
}

func ignoresOldReceipt(t *testing.T, open Open) {
	q, _ := open(t, Options{Visibility: visibility, MaxReceives: 100})
	send(t, q, queue.Outgoing{Body: "1"})
	first := receiveOne(t, q)
	second := receiveOne(t, q) // waits for the timeout
	// SQS may answer with an error or without; it does not delete.
	if err := q.Delete(t.Context(), first.Receipt); err != nil {
		wantErr(t, err, queue.ErrReceipt)
	}
	third := receiveOne(t, q)
	if third.ReceiveCount != 3 || third.ID != second.ID {
		t.Errorf("received %+v, want the third delivery of %s", third, second.ID)
	}
}

func limitsSize(t *testing.T, open Open) {
	q, _ := open(t, fifo)
	const attribute = len("Kind") + len("String") + len("x")
	m := queue.Outgoing{
		Body: strings.Repeat("a", queue.MaxSize-attribute), Group: "g", DeduplicationID: "1",
		Attributes: map[string]string{"Kind": "x"},
	}
	send(t, q, m)
	if got := receiveOne(t, q); got.Body != m.Body {
		t.Errorf("received %d bytes, want the %d that were sent", len(got.Body), len(m.Body))
	}
	m.Body += "a"
	m.DeduplicationID = "2"
	wantErr(t, q.Send(t.Context(), m), queue.ErrTooLarge)
}

func refuses(t *testing.T, open Open) {
	ordered, _ := open(t, fifo)
	standard, _ := open(t, Options{Visibility: visibility, MaxReceives: 100})
	eleven := map[string]string{}
	for i := range 11 {
		eleven[fmt.Sprint("n", i)] = "x"
	}
	type refusal struct {
		q Queue
		m queue.Outgoing
	}
	refusals := map[string]refusal{
		"no body":              {ordered, queue.Outgoing{Group: "g", DeduplicationID: "d"}},
		"no group":             {ordered, queue.Outgoing{Body: "x", DeduplicationID: "d"}},
		"no deduplication id":  {ordered, queue.Outgoing{Body: "x", Group: "g"}},
		"delay on FIFO":        {ordered, queue.Outgoing{Body: "x", Group: "g", DeduplicationID: "d", Delay: time.Second}},
		"11 attributes":        {standard, queue.Outgoing{Body: "x", Attributes: eleven}},
		"empty attribute":      {standard, queue.Outgoing{Body: "x", Attributes: map[string]string{"n": ""}}},
		"delay of 16 minutes":  {standard, queue.Outgoing{Body: "x", Delay: 16 * time.Minute}},
		"control character":    {standard, queue.Outgoing{Body: "x\x01"}},
		"deduplication on std": {standard, queue.Outgoing{Body: "x", DeduplicationID: "d"}},
	}
	for _, name := range slices.Sorted(maps.Keys(refusals)) {
		if err := refusals[name].q.Send(t.Context(), refusals[name].m); err == nil {
			t.Errorf("%s: sent, want an error", name)
		}
	}
	wantNone(t, ordered)
	wantNone(t, standard)
}

func send(t *testing.T, q Queue, m queue.Outgoing) {
	t.Helper()
	if err := q.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

func del(t *testing.T, q Queue, m queue.Incoming) {
	t.Helper()
	if err := q.Delete(t.Context(), m.Receipt); err != nil {
		t.Fatal(err)
	}
}

// release gives a message back at once.
func release(t *testing.T, q Queue, m queue.Incoming) {
	t.Helper()
	if err := q.ChangeVisibility(t.Context(), m.Receipt, 0); err != nil {
		t.Fatal(err)
	}
}

func receive(t *testing.T, q Queue, limit int) []queue.Incoming {
	t.Helper()
	messages, err := q.Receive(t.Context(), limit, patience)
	if err != nil {
		t.Fatal(err)
	}
	if len(messages) == 0 {
		t.Fatalf("received nothing in %s, want a message", patience)
	}
	return messages
}

func receiveOne(t *testing.T, q Queue) queue.Incoming {
	t.Helper()
	return receive(t, q, 1)[0]
}

func redrive(t *testing.T, q Queue) {
	t.Helper()
	if err := q.Redrive(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// now receives a message that has to be there already.
func now(t *testing.T, q Queue) queue.Incoming {
	t.Helper()
	messages, err := q.Receive(t.Context(), 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(messages) != 1 {
		t.Fatalf("received %d messages, want 1 at once", len(messages))
	}
	return messages[0]
}

func wantNone(t *testing.T, q Queue) {
	t.Helper()
	messages, err := q.Receive(t.Context(), 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(messages) != 0 {
		t.Fatalf("received %q, want nothing", messages[0].Body)
	}
}

func wantBody(t *testing.T, m queue.Incoming, want string) {
	t.Helper()
	if m.Body != want {
		t.Fatalf("received %q, want %q", m.Body, want)
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want %v", err, want)
	}
}
