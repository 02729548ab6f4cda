// Package embedded keeps the queues and the run record of one machine in one
// SQLite file. It behaves as Amazon SQS and DynamoDB do behind the same
// methods: the suites in test/queuetest and test/runstest run
// over both.
//
// What was acknowledged is on the disk: neither the death of the process nor a
// power cut takes it, as far as the disk does what it says. What was not
// acknowledged has happened as a whole or not at all.
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
	sql  *sql.DB
	lock *flock.Flock // of the folder; nil for one that is only attached

	// Whoever has put something into turn may use these.
	turn       chan struct{}
	conn       *sql.Conn
	statements map[string]*sql.Stmt
	forgot     time.Time // when deduplication ids were looked for that are over

	checkpoints *sql.DB       // of one connection
	closing     chan struct{} // closed by whoever has the turn, and keeps it
	keeper      sync.WaitGroup

	mu      sync.Mutex
	waiting []*operation
	owed    map[string]settlement    // by the delivery's receipt
	changed map[string]chan struct{} // by the queue's name: closed, and removed, whenever it has changed
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
	lock := lockOf(path)
	ctx, cancel := context.WithTimeout(context.Background(), leaving)
	defer cancel()
	switch locked, err := lock.TryLockContext(ctx, leaving/10); {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("open data folder %s: another process is using it: stop that one, or give another folder", dir)
	case err != nil || !locked:
		return nil, fmt.Errorf("lock data folder %s: %w", dir, err)
	}
	db, err := open(address(path, patience))
	if err == nil {
		err = db.begin()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open data folder %s: %w", dir, err), lock.Close())
	}
	db.lock = lock
	db.checkpoint(emptying)
	db.keeper.Go(db.keep)
	return db, nil
}

// leaving is how long a process is waited for that is just going.
const leaving = 200 * time.Millisecond

func lockOf(path string) *flock.Flock {
	return flock.New(filepath.Join(filepath.Dir(path), "relay.lock"), flock.SetPermissions(0o600))
}

// InUse tells whether a process has opened the data folder dir.
func InUse(dir string) (bool, error) {
	lock := lockOf(filepath.Join(dir, "relay.db"))
	free, err := lock.TryRLock()
	if err == nil {
		err = lock.Close()
	}
	if err != nil {
		return false, fmt.Errorf("see who uses data folder %s: %w", dir, err)
	}
	return !free, nil
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
	db, err := open(address(path, patienceOfOperators))
	if err != nil {
		return nil, fmt.Errorf("open data folder %s: %w", dir, err)
	}
	return db, nil
}

// How long one process waits for another's transaction. Who looks into a folder that
// is very busy gets his turn by luck, as SQLite has no queue, and waits for longer.
const (
	patience            = 5 * time.Second
	patienceOfOperators = time.Minute
)

