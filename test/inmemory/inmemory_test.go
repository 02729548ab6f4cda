package inmemory_test

import (
	"testing"
	"testing/synctest"
	"time"

	"notionrelay/test/inmemory"
	"notionrelay/test/queuetest"
	"notionrelay/test/runstest"
)

func TestRunsConform(t *testing.T) {
	t.Parallel()
	runstest.Run(t, func(*testing.T) runstest.Store { return new(inmemory.Runs) })
}

func TestQueueConforms(t *testing.T) {
	t.Parallel()
	queuetest.Run(t, synctest.Test, func(_ *testing.T, o queuetest.Options) (main, dead queuetest.Queue) {
		var all inmemory.Queues
		letters := all.Queue(inmemory.Options{FIFO: o.FIFO, Visibility: o.Visibility})
		return all.Queue(inmemory.Options{FIFO: o.FIFO, Visibility: o.Visibility, MaxReceives: o.MaxReceives, DeadLetter: letters}), letters
	}, nil)
}

func TestBothAreLinearizable(t *testing.T) {
	t.Parallel()
	for range 20 {
		var all inmemory.Queues
		if err := queuetest.CheckLinearizable(t.Context(), all.Queue(inmemory.Options{FIFO: true, Visibility: time.Minute}), 3, 12); err != nil {
			t.Error(err)
		}
		if err := runstest.CheckLinearizable(t.Context(), new(inmemory.Runs), 3, 12); err != nil {
			t.Error(err)
		}
	}
}
