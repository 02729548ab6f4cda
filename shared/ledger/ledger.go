// Package ledger makes every write to Notion take effect exactly once, though
// Notion has no idempotency keys, answers get lost, processes die at any
// moment, and people edit the pages meanwhile.
//
// # The idea
//
// What is to be written is a plan of named steps, each of one or more requests,
// in an order that never changes. The run record holds how far the plan has
// come. Before a request is sent, the record says that it is intended; when its
// outcome is known, the record says what came of it, together with the next
// intent, in one save. So whoever opens the record later finds at most one
// request per step of which it is not known whether it happened. It is looked
// for in Notion before anything is written again.
//
// # Presence at once, absence only when it is certain
//
// What is found in Notion has happened. What is not found may still come:
// Notion works on a request for up to a minute, also when its caller has given
// up or died. So absence counts only
//
//   - when Notion's own application has answered, since an answer ends the
//     request (plus a moment where an index is asked, which lags behind), or
//   - when notion.LateEffect has passed since the intent was stored.
//
// Until then the run waits: see UnsettledError. Every repetition is an intent of
// its own, so two requests of one step are never open at a time.
//
// # Ids, not positions
//
// People insert, change and delete blocks. So the record keeps the id of the
// last block of ours below each parent, and the ids of the blocks that later
// requests append to. Only what stands behind the last block of ours, and was
// made by this integration, can be the effect of the request looked for. How
// it is recognised is in adopt.go, a pure function.
//
// # A pinned plan
//
// The record also keeps a fingerprint of the requests that write a page. When
// another version of the program would write the page with other requests, what
// is half written goes to the trash and the page is begun anew. A finished page
// stays.
//
// # What else is stored
//
// A lease says which process works on the run. The record's version is its
// fencing token: who has lost the lease fails to store the next intent, and
// therefore writes nothing more.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"notionrelay/shared/notion"
	"notionrelay/shared/runs"
)

// Store keeps the records of the runs.
type Store interface {
	// Save stores a record, unless it was changed since it was read: runs.ErrStale.
	Save(ctx context.Context, run *runs.Run) error
	// OwnerOf is the id of the run that owns a database row, or empty.
	OwnerOf(ctx context.Context, rowID string) (string, error)
}

// Ledger writes the steps of one run. It is used by one goroutine.
type Ledger struct {
	Run    *runs.Run // its record, as it was read
	Store  Store
	Notion *notion.Client
	Owner  string // this process, in leases
	Log    *slog.Logger

	Slice time.Duration   // how long to write before others get their turn
	Stop  <-chan struct{} // closed when the process is about to end; may be nil
	// Yield asks, after each request, whether the slice should end early; nil where
	// nothing can be a reason to.
	Yield func(context.Context) bool

	// Progress is called when a request was made, before that is stored; may be nil.
	Progress func()

	// Step is the step that was worked on last, Wrote whether a request was made.
	Step  string
	Wrote bool

	sliceEnd time.Time // set by the first request
	stored   runs.Run
	trace    notion.Trace
}

// ErrSliceOver ends a delivery that has written long enough. The rest is
// written by another one, after those of other runs.
var ErrSliceOver = errors.New("the delivery's slice of time is over")

// ErrTrashed says that a page that has to be written to is in Notion's trash.
var ErrTrashed = errors.New("a page of the run is in the trash")

// UnsettledError says that a request may still have its effect, and that its
// absence counts from Until on.
type UnsettledError struct {
	Until time.Time
	Cause error // what its last attempt ended with; nil when that is not known
}

func (e *UnsettledError) Error() string {
	return fmt.Sprintf("a request to Notion may still have its effect until %s: %v", e.Until.UTC().Format(time.RFC3339), e.Cause)
}

func (e *UnsettledError) Unwrap() error { return e.Cause }

// LeasedError says that another process works on the run.
type LeasedError struct{ Until time.Time }

func (e *LeasedError) Error() string {
	return "run is being published by another process until " + e.Until.UTC().Format(time.RFC3339)
}

// leaseTime is renewed with every intent. It outlasts a request, so that a
// process which is still at work keeps its lease, and a dead one loses it soon.
const leaseTime = notion.LateEffect + 10*time.Second

// Begin takes the run's lease, or returns a *LeasedError. The lease is stored
// with each intent.
func (l *Ledger) Begin() error {
	if lease := l.Run.Lease; lease.Owner != l.Owner && time.Now().Before(lease.Until) {
		return &LeasedError{Until: lease.Until}
	}
	return nil
}

func (l *Ledger) renewLease() {
	l.Run.Lease = runs.Lease{Owner: l.Owner, Until: time.Now().Add(leaseTime)}
}

// Close gives the lease back and stores the record, so that the next delivery
// need not wait.
func (l *Ledger) Close(ctx context.Context) error {
	l.Run.Lease = runs.Lease{}
	return l.Save(ctx)
}

// Save stores the record with what has happened since the last time.
func (l *Ledger) Save(ctx context.Context) error {
	counts := &l.Run.Counts
	counts.Requests += l.trace.Requests
	counts.Conflicts += l.trace.Conflicts
	counts.RateLimits += l.trace.RateLimits
	counts.Recoveries += l.trace.Recoveries
	l.trace.Requests, l.trace.Conflicts, l.trace.RateLimits, l.trace.Recoveries = 0, 0, 0, 0
	l.Run.UpdatedAt = time.Now()
	if err := l.Store.Save(ctx, l.Run); err != nil {
		return fmt.Errorf("save run %s: %w", l.Run.ReportID, err)
	}
	l.stored = *l.Run
	return nil
}

// Stored is what may be told to the outside: the record as it was saved last, the
// zero one when it was not, and the latencies of the requests since Begin.
func (l *Ledger) Stored() (run runs.Run, latencies []time.Duration) {
	return l.stored, l.trace.Latencies
}
