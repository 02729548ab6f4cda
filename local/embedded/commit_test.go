package embedded_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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

// together has f work with a store whose disk takes diskTime for each commit, in
// a bubble.
func together(t *testing.T, f func(t *testing.T, db *embedded.DB, dir string)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		if _, err := powercut.Record(dir, diskTime); err != nil {
			t.Fatal(err)
		}
		db := closing(t)(embedded.Open(dir))
		f(t, db, dir)
	})
}

func TestWhoeverWaitsForTheDiskWaitsOnce(t *testing.T) {
	t.Parallel()
	together(t, func(t *testing.T, db *embedded.DB, _ string) {
		began := time.Now()
		var wait sync.WaitGroup
		for i := range 100 {
			wait.Go(func() {
				id := fmt.Sprint(i)
				m := queue.Outgoing{Body: id, Group: id, DeduplicationID: id}
				if _, _, err := db.Runs().CreateAndSend(t.Context(), runs.Run{ReportID: id, AcceptedAt: time.Now()}, openCrashQueue(db), m); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		// The first ones, and all that came meanwhile; another for the header of an
		// empty journal.
		if took := time.Since(began); took > 3*diskTime {
			t.Errorf("100 reports took %d times as long as the disk", took/diskTime)
		}
		if got, err := openCrashQueue(db).Peek(t.Context()); err != nil || len(got) != 100 {
			t.Errorf("%d messages, %v, want all", len(got), err)
		}
	})
}

var errOwn = errors.New("the operation's own")

// group has operations wait for one transaction.
func group(t *testing.T, db *embedded.DB, operations ...func(exec func(string) error) error) []error {
	t.Helper()
	go db.Transact(t.Context(), func(func(string) error) error { // the disk is busy with it
		time.Sleep(time.Second)
		return nil
	})
	synctest.Wait()
	results := make([]error, len(operations))
	var wait sync.WaitGroup
	for i, o := range operations {
		wait.Go(func() { results[i] = db.Transact(t.Context(), o) })
		synctest.Wait()
	}
	wait.Wait()
	return results
}

func insert(sequence int) string {
	return fmt.Sprintf(`INSERT INTO messages VALUES (%d, 'main', '%d', 'g', '', 'x', '{}', 0, 0, 0)`, sequence, sequence)
}

func TestAnOperationThatFailsIsUndoneAlone(t *testing.T) {
	t.Parallel()
	together(t, func(t *testing.T, db *embedded.DB, _ string) {
		results := group(t, db,
			func(exec func(string) error) error { return exec(insert(1)) },
			func(exec func(string) error) error { return errors.Join(exec(insert(2)), errOwn) },
			func(exec func(string) error) error { return exec(insert(1)) }, // is there
			func(exec func(string) error) error { return exec(insert(4)) },
		)
		if results[0] != nil || !errors.Is(results[1], errOwn) || results[2] == nil || results[3] != nil {
			t.Errorf("got %v", results)
		}
		got, err := openCrashQueue(db).Peek(t.Context())
		if err != nil || len(got) != 2 || got[0].ID != "1" || got[1].ID != "4" {
			t.Errorf("got %v, %v, want the first and the last", got, err)
		}
	})
}

func TestAnOperationThatFailsByItselfLeavesNothing(t *testing.T) {
	t.Parallel()
	together(t, func(t *testing.T, db *embedded.DB, _ string) {
		for sequence, own := range []error{errOwn, nil, errOwn} {
			err := db.Transact(t.Context(), func(exec func(string) error) error { return errors.Join(exec(insert(sequence)), own) })
			if !errors.Is(err, own) {
				t.Errorf("operation %d got %v, want %v", sequence, err, own)
			}
		}
		if got, err := openCrashQueue(db).Peek(t.Context()); err != nil || len(got) != 1 || got[0].ID != "1" {
			t.Errorf("got %v, %v, want the second", got, err)
		}
	})
}

// SQLite itself ends a transaction when the disk is full, and what came after it
// would be one of its own.
func TestATransactionThatFailsHasFailedForAll(t *testing.T) {
	t.Parallel()
	together(t, func(t *testing.T, db *embedded.DB, _ string) {
		results := group(t, db,
			func(exec func(string) error) error { return exec(insert(1)) },
			func(exec func(string) error) error { return errors.Join(exec(insert(2)), exec(`ROLLBACK`), errOwn) },
			func(exec func(string) error) error { return exec(insert(3)) },
		)
		for i, err := range results {
			if !errors.Is(err, errOwn) {
				t.Errorf("operation %d got %v, want what ended the transaction", i, err)
			}
		}
		if got, err := openCrashQueue(db).Peek(t.Context()); err != nil || len(got) > 0 {
			t.Errorf("got %v, %v, want nothing", got, err)
		}
		if err := openCrashQueue(db).Send(t.Context(), queue.Outgoing{Body: "x", Group: "g", DeduplicationID: "d"}); err != nil {
			t.Error(err)
		}
	})
}

// journal is how large the journal is.
func journal(t *testing.T, dir string) int64 {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, "relay.db-wal"))
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestTheJournalStaysSmall(t *testing.T) {
	t.Parallel()
	together(t, func(t *testing.T, db *embedded.DB, dir string) {
		var largest int64
		for i := range 500 { // 10 MB in three seconds
			m := queue.Outgoing{Body: strings.Repeat("x", 20_000), Group: "g", DeduplicationID: fmt.Sprint(i)}
			if err := openCrashQueue(db).Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			largest = max(largest, journal(t, dir))
			time.Sleep(4 * time.Millisecond)
		}
		if largest > 4<<20 {
			t.Errorf("it grew to %d bytes", largest)
		}
	})
}

// Nobody waits for an operator who reads, and what he kept the journal from being
// emptied of is gone when he is ready.
func TestAnOperatorWhoReadsHoldsUpNobody(t *testing.T) {
	t.Parallel()
	together(t, func(t *testing.T, db *embedded.DB, dir string) {
		send := func(id string) {
			t.Helper()
			began := time.Now()
			if err := openCrashQueue(db).Send(t.Context(), queue.Outgoing{Body: "planted marker", Group: id, DeduplicationID: id}); err != nil {
				t.Error(err)
			}
			if took := time.Since(began); took > 3*diskTime {
				t.Errorf("message %s took %s", id, took)
			}
		}
		send("1")
		operator, err := sql.Open("sqlite", filepath.Join(dir, "relay.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer operator.Close()
		reading, err := operator.Begin()
		if err != nil {
			t.Fatal(err)
		}
		var body string
		if err := reading.QueryRow(`SELECT body FROM messages`).Scan(&body); err != nil {
			t.Fatal(err)
		}
		if err := openCrashQueue(db).Forget(t.Context(), "1"); err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			time.Sleep(100 * time.Millisecond)
			send(fmt.Sprint("later ", i))
			if err := openCrashQueue(db).Forget(t.Context(), fmt.Sprint("later ", i)); err != nil {
				t.Fatal(err)
			}
		}
		if bytesWith(t, dir, "planted marker") == 0 {
			t.Error("the journal was emptied while the operator read it")
		}
		if err := reading.Rollback(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if n := bytesWith(t, dir, "planted marker"); n > 0 {
			t.Errorf("the marker is there %d times", n)
		}
	})
}

// Who goes on writing finds the journal as large as it was, and yet what was deleted
// is not in it for long.
func TestABusyJournalIsWrittenOver(t *testing.T) {
	t.Parallel()
	together(t, func(t *testing.T, db *embedded.DB, dir string) {
		q := openCrashQueue(db)
		send := func(id, body string) {
			t.Helper()
			if err := q.Send(t.Context(), queue.Outgoing{Body: body, Group: id, DeduplicationID: id}); err != nil {
				t.Fatal(err)
			}
		}
		send("planted", strings.Repeat("planted marker ", 10_000))
		if err := q.Forget(t.Context(), "planted"); err != nil {
			t.Fatal(err)
		}
		emptied := 0
		for i := range 60 { // six seconds
			time.Sleep(100 * time.Millisecond)
			if journal(t, dir) == 0 {
				emptied++
			}
			send(fmt.Sprint(i), "x")
			if n := bytesWith(t, dir, "planted marker"); n > 0 && i > 25 {
				t.Fatalf("the marker is there %d times after %d ms", n, i*100)
			}
		}
		if emptied == 0 || emptied > 3 {
			t.Errorf("the journal was emptied %d times in six seconds, want every two", emptied)
		}
	})
}
