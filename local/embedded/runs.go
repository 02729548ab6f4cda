package embedded

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
)

// Runs is the run record of one machine. Expired records count as absent and
// are deleted at the next Open.
type Runs struct {
	db *DB
}

// Runs gives access to the run record.
func (db *DB) Runs() *Runs { return &Runs{db: db} }

// Create stores a new run, which owns no row yet, as version 1. When there is
// a record with its id, that record is returned instead and created is false.
func (r *Runs) Create(ctx context.Context, run runs.Run) (stored runs.Run, created bool, err error) {
	return r.create(ctx, run, func(context.Context, *transaction) error { return nil })
}

// CreateAndSend is Create and, where that creates a record, Send in one: either
// both are durable or neither has happened.
func (r *Runs) CreateAndSend(ctx context.Context, run runs.Run, q *Queue, m queue.Outgoing) (stored runs.Run, created bool, err error) {
	send, err := q.sending(m)
	if err != nil {
		return runs.Run{}, false, fmt.Errorf("send message to %s: %w", q.name, err)
	}
	if stored, created, err = r.create(ctx, run, send); created {
		r.db.notify(q.name)
	}
	return stored, created, err
}

// create stores a run, and does what goes with a new one.
func (r *Runs) create(ctx context.Context, run runs.Run, also func(context.Context, *transaction) error) (stored runs.Run, created bool, err error) {
	if run.RowID != "" {
		return runs.Run{}, false, fmt.Errorf("create run %s: it has row %s already", run.ReportID, run.RowID)
	}
	run.Version = 1
	record, err := json.Marshal(run)
	if err != nil {
		return runs.Run{}, false, fmt.Errorf("create run %s: encode record: %w", run.ReportID, err)
	}
	err = r.db.transact(ctx, func(ctx context.Context, tx *transaction) error {
		// The only record that may be replaced has expired.
		result, err := tx.ExecContext(ctx, `
			INSERT INTO runs (id, run_id, row_id, accepted_at, version, record) VALUES (?, ?, '', ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET run_id = excluded.run_id, row_id = excluded.row_id,
				accepted_at = excluded.accepted_at, version = excluded.version, record = excluded.record
			WHERE accepted_at <= ?`,
			run.ReportID, run.ResearchRunID, run.AcceptedAt.UnixNano(), run.Version, string(record), oldest())
		if err != nil {
			return err
		}
		inserted, err := result.RowsAffected()
		if err != nil {
			return err
		}
		if inserted == 0 {
			stored, err = find(ctx, tx, `id = ?`, run.ReportID)
			return err
		}
		stored, created = run, true
		return also(ctx, tx)
	})
	if err != nil {
		return runs.Run{}, false, fmt.Errorf("create run %s: %w", run.ReportID, err)
	}
	return stored, created, nil
}

// Get reads the run with that id, or returns runs.ErrNotFound.
func (r *Runs) Get(ctx context.Context, id string) (runs.Run, error) {
	run, err := r.read(ctx, `id = ?`, id)
	if err != nil {
		return runs.Run{}, fmt.Errorf("get run %s: %w", id, err)
	}
	return run, nil
}

// Latest reads the run that was accepted last of those with the caller's
// research run id, or returns runs.ErrNotFound.
func (r *Runs) Latest(ctx context.Context, runID string) (runs.Run, error) {
	run, err := r.read(ctx, `run_id = ? AND run_id <> ''`, runID)
	if err != nil {
		return runs.Run{}, fmt.Errorf("get latest run of %s: %w", runID, err)
	}
	return run, nil
}

// Save stores the run and counts its version up. It returns runs.ErrStale, and
// leaves run as it was, when the record has another version or is gone, and
// runs.ErrRowTaken when the run's row belongs to another one.
func (r *Runs) Save(ctx context.Context, run *runs.Run) error {
	next := *run
	next.Version++
	record, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("save run %s: encode record: %w", run.ReportID, err)
	}
	err = r.db.transact(ctx, func(ctx context.Context, tx *transaction) error {
		result, err := tx.ExecContext(ctx, `UPDATE runs SET row_id = ?, version = ?, record = ? WHERE id = ? AND version = ?`,
			next.RowID, next.Version, string(record), run.ReportID, run.Version)
		if failure := (*sqlite.Error)(nil); errors.As(err, &failure) && failure.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE {
			return fmt.Errorf("row %s: %w", run.RowID, runs.ErrRowTaken)
		}
		if err != nil {
			return err
		}
		if changed, err := result.RowsAffected(); changed > 0 || err != nil {
			return err
		}
		return runs.ErrStale
	})
	if err != nil {
		return fmt.Errorf("save run %s: %w", run.ReportID, err)
	}
	run.Version = next.Version
	return nil
}

// OwnerOf returns the id of the run whose row that is, or "" when it is
// nobody's.
func (r *Runs) OwnerOf(ctx context.Context, rowID string) (string, error) {
	run, err := r.read(ctx, `row_id = ? AND row_id <> ''`, rowID)
	if errors.Is(err, runs.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find owner of row %s: %w", rowID, err)
	}
	return run.ReportID, nil
}

