package ledger

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"notionrelay/shared/logs"
	"notionrelay/shared/notion"
	"notionrelay/shared/runs"
)

// request is one write of a step: the one with number index.
type request struct {
	step  string
	index int
	// send makes it, a single time.
	send func(context.Context) error
	// find looks for its effect; nil where sending twice does no harm.
	find func(context.Context) (presence, error)
	// amend changes what is sent after Notion has refused it, and tells whether
	// there was something to change. Nil where there never is.
	amend func(refused error) bool
	// lookFirst asks for a look before the first attempt, too.
	lookFirst bool
	// lag is how far what find reads may be behind.
	lag time.Duration
	// fresh says that its parent was made a moment ago: Notion may still answer
	// 404 for it.
	fresh bool
	// commit writes into the step what the request has achieved, besides that it
	// is done. Nil when there is nothing else.
	commit func(*runs.Step)
	// part says that more requests belong to the same number.
	part bool
}

// presence is how much of a request's effect is there.
type presence int

const (
	absent presence = iota
	partly          // a shorter part than was sent; what is missing is sent now
	whole
)

// indexLag is how long Notion's queries may miss a row that exists. Rows have
// been seen to show up after two seconds.
const indexLag = 5 * time.Second

// shortWait is what is waited out on the spot before a run gives way to others.
const shortWait = time.Second

// perform makes a request take effect once, and says so in the record. When the
// outcome of an earlier attempt is not known, it looks before it writes.
func (l *Ledger) perform(ctx context.Context, r request) error {
	if err := l.takeTurn(ctx); err != nil {
		return err
	}
	l.Step = r.step
	logs.Set(ctx, "step", r.step)
	ctx = notion.WithTrace(ctx, &l.trace)
	if err := l.attempts(ctx, r); err != nil {
		if saysArchived(err) {
			err = errors.Join(ErrTrashed, err)
		}
		return fmt.Errorf("step %s, request %d of run %s: %w", r.step, r.index, l.Run.ReportID, err)
	}
	l.finish(r)
	l.Log.DebugContext(ctx, "request done", "request", r.index)
	return nil
}

// takeTurn ends the slice when its time is over. The first request of a
// delivery is always made, so that each delivery comes further.
func (l *Ledger) takeTurn(ctx context.Context) error {
	select {
	case <-l.Stop:
		return ErrSliceOver
	default:
	}
	now := time.Now()
	if l.sliceEnd.IsZero() {
		l.sliceEnd = now.Add(l.Slice)
	}
	if now.After(l.sliceEnd) {
		return ErrSliceOver
	}
	if l.Yield != nil && l.Wrote && l.Yield(ctx) {
		return ErrSliceOver
	}
	return nil
}

// attempts makes the request, and looks for its effect where that is not known. It
// waits here only for what everybody has to wait for, or what takes a moment; any
// other failure is a *notion.PostponedError, so that other runs go on meanwhile.
func (l *Ledger) attempts(ctx context.Context, r request) error {
	var last error
	for attempt := 1; ; attempt++ {
		there, err := l.look(ctx, r, last)
		if there == whole || err != nil {
			return err
		}
		if last = l.send(ctx, r, there); last == nil {
			return nil
		}
		if r.amend != nil && r.amend(last) {
			continue // with another request, of which nothing is known yet
		}
		if notion.IsPostponed(last) || errors.Is(last, ErrSliceOver) || ctx.Err() != nil {
			return last
		}
		wait := l.Notion.Backoff(attempt, last)
		switch fate := fateOf(last, r.fresh); {
		case fate == notion.Permanent:
			return last
		case fate == notion.Await:
			wait = 0 // presence is believed at once
		case !isPassing(last) || attempt >= notion.MaxAttempts:
			return &notion.PostponedError{Wait: wait, Cause: last}
		}
		if err := l.Notion.Pause(ctx, wait, last); err != nil {
			return err
		}
	}
}

