package powercut_test

import (
	"database/sql"
	"math/rand/v2"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite" // the driver

	"notionrelay/test/powercut"
)

// record fills a database of that durability and changes all of it a few times.
func record(t *testing.T, synchronous string) *powercut.Recording {
	t.Helper()
	dir := t.TempDir()
	recording, err := powercut.Record(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "test.db")+"?_pragma=journal_mode(DELETE)&_pragma=synchronous("+synchronous+")")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{
		`CREATE TABLE t (i INTEGER PRIMARY KEY, text TEXT)`,
		`CREATE INDEX by_text ON t (text)`,
		`WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 200) INSERT INTO t SELECT i, hex(randomblob(60)) FROM n`,
		`UPDATE t SET text = hex(randomblob(90))`,
		`DELETE FROM t WHERE i % 2 = 0`,
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	return recording
}

// broken counts the cuts, at any moment, that break the database.
func broken(t *testing.T, recording *powercut.Recording) (n int) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 1))
	for position := range recording.Position() + 1 {
		dir := t.TempDir()
		if err := recording.Restore(dir, position, powercut.Half(random)); err != nil {
			t.Fatal(err)
		}
		db, err := sql.Open("sqlite", filepath.Join(dir, "test.db"))
		if err != nil {
			t.Fatal(err)
		}
		var result string
		if err := db.QueryRow(`PRAGMA integrity_check`).Scan(&result); err != nil || result != "ok" {
			n++
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func TestACutBreaksADatabaseThatDoesNotWaitForTheDisk(t *testing.T) {
	t.Parallel()
	if n := broken(t, record(t, "OFF")); n == 0 {
		t.Error("no cut broke it")
	}
}

func TestNoCutBreaksADatabaseThatDoes(t *testing.T) {
	t.Parallel()
	if n := broken(t, record(t, "FULL")); n > 0 {
		t.Errorf("%d cuts broke it", n)
	}
}

func TestWhatWasSyncedIsThere(t *testing.T) {
	t.Parallel()
	recording := record(t, "FULL")
	dir := t.TempDir()
	if err := recording.Restore(dir, recording.Position(), powercut.Nothing); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var rows int
	// FULL syncs no folder when it removes a journal (https://sqlite.org/pragma.html#pragma_synchronous):
	// the last transaction may be undone, and no other.
	if err := db.QueryRow(`SELECT count(*) FROM t`).Scan(&rows); err != nil || rows != 200 {
		t.Errorf("%d rows, %v, want those before the last transaction", rows, err)
	}
}
