package notionsim

import (
	"maps"
	"math"
	"time"
)

// budgetWindow is the time over which Notion counts requests.
const budgetWindow = time.Minute

// gate decides which requests are let in: it keeps each connection's budget and
// knows which writes are in progress or were just saved.
type gate struct {
	arrivals map[string][]time.Time // by token, oldest first, within the window
	swept    time.Time              // when tokens without any were last left out
	inFlight int                    // writes that wait for their answer, refused ones included
	saving   int                    // writes in progress that were let in
	saved    map[string]time.Time   // by parent, when the last write below it ended
	others   map[string]time.Time   // by parent, when a late effect or a person last changed something below it while a write was in flight
}

func newGate() gate {
	return gate{arrivals: map[string][]time.Time{}, saved: map[string]time.Time{}, others: map[string]time.Time{}}
}

// spend takes one request out of the token's budget. When there is none left it
// returns how long the caller must wait, in whole seconds as Retry-After has it.
func (g *gate) spend(token string, budget int, now time.Time) (retryAfter int, ok bool) {
	if now.Sub(g.swept) >= budgetWindow {
		g.swept = now
		maps.DeleteFunc(g.arrivals, func(_ string, all []time.Time) bool { return now.Sub(all[len(all)-1]) >= budgetWindow })
	}
	recent := g.arrivals[token]
	for len(recent) > 0 && now.Sub(recent[0]) >= budgetWindow {
		recent = recent[1:]
	}
	if len(recent) >= budget {
		g.arrivals[token] = recent
		return int(math.Ceil((budgetWindow - now.Sub(recent[0])).Seconds())), false
	}
	g.arrivals[token] = append(recent, now)
	return 0, true
}

// ended notes when a write below parent was over.
func (g *gate) ended(parent string, window time.Duration, at time.Time) {
	if window > 0 {
		g.saved[parent] = at
	}
}

// recentlySaved tells whether a write below parent ended less than window ago.
func (g *gate) recentlySaved(parent string, window time.Duration, now time.Time) bool {
	at, ok := g.saved[parent]
	return ok && window > 0 && now.Sub(at) < window
}

// collide notes that something below parent was changed by somebody else than
// the writes that are in flight.
func (g *gate) collide(parent string, at time.Time) {
	if g.inFlight > 0 {
		g.others[parent] = at
	}
}

// collided tells whether something below parent was changed by somebody else
// after a write that is about to be saved there had come in.
func (g *gate) collided(parent string, arrival time.Time) bool {
	return g.others[parent].After(arrival)
}

// answered is called when a write has its answer or is given up.
func (g *gate) answered() {
	if g.inFlight--; g.inFlight == 0 {
		clear(g.others) // only writes in flight can collide
	}
}
