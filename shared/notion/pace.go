package notion

import "time"

// window is the span over which Notion counts requests.
const window = time.Minute

// pacer says when the next request may start. Times are of the answers, not of
// the sends: whenever Notion counted a request, it was no later.
type pacer struct {
	gap       time.Duration // between the end of a write and the start of the next
	budget    int           // requests per window
	lastWrite time.Time
	ends      []time.Time // of the requests of the last window, oldest first
}

// wait is how long the next request has to wait. A request that keeps a
// reserve waits until so many more could follow it at once.
func (p *pacer) wait(now time.Time, write bool, reserve int) time.Duration {
	var wait time.Duration
	if write && !p.lastWrite.IsZero() {
		wait = p.gap - now.Sub(p.lastWrite)
	}
	for len(p.ends) > 0 && now.Sub(p.ends[0]) >= window {
		p.ends = p.ends[1:]
	}
	if over := len(p.ends) - max(1, p.budget-reserve); over >= 0 {
		wait = max(wait, window-now.Sub(p.ends[over]))
	}
	return max(0, wait)
}

// done counts a request that has ended.
func (p *pacer) done(now time.Time, write bool) {
	p.ends = append(p.ends, now)
	if write {
		p.lastWrite = now
	}
}
