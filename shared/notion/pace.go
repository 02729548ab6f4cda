package notion

import "time"

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
	lastBulk  time.Time     // when bulk work had its last turn
}

// wait is how long the next request has to wait.
func (p *pacer) wait(now time.Time, write bool) time.Duration {
	var wait time.Duration
	if write {
		wait = p.gap - now.Sub(p.lastWrite)
	}
	p.forget(now)
	if over := len(p.ends) - p.budget; over >= 0 {
		wait = max(wait, window-now.Sub(p.ends[over]))
	}
	return max(0, wait)
}

// horizon is how far bulk work looks ahead for requests that become free.
const horizon = 10 * time.Second

// bulkTurn is when bulk work may make its next request. It leaves a thirty-sixth of
// the window to new reports, and spreads over time what else is free and what
// becomes free soon: what it has made a minute ago then ends as steadily, and a new
// report, for which it stops, gets all of that. Taken as they come, requests that
// were made in a burst would have no other behind them for as long, each minute anew.
func (p *pacer) bulkTurn(now time.Time) time.Time {
	p.forget(now)
	free := p.budget - max(1, p.budget/36) - len(p.ends)
	for _, end := range p.ends {
		if now.Sub(end) < window-horizon {
			break
		}
		free++
	}
	each := max(window/time.Duration(p.budget), horizon/time.Duration(max(1, free)))
	if turn := p.lastBulk.Add(each); turn.After(now) {
		return turn
	}
	return now
}

// forget drops the requests that count no more.
func (p *pacer) forget(now time.Time) {
	for len(p.ends) > 0 && now.Sub(p.ends[0]) >= window {
		p.ends = p.ends[1:]
	}
}

// done counts a request that has ended.
func (p *pacer) done(now time.Time, write bool) {
	p.ends = append(p.ends, now)
	if write {
		p.lastWrite = now
	}
}
