// Package research reads what the research platform has stored in its
// PostgreSQL database: accounts, and the posts and quotes of a run. It never
// writes.
//
// Every question gets a connection of its own, and there is one at a time. A
// Lambda function is frozen between two invocations, and what it kept open is
// then as often dead as alive; the pooler in front of the database keeps the
// real connections anyway.
package research

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"notionrelay/shared/report"
)

// limit is the time that connecting may take, and that a statement may take
// with all of its rows.
const limit = 5 * time.Second

// DB is the research database. Its methods may be called from several
// goroutines, which then wait for one another.
type DB struct {
	config *pgx.ConnConfig
	turn   chan struct{} // holds a value while a question is being asked
	limit  time.Duration
}

// Open takes a connection string, a URL or keywords and values as libpq
// defines them, and asks nothing of the database yet. The error of one that
// cannot be read does not repeat its password.
func Open(url string) (*DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errAddress // pgx's own may repeat a part of the password
	}
	// A pooler in transaction mode, such as Supabase's on port 6543, may give
	// each transaction another server: no statement can be prepared for later
	// (https://supabase.com/docs/guides/database/connecting-to-postgres).
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.StatementCacheCapacity, config.DescriptionCacheCapacity = 0, 0
	return &DB{config: config, turn: make(chan struct{}, 1), limit: limit}, nil
}

var errAddress = errors.New("the address of the research database cannot be read: it is a URL such as postgres://user@host:5432/name?sslmode=require, " +
	"in which other characters than letters and digits of a password are percent-encoded, or keywords and values as libpq defines them")

// Account is what is known of a client. Fields that nobody filled are empty.
type Account struct {
	CompanyName string
	ContactName string
	Email       string
	Website     string
	Description string
	Industry    string
}

// Account finds the account with that id, else the account of the run. An id
// that is no UUID belongs to nobody.
func (db *DB) Account(ctx context.Context, accountID, runID string) (a Account, found bool, err error) {
	account, run := parse(accountID), parse(runID)
	if account == nil && run == nil {
		return a, false, nil
	}
	err = db.ask(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `
			SELECT coalesce(company_name, ''), coalesce(contact_name, ''), coalesce(email, ''),
				coalesce(website_url, ''), coalesce(company_description, ''), coalesce(industry, '')
			FROM accounts
			WHERE account_id = $1::uuid OR account_id = (SELECT account_id FROM runs WHERE run_id = $2::uuid)
			ORDER BY account_id = $1::uuid DESC NULLS LAST
			LIMIT 1`, account, run,
		).Scan(&a.CompanyName, &a.ContactName, &a.Email, &a.Website, &a.Description, &a.Industry)
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Account{}, false, nil
	case err != nil:
		return Account{}, false, fmt.Errorf("find account %q of run %q: %w", accountID, runID, err)
	}
	return a, true, nil
}

// Statistics counts the posts and quotes of a run. A run of which nothing is
// stored has no statistics, and neither has one whose id is no UUID.
func (db *DB) Statistics(ctx context.Context, runID string) (s report.Statistics, found bool, err error) {
	run := parse(runID)
	if run == nil {
		return s, false, nil
	}
	err = db.ask(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `
			SELECT (SELECT count(*) FROM posts WHERE run_id = $1::uuid),
				(SELECT count(*) FROM quotes WHERE run_id = $1::uuid)`, run,
		).Scan(&s.Posts, &s.Quotes)
	})
	if err != nil {
		return report.Statistics{}, false, fmt.Errorf("count posts and quotes of run %q: %w", runID, err)
	}
	return s, s != (report.Statistics{}), nil
}

// Quotes reads all quotes of a run as they are stored, the most relevant
// first. A run whose id is no UUID has none. An error never comes with quotes.
func (db *DB) Quotes(ctx context.Context, runID string) (quotes []report.Quote, err error) {
	run := parse(runID)
	if run == nil {
		return nil, nil
	}
	err = db.ask(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, quotesOfRun, run)
		if err != nil {
			return err
		}
		quotes, err = pgx.CollectRows(rows, quote)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read quotes of run %q: %w", runID, err)
	}
	return quotes, nil
}

// quotesOfRun writes times itself, since to_char makes NULL of the infinity
// that timestamptz allows and time.Time does not.
const quotesOfRun = `
	SELECT coalesce(q.text, ''), coalesce(q.category, ''), coalesce(q.sentiment, ''), coalesce(q.theme, ''),
		q.relevance_score::float8, coalesce(q.relevance_justification, ''),
		coalesce(p.url, ''), coalesce(p.subreddit, ''), coalesce(q.post_id::text, ''),
		coalesce(to_char(q.inserted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), '')
	FROM quotes AS q LEFT JOIN posts AS p ON p.post_id = q.post_id
	WHERE q.run_id = $1::uuid
	ORDER BY q.relevance_score DESC NULLS LAST, q.quote_id`

func quote(row pgx.CollectableRow) (q report.Quote, err error) {
	err = row.Scan(&q.Text, &q.Category, &q.Sentiment, &q.Theme, &q.RelevanceScore, &q.Justification,
		&q.URL, &q.Subreddit, &q.PostID, &q.Date)
	return q, err
}

// parse gives a UUID its usual form, and nil for what is none: as a parameter
// that is NULL, which equals nothing.
func parse(id string) *string {
	if uuid.Validate(id) != nil {
		return nil
	}
	id = uuid.MustParse(id).String()
	return &id
}

// ask waits for its turn, connects, and asks.
func (db *DB) ask(ctx context.Context, question func(context.Context, *pgx.Conn) error) error {
	select {
	case db.turn <- struct{}{}:
		defer func() { <-db.turn }()
	case <-ctx.Done():
		return fmt.Errorf("wait for the connection: %w", ctx.Err())
	}
	conn, err := db.connect(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, db.limit)
	defer cancel()
	defer conn.Close(ctx)
	return question(ctx, conn)
}

// connect bounds the whole of connecting: pgx's own limit counts anew for each
// address of the host, and for each with and without TLS.
func (db *DB) connect(ctx context.Context) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, db.limit)
	defer cancel()
	return pgx.ConnectConfig(ctx, db.config)
}
