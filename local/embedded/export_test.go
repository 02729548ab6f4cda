package embedded

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
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

// Texts are the rows of a query for one text.
func (db *DB) Texts(ctx context.Context, query string) (texts []string, err error) {
	err = db.transact(ctx, func(ctx context.Context, tx *transaction) error {
		rows, err := tx.QueryContext(ctx, query)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				return err
			}
			texts = append(texts, text)
		}
		return rows.Err()
	})
	return texts, err
}

// Plans are what SQLite does for each statement that was made so far, in the
// alphabet's order.
func (db *DB) Plans(ctx context.Context) (string, error) {
	var plans strings.Builder
	err := db.transact(ctx, func(ctx context.Context, _ *transaction) error {
		for _, statement := range slices.Sorted(maps.Keys(db.statements)) {
			if err := explain(ctx, db.conn, statement, &plans); err != nil {
				return fmt.Errorf("explain %s: %w", statement, err)
			}
		}
		return nil
	})
	return plans.String(), err
}

func explain(ctx context.Context, conn *sql.Conn, statement string, into io.Writer) error {
	var arguments []any
	for _, parameter := range regexp.MustCompile(`[?]|:[a-z]+`).FindAllString(statement, -1) {
		if name, named := strings.CutPrefix(parameter, ":"); named {
			arguments = append(arguments, sql.Named(name, nil))
		} else {
			arguments = append(arguments, nil)
		}
	}
	rows, err := conn.QueryContext(ctx, `EXPLAIN QUERY PLAN `+statement, arguments...)
	if err != nil {
		return err
	}
	defer rows.Close()
	title := strings.Join(strings.Fields(statement), " ") + "\n"
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			return err
		}
		fmt.Fprintf(into, "%s\t%s\n", title, detail)
		title = ""
	}
	return rows.Err()
}
