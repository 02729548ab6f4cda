package throughput_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"notionrelay/shared/report"
)

// Of what Notion's pace allows, the publisher uses nearly all: see efficiency below.
const leastEfficiency = 0.97

// load is a kind of work for one publisher.
type load struct {
	name string
	runs []report.Payload
}

func oneRun() load           { return load{"one run", []report.Payload{both()}} }
func manyRuns(n int) load    { return load{"many runs", repeated(both(), n)} }
func oneOfQuotes(n int) load { return load{"one of many quotes", []report.Payload{document(40, n)}} }

func repeated(p report.Payload, n int) []report.Payload {
	all := make([]report.Payload, n)
	for i := range all {
		all[i] = p
	}
	return all
}

// isSpread tells whether a load is bulk work that the budget holds up, which spreads
// its requests over the window.
func (c *connection) isSpread(l load) bool {
	return len(l.runs[0].Quotes) > 0 && c.pace.latency+c.pace.gap < time.Minute/time.Duration(c.pace.budget)
}

// publishAll has a load written.
func (c *connection) publishAll(l load) {
	c.tb.Helper()
	for i, p := range l.runs {
		c.accept(fmt.Sprintf("rep_%d", i), p)
	}
	c.work(len(l.runs))
}

// efficiency is the shortest time that the requests can take at Notion's pace, as
// a share of the time that they took. The latencies are those that they had. With
// that pace a first window's budget may be spent at once, so this is no more than
// what the requests of a minute add up to.
func (c *connection) efficiency() float64 {
	all := c.journal.all
	starts := make([]time.Duration, len(all))
	free, mayWrite := time.Duration(0), c.pace.gap // a process before this one may have written just now
	for i, r := range all {
		starts[i] = free
		if r.write {
			starts[i] = max(free, mayWrite)
		}
		if i >= c.pace.budget {
			starts[i] = max(starts[i], starts[i-c.pace.budget]+time.Minute)
		}
		free = starts[i] + r.ended.Sub(r.began)
		if r.write {
			mayWrite = free + c.pace.gap
		}
	}
	return float64(free) / float64(c.took())
}

// steadily is the same for work that spreads its requests over the window: as many
// as come in a minute at the tighter of budget, and latency and gap.
func (c *connection) steadily() float64 {
	each := time.Minute / time.Duration(c.pace.budget)
	var least time.Duration
	for _, r := range c.journal.all {
		least += max(each, r.ended.Sub(r.began)+c.pace.gap)
	}
	return float64(least) / float64(c.took())
}

// took is how long the requests took, the gap before the first one included.
func (c *connection) took() time.Duration {
	return c.journal.all[len(c.journal.all)-1].ended.Sub(c.opened)
}

// On virtual time the publisher's own time is none: what is lost is lost in the
// order of things. BenchmarkEfficiency has the rest.
func TestThePublisherIsAsFastAsNotionAllows(t *testing.T) {
	t.Parallel()
	loads := []load{oneRun(), manyRuns(100), oneOfQuotes(864)}
	if testing.Short() { // under the race detector
		loads = []load{oneRun(), manyRuns(40), oneOfQuotes(200)}
	}
	for _, budget := range []int{180, 600} {
		for _, latency := range []time.Duration{20 * time.Millisecond, 100 * time.Millisecond, 300 * time.Millisecond} {
			for _, l := range loads {
				name := fmt.Sprintf("%s, budget %d, %s", latency, budget, l.name)
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						c := connect(t, inMemory(), pace{latency, 100 * time.Millisecond, budget})
						c.publishAll(l)
						got := c.efficiency()
						if c.isSpread(l) {
							got = c.steadily()
						}
						t.Logf("BenchmarkVirtualEfficiency/%s 1 %.4f efficiency", strings.ReplaceAll(name, " ", "_"), got)
						if got < leastEfficiency {
							t.Errorf("got %.3f of what is possible, want %.2f", got, leastEfficiency)
						}
					})
				})
			}
		}
	}
}

// BenchmarkEfficiency does the same with files on real time, where the budget is
// not what holds it up. Each measurement takes some seconds.
func BenchmarkEfficiency(b *testing.B) {
	for _, p := range []pace{
		{20 * time.Millisecond, 100 * time.Millisecond, 600}, {100 * time.Millisecond, 100 * time.Millisecond, 600},
		{300 * time.Millisecond, 100 * time.Millisecond, 600}, {300 * time.Millisecond, 100 * time.Millisecond, 180},
	} {
		writes := int(6 * time.Second / (p.latency + p.gap)) // of which six are a run's, and two those around its quotes
		for _, l := range []load{oneRun(), manyRuns(writes / 6), oneOfQuotes(writes - 8)} {
			b.Run(fmt.Sprintf("%s, budget %d, %s", p.latency, p.budget, l.name), func(b *testing.B) {
				for b.Loop() {
					c := connect(b, onDisk(b), p)
					c.publishAll(l)
					b.ReportMetric(c.efficiency(), "efficiency")
					b.ReportMetric(0, "ns/op")
				}
			})
		}
	}
}
