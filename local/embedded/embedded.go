// Package embedded keeps the queues and the run record of one machine in one
// SQLite file. It behaves as Amazon SQS and DynamoDB do behind the same
// methods: the suites in test/queuetest and test/runstest run
// over both. What was acknowledged survives the death of the process.
package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
	_ "modernc.org/sqlite" // the driver

	"notionrelay/shared/runs"
)

// DB is an open data folder. Its methods and those of its queues and runs may
// be called by many goroutines at once.
type DB struct {
	sql *sql.DB

	hasJournal bool // it is a file

	lock     *flock.Flock // of the folder; nil for one that is only attached
	closing  chan struct{}
	watchers sync.WaitGroup

	mu      sync.Mutex
	changed chan struct{} // closed, and replaced, whenever a queue has changed
	scrubs  bool          // the journal will be emptied soon
}

// Open opens the data folder dir and creates it if need be. One process has it
// at a time: a second Open is refused until the first is closed or its process
// has died. Messages that were in flight then may be received at once.
//
// What is in the folder are clients' reports, so only its owner can read it from
// then on: folder and files that are open to others are closed to them, because
// who makes a folder beforehand seldom means to share it. Only a folder that is
// there for all, as /tmp is, is refused, as it is not this store's to close.
//
// An operator can look at the folder meanwhile: see Attach.
func Open(dir string) (*DB, error) {
	path, err := filepath.Abs(filepath.Join(dir, "relay.db"))
	if err != nil {
		return nil, fmt.Errorf("open data folder %s: %w", dir, err)
	}
	if err := makePrivate(path); err != nil {
		return nil, err
	}
	// The kernel lets go of the lock when the process dies.
	lock := flock.New(filepath.Join(filepath.Dir(path), "relay.lock"), flock.SetPermissions(0o600))
	switch locked, err := lock.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("lock data folder %s: %w", dir, err)
	case !locked:
		return nil, fmt.Errorf("open data folder %s: another process is using it", dir)
	}
	db, err := open(address(path))
	if err == nil {
		err = db.begin()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open data folder %s: %w", dir, err), lock.Close())
	}
	db.lock, db.hasJournal = lock, true
	db.scrub()
	db.watchers.Go(db.watchOthers)
	return db, nil
}

// Attach opens a data folder for an operator, whether or not a process has it: to
// look at it, and to change it as somebody else's request would. Whoever has the
// folder notices within a moment.
func Attach(dir string) (*DB, error) {
	path, err := filepath.Abs(filepath.Join(dir, "relay.db"))
	if err == nil {
		_, err = os.Stat(path)
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no data folder of Notion Relay at %s", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("look at data folder: %w", err)
	}
	db, err := open(address(path))
	if err != nil {
		return nil, fmt.Errorf("open data folder %s: %w", dir, err)
	}
	db.hasJournal = true
	return db, nil
}

// address is what SQLite is to open, and how.
//
// A committed transaction is in the kernel's hands, so that kill -9 loses
// nothing. NORMAL does not wait for the disk at each commit as FULL would:
// a power cut can take the last few transactions, though never break the
// file. One machine that loses its power is where AWS is the answer.
//
// secure_delete overwrites with zeros what is deleted, and scrub does so with
// what the journal has of it. A transaction is IMMEDIATE, for one that begins with
// a read could not wait for another process's.
func address(path string) string {
	return (&url.URL{Scheme: "file", Path: path}).String() +
		"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=secure_delete(ON)"
}

// makePrivate makes the folder of the database and the database, for their owner
// alone; the journal gets the permissions of the database from SQLite.
func makePrivate(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create data folder: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("look at data folder: %w", err)
	}
	if info.Mode()&os.ModeSticky != 0 {
		return fmt.Errorf("data folder %s is one that all users of this machine share: give a folder of its own", dir)
	}
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a folder needs to be entered
		return fmt.Errorf("close data folder to others: %w", err)
	}
	// One that exists is not opened: to close it would let go of the locks that
	// this process may have on it (fcntl(2)).
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) //nolint:gosec // whoever opens the store says where
	if err == nil {
		err = file.Close()
	}
	if err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("create database: %w", err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm", path + "-journal"} {
		if err := os.Chmod(name, 0o600); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("close data folder to others: %w", err)
		}
	}
	return nil
}

// scrubDelay is how long what was deleted may stay in the journal. To empty it
// waits for the disk, which nobody who sends has to do at every deletion.
const scrubDelay = 250 * time.Millisecond

// scrubSoon has the journal emptied of what was deleted. A process that dies
// before leaves it to the next Open.
func (db *DB) scrubSoon() {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.hasJournal && !db.scrubs {
		db.scrubs = true
		time.AfterFunc(scrubDelay, db.scrub)
	}
}

// scrub empties the journal, which has the pages of the database as they were
// when something that is now deleted stood on them. It fails when the disk is
// full, and then the next one does it, or when the store was closed, which empties
// the journal as well.
func (db *DB) scrub() {
	db.mu.Lock()
	db.scrubs = false
	db.mu.Unlock()
	_, _ = db.sql.ExecContext(context.Background(), `PRAGMA wal_checkpoint(TRUNCATE)`)
}

// OpenMemory opens a store that is gone once it is closed, for tests.
func OpenMemory() (*DB, error) {
	db, err := open(":memory:")
	if err != nil {
		return nil, fmt.Errorf("open store in memory: %w", err)
	}
	return db, nil
}

