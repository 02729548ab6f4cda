package notion

import (
	"time"

	"golang.org/x/time/rate"
)

// window is the span over which Notion counts requests.
const window = time.Minute

// pacer says when the next request of this process may start. What a process
// before it has spent of the budget is not known here; should it have been all,
// Notion says so with 429, which is obeyed. Times are of the answers, not of
// the sends: whenever Notion counted a request, it was no later.
type pacer struct {
	gap       time.Duration // between the end of a write and the start of the next
	budget    int           // requests per window
	lastWrite time.Time     // at first the pacer's own start: a process before this one may have written until then
	ends      []time.Time   // of the requests of the last window, oldest first
}

// wait is how long the next request has to wait.
func (p *pacer) wait(now time.Time, write bool) time.Duration {
	var wait time.Duration
	if write {
		wait = p.gap - now.Sub(p.lastWrite)
	}
	for len(p.ends) > 0 && now.Sub(p.ends[0]) >= window {
		p.ends = p.ends[1:]
	}
	if over := len(p.ends) - p.budget; over >= 0 {
		wait = max(wait, window-now.Sub(p.ends[over]))
	}
	return max(0, wait)
}

// newBulkLimiter spreads bulk work evenly over the window and keeps a tenth of
// the budget free, so that a new report never has to wait for a window that a
// thousand quotes have used up: 85 % of the budget as a rate and 5 % at once.
func newBulkLimiter(budget int) *rate.Limiter {
	perSecond := 0.85 * float64(budget) / window.Seconds()
	return rate.NewLimiter(rate.Limit(perSecond), max(1, budget/20))
}

// done counts a request that has ended.
func (p *pacer) done(now time.Time, write bool) {
	p.ends = append(p.ends, now)
	if write {
		p.lastWrite = now
	}
}
