package embedded

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

const (
	// keepEvery is how long the journal may grow, and how late it is noticed that
	// another process has changed the folder.
	keepEvery = 250 * time.Millisecond
	// emptyEvery is how long what was deleted may stay in the journal while others
	// go on writing; when they stop it is gone at the next look. A commit that is
	// written over the journal takes the disk and the processor a third less than
	// one that the file has to grow for.
	emptyEvery = 2 * time.Second
)

// keep does what nobody who sends or receives should wait for.
func (db *DB) keep() {
	ticker := time.NewTicker(keepEvery)
	defer ticker.Stop()
	var last state
	emptied := time.Now()
	kept, empty := true, true
	for {
		select {
		case <-db.closing:
			return
		case <-ticker.C:
		}
		now := db.state()
		if now.others != last.others {
			db.notifyAll()
		}
		quiet := now == last
		kept, empty = kept && quiet, empty && quiet
		switch {
		case !empty && (quiet || time.Since(emptied) >= emptyEvery):
			empty = db.checkpoint(emptying)
			kept, emptied = empty, time.Now()
		case !kept:
			kept = db.checkpoint(reusing)
		}
		last = now
	}
}

// state tells versions of the folder apart: how much this process has changed, and a
// number that is another one whenever another process has changed something.
type state struct{ own, others int64 }

// state reads it. One that cannot be read now is another one, which does no harm.
func (db *DB) state() (s state) {
	ctx := context.Background()
	db.alone(func(conn *sql.Conn) {
		_ = conn.QueryRowContext(ctx, `SELECT total_changes()`).Scan(&s.own)
		_ = conn.QueryRowContext(ctx, `PRAGMA data_version`).Scan(&s.others)
	})
	return s
}

// What becomes of the journal at a checkpoint, in SQLite's words.
const (
	reusing  = "RESTART"  // what comes next is written over it
	emptying = "TRUNCATE" // it holds nothing any more
)

// checkpoint brings what is in the journal into the database. The journal has the
// pages as they were when something that is now deleted stood on them, until it is
// emptied; a process that dies before leaves that to the next Open.
//
// Nearly all of it is done by a connection of its own while others write. What they
// have written meanwhile is little, and only for that they are kept waiting. It
// reports false where there is more to do: the disk is full, or an operator reads,
// for whom nobody waits.
func (db *DB) checkpoint(journal string) (done bool) {
	ctx := context.Background()
	var busy, frames, moved int64
	if db.checkpoints.QueryRowContext(ctx, `PRAGMA wal_checkpoint(PASSIVE)`).Scan(&busy, &frames, &moved) != nil {
		return false
	}
	db.alone(func(conn *sql.Conn) {
		if _, err := conn.ExecContext(ctx, `PRAGMA busy_timeout = 0`); err != nil {
			return
		}
		err := conn.QueryRowContext(ctx, `PRAGMA wal_checkpoint(`+journal+`)`).Scan(&busy, &frames, &moved)
		done = err == nil && busy == 0
		_, _ = conn.ExecContext(ctx, fmt.Sprintf(`PRAGMA busy_timeout = %d`, patience.Milliseconds()))
	})
	return done
}