// Bind says what the data folder's records are about, such as the Notion and the
// database that they have ids of. The first to say so decides: it returns what was
// said then.
func (db *DB) Bind(ctx context.Context, name string) (bound string, err error) {
	err = db.transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO owner (one, name) VALUES (1, ?) ON CONFLICT DO NOTHING`, name); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT name FROM owner`).Scan(&bound)
	})
	if err != nil {
		return "", fmt.Errorf("bind data folder: %w", err)
	}
	return bound, nil
}

// Close releases the folder. Receives still waiting fail.
func (db *DB) Close() error {
	close(db.closing)
	db.watchers.Wait()
	err := db.sql.Close()
	db.notify()
	if db.lock != nil {
		err = errors.Join(err, db.lock.Close())
	}
	if err != nil {
		return fmt.Errorf("close data folder: %w", err)
	}
	return nil
}

// schema is of version 1. AUTOINCREMENT never gives a sequence number twice,
// even after the message that had the highest one is deleted. All times are
// nanoseconds since 1970.
const schema = `
CREATE TABLE IF NOT EXISTS messages (
	sequence      INTEGER PRIMARY KEY AUTOINCREMENT,
	queue         TEXT NOT NULL,
	id            TEXT NOT NULL,
	message_group TEXT NOT NULL,
	deduplication TEXT NOT NULL,
	body          TEXT NOT NULL,
	attributes    TEXT NOT NULL,
	sent_at       INTEGER NOT NULL,
	visible_at    INTEGER NOT NULL,
	receives      INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS messages_in_order ON messages (queue, sequence);
CREATE INDEX IF NOT EXISTS messages_in_flight ON messages (queue, message_group, visible_at);
CREATE INDEX IF NOT EXISTS messages_by_id ON messages (id);

CREATE TABLE IF NOT EXISTS deduplication (
	queue TEXT NOT NULL,
	id    TEXT NOT NULL,
	until INTEGER NOT NULL,
	PRIMARY KEY (queue, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS runs (
	id          TEXT PRIMARY KEY,
	run_id      TEXT NOT NULL,
	row_id      TEXT NOT NULL,
	accepted_at INTEGER NOT NULL,
	version     INTEGER NOT NULL,
	record      TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS runs_by_time ON runs (accepted_at);
CREATE INDEX IF NOT EXISTS runs_by_run_id ON runs (run_id, accepted_at);
CREATE UNIQUE INDEX IF NOT EXISTS runs_by_row_id ON runs (row_id) WHERE row_id <> '';

CREATE TABLE IF NOT EXISTS owner (
	one  INTEGER PRIMARY KEY CHECK (one = 1),
	name TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS halt (
	one    INTEGER PRIMARY KEY CHECK (one = 1),
	record TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS pause (
	one    INTEGER PRIMARY KEY CHECK (one = 1),
	record TEXT NOT NULL
) STRICT;
`

func open(dsn string) (*DB, error) {
	pool, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	// One connection: a store in memory lives and dies with it, and SQLite writes
	// one transaction at a time anyway.
	pool.SetMaxOpenConns(1)
	db := &DB{sql: pool, closing: make(chan struct{}), changed: make(chan struct{})}
	err = db.transact(context.Background(), func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, schema); err != nil {
			return fmt.Errorf("create tables: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return db, nil
}

// begin does what only the process that has the folder may do.
func (db *DB) begin() error {
	err := db.transact(context.Background(), func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM runs WHERE accepted_at <= ?`, oldest()); err != nil {
			return fmt.Errorf("delete expired runs: %w", err)
		}
		return release(ctx, tx)
	})
	if err != nil {
		return errors.Join(err, db.sql.Close())
	}
	return nil
}

// othersEvery is how often it is looked whether another process has changed the
// folder: an operator's, who would not notice a shorter time.
const othersEvery = 250 * time.Millisecond

// watchOthers wakes the waiting Receives when another process has changed the
// folder.
func (db *DB) watchOthers() {
	ticker := time.NewTicker(othersEvery)
	defer ticker.Stop()
	var last int64
	for {
		select {
		case <-db.closing:
			return
		case <-ticker.C:
		}
		var version int64
		// A version that cannot be read now can be the next time.
		if err := db.sql.QueryRowContext(context.Background(), `PRAGMA data_version`).Scan(&version); err == nil && version != last {
			last = version
			db.notify()
		}
	}
}

// release brings back the messages that the process before this one had in
// flight. SQS has to wait for their visibility timeout, as it cannot know; here
// the folder's lock proves that nobody works on them any more.
func release(ctx context.Context, tx *sql.Tx) error {
	now := time.Now().UnixNano()
	if _, err := tx.ExecContext(ctx, `UPDATE messages SET visible_at = ? WHERE receives > 0 AND visible_at > ?`, now, now); err != nil {
		return fmt.Errorf("release messages in flight: %w", err)
	}
	return nil
}

// oldest is when a run that expires now was accepted.
func oldest() int64 { return time.Now().Add(-runs.Retention).UnixNano() }

// transact runs f in a transaction. Transactions take microseconds, so a ctx
// that ends keeps one from starting but does not interrupt it: whether it was
// committed is then never in doubt.
func (db *DB) transact(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	tx, err := db.sql.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	if err := f(ctx, tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit transaction: %w", err)
	}
	return nil
}

// watch returns a channel that is closed at the next change of any queue.
func (db *DB) watch() <-chan struct{} {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.changed
}

// notify wakes every waiting Receive. There are a handful of them, so one
// signal for all queues is enough.
func (db *DB) notify() {
	db.mu.Lock()
	defer db.mu.Unlock()
	close(db.changed)
	db.changed = make(chan struct{})
}
