// Package inmemory is a run record and queues without a database, for tests
// that play so many runs that a database would take most of the time. They pass
// the suites that the others pass: test/runstest and test/queuetest.
package inmemory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"notionrelay/shared/runs"
)

// Runs keeps the records of runs. Its zero value has none.
type Runs struct {
	mu      sync.Mutex
	records map[string]record
	newest  time.Time // acceptance
	halt    runs.Halt
	pause   runs.Pause
}

// record is a run as it travels to a store, so that nobody shares its memory,
// and what is searched for.
type record struct {
	encoded    []byte
	runID      string
	rowID      string
	acceptedAt time.Time
	version    int64
}

// Create stores a new run as version 1, or returns the one that is there.
func (r *Runs) Create(ctx context.Context, run runs.Run) (stored runs.Run, created bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return runs.Run{}, false, err
	}
	if found, ok := r.records[run.ReportID]; ok && found.lives() {
		stored, err := found.decode()
		return stored, false, err
	}
	run.Version = 1
	if run.AcceptedAt.After(r.newest) {
		r.newest = run.AcceptedAt
	}
	return run, true, r.put(run)
}

// Get reads the run with that id, or returns runs.ErrNotFound.
func (r *Runs) Get(_ context.Context, id string) (runs.Run, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if found, ok := r.records[id]; ok && found.lives() {
		return found.decode()
	}
	return runs.Run{}, runs.ErrNotFound
}

// Latest reads the run that was accepted last of those with a research run id.
func (r *Runs) Latest(_ context.Context, runID string) (runs.Run, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var latest record
	for _, found := range r.records {
		if runID != "" && found.runID == runID && found.lives() && found.acceptedAt.After(latest.acceptedAt) {
			latest = found
		}
	}
	if latest.version == 0 {
		return runs.Run{}, runs.ErrNotFound
	}
	return latest.decode()
}

// Save stores the run and counts its version up, unless the record has another
// version (runs.ErrStale) or another run has its row (runs.ErrRowTaken).
func (r *Runs) Save(ctx context.Context, run *runs.Run) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.records[run.ReportID].version != run.Version || run.Version == 0 {
		return runs.ErrStale
	}
	if owner := r.ownerOf(run.RowID); owner != "" && owner != run.ReportID {
		return fmt.Errorf("row %s: %w", run.RowID, runs.ErrRowTaken)
	}
	next := *run
	next.Version++
	if err := r.put(next); err != nil {
		return err
	}
	run.Version = next.Version
	return nil
}

// OwnerOf is the id of the run whose row that is, or empty.
func (r *Runs) OwnerOf(ctx context.Context, rowID string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ownerOf(rowID), ctx.Err()
}

// LastAccepted is when the newest run was accepted, or the zero time.
func (r *Runs) LastAccepted(ctx context.Context) (time.Time, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.newest, ctx.Err()
}

// Halt is the halt that was set last.
func (r *Runs) Halt(ctx context.Context) (runs.Halt, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.halt, ctx.Err()
}

// SetHalt stores the halt of all runs. The zero one ends it.
func (r *Runs) SetHalt(ctx context.Context, halt runs.Halt) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	r.halt = halt
	return nil
}

// Pause is the pause that was set last.
func (r *Runs) Pause(ctx context.Context) (runs.Pause, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pause, ctx.Err()
}

// SetPause stores the pause of all runs. The zero one ends it.
func (r *Runs) SetPause(ctx context.Context, pause runs.Pause) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	r.pause = pause
	return nil
}

// List returns the newest runs that the query asks for, newest first.
func (r *Runs) List(ctx context.Context, q runs.Query) (list []runs.Run, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, found := range r.records {
		run, err := found.decode()
		if err != nil {
			return nil, err
		}
		early := run.AcceptedAt.Before(q.Since)
		late := !q.Before.IsZero() && !run.AcceptedAt.Before(q.Before)
		if found.lives() && !early && !late && (q.Status == "" || run.Status == q.Status) {
			list = append(list, run)
		}
	}
	slices.SortFunc(list, func(a, b runs.Run) int { return b.AcceptedAt.Compare(a.AcceptedAt) })
	return list[:min(len(list), q.Limit)], ctx.Err()
}

func (r *Runs) ownerOf(rowID string) string {
	for id, found := range r.records {
		if rowID != "" && found.rowID == rowID && found.lives() {
			return id
		}
	}
	return ""
}

func (r *Runs) put(run runs.Run) error {
	encoded, err := json.Marshal(run)
	if err != nil {
		return fmt.Errorf("encode record of %s: %w", run.ReportID, err)
	}
	if r.records == nil {
		r.records = map[string]record{}
	}
	r.records[run.ReportID] = record{encoded, run.ResearchRunID, run.RowID, run.AcceptedAt, run.Version}
	return nil
}

func (r record) lives() bool { return time.Since(r.acceptedAt) < runs.Retention }

func (r record) decode() (run runs.Run, err error) {
	if err := json.Unmarshal(r.encoded, &run); err != nil {
		return runs.Run{}, fmt.Errorf("decode record: %w", err)
	}
	return run, nil
}
