package researchtest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// schema is the research platform's, as far as it is known.
const schema = `
	CREATE TABLE accounts (
		account_id uuid PRIMARY KEY, company_name text, contact_name text, email text, website_url text,
		company_description text, industry text, is_active boolean DEFAULT true
	);
	CREATE TABLE runs (
		run_id uuid PRIMARY KEY, account_id uuid REFERENCES accounts, status text, user_question text, product_name text
	);
	CREATE TABLE posts (post_id uuid PRIMARY KEY, run_id uuid REFERENCES runs, url text, subreddit text, title text);
	CREATE TABLE quotes (
		quote_id uuid PRIMARY KEY, post_id uuid REFERENCES posts, run_id uuid REFERENCES runs, text text, category text,
		context text, sentiment text, theme text, relevance_score numeric, relevance_justification text,
		inserted_at timestamptz DEFAULT now()
	);`

// Run is a run that Fill has stored.
type Run struct {
	ID        string
	AccountID string
	Posts     int
	Quotes    int // as they are stored
	Distinct  int // by text and URL
}

// Fill stores an account and a run with so many posts and quotes. What the
// research really finds is among them: the same quote twice, fragments of
// markup, themes with commas and emoji, texts of 3,000 characters, quotes
// without a post, a score, a theme or a date. Runs of different names are
// different; the same name always gives the same rows.
func (s *Server) Fill(tb testing.TB, name string, posts, quotes int) Run {
	tb.Helper()
	id := func(kind string, i int) string {
		return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, name, kind, i)).String()
	}
	run := Run{ID: id("run", 0), AccountID: id("account", 0), Posts: posts, Quotes: quotes, Distinct: quotes}
	s.Exec(tb, `INSERT INTO accounts VALUES ($1, 'Salt & Pepper', 'Jane', 'jane@salt-and-pepper.com', 'https://salt-and-pepper.com', 'Makes spices.', 'Food')`, run.AccountID)
	s.Exec(tb, `INSERT INTO runs VALUES ($1, $2, 'done', 'What do cooks want?', 'Pepper')`, run.ID, run.AccountID)
	conn := s.Connect(tb)
	insert := func(table string, columns []string, rows int, row func(int) ([]any, error)) {
		tb.Helper()
		if _, err := conn.CopyFrom(tb.Context(), pgx.Identifier{table}, columns, pgx.CopyFromSlice(rows, row)); err != nil {
			tb.Fatal(err)
		}
	}
	insert("posts", []string{"post_id", "run_id", "url", "subreddit", "title"}, posts, func(i int) ([]any, error) {
		var address any = fmt.Sprintf("https://www.reddit.com/r/cooking/comments/%d/%s/", i, name)
		if i%10 == 9 {
			address = nil
		}
		return []any{id("post", i), run.ID, address, "cooking", fmt.Sprint("Post ", i)}, nil
	})
	columns := []string{"quote_id", "post_id", "run_id", "text", "category", "sentiment", "theme", "relevance_score", "relevance_justification", "inserted_at"}
	insert("quotes", columns, quotes, func(i int) ([]any, error) {
		of := original(i)
		if of != i {
			run.Distinct--
		}
		q := quoteOf(of)
		var post any
		if of%17 != 0 {
			post = id("post", of%posts)
		}
		return []any{id("quote", i), post, run.ID, q.text, q.category, q.sentiment, q.theme, q.score, q.justification, q.at}, nil
	})
	return run
}

// original is the quote that quote i repeats: itself, but for one of fifty.
func original(i int) int {
	if i%50 == 49 {
		return i - 25
	}
	return i
}

// stored is a row of quotes; nil is NULL.
type stored struct {
	text                                                 string
	category, sentiment, theme, score, justification, at any
}

func quoteOf(i int) stored {
	cycle := func(values ...any) any { return values[i%len(values)] }
	q := stored{
		text:          fmt.Sprintf("Quote %d: I want a < b, and 5 > 3 is \"fine\" 🌶️", i),
		category:      cycle("user_needs", "user_language", "feature_signals", "general", nil),
		sentiment:     cycle("positive", "negative", "neutral", "frustrated", "excited", "confused", nil),
		theme:         cycle("general", "pricing, cost", "Pricing, Cost", "😀 joy", "workflow", nil, strings.Repeat("long theme ", 12), "pain_point"),
		score:         cycle("0.95", "0.5", "0.125", "0", "1", nil),
		justification: cycle("It fits.", nil, strings.Repeat("Because. ", 300)),
		at:            cycle(time.Date(2025, 6, 27, 0, 36, i%60, 38294000, time.UTC), nil),
	}
	switch {
	case i < 2:
		q.text = fmt.Sprintf(">Looking for spices, case %d</indicator>\n  <indicator is_question_relevant=", i)
	case i%40 == 3:
		q.text = fmt.Sprintf("Long quote %d. ", i) + strings.Repeat("x", 3000)
		q.text = q.text[:3000]
	}
	return q
}
