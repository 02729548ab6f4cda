package embedded_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"notionrelay/local/embedded"
	"notionrelay/shared/queue"
)

// model is a FIFO queue as SQS's documentation has it, with nothing in its way.
type model struct {
	messages []*modelMessage // in order; deleted ones are gone
	sent     int
}

type modelMessage struct {
	body, group string
	receives    int
	hiddenUntil time.Time
}

const (
	modelVisibility  = 30 * time.Second
	modelMaxReceives = 3
)

func (m *modelMessage) inFlight() bool { return time.Now().Before(m.hiddenUntil) }

// receive says which messages, as "body group receives", the queue delivers.
func (m *model) receive(limit int) []string {
	locked := map[string]bool{}
	for _, message := range m.messages {
		locked[message.group] = locked[message.group] || message.inFlight()
	}
	delivered, kept := []string{}, []*modelMessage{}
	for _, message := range m.messages {
		if !locked[message.group] && message.receives == modelMaxReceives {
			continue // a dead letter
		}
		kept = append(kept, message)
		if !locked[message.group] && len(delivered) < limit {
			message.receives++
			message.hiddenUntil = time.Now().Add(modelVisibility)
			delivered = append(delivered, fmt.Sprint(message.body, " ", message.group, " ", message.receives))
		}
	}
	m.messages = kept
	return delivered
}

// running finds the message of a delivery that is not over.
func (m *model) running(delivery queue.Incoming) (int, bool) {
	for i, message := range m.messages {
		if message.body == delivery.Body {
			return i, message.receives == delivery.ReceiveCount && message.inFlight()
		}
	}
	return -1, false
}

// Whatever is done to a queue, and in whatever order, it delivers what the
// model says.
func TestQueueBehavesAsItsModel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// Check would ask t for its deadline, which a bubble does not allow.
		rapid.Check(struct{ rapid.TB }{t}, func(r *rapid.T) {
			db, err := embedded.OpenMemory()
			if err != nil {
				r.Fatal(err)
			}
			defer db.Close()
			q := db.Queue("main", embedded.QueueOptions{
				FIFO: true, Visibility: modelVisibility, MaxReceives: modelMaxReceives,
				DeadLetter: db.Queue("dead", embedded.QueueOptions{FIFO: true}),
			})
			r.Repeat(actions(t, q, &model{}))
		})
	})
}

func actions(t *testing.T, q *embedded.Queue, m *model) map[string]func(*rapid.T) {
	t.Helper()
	var deliveries []queue.Incoming
	some := func(r *rapid.T) queue.Incoming {
		if len(deliveries) == 0 {
			r.Skip("nothing was delivered yet")
		}
		return rapid.SampledFrom(deliveries).Draw(r, "delivery")
	}
	return map[string]func(*rapid.T){
		"send": func(r *rapid.T) {
			m.sent++
			message := &modelMessage{body: fmt.Sprint(m.sent), group: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(r, "group")}
			m.messages = append(m.messages, message)
			err := q.Send(t.Context(), queue.Outgoing{Body: message.body, Group: message.group, DeduplicationID: message.body})
			if err != nil {
				r.Fatal(err)
			}
		},
		"receive": func(r *rapid.T) {
			limit := rapid.IntRange(1, 10).Draw(r, "limit")
			messages, err := q.Receive(t.Context(), limit, 0)
			if err != nil {
				r.Fatal(err)
			}
			got := []string{}
			for _, in := range messages {
				got = append(got, fmt.Sprint(in.Body, " ", in.Group, " ", in.ReceiveCount))
			}
			if diff := cmp.Diff(m.receive(limit), got); diff != "" {
				r.Fatalf("deliveries (-want +got):\n%s", diff)
			}
			deliveries = append(deliveries, messages...)
		},
		"delete": func(r *rapid.T) {
			delivery := some(r)
			i, running := m.running(delivery)
			err := q.Delete(t.Context(), delivery.Receipt)
			if refused := errors.Is(err, queue.ErrReceipt); running && err != nil || i >= 0 && !running && !refused {
				r.Fatalf("delete message %s of a delivery that runs %t: %v", delivery.Body, running, err)
			}
			if running {
				m.messages = append(m.messages[:i], m.messages[i+1:]...)
			}
		},
		"change visibility": func(r *rapid.T) {
			delivery := some(r)
			d := time.Duration(rapid.IntRange(0, 60).Draw(r, "seconds")) * time.Second
			i, running := m.running(delivery)
			err := q.ChangeVisibility(t.Context(), delivery.Receipt, d)
			if refused := errors.Is(err, queue.ErrReceipt); running && err != nil || !running && !refused {
				r.Fatalf("change visibility of a delivery that runs %t: %v", running, err)
			}
			if running {
				m.messages[i].hiddenUntil = time.Now().Add(d)
			}
		},
		"wait": func(r *rapid.T) {
			time.Sleep(time.Duration(rapid.IntRange(1, 40).Draw(r, "seconds")) * time.Second)
		},
	}
}
