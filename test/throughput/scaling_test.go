package throughput_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"notionrelay/shared/report"
)

// One publisher per Notion connection, each with a queue, a budget and a turn of its
// own, writes as many times the runs as there are connections, since none waits for
// another. What two minutes' budgets write, and one run more, shows the pace of hours.
func TestConnectionsWriteSideBySide(t *testing.T) {
	t.Parallel()
	const runsEach, writes = 61, 6
	p := pace{latency: 200 * time.Millisecond, gap: 100 * time.Millisecond, budget: 180}
	many := 50
	if testing.Short() {
		many = 20
	}
	var alone float64
	for _, n := range []int{1, 10, many} {
		perHour := 0.0
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { perHour = float64(n*runsEach) / sideBySideWriting(t, n, runsEach, p).Hours() })
		})
		if n == 1 {
			alone = perHour
		}
		t.Logf("BenchmarkConnections/%d 1 %.0f runs/h %.4f share", n, perHour, perHour/alone/float64(n))
		if perHour < 0.99*alone*float64(n) {
			t.Errorf("%d connections write %.0f runs an hour, want %d times %.0f", n, perHour, n, alone)
		}
	}
	if most := 60 * float64(p.budget) / writes; alone > most || alone < leastEfficiency*most {
		t.Errorf("one connection writes %.0f runs an hour, want nearly %.0f", alone, most)
	}
}

// sideBySideWriting is how long it takes so many connections to write their runs.
func sideBySideWriting(t *testing.T, connections, runsEach int, p pace) time.Duration {
	t.Helper()
	short := report.Payload{Reports: map[string]string{"strategyReport": "# Plan", "comprehensiveReport": "# All"}}
	began := time.Now()
	var wait sync.WaitGroup
	for range connections {
		c := connect(t, inMemory(), p)
		wait.Go(func() { c.publishAll(load{runs: repeated(short, runsEach)}) })
	}
	wait.Wait()
	return time.Since(began)
}
