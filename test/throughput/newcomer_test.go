package throughput_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A report that comes while five runs with a thousand quotes each are being written
// has its pages nearly as soon as one that comes alone: bulk work notices it within
// two seconds, has left some requests of the window to it, and had spread its own, so
// that those of a minute ago become free as steadily.
func TestANewReportHardlyWaitsForBulkWork(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		atOnce       int
		every        time.Duration // from one arrival to the next
		times, short int           // how often; the latter under the race detector
		most         time.Duration // what the slowest may wait besides the requests of those that came with it
	}{
		{name: "one report", atOnce: 1, every: 61_300 * time.Millisecond, times: 10, short: 1, most: 3 * time.Second},
		{name: "five at once", atOnce: 5, every: 61_300 * time.Millisecond, times: 4, short: 1, most: 4 * time.Second},
		// For so long that the runs with quotes insist on coming on.
		{name: "one every 10 s", atOnce: 1, every: 10_300 * time.Millisecond, times: 40, short: 3, most: 6 * time.Second},
	} {
		for _, latency := range []time.Duration{20 * time.Millisecond, 100 * time.Millisecond, 300 * time.Millisecond} {
			name := fmt.Sprintf("%s, %s", latency, tt.name)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				times := tt.times
				if testing.Short() {
					times = tt.short
				}
				synctest.Test(t, func(t *testing.T) {
					c := connect(t, inMemory(), pace{latency, 100 * time.Millisecond, 180})
					waits := c.newcomers(times, tt.atOnce, tt.every)
					alone := time.Duration(6*tt.atOnce) * (latency + c.pace.gap)
					longest := waits[len(waits)-1]
					t.Logf("BenchmarkNewcomer/%s 1 %.2f alone-s %.2f p50-s %.2f longest-s", strings.ReplaceAll(name, " ", "_"),
						alone.Seconds(), waits[len(waits)/2].Seconds(), longest.Seconds())
					if longest > alone+tt.most {
						t.Errorf("a new report's pages came after %s, and alone they take %s", longest, alone)
					}
				})
			})
		}
	}
}

// newcomers has reports come while many quotes are being written, and returns how
// long each waited for its pages, in the order of length.
func (c *connection) newcomers(times, atOnce int, every time.Duration) (waits []time.Duration) {
	for i := range 5 {
		c.accept(fmt.Sprint("quotes_", i), document(40, 1000))
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.work(times * atOnce) // which leaves the quotes unfinished
	}()
	time.Sleep(90 * time.Second) // until the window is full
	for i := range times * atOnce {
		c.accept(fmt.Sprint("new_", i), both())
		if i%atOnce == atOnce-1 {
			time.Sleep(every)
		}
	}
	<-ended
	for id, took := range c.complete.published {
		if strings.HasPrefix(id, "new_") {
			waits = append(waits, took)
		}
	}
	slices.Sort(waits)
	return waits
}
