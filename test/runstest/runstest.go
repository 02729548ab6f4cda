// Package runstest is the suite that every run record passes, in Amazon
// DynamoDB, in a server in its place, or embedded.
package runstest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notionrelay/shared/runs"
)

// Store is all that a run record does.
type Store interface {
	Records
	Searches
	Signals
}

// Records are the runs, each with its row.
type Records interface {
	Create(ctx context.Context, run runs.Run) (stored runs.Run, created bool, err error)
	Get(ctx context.Context, id string) (runs.Run, error)
	Save(ctx context.Context, run *runs.Run) error
	OwnerOf(ctx context.Context, rowID string) (string, error)
}

// Searches find runs without their ids.
type Searches interface {
	Latest(ctx context.Context, runID string) (runs.Run, error)
	List(ctx context.Context, q runs.Query) ([]runs.Run, error)
}

// Signals are what concerns all runs.
type Signals interface {
	LastAccepted(ctx context.Context) (time.Time, error)
	Halt(ctx context.Context) (runs.Halt, error)
	SetHalt(ctx context.Context, halt runs.Halt) error
	Pause(ctx context.Context) (runs.Pause, error)
	SetPause(ctx context.Context, pause runs.Pause) error
}

// Run runs every case, each on a new, empty store.
func Run(t *testing.T, open func(*testing.T) Store) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Store){
		"a created run is read back":                      createsAndGets,
		"an id is created once":                           createsOnce,
		"parallel creations have one winner":              createsInParallel,
		"a run without a record is not found":             findsNothing,
		"a record past its retention counts as absent":    expires,
		"a saved run is read back whole":                  savesAndGets,
		"a save counts the version up only if it happens": countsVersions,
		"a stale save changes nothing":                    refusesStale,
		"parallel saves of one version have one winner":   savesInParallel,
		"the latest run of a research run is the newest":  findsLatest,
		"a row belongs to the run that saved it":          ownsRow,
		"a row has one owner":                             refusesTakenRow,
		"a stale save takes no row":                       staleTakesNoRow,
		"the newest run says when it was accepted":        tellsLastAccepted,
		"a halt is read back until it ends":               keepsHalt,
		"a pause is read back until it ends":              keepsPause,
		"runs are listed by status and time":              listsRuns,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// newRun is a run that was accepted just now. DynamoDB keeps no monotonic clock.
func newRun(id string) runs.Run {
	at := time.Now().UTC().Round(0)
	return runs.Run{ReportID: id, ResearchRunID: "research-" + id, Fingerprint: "f", Status: runs.Queued, AcceptedAt: at, UpdatedAt: at}
}

func createsAndGets(t *testing.T, s Store) {
	run := newRun("a")
	want := run
	want.Version = 1
	stored, created, err := s.Create(t.Context(), run)
	if err != nil || !created {
		t.Fatalf("create: created %t, error %v, want a new run", created, err)
	}
	wantRun(t, stored, want)
	wantRun(t, get(t, s, "a"), want)
}

func createsOnce(t *testing.T, s Store) {
	first := create(t, s, newRun("a"))
	second := newRun("a")
	second.Fingerprint = "other"
	stored, created, err := s.Create(t.Context(), second)
	if err != nil || created {
		t.Fatalf("create again: created %t, error %v, want the stored run", created, err)
	}
	wantRun(t, stored, first)
	wantRun(t, get(t, s, "a"), first)
}

func createsInParallel(t *testing.T, s Store) {
	var (
		wg      sync.WaitGroup
		winners atomic.Int32
		stored  [20]runs.Run
	)
	for i := range stored {
		wg.Go(func() {
			run := newRun("a")
			run.Fingerprint = fmt.Sprint(i)
			got, created, err := s.Create(t.Context(), run)
			if err != nil {
				t.Error(err)
			}
			if created {
				winners.Add(1)
			}
			stored[i] = got
		})
	}
	wg.Wait()
	if got := winners.Load(); got != 1 {
		t.Errorf("%d of %d creations won, want 1", got, len(stored))
	}
	want := get(t, s, "a")
	for _, got := range stored {
		wantRun(t, got, want)
	}
}

func findsNothing(t *testing.T, s Store) {
	_, err := s.Get(t.Context(), "a")
	wantErr(t, err, runs.ErrNotFound)
	_, err = s.Latest(t.Context(), "research-a")
	wantErr(t, err, runs.ErrNotFound)
	_, err = s.Latest(t.Context(), "")
	wantErr(t, err, runs.ErrNotFound)
	wantOwner(t, s, "row", "")
	run := newRun("a")
	wantErr(t, s.Save(t.Context(), &run), runs.ErrStale)
}

func expires(t *testing.T, s Store) {
	old := newRun("a")
	old.AcceptedAt = old.AcceptedAt.Add(-runs.Retention - time.Hour)
	old = create(t, s, old)
	old.RowID = "row"
	save(t, s, &old)

	_, err := s.Get(t.Context(), "a")
	wantErr(t, err, runs.ErrNotFound)
	_, err = s.Latest(t.Context(), "research-a")
	wantErr(t, err, runs.ErrNotFound)
	wantOwner(t, s, "row", "")

	run := create(t, s, newRun("a"))
	if run.Version != 1 {
		t.Errorf("version %d after the old record expired, want 1", run.Version)
	}
	wantRun(t, get(t, s, "a"), run)
	run.RowID = "row"
	save(t, s, &run)
	wantOwner(t, s, "row", "a")
}

func savesAndGets(t *testing.T, s Store) {
	run := create(t, s, newRun("a"))
	at := run.AcceptedAt.Add(time.Second)
	run.Status = runs.Publishing
	run.UpdatedAt, run.PublishedAt, run.EndedAt = at, at, at
	run.RowID = "row"
	run.Steps = []runs.Step{{Name: "homepage", Done: 1, Total: 2, At: at, IntendedAt: at, ID: "page", Title: "Ünï 📊"}}
	run.Warnings = []string{"slow"}
	run.Failures = []runs.Failure{{Kind: "quotes", Part: 7, Code: "c", Message: "m", Step: "homepage", NotionRequestID: "n"}}
	run.Counts = runs.Counts{Deliveries: 1, Requests: 2, Conflicts: 3, RateLimits: 4, Waits: 5, Recoveries: 6}
	run.Lease = runs.Lease{Owner: "o", Until: at}
	save(t, s, &run)
	wantRun(t, get(t, s, "a"), run)
}

func countsVersions(t *testing.T, s Store) {
	run := create(t, s, newRun("a"))
	for want := int64(2); want <= 4; want++ {
		save(t, s, &run)
		if got := get(t, s, "a").Version; run.Version != want || got != want {
			t.Fatalf("version %d, stored %d, want %d", run.Version, got, want)
		}
	}
}

func refusesStale(t *testing.T, s Store) {
	run := create(t, s, newRun("a"))
	stale := run
	save(t, s, &run)
	stale.Status = runs.Failed
	wantErr(t, s.Save(t.Context(), &stale), runs.ErrStale)
	if stale.Version != 1 {
		t.Errorf("version %d after a failed save, want still 1", stale.Version)
	}
	wantRun(t, get(t, s, "a"), run)
}

func savesInParallel(t *testing.T, s Store) {
	run := create(t, s, newRun("a"))
	var (
		wg      sync.WaitGroup
		winners atomic.Int32
	)
	for i := range 20 {
		wg.Go(func() {
			mine := run
			mine.Lease.Owner = fmt.Sprint(i)
			switch err := s.Save(t.Context(), &mine); {
			case err == nil:
				winners.Add(1)
			case !errors.Is(err, runs.ErrStale):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := winners.Load(); got != 1 {
		t.Errorf("%d saves of one version happened, want 1", got)
	}
}

func findsLatest(t *testing.T, s Store) {
	// RFC 3339 without its trailing zeros would sort these wrongly.
	at := time.Now().UTC().Truncate(time.Second)
	for id, after := range map[string]time.Duration{"middle": 0, "newest": time.Millisecond, "oldest": -time.Hour} {
		run := newRun(id)
		run.ResearchRunID = "research"
		run.AcceptedAt = at.Add(after)
		create(t, s, run)
	}
	create(t, s, newRun("of another research run"))
	got, err := s.Latest(t.Context(), "research")
	if err != nil {
		t.Fatal(err)
	}
	wantRun(t, got, get(t, s, "newest"))
}

func listsRuns(t *testing.T, s Store) {
	at := time.Now().UTC().Truncate(time.Second)
	for i, status := range []runs.Status{runs.Failed, runs.Queued, runs.Complete, runs.Failed, runs.Queued} {
		run := newRun(fmt.Sprint(i))
		run.AcceptedAt = at.Add(time.Duration(i) * time.Minute)
		run = create(t, s, run)
		run.Status = status
		save(t, s, &run)
	}
	old := newRun("old")
	old.AcceptedAt = at.Add(-runs.Retention - time.Hour)
	create(t, s, old)
	for _, test := range []struct {
		query runs.Query
		want  []string
	}{
		{runs.Query{Limit: 10}, []string{"4", "3", "2", "1", "0"}},
		{runs.Query{Limit: 2}, []string{"4", "3"}},
		{runs.Query{Status: runs.Failed, Limit: 10}, []string{"3", "0"}},
		{runs.Query{Status: runs.Failed, Limit: 1}, []string{"3"}},
		{runs.Query{Since: at.Add(3 * time.Minute), Limit: 10}, []string{"4", "3"}},
		{runs.Query{Before: at.Add(3 * time.Minute), Limit: 2}, []string{"2", "1"}},
		{runs.Query{Before: at.Add(3*time.Minute + 1), Limit: 1}, []string{"3"}},
		{runs.Query{Since: at.Add(time.Minute), Before: at.Add(3 * time.Minute), Limit: 10}, []string{"2", "1"}},
		{runs.Query{Status: runs.Failed, Before: at.Add(3 * time.Minute), Limit: 10}, []string{"0"}},
		{runs.Query{Before: at, Limit: 10}, nil},
		{runs.Query{Status: runs.Publishing, Limit: 10}, nil},
	} {
		list, err := s.List(t.Context(), test.query)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, run := range list {
			got = append(got, run.ReportID)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", test.query, diff)
		}
	}
}

func ownsRow(t *testing.T, s Store) {
	run, other := create(t, s, newRun("a")), create(t, s, newRun("b"))
	wantOwner(t, s, "row-a", "")
	wantOwner(t, s, "", "")
	run.RowID, other.RowID = "row-a", "row-b"
	save(t, s, &run)
	save(t, s, &other)
	for range 2 { // with the row known
		run.Counts.Requests++
		save(t, s, &run)
	}
	wantOwner(t, s, "row-a", "a")
	wantOwner(t, s, "row-b", "b")
	wantRun(t, get(t, s, "a"), run)
}

func refusesTakenRow(t *testing.T, s Store) {
	run, other := create(t, s, newRun("a")), create(t, s, newRun("b"))
	run.RowID = "row"
	save(t, s, &run)
	before := other
	other.RowID = "row"
	wantErr(t, s.Save(t.Context(), &other), runs.ErrRowTaken)
	if other.Version != before.Version {
		t.Errorf("version %d after a failed save, want still %d", other.Version, before.Version)
	}
	wantRun(t, get(t, s, "b"), before)
	wantOwner(t, s, "row", "a")
}

func staleTakesNoRow(t *testing.T, s Store) {
	run := create(t, s, newRun("a"))
	stale := run
	save(t, s, &run)
	stale.RowID = "row"
	wantErr(t, s.Save(t.Context(), &stale), runs.ErrStale)
	wantOwner(t, s, "row", "")
}

func tellsLastAccepted(t *testing.T, s Store) {
	if at, err := s.LastAccepted(t.Context()); err != nil || !at.IsZero() {
		t.Errorf("an empty store: accepted at %s, error %v", at, err)
	}
	older, newer := newRun("a"), newRun("b")
	newer.AcceptedAt = older.AcceptedAt.Add(time.Second)
	create(t, s, older)
	create(t, s, newer)
	if _, _, err := s.Create(t.Context(), older); err != nil { // a repeat is not new
		t.Fatal(err)
	}
	if at, err := s.LastAccepted(t.Context()); err != nil || !at.Equal(newer.AcceptedAt) {
		t.Errorf("accepted at %s, error %v, want %s", at, err, newer.AcceptedAt)
	}
}

func keepsHalt(t *testing.T, s Store) {
	at := time.Now().UTC().Round(0)
	wantHalt(t, s, runs.Halt{})
	for _, halt := range []runs.Halt{{Code: "token_refused", Reason: "r", Remedy: "m", Since: at, Next: at, Probes: 2}, {Suspect: "a"}, {}} {
		if err := s.SetHalt(t.Context(), halt); err != nil {
			t.Fatal(err)
		}
		wantHalt(t, s, halt)
	}
}

func wantHalt(t *testing.T, s Store, want runs.Halt) {
	t.Helper()
	got, err := s.Halt(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("halt (-want +got):\n%s", diff)
	}
}

func keepsPause(t *testing.T, s Store) {
	want := runs.Pause{Since: time.Now().UTC().Round(0), Reason: "because"}
	for _, want := range []runs.Pause{{}, want, {}} {
		if want.Paused() {
			if err := s.SetPause(t.Context(), want); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := s.Pause(t.Context()); err != nil || got != want {
			t.Errorf("pause %+v, error %v, want %+v", got, err, want)
		}
		if err := s.SetPause(t.Context(), runs.Pause{}); err != nil {
			t.Fatal(err)
		}
	}
}

func create(t *testing.T, s Store, run runs.Run) runs.Run {
	t.Helper()
	stored, created, err := s.Create(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	if !created {
		t.Fatalf("run %s was there already", run.ReportID)
	}
	return stored
}

func get(t *testing.T, s Store, id string) runs.Run {
	t.Helper()
	run, err := s.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func save(t *testing.T, s Store, run *runs.Run) {
	t.Helper()
	if err := s.Save(t.Context(), run); err != nil {
		t.Fatal(err)
	}
}

func wantRun(t *testing.T, got, want runs.Run) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("run (-want +got):\n%s", diff)
	}
}

func wantOwner(t *testing.T, s Store, rowID, want string) {
	t.Helper()
	got, err := s.OwnerOf(t.Context(), rowID)
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("owner of row %q is %q, want %q", rowID, got, want)
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}
