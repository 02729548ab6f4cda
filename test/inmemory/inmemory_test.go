package inmemory_test

import (
	"testing"
	"testing/synctest"

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
