package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// errClosed is the answer of a store that was closed.
var errClosed = errors.New("the data folder is closed")

// A commit waits for the disk, and all that wait for the same commit wait once: who
// comes while one is under way finds others waiting, and one of them commits what
// all of them want. So the store needs no pause to gather work, and one who is
// alone is not kept waiting for others.

// operation is what one caller wants done in a transaction.
type operation struct {
	ctx  context.Context //nolint:containedctx // the caller's, who waits
	do   func(context.Context, *transaction) error
	done chan error // of the transaction that it was part of
}

// transact runs f in a transaction, and returns when what it did cannot be lost any
// more. Other callers' operations may be in the same transaction, before and after
// it; when f fails, only what f did is undone. When the transaction fails, all of
// them have, also those that failed by themselves: they may have done so because
// of one that is undone. A ctx that ends keeps f from starting but does not
// interrupt it: whether it was committed is then never in doubt.
func (db *DB) transact(ctx context.Context, f func(context.Context, *transaction) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	o := &operation{ctx: ctx, do: f, done: make(chan error, 1)}
	db.mu.Lock()
	db.waiting = append(db.waiting, o)
	db.mu.Unlock()
	select {
	case err := <-o.done:
		return err
	case <-db.closing:
		select {
		case err := <-o.done:
			return err
		default:
			return errClosed
		}
	case db.turn <- struct{}{}:
	}
	defer func() { <-db.turn }()
	select {
	case err := <-o.done: // before it was our turn
		return err
	default:
	}
	db.mu.Lock()
	group := db.waiting
	db.waiting = nil
	db.mu.Unlock()
	db.commit(group)
	return <-o.done
}

// alone runs f between transactions. It does nothing once the store is closed.
func (db *DB) alone(f func(*sql.Conn)) {
	select {
	case <-db.closing:
	case db.turn <- struct{}{}:
		f(db.conn)
		<-db.turn
	}
}

// commit does the operations of a group in one transaction.
func (db *DB) commit(group []*operation) {
	results := make([]error, len(group))
	err := db.together(group, results)
	for i, o := range group {
		if err != nil {
			o.done <- err
			continue
		}
		o.done <- results[i]
	}
}

// together does them, and says what became of each.
func (db *DB) together(group []*operation, results []error) error {
	ctx, tx := context.Background(), &transaction{db}
	if _, err := tx.ExecContext(ctx, `BEGIN IMMEDIATE`); err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	for i, o := range group {
		if results[i] = o.ctx.Err(); results[i] != nil {
			continue
		}
		var err error
		if len(group) > 1 {
			results[i], err = tx.apart(o)
		} else { // there is nobody whose work is to be kept
			err = o.do(context.WithoutCancel(o.ctx), tx)
		}
		if err != nil {
			_, _ = tx.ExecContext(ctx, `ROLLBACK`) // unless SQLite has done so
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `COMMIT`); err != nil {
		_, _ = tx.ExecContext(ctx, `ROLLBACK`)
		return fmt.Errorf("commit transaction: %w", err)
	}
	return nil
}

// transaction is one that is under way.
type transaction struct{ db *DB }

// apart does an operation, and undoes it alone when it fails. An error of its own
// is one of the whole transaction: SQLite ends that by itself when the disk is full,
// for one, and what came after would be no part of it.
func (tx *transaction) apart(o *operation) (result, err error) {
	ctx := context.WithoutCancel(o.ctx)
	if _, err := tx.ExecContext(ctx, `SAVEPOINT operation`); err != nil {
		return nil, fmt.Errorf("begin operation: %w", err)
	}
	if result = o.do(ctx, tx); result != nil {
		if _, err := tx.ExecContext(ctx, `ROLLBACK TO operation`); err != nil {
			return nil, errors.Join(result, fmt.Errorf("undo operation: %w", err))
		}
	}
	if _, err := tx.ExecContext(ctx, `RELEASE operation`); err != nil {
		return nil, fmt.Errorf("end operation: %w", err)
	}
	return result, nil
}

// statement is the query, prepared once for the life of the store.
func (tx *transaction) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if s := tx.db.statements[query]; s != nil {
		return s, nil
	}
	s, err := tx.db.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	tx.db.statements[query] = s
	return s, nil
}

// ExecContext is that of sql.Tx.
func (tx *transaction) ExecContext(ctx context.Context, query string, arguments ...any) (sql.Result, error) {
	s, err := tx.statement(ctx, query) //nolint:sqlclosecheck // Close does
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, arguments...)
}

// QueryContext is that of sql.Tx.
func (tx *transaction) QueryContext(ctx context.Context, query string, arguments ...any) (*sql.Rows, error) {
	s, err := tx.statement(ctx, query) //nolint:sqlclosecheck // Close does
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, arguments...)
}

// QueryRowContext is that of sql.Tx.
func (tx *transaction) QueryRowContext(ctx context.Context, query string, arguments ...any) row {
	s, err := tx.statement(ctx, query) //nolint:sqlclosecheck // Close does
	if err != nil {
		return row{err: err}
	}
	return row{Row: s.QueryRowContext(ctx, arguments...)}
}

// row is an sql.Row, or why there is none.
type row struct {
	*sql.Row

	err error
}

func (r row) Scan(into ...any) error {
	if r.err != nil {
		return r.err
	}
	return r.Row.Scan(into...)
}
