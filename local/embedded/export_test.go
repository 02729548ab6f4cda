package embedded

import (
	"context"
	"database/sql"
)

// SetSynchronous makes commits wait for the disk, or not.
func (db *DB) SetSynchronous(mode string) error {
	err := errClosed
	db.alone(func(conn *sql.Conn) {
		_, err = conn.ExecContext(context.Background(), `PRAGMA synchronous = `+mode)
	})
	return err
}

// Transact is transact, for statements of the test's own.
func (db *DB) Transact(ctx context.Context, f func(exec func(string) error) error) error {
	return db.transact(ctx, func(ctx context.Context, tx *transaction) error {
		return f(func(statement string) error {
			_, err := tx.ExecContext(ctx, statement)
			return err
		})
	})
}
