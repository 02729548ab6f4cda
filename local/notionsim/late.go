package notionsim

import (
	"context"
	"slices"
	"time"
)

// lateEffect is a write that was accepted and takes effect later, whether or
// not its caller still waits: Notion works on a request for up to a minute.
type lateEffect struct {
	due    time.Time
	call   *call
	body   []byte
	answer *answer // once it has taken effect
}

// processLate takes a write with Fault.Late from its arrival to its answer.
func (s *Sim) processLate(ctx context.Context, c *call, body []byte) (*answer, error) {
	e := s.postpone(c, body)
	f := c.fault
	if f.replaces() {
		if err := f.wait(ctx); err != nil {
			return nil, err
		}
		return f.instead(nil)
	}
	if err := pause(ctx, f.Late); err != nil {
		return nil, err
	}
	if err := f.wait(ctx); err != nil {
		return nil, err
	}
	return s.settled(e), nil
}

func (s *Sim) postpone(c *call, body []byte) *lateEffect {
	s.lock()
	defer s.mu.Unlock()
	e := &lateEffect{due: time.Now().Add(c.fault.Late), call: c, body: body}
	i, _ := slices.BinarySearchFunc(s.late, e.due, func(other *lateEffect, due time.Time) int {
		if other.due.After(due) {
			return 1
		}
		return -1 // of effects at one time the first accepted comes first
	})
	s.late = slices.Insert(s.late, i, e)
	return e
}

// settled is the answer to a write whose time has come.
func (s *Sim) settled(e *lateEffect) *answer {
	s.lock()
	defer s.mu.Unlock()
	return e.answer
}

// lock lets nobody else at the workspace, and lets the late effects whose time
// has come take place before anything looks at it. So no timer and no goroutine
// is needed for them, and their order is the same in every run.
func (s *Sim) lock() {
	s.mu.Lock()
	now := time.Now()
	for len(s.late) > 0 && !s.late[0].due.After(now) {
		e := s.late[0]
		s.late = slices.Delete(s.late, 0, 1)
		e.call.request.now = e.due
		_, e.answer = s.perform(e.call, e.body)
		if e.call.parent != "" {
			s.gate.collide(e.call.parent, e.due)
			s.gate.ended(e.call.parent, s.opts.ConflictWindow, e.due)
			s.stats.Late++
		}
	}
}
