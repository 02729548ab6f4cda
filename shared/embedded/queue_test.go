package embedded_test

import (
	"testing"
	"testing/synctest"

	"notionrelay/shared/embedded"
	"notionrelay/shared/queue/queuetest"
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
			})
		})
	}
}
