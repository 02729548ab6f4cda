package embedded_test

import (
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"notionrelay/local/embedded"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
	"notionrelay/test/powercut"
)

const (
	powerSeed    = 1
	powerSenders = 4
	powerReports = 6 // of each sender
	// diskTime is a commit's, in a bubble's time. Others come meanwhile.
	diskTime = time.Millisecond
)

// history is what was acknowledged, and when of the recording.
type history struct {
	recording *powercut.Recording
	began     time.Time // as clocks outside a bubble tell it

	mu       sync.Mutex
	versions map[string][]int // by the run's id: when each version was acknowledged
	deletion map[string]int   // of its message began; it may be gone from then on
	deleted  map[string]int   // its message was
}

func (h *history) note(at map[string]int, what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	at[what] = h.recording.Position()
}

func (h *history) saved(run runs.Run) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.versions[run.ReportID] = append(h.versions[run.ReportID], h.recording.Position())
}

// work has senders, and a publisher who deletes what it was sent, work together
// for as long as the senders have something. It is the same for the same seed but
// for the ids that the store draws.
func work(t *testing.T, dir, synchronous string) *history {
	t.Helper()
	h := &history{began: time.Now(), deleted: map[string]int{}, deletion: map[string]int{}, versions: map[string][]int{}}
	synctest.Test(t, func(t *testing.T) {
		var err error
		if h.recording, err = powercut.Record(dir, diskTime); err != nil {
			t.Fatal(err)
		}
		db, err := embedded.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.SetSynchronous(synchronous); err != nil {
			t.Fatal(err)
		}
		var wait sync.WaitGroup
		for i := range powerSenders {
			wait.Go(func() { h.send(t, db, i) })
		}
		wait.Go(func() { h.publish(t, db) })
		wait.Wait()
		time.Sleep(time.Second) // until the journal was emptied
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// send sends reports of many sizes, and saves their runs a few times.
func (h *history) send(t *testing.T, db *embedded.DB, sender int) {
	t.Helper()
	random := rand.New(rand.NewPCG(powerSeed, uint64(sender)))
	q := openCrashQueue(db)
	for i := range powerReports {
		// No two do something at the same time, so their order is always the same.
		time.Sleep(time.Duration(random.IntN(100))*time.Millisecond + time.Duration(sender)*time.Microsecond)
		id := fmt.Sprint(sender, ".", i)
		run := runs.Run{ReportID: id, AcceptedAt: h.began}
		m := queue.Outgoing{Body: strings.Repeat("report ", 1+random.IntN(6000)), Group: id, DeduplicationID: id}
		run, _, err := db.Runs().CreateAndSend(t.Context(), run, q, m)
		if err != nil {
			t.Error(err)
			return
		}
		h.saved(run)
		for range random.IntN(3) {
			time.Sleep(time.Duration(sender) * time.Microsecond)
			if err := db.Runs().Save(t.Context(), &run); err != nil {
				t.Error(err)
				return
			}
			h.saved(run)
		}
	}
}

// publish deletes two messages of three.
func (h *history) publish(t *testing.T, db *embedded.DB) {
	t.Helper()
	q := openCrashQueue(db)
	for i := range powerSenders * powerReports {
		got, err := q.Receive(t.Context(), 1, time.Hour)
		if err != nil || len(got) != 1 {
			t.Error(got, err)
			return
		}
		time.Sleep(time.Duration(powerSenders) * time.Microsecond)
		if i%3 == 2 {
			continue
		}
		h.note(h.deletion, got[0].Group)
		if err := q.Delete(t.Context(), got[0].Receipt); err != nil {
			t.Error(err)
			return
		}
		h.note(h.deleted, got[0].Group)
	}
}

// check opens a folder as a power cut at that position left it, and returns what
// is wrong with it.
func (h *history) check(t *testing.T, dir string, position int) error {
	t.Helper()
	db, err := embedded.Open(dir)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := intact(dir); err != nil {
		return err
	}
	messages, err := openCrashQueue(db).Peek(t.Context())
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, m := range messages {
		there[m.Group] = true
	}
	var errs []error
	for id, versions := range h.versions {
		run, err := db.Runs().Get(t.Context(), id)
		acknowledged, _ := slices.BinarySearch(versions, position+1)
		began, deletes := h.deletion[id]
		deleted, isDeleted := h.deleted[id]
		switch mayBeGone := deletes && began <= position; {
		case run.Version < int64(acknowledged):
			errs = append(errs, fmt.Errorf("%w: run %s has version %d (%w), and %d was acknowledged", errLost, id, run.Version, err, acknowledged))
		case err == nil && !there[id] && !mayBeGone:
			errs = append(errs, fmt.Errorf("%w: run %s has no message", errLost, id))
		case err != nil && there[id]:
			errs = append(errs, fmt.Errorf("%w: message of run %s has no record: %w", errLost, id, err))
		case isDeleted && deleted <= position && there[id]:
			errs = append(errs, fmt.Errorf("%w: message of run %s is back", errLost, id))
		}
	}
	return errors.Join(errs...)
}

// errLost says that something acknowledged is as if it had not happened.
var errLost = errors.New("lost")

// intact has SQLite look at every page.
func intact(dir string) error {
	db, err := sql.Open("sqlite", filepath.Join(dir, "relay.db"))
	if err != nil {
		return err
	}
	defer db.Close()
	var result string
	if err := db.QueryRow(`PRAGMA integrity_check`).Scan(&result); err != nil || result != "ok" {
		return fmt.Errorf("database is corrupt: %s %w", result, err)
	}
	return nil
}

// cut restores what was worked on as a power cut at each sync leaves it, and returns
// what the first that goes wrong has lost.
func (h *history) cut(t *testing.T) error {
	t.Helper()
	random := rand.New(rand.NewPCG(powerSeed, powerSenders))
	for _, position := range h.recording.Syncs() {
		for _, survives := range []func() bool{powercut.Nothing, powercut.Half(random)} {
			dir := t.TempDir()
			if err := h.recording.Restore(dir, position, survives); err != nil {
				t.Fatal(err)
			}
			if err := h.check(t, dir, position); err != nil {
				return fmt.Errorf("after %d operations: %w", position, err)
			}
		}
	}
	return nil
}

// What was acknowledged survives a power cut at any moment, whatever the disk had
// written of the rest, and the database is whole.
func TestPowerCutLosesNothing(t *testing.T) {
	t.Parallel()
	h := work(t, t.TempDir(), "FULL")
	if err := h.cut(t); err != nil {
		t.Error(err)
	}
	if syncs := len(h.recording.Syncs()); syncs < 50 {
		t.Errorf("the power was cut %d times, which shows little", syncs)
	}
}

func TestPowerCutIsNoticedWhereNobodyWaitsForTheDisk(t *testing.T) {
	t.Parallel()
	for _, synchronous := range []string{"NORMAL", "OFF"} {
		if err := work(t, t.TempDir(), synchronous).cut(t); !errors.Is(err, errLost) {
			t.Errorf("synchronous=%s: %v, want something lost", synchronous, err)
		}
	}
}
