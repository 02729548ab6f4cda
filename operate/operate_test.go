package operate_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"notionrelay/local/embedded"
	"notionrelay/operate"
	"notionrelay/operate/folder"
	"notionrelay/shared/queue"
	"notionrelay/test/planted"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newSystem(t *testing.T) *operate.System {
	t.Helper()
	db, err := embedded.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	q := folder.QueuesOf(db)
	return &operate.System{
		Runs: db.Runs(), Signals: db.Runs(), Log: planted.Log(t),
		Publish: operate.Queue{Name: "publish", FIFO: true, Main: q.Publish, Dead: q.PublishDead},
		Enrich:  operate.Queue{Name: "enrich", Main: q.Enrich, Dead: q.EnrichDead},
		Waiting: operate.Queue{Name: "waiting", Main: q.Waiting, Dead: q.WaitingDead},
		Works:   func(context.Context) (bool, error) { return false, nil },
	}
}

// misjudged is a queue of which SQS's approximate figures are wrong.
type misjudged struct {
	operate.Box

	depth queue.Depth
}

func (m misjudged) Depth(context.Context) (queue.Depth, error) { return m.depth, nil }

// drain takes everything out of a queue and returns the bodies.
func drain(t *testing.T, box operate.Box) (bodies []string) {
	t.Helper()
	for {
		messages, err := box.Receive(t.Context(), 10, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(messages) == 0 {
			return bodies
		}
		for _, m := range messages {
			bodies = append(bodies, m.Body)
			if err := box.Delete(t.Context(), m.Receipt); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// However wrong SQS's figures are, the letter that is meant is found, and the others
// keep their order.
func TestTheOrderOfLettersDoesNotDependOnApproximateFigures(t *testing.T) {
	t.Parallel()
	for _, said := range []int{0, 9, 17, 23, 24, 60} {
		t.Run(fmt.Sprint(said), func(t *testing.T) {
			t.Parallel()
			s := newSystem(t)
			var want []string
			for i := range 23 {
				body := fmt.Sprintf("letter %d", i)
				if err := s.Publish.Dead.Send(t.Context(), queue.Outgoing{Body: body, Group: "g", DeduplicationID: body, Attributes: map[string]string{"reportId": body}}); err != nil {
					t.Fatal(err)
				}
				want = append(want, body)
			}
			s.Publish.Dead = misjudged{s.Publish.Dead, queue.Depth{Ready: said}}
			moved, err := s.Redrive(t.Context(), func(l operate.Letter) bool { return l.Is("letter 17") })
			if err != nil || len(moved) != 1 {
				t.Fatalf("moved %+v, %v; want one", moved, err)
			}
			if got := drain(t, s.Publish.Main); !slices.Equal(got, []string{"letter 17"}) {
				t.Errorf("the queue has %q", got)
			}
			if got := drain(t, s.Publish.Dead); !slices.Equal(got, slices.Delete(want, 17, 18)) {
				t.Errorf("the dead letters are %q", got)
			}
		})
	}
}

// source is an event source mapping.
type source struct {
	enabled bool
	err     error
}

func (s *source) SetEnabled(_ context.Context, enabled bool) error {
	s.enabled = enabled
	return s.err
}

// A pause is over only when the delivery under way is: the mapping is off by then, and
// SQS's figures have to be given the time that they need.
func TestAPauseWaitsForTheDeliveryUnderWay(t *testing.T) {
	t.Parallel()
	const lag, delivery = time.Minute, 3 * time.Minute
	for _, tt := range []struct {
		name      string
		message   bool          // one is in flight
		doneAfter time.Duration // that it is deleted; never when 0
		want      time.Duration
	}{
		{"nothing is under way", false, 0, lag},
		{"the delivery ends soon", true, 20 * time.Second, lag},
		{"the delivery takes its time", true, 100 * time.Second, 100 * time.Second},
		{"the message is put off", true, 0, delivery},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, mapping := newSystem(t), &source{enabled: true}
				s.Source, s.Lag, s.Longest = mapping, lag, delivery
				if tt.message {
					err := s.Publish.Main.Send(t.Context(), queue.Outgoing{Body: "b", Group: "g", DeduplicationID: "d"})
					messages, receiveErr := s.Publish.Main.Receive(t.Context(), 1, 0)
					if err := errors.Join(err, receiveErr); err != nil || len(messages) != 1 {
						t.Fatalf("received %v, %v", messages, err)
					}
					if tt.doneAfter > 0 {
						go func() {
							time.Sleep(tt.doneAfter)
							if err := s.Publish.Main.Delete(context.WithoutCancel(t.Context()), messages[0].Receipt); err != nil {
								t.Error(err)
							}
						}()
					}
				}
				began := time.Now()
				if err := errors.Join(s.Pause(t.Context(), "a test"), s.Quiet(t.Context())); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took < tt.want || took > tt.want+time.Second {
					t.Errorf("it took %s, want %s", took, tt.want)
				}
				pause, err := s.Signals.Pause(t.Context())
				if err != nil || !pause.Paused() || pause.Reason != "a test" || mapping.enabled {
					t.Errorf("the pause is %+v, %v, the mapping enabled: %t", pause, err, mapping.enabled)
				}
				if err := s.Resume(t.Context()); err != nil || !mapping.enabled {
					t.Errorf("the end of the pause: %v, the mapping enabled: %t", err, mapping.enabled)
				}
				synctest.Wait()
			})
		})
	}
}

// A mapping that cannot be switched leaves the pause in the record standing: it stops
// the writing by itself.
func TestAPauseStandsThoughTheMappingCannotBeSwitched(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.Source = &source{err: errors.New("not allowed")}
	err := s.Pause(t.Context(), "a test")
	pause, readErr := s.Signals.Pause(t.Context())
	if err == nil || readErr != nil || !pause.Paused() {
		t.Errorf("got %v, %v, the pause %+v; want an error and a pause", err, readErr, pause)
	}
}