// LastAccepted returns when the newest run was accepted, or the zero time.
func (r *Runs) LastAccepted(ctx context.Context) (time.Time, error) {
	var at sql.NullInt64
	err := r.db.transact(ctx, func(ctx context.Context, tx *transaction) error {
		return tx.QueryRowContext(ctx, `SELECT max(accepted_at) FROM runs`).Scan(&at)
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("get time of the last report: %w", err)
	}
	if !at.Valid {
		return time.Time{}, nil
	}
	return time.Unix(0, at.Int64), nil
}

// Halt returns the halt that was set last, the zero one if none was.
func (r *Runs) Halt(ctx context.Context) (halt runs.Halt, err error) {
	if err := r.signal(ctx, `SELECT record FROM halt`, &halt); err != nil {
		return runs.Halt{}, fmt.Errorf("get halt: %w", err)
	}
	return halt, nil
}

// SetHalt stores the halt of all runs. The zero Halt ends it.
func (r *Runs) SetHalt(ctx context.Context, halt runs.Halt) error {
	err := r.setSignal(ctx, `INSERT INTO halt (one, record) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET record = excluded.record`, halt)
	if err != nil {
		return fmt.Errorf("set halt: %w", err)
	}
	return nil
}

// Pause returns the pause that was set last, the zero one if none was.
func (r *Runs) Pause(ctx context.Context) (pause runs.Pause, err error) {
	if err := r.signal(ctx, `SELECT record FROM pause`, &pause); err != nil {
		return runs.Pause{}, fmt.Errorf("get pause: %w", err)
	}
	return pause, nil
}

// SetPause stores the pause of all runs. The zero Pause ends it.
func (r *Runs) SetPause(ctx context.Context, pause runs.Pause) error {
	err := r.setSignal(ctx, `INSERT INTO pause (one, record) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET record = excluded.record`, pause)
	if err != nil {
		return fmt.Errorf("set pause: %w", err)
	}
	return nil
}

// signal reads what concerns all runs into record, which stays as it is where
// nothing was stored.
func (r *Runs) signal(ctx context.Context, query string, record any) error {
	var encoded string
	err := r.db.transact(ctx, func(ctx context.Context, tx *transaction) error {
		return tx.QueryRowContext(ctx, query).Scan(&encoded)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(encoded), record)
}

func (r *Runs) setSignal(ctx context.Context, statement string, record any) error {
	encoded, err := json.Marshal(record)
	if err != nil {
		return err
	}
	return r.db.transact(ctx, func(ctx context.Context, tx *transaction) error {
		_, err := tx.ExecContext(ctx, statement, string(encoded))
		return err
	})
}

// List returns the newest runs that the query asks for, newest first.
func (r *Runs) List(ctx context.Context, q runs.Query) (list []runs.Run, err error) {
	since := oldest()
	if q.Since.After(time.Unix(0, since)) {
		since = q.Since.UnixNano()
	}
	before := int64(math.MaxInt64)
	if !q.Before.IsZero() {
		before = q.Before.UnixNano()
	}
	err = r.db.transact(ctx, func(ctx context.Context, tx *transaction) error {
		rows, err := tx.QueryContext(ctx, `
			SELECT record FROM runs WHERE accepted_at >= ? AND accepted_at < ? AND (? = '' OR record ->> 'status' = ?) ORDER BY accepted_at DESC LIMIT ?`,
			since, before, q.Status, q.Status, q.Limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var record string
			if err := rows.Scan(&record); err != nil {
				return err
			}
			var run runs.Run
			if err := json.Unmarshal([]byte(record), &run); err != nil {
				return fmt.Errorf("decode record: %w", err)
			}
			list = append(list, run)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	return list, nil
}

func (r *Runs) read(ctx context.Context, condition string, argument any) (run runs.Run, err error) {
	err = r.db.transact(ctx, func(ctx context.Context, tx *transaction) error {
		run, err = find(ctx, tx, condition, argument)
		return err
	})
	return run, err
}

// find reads the newest run that meets the condition and has not expired.
func find(ctx context.Context, tx *transaction, condition string, argument any) (runs.Run, error) {
	var (
		record string
		run    runs.Run
	)
	err := tx.QueryRowContext(ctx, `SELECT record FROM runs WHERE `+condition+` AND accepted_at > ? ORDER BY accepted_at DESC LIMIT 1`,
		argument, oldest()).Scan(&record)
	if errors.Is(err, sql.ErrNoRows) {
		return runs.Run{}, runs.ErrNotFound
	}
	if err != nil {
		return runs.Run{}, err
	}
	if err := json.Unmarshal([]byte(record), &run); err != nil {
		return runs.Run{}, fmt.Errorf("decode record: %w", err)
	}
	return run, nil
}
