package embedded_test

import (
	"testing"
	"testing/synctest"
	"time"

	"notionrelay/local/embedded"
	"notionrelay/shared/queue"
	"notionrelay/test/queuetest"
)

func TestQueueConforms(t *testing.T) {
	t.Parallel()
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			queuetest.Run(t, synctest.Test, func(t *testing.T, o queuetest.Options) (main, dead queuetest.Queue) {
				t.Helper()
				db := open(t)
				letters := db.Queue("dead", embedded.QueueOptions{FIFO: o.FIFO, Visibility: o.Visibility})
				return db.Queue("main", embedded.QueueOptions{
					FIFO: o.FIFO, Visibility: o.Visibility, MaxReceives: o.MaxReceives, DeadLetter: letters,
				}), letters
			}, nil)
		})
	}
}

// openFIFO gives a FIFO queue in memory.
func openFIFO(t *testing.T) *embedded.Queue {
	t.Helper()
	return stores["memory"](t).Queue("main", embedded.QueueOptions{FIFO: true, Visibility: time.Minute})
}

func receive(t *testing.T, q *embedded.Queue, wait time.Duration) []queue.Incoming {
	t.Helper()
	messages, err := q.Receive(t.Context(), 10, wait)
	if err != nil {
		t.Fatal(err)
	}
	return messages
}

// The suite cannot wait so long on a server.
func TestQueueForgetsADeduplicationIDAfterFiveMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := openFIFO(t)
		for _, tt := range []struct {
			after time.Duration
			body  string
			want  int
		}{
			{0, "first", 1},
			{5*time.Minute - 1, "dropped", 0},
			{1, "second", 1},
		} {
			time.Sleep(tt.after)
			if err := q.Send(t.Context(), queue.Outgoing{Body: tt.body, Group: "g", DeduplicationID: "d"}); err != nil {
				t.Fatal(err)
			}
			messages := receive(t, q, 0)
			if len(messages) != tt.want {
				t.Fatalf("received %d messages after sending %q, want %d", len(messages), tt.body, tt.want)
			}
			for _, m := range messages {
				if err := q.Delete(t.Context(), m.Receipt); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func TestReceiveWakesAtTheMoment(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(t *testing.T, q *embedded.Queue, held queue.Incoming) // 3 s from now
		want   time.Duration
		body   string
	}{
		"that a message is sent": {
			func(t *testing.T, q *embedded.Queue, _ queue.Incoming) {
				t.Helper()
				if err := q.Send(t.Context(), queue.Outgoing{Body: "new", Group: "other", DeduplicationID: "new"}); err != nil {
					t.Error(err)
				}
			},
			3 * time.Second, "new",
		},
		"that the group's message in flight is deleted": {
			func(t *testing.T, q *embedded.Queue, held queue.Incoming) {
				t.Helper()
				if err := q.Delete(t.Context(), held.Receipt); err != nil {
					t.Error(err)
				}
			},
			3 * time.Second, "next",
		},
		"that a message is given back": {
			func(t *testing.T, q *embedded.Queue, held queue.Incoming) {
				t.Helper()
				if err := q.ChangeVisibility(t.Context(), held.Receipt, 0); err != nil {
					t.Error(err)
				}
			},
			3 * time.Second, "held",
		},
		"that a shortened visibility timeout ends": {
			func(t *testing.T, q *embedded.Queue, held queue.Incoming) {
				t.Helper()
				if err := q.ChangeVisibility(t.Context(), held.Receipt, 4*time.Second); err != nil {
					t.Error(err)
				}
			},
			7 * time.Second, "held",
		},
		"that the visibility timeout ends": {
			func(*testing.T, *embedded.Queue, queue.Incoming) {},
			time.Minute, "held",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				q := openFIFO(t)
				for _, body := range []string{"held", "next"} {
					if err := q.Send(t.Context(), queue.Outgoing{Body: body, Group: "g", DeduplicationID: body}); err != nil {
						t.Fatal(err)
					}
				}
				held, err := q.Receive(t.Context(), 1, 0)
				if err != nil || len(held) != 1 {
					t.Fatalf("receive: %v, %v, want one message", held, err)
				}
				start := time.Now()
				time.AfterFunc(3*time.Second, func() { tt.change(t, q, held[0]) })
				got := receive(t, q, time.Hour)
				if waited := time.Since(start); waited != tt.want || len(got) == 0 || got[0].Body != tt.body {
					t.Errorf("received %v after %s, want %q after %s", got, waited, tt.body, tt.want)
				}
			})
		})
	}
}

func TestReceiveOfDeadLettersWakesWhenOneArrives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := stores["memory"](t)
		dead := db.Queue("dead", embedded.QueueOptions{})
		q := db.Queue("main", embedded.QueueOptions{Visibility: time.Second, MaxReceives: 1, DeadLetter: dead})
		if err := q.Send(t.Context(), queue.Outgoing{Body: "poison"}); err != nil {
			t.Fatal(err)
		}
		receive(t, q, 0)
		time.AfterFunc(3*time.Second, func() {
			if _, err := q.Receive(t.Context(), 1, 0); err != nil {
				t.Error(err)
			}
		})
		start := time.Now()
		got := receive(t, dead, time.Hour)
		if waited := time.Since(start); waited != 3*time.Second || len(got) != 1 || got[0].Body != "poison" {
			t.Errorf("received %v after %s, want the poison after 3s", got, waited)
		}
	})
}

func TestReceiveTakesOneToTenMessages(t *testing.T) {
	t.Parallel()
	q := openFIFO(t)
	for _, limit := range []int{-1, 0, 11} {
		if _, err := q.Receive(t.Context(), limit, 0); err == nil {
			t.Errorf("received up to %d messages, want an error", limit)
		}
	}
}

func TestQueuesShareAFileButNoMessages(t *testing.T) {
	t.Parallel()
	db := stores["memory"](t)
	one, other := db.Queue("one", embedded.QueueOptions{}), db.Queue("other", embedded.QueueOptions{})
	if err := one.Send(t.Context(), queue.Outgoing{Body: "x"}); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, other, 0); len(got) != 0 {
		t.Errorf("received %v from another queue, want nothing", got)
	}
	got := receive(t, db.Queue("one", embedded.QueueOptions{}), 0)
	if len(got) != 1 {
		t.Fatalf("received %d messages by a second handle, want 1", len(got))
	}
	if err := other.Delete(t.Context(), got[0].Receipt); err != nil {
		t.Fatal(err)
	}
	if err := one.Delete(t.Context(), got[0].Receipt); err != nil {
		t.Fatal(err)
	}
}