// isPassing tells whether an error is over in a moment, or nobody else could write
// either: a parent that Notion does not know yet, and a rate limit.
func isPassing(err error) bool {
	return isMissing(err) || notion.IsRateLimit(err)
}

// look finds out what an earlier attempt has achieved. It returns absent only
// when that is certain; until then it waits a short while, and then gives way
// with an *UnsettledError.
func (l *Ledger) look(ctx context.Context, r request, cause error) (presence, error) {
	for {
		step := *l.Run.Step(r.step)
		intended := !step.IntendedAt.IsZero()
		if r.find == nil || !intended && !r.lookFirst {
			return absent, nil
		}
		if intended {
			l.trace.Recoveries++
		}
		there, err := r.find(ctx)
		if there != absent || err != nil || !intended {
			return there, err
		}
		certain := absenceCertain(step, r.lag)
		wait := time.Until(certain)
		if wait <= 0 {
			return absent, nil
		}
		if wait > shortWait {
			return absent, &UnsettledError{Until: certain, Cause: cause}
		}
		if err := l.Notion.Pause(ctx, wait, cause); err != nil {
			return absent, err
		}
	}
}

// absenceCertain is when the effect of a step's open request can no longer
// appear to somebody who looks with that lag.
func absenceCertain(step runs.Step, lag time.Duration) time.Time {
	if !step.EndedAt.IsZero() {
		return step.EndedAt.Add(lag)
	}
	return step.IntendedAt.Add(notion.LateEffect + lag)
}

// send stores the intent, makes the request, and notes down what its answer
// says about it. Where a part of an earlier attempt is there, one that comes to
// nothing leaves the earlier one's intent, or that part would be written again.
func (l *Ledger) send(ctx context.Context, r request, there presence) error {
	if err := l.Notion.Pace(ctx); err != nil {
		return err
	}
	step := l.Run.Step(r.step)
	var earlier time.Time
	if there == partly {
		earlier = step.IntendedAt
	}
	l.renewLease()
	step.IntendedAt, step.EndedAt = time.Now(), time.Time{}
	if err := l.Save(ctx); err != nil {
		step.IntendedAt = earlier // nothing was sent
		return &notion.PostponedError{Cause: err}
	}
	err := r.send(notion.WithIntent(ctx, step.IntendedAt))
	switch fate := fateOf(err, r.fresh); {
	case err == nil:
	case notion.IsPostponed(err), fate == notion.Repeat, fate == notion.Permanent:
		step.IntendedAt = earlier
	case fate == notion.Recover:
		step.EndedAt = time.Now()
	}
	return err
}

// finish says in the record what a request has achieved. It is stored with the
// next intent, or when the delivery ends.
func (l *Ledger) finish(r request) {
	step := l.Run.Step(r.step)
	step.At, step.IntendedAt, step.EndedAt = time.Now(), time.Time{}, time.Time{}
	if r.part {
		step.Part++
	} else {
		step.Done, step.Part = r.index+1, 0
	}
	if r.commit != nil {
		r.commit(step)
	}
	l.Wrote = true
	if l.Progress != nil {
		l.Progress()
	}
}

// fateOf is notion.FateOf, but for a parent that Notion does not know yet.
func fateOf(err error, fresh bool) notion.Fate {
	if fresh && isMissing(err) {
		return notion.Repeat
	}
	return notion.FateOf(err)
}

func isMissing(err error) bool {
	e, ok := errors.AsType[*notion.Error](err)
	return ok && e.Status == http.StatusNotFound
}

// freshness is how long Notion may answer 404 for a page that it has just made.
const freshness = 30 * time.Second

// isFresh tells whether a step's page was made a moment ago.
func (l *Ledger) isFresh(step string) bool {
	s := l.Run.Step(step)
	return s != nil && time.Since(s.At) < freshness
}

// notYet puts off what needs to read a fresh parent that answers 404: what could not
// be read is not absent, and will be there in a moment.
func notYet(err error, fresh bool) error {
	if fresh && isMissing(err) {
		return &notion.PostponedError{Wait: shortWait, Cause: err}
	}
	return err
}
