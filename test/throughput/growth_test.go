package throughput_test

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"notionrelay/functions/publisher/publish"
	"notionrelay/local/embedded"
	"notionrelay/operate/folder"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
	"notionrelay/test/processor"
)

// BenchmarkGrowth reports what a unit of work costs when there is much of it: the
// processor's time, which a busy machine changes little, and the memory that is
// allocated. What is flat costs the same at each size.
func BenchmarkGrowth(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000, 10_000} {
		b.Run(fmt.Sprintf("queued runs/%d", n), func(b *testing.B) { queued(b, n) })
	}
	for _, n := range []int{1, 10, 100, 1000, 10_000} {
		b.Run(fmt.Sprintf("timers/%d", n), func(b *testing.B) { hidden(b, n) })
	}
	for _, n := range []int{10, 100, 1000, 10_000} {
		b.Run(fmt.Sprintf("blocks/%d", n), func(b *testing.B) { written(b, n, 0, n) })
	}
	for _, n := range []int{10, 100, 500, 5000} {
		b.Run(fmt.Sprintf("quotes/%d", n), func(b *testing.B) { written(b, 1, n, n) })
	}
	for _, n := range []int{1, 100, 10_000, 100_000} {
		b.Run(fmt.Sprintf("records/%d", n), func(b *testing.B) { recorded(b, n) })
	}
}

// queued measures a report's acceptance and the writing of its pages while so many
// are queued.
func queued(b *testing.B, n int) {
	b.Helper()
	c := connect(b, onDisk(b), unhindered)
	sideBySide(n, func(i int) { c.accept(fmt.Sprint("waiting_", i), document(10, 0)) })
	next := 0
	measure(b, 50, func() {
		for range 50 {
			c.accept(fmt.Sprint("next_", next), document(10, 0))
			next++
			c.deliver()
		}
	})
}

// hidden measures what a timer costs while so many are set: it is sent with the
// text of its report, somebody looks whether one is over, and it is taken back.
func hidden(b *testing.B, n int) {
	b.Helper()
	db, err := embedded.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	waits, text := folder.QueuesOf(db).Waiting, strings.Repeat("x", 10<<10)
	set := func(name string) {
		if err := waits.Send(b.Context(), queue.Outgoing{Body: text, Group: name, Delay: 15 * time.Minute}); err != nil {
			b.Fatal(err)
		}
	}
	sideBySide(n, func(i int) { set(fmt.Sprint("rep_", i)) })
	next := 0
	measure(b, 500, func() {
		for range 500 {
			next++
			name := fmt.Sprint("next_", next)
			set(name)
			if batch, err := waits.Receive(b.Context(), 1, 0); err != nil || len(batch) > 0 {
				b.Fatalf("received %d messages, %v", len(batch), err)
			}
			if err := waits.Forget(b.Context(), name); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// deliver has the publisher handle the message at the head of its queue.
func (c *connection) deliver() {
	c.tb.Helper()
	batch, err := c.publish.Receive(c.tb.Context(), 1, 0)
	if err != nil || len(batch) != 1 {
		c.tb.Fatalf("received %d messages, %v", len(batch), err)
	}
	ctx, cancel := context.WithTimeout(c.tb.Context(), publish.Timeout)
	defer cancel()
	response, err := c.publisher.Handle(ctx, queue.Mapping{ARN: "arn:aws:sqs:local:000000000000:queue"}.Event(batch))
	if err != nil || len(response.BatchItemFailures) > 0 {
		c.tb.Fatalf("handled with %v, %v", response, err)
	}
	if err := c.publish.Delete(c.tb.Context(), batch[0].Receipt); err != nil {
		c.tb.Fatal(err)
	}
}

// written measures whole runs, per block or quote of a run. Those that are small
// are many.
func written(b *testing.B, blocks, quotes, units int) {
	b.Helper()
	c := connect(b, onDisk(b), unhindered)
	next, several := 0, max(1, 1000/units)
	measure(b, several*units, func() {
		for range several {
			c.accept(fmt.Sprint("rep_", next), document(blocks, quotes))
			next++
			c.work(next)
		}
	})
}

// recorded measures what is asked of the records of which there are so many.
func recorded(b *testing.B, n int) {
	b.Helper()
	db, err := embedded.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	store := db.Runs()
	record := func(name string, i int) runs.Run {
		now := time.Now()
		return runs.Run{ReportID: fmt.Sprint(name, i), ResearchRunID: fmt.Sprint("run_", name, i), Status: runs.Queued, AcceptedAt: now, UpdatedAt: now}
	}
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	sideBySide(n, func(i int) {
		_, _, err := store.Create(b.Context(), record("old_", i))
		must(err)
	})
	next := 0
	measure(b, 100, func() {
		for range 100 {
			next++
			run, _, err := store.Create(b.Context(), record("rep_", next))
			must(err)
			run.RowID = run.ReportID
			must(store.Save(b.Context(), &run))
			_, err = store.OwnerOf(b.Context(), run.RowID)
			must(err)
			_, err = store.Latest(b.Context(), run.ResearchRunID)
			must(err)
			_, err = store.LastAccepted(b.Context())
			must(err)
			_, err = store.List(b.Context(), runs.Query{Limit: 20})
			must(err)
		}
	})
}

// sideBySide does something n times, many at a time, so that they share commits.
func sideBySide(n int, do func(i int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(n, 64) {
		wait.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				do(int(i))
			}
		})
	}
	wait.Wait()
}

// measure reports what a unit of the work costs: the least of some repetitions,
// since what disturbs them only ever adds to it.
func measure(b *testing.B, units int, work func()) {
	b.Helper()
	leastTime, leastMemory := math.Inf(1), math.Inf(1)
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		began := processor.Used(b)
		work()
		took := processor.Used(b) - began
		runtime.ReadMemStats(&after)
		leastTime = min(leastTime, float64(took.Microseconds())/float64(units))
		leastMemory = min(leastMemory, float64(after.TotalAlloc-before.TotalAlloc)/float64(units))
	}
	b.ReportMetric(leastTime, "cpu-µs/unit")
	b.ReportMetric(leastMemory, "B/unit")
	b.ReportMetric(0, "ns/op")
}
