package notionsim

import "maps"

// Stats counts what a simulator has seen since it was opened.
type Stats struct {
	Requests      int            // API requests that arrived
	Routes        map[string]int // the same by route, such as "POST /v1/pages"
	Writes        int            // writes that took effect
	Late          int            // those among them that did so by Fault.Late
	Pending       int            // writes that are still to do so
	Overlaps      int            // writes that began while another was in progress
	MaxWrites     int            // most writes in flight at one time, refused ones included
	Conflicts     int            // 409 answers, injected ones included
	RateLimited   int            // 429 answers, injected ones included
	Rejected      int            // 400 answers
	Faults        int            // requests to which an injected fault happened
	SchemaChanges int            // select options that page writes added to a database's schema
}

func newStats() Stats { return Stats{Routes: map[string]int{}} }

// Stats returns the counts so far.
func (s *Sim) Stats() Stats {
	s.lock()
	defer s.mu.Unlock()
	c := s.stats
	c.Routes, c.Pending = maps.Clone(c.Routes), len(s.late)
	return c
}

// countAnswer counts an answer by its status.
func (s *Stats) countAnswer(status int) {
	switch status {
	case 400:
		s.Rejected++
	case 409:
		s.Conflicts++
	case 429:
		s.RateLimited++
	}
}
