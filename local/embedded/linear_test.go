package embedded_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"notionrelay/local/embedded"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
	"notionrelay/test/linear"
	"notionrelay/test/queuetest"
	"notionrelay/test/runstest"
)

func TestTheStoreIsLinearizable(t *testing.T) {
	t.Parallel()
	for range 20 {
		if err := runstest.CheckLinearizable(t.Context(), stores["memory"](t).Runs(), 3, 12); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheQueueIsLinearizable(t *testing.T) {
	t.Parallel()
	for range 20 {
		if err := queuetest.CheckLinearizable(t.Context(), openFIFO(t), 3, 12); err != nil {
			t.Fatal(err)
		}
	}
}

// unfenced saves a run whoever has changed it meanwhile.
type unfenced struct{ runstest.Store }

func (u unfenced) Save(ctx context.Context, run *runs.Run) error {
	current, err := u.Get(ctx, run.ReportID)
	if err != nil {
		return err
	}
	run.Version = current.Version
	return u.Store.Save(ctx, run)
}

// behind reads what was there a moment ago.
type behind struct {
	runstest.Store

	seen map[string]chan runs.Run
}

func (b behind) Get(ctx context.Context, id string) (runs.Run, error) {
	run, err := b.Store.Get(ctx, id)
	if err != nil {
		return run, err
	}
	select {
	case old := <-b.seen[id]:
		b.seen[id] <- run
		return old, nil
	default:
		select {
		case b.seen[id] <- run:
		default: // somebody else has just left one
		}
		return run, nil
	}
}

func TestABrokenStoreIsNotLinearizable(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]func(runstest.Store) runstest.Store{
		"saves whatever was saved meanwhile": func(s runstest.Store) runstest.Store { return unfenced{s} },
		"reads what was there before": func(s runstest.Store) runstest.Store {
			return behind{s, map[string]chan runs.Run{"run 0": make(chan runs.Run, 1), "run 1": make(chan runs.Run, 1)}}
		},
	} {
		wantNoticed(t, name, linear.ErrNoOrder, func() error {
			return runstest.CheckLinearizable(t.Context(), broken(stores["memory"](t).Runs()), 3, 12)
		})
	}
}

// scattered sends every message to a group of its own, so that nothing keeps
// their order and nobody waits for one in flight.
type scattered struct{ queuetest.Queue }

func (s scattered) Send(ctx context.Context, m queue.Outgoing) error {
	m.Group = rand.Text()
	return s.Queue.Send(ctx, m)
}

// repeating accepts a message as often as it is sent.
type repeating struct{ queuetest.Queue }

func (r repeating) Send(ctx context.Context, m queue.Outgoing) error {
	m.DeduplicationID = rand.Text()
	return r.Queue.Send(ctx, m)
}

// impatient ends every delivery at once.
type impatient struct{ queuetest.Queue }

func (i impatient) Receive(ctx context.Context, limit int, wait time.Duration) ([]queue.Incoming, error) {
	batch, err := i.Queue.Receive(ctx, limit, wait)
	for _, m := range batch {
		if err := i.ChangeVisibility(ctx, m.Receipt, 0); err != nil {
			return nil, err
		}
	}
	return batch, err
}

func TestABrokenQueueIsNotLinearizable(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]func(*embedded.Queue) queuetest.Queue{
		"keeps no order":             func(q *embedded.Queue) queuetest.Queue { return scattered{q} },
		"drops no duplicate":         func(q *embedded.Queue) queuetest.Queue { return repeating{q} },
		"delivers what is in flight": func(q *embedded.Queue) queuetest.Queue { return impatient{q} },
	} {
		wantNoticed(t, name, linear.ErrNoOrder, func() error { return queuetest.CheckLinearizable(t.Context(), broken(openFIFO(t)), 3, 12) })
	}
}

// wantNoticed wants a check to fail within some tries: what is broken shows only
// when clients meet. A few calls are enough for that; that no order explains them
// takes a search through all.
func wantNoticed(t *testing.T, name string, want error, check func() error) {
	t.Helper()
	for range 500 {
		switch err := check(); {
		case errors.Is(err, want):
			return
		case err != nil:
			t.Fatal(err)
		}
	}
	t.Errorf("one that %s passes", name)
}
