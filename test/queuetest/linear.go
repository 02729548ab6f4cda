package queuetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/anishathalye/porcupine"

	"notionrelay/shared/queue"
	"notionrelay/test/linear"
)

// CheckLinearizable lets clients send to one group of a FIFO queue side by side,
// receive from it, delete what they have received or give it back, each so many
// times, while no visibility timeout ends. It returns an error where what they have
// been told cannot be explained by any order of the calls that took place one after
// the other.
func CheckLinearizable(ctx context.Context, q Queue, clients, calls int) error {
	all := make([]linear.Client[question, answer], clients)
	for id := range all {
		all[id] = &client{queue: q, name: fmt.Sprint("client ", id), random: rand.New(rand.NewPCG(uint64(id), 2))} //nolint:gosec // repeatable, not secret
	}
	return linear.Check(ctx, model, all, calls)
}

// What a client asks for, and what it is told.
type (
	question struct {
		do   string // send, receive, delete or give back
		body string // of the message that it is about
		id   string // for deduplication, with send
	}
	answer struct {
		body     string // of what was received; empty for nothing
		receives int
		over     bool // the delivery that was to be deleted or given back
	}
)

// client works on one message at a time.
type client struct {
	queue  Queue
	name   string
	random *rand.Rand
	holds  *queue.Incoming
}

func (c *client) Choose(n int) question {
	switch dice := c.random.IntN(10); {
	case c.holds != nil && dice < 5:
		return question{do: "delete", body: c.holds.Body}
	case c.holds != nil && dice < 8:
		return question{do: "give back", body: c.holds.Body}
	case c.holds == nil && dice < 6:
		return question{do: "receive"}
	}
	body := fmt.Sprint(c.name, ", call ", n)
	if c.random.IntN(2) == 0 { // one that somebody else may have sent
		return question{do: "send", body: body, id: fmt.Sprint("shared ", c.random.IntN(2))}
	}
	return question{do: "send", body: body, id: body}
}

func (c *client) Call(ctx context.Context, q question) (answer, error) {
	var err error
	switch q.do {
	case "send":
		err = c.queue.Send(ctx, queue.Outgoing{Body: q.body, Group: "g", DeduplicationID: identifier(q.id)})
	case "delete":
		err = c.queue.Delete(ctx, c.holds.Receipt)
		c.holds = nil
	case "give back":
		err = c.queue.ChangeVisibility(ctx, c.holds.Receipt, 0)
		c.holds = nil
	default:
		var batch []queue.Incoming
		if batch, err = c.queue.Receive(ctx, 1, 0); len(batch) > 0 {
			c.holds = &batch[0]
			return answer{body: batch[0].Body, receives: batch[0].ReceiveCount}, err
		}
	}
	if errors.Is(err, queue.ErrReceipt) {
		return answer{over: true}, nil
	}
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: %w", q.do, q.body, err)
	}
	return answer{}, nil
}

// identifier is a deduplication id without what SQS does not take in one.
func identifier(words string) string {
	id := []byte(words)
	for i, c := range id {
		if c == ' ' || c == ',' {
			id[i] = '-'
		}
	}
	return string(id)
}

// group is what a queue holds of one message group.
type group struct {
	messages []waiting
	inFlight bool // the first one
	sent     []string
}

type waiting struct {
	body     string
	receives int
}

// model is a queue that works on one call at a time.
var model = porcupine.Model{
	Init: func() any { return group{} },
	Step: func(state, input, output any) (bool, any) {
		return state.(group).after(input.(question), output.(answer))
	},
	Equal: func(a, b any) bool {
		one, other := a.(group), b.(group)
		return one.inFlight == other.inFlight && slices.Equal(one.messages, other.messages) && slices.Equal(one.sent, other.sent)
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v: %+v", input, output) },
}

// after tells whether a call can be told this, and what there is then.
func (g group) after(q question, told answer) (bool, group) {
	switch {
	case q.do == "send" && slices.Contains(g.sent, q.id):
		return true, g
	case q.do == "send":
		g.sent = append(slices.Clone(g.sent), q.id)
		slices.Sort(g.sent)
		g.messages = append(slices.Clone(g.messages), waiting{q.body, 0})
		return true, g
	case q.do == "receive" && told.body == "":
		return g.inFlight || len(g.messages) == 0, g
	case q.do == "receive":
		if len(g.messages) == 0 || g.inFlight || g.messages[0] != (waiting{told.body, told.receives - 1}) {
			return false, g
		}
		g.messages = slices.Clone(g.messages)
		g.messages[0].receives++
		g.inFlight = true
		return true, g
	}
	if told.over || !g.inFlight || g.messages[0].body != q.body {
		return false, g
	}
	g.inFlight = false
	if q.do == "delete" {
		g.messages = slices.Clone(g.messages[1:])
	}
	return true, g
}