// address is what SQLite is to open, and how.
//
// FULL waits for the disk at each commit, so that a power cut takes nothing of it.
// The journal goes into the database only when checkpoint says so, for that takes
// many times as long as a commit, and SQLite would do it in the midst of one.
//
// secure_delete overwrites with zeros what is deleted, and checkpoint empties the
// journal of it.
func address(path string, patience time.Duration) string {
	return (&url.URL{Scheme: "file", Path: path}).String() + fmt.Sprintf("?_pragma=busy_timeout(%d)", patience.Milliseconds()) +
		"&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=wal_autocheckpoint(0)&_pragma=secure_delete(ON)"
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
	err = db.transact(ctx, func(ctx context.Context, tx *transaction) error {
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

// Bound is what Bind was told first, or nothing.
func (db *DB) Bound(ctx context.Context) (bound string, err error) {
	err = db.transact(ctx, func(ctx context.Context, tx *transaction) error {
		return tx.QueryRowContext(ctx, `SELECT name FROM owner`).Scan(&bound)
	})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read what the data folder is bound to: %w", err)
	}
	return bound, nil
}

// Close releases the folder. Receives still waiting fail.
func (db *DB) Close() error {
	db.turn <- struct{}{}
	close(db.closing)
	db.keeper.Wait()
	// SQLite closes a connection, and with the last one removes the journal, once no
	// statement is left.
	var errs []error
	for _, s := range db.statements {
		errs = append(errs, s.Close())
	}
	err := errors.Join(append(errs, db.checkpoints.Close(), db.conn.Close(), db.sql.Close())...)
	db.notifyAll()
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
//
// Each index costs an acknowledgement a page of the journal, so a message that was
// sent to a FIFO queue is only in that of its order until it is received: it is
// hidden by nothing but a delivery, it has no receipt before, and nobody forgets its
// group. What tells it apart is its deduplication id, which a message of a standard
// queue has not; that of a dead letter is its own id.
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
CREATE INDEX IF NOT EXISTS messages_received ON messages (queue, receives) WHERE receives > 0;
CREATE INDEX IF NOT EXISTS messages_hidden ON messages (queue, visible_at) WHERE receives > 0;
CREATE INDEX IF NOT EXISTS messages_by_time ON messages (queue, visible_at) WHERE deduplication = '';
CREATE INDEX IF NOT EXISTS messages_by_group ON messages (queue, message_group) WHERE deduplication = '';
CREATE INDEX IF NOT EXISTS messages_delivered ON messages (id) WHERE receives > 0 OR deduplication = id;
-- Which folders of before have.
DROP INDEX IF EXISTS messages_in_flight;
DROP INDEX IF EXISTS messages_by_visibility;
DROP INDEX IF EXISTS messages_of_group;
DROP INDEX IF EXISTS messages_by_id;

CREATE TABLE IF NOT EXISTS deduplication (
	queue TEXT NOT NULL,
	id    TEXT NOT NULL,
	until INTEGER NOT NULL,
	PRIMARY KEY (queue, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS deduplication_by_end ON deduplication (until);

CREATE TABLE IF NOT EXISTS runs (
	id          TEXT PRIMARY KEY,
	run_id      TEXT NOT NULL,
	row_id      TEXT NOT NULL,
	accepted_at INTEGER NOT NULL,
	version     INTEGER NOT NULL,
	record      TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS runs_by_time ON runs (accepted_at);
CREATE INDEX IF NOT EXISTS runs_of_research ON runs (run_id, accepted_at) WHERE run_id <> '';
DROP INDEX IF EXISTS runs_by_run_id; -- as above
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
	conn, err := pool.Conn(context.Background())
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	checkpoints, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, errors.Join(err, conn.Close(), pool.Close())
	}
	checkpoints.SetMaxOpenConns(1)
	db := &DB{
		sql: pool, conn: conn, checkpoints: checkpoints, statements: map[string]*sql.Stmt{},
		turn: make(chan struct{}, 1), closing: make(chan struct{}), changed: map[string]chan struct{}{}, owed: map[string]settlement{},
	}
	err = db.transact(context.Background(), func(ctx context.Context, tx *transaction) error {
		if _, err := tx.ExecContext(ctx, schema); err != nil {
			return fmt.Errorf("create tables: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// begin does what only the process that has the folder may do.
func (db *DB) begin() error {
	err := db.transact(context.Background(), func(ctx context.Context, tx *transaction) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM runs WHERE accepted_at <= ?`, oldest()); err != nil {
			return fmt.Errorf("delete expired runs: %w", err)
		}
		return release(ctx, tx)
	})
	if err != nil {
		return errors.Join(err, db.Close())
	}
	return nil
}

// release brings back the messages that the process before this one had in
// flight. SQS has to wait for their visibility timeout, as it cannot know; here
// the folder's lock proves that nobody works on them any more.
func release(ctx context.Context, tx *transaction) error {
	now := time.Now().UnixNano()
	if _, err := tx.ExecContext(ctx, `UPDATE messages SET visible_at = ? WHERE receives > 0 AND visible_at > ?`, now, now); err != nil {
		return fmt.Errorf("release messages in flight: %w", err)
	}
	return nil
}

// oldest is when a run that expires now was accepted.
func oldest() int64 { return time.Now().Add(-runs.Retention).UnixNano() }

// watch returns a channel that is closed at the next change of the queue.
func (db *DB) watch(name string) <-chan struct{} {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.changed[name] == nil {
		db.changed[name] = make(chan struct{})
	}
	return db.changed[name]
}

// notify wakes every Receive that waits for the queue.
func (db *DB) notify(name string) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if changed := db.changed[name]; changed != nil {
		close(changed)
		delete(db.changed, name)
	}
}

// notifyAll wakes every waiting Receive.
func (db *DB) notifyAll() {
	db.mu.Lock()
	defer db.mu.Unlock()
	for _, changed := range db.changed {
		close(changed)
	}
	clear(db.changed)
}
