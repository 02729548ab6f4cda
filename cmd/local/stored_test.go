//go:build integration

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"notionrelay/shared/block"
	"notionrelay/shared/config"
	"notionrelay/shared/notion"
	"notionrelay/shared/quotes"
	"notionrelay/shared/report"
	"notionrelay/shared/research"
	"notionrelay/test/researchtest"
)

// A run of the size that production has seen: every quote that PostgreSQL
// holds is one row, however it is written.
func TestStoredQuotesBecomeRows(t *testing.T) {
	t.Parallel()
	server := researchtest.Start(t)
	stored := server.Fill(t, "run", 100, 864)
	damaged := storeDamagedRows(t, server, stored)

	env := quick
	env.Publisher.ResearchDatabaseURL = config.Secret(server.URL())
	r := start(t, env, t.TempDir())
	body, err := json.Marshal(map[string]string{"strategyReport": "# Plan", "email": "jane@salt-and-pepper.com", "runId": stored.ID})
	if err != nil {
		t.Fatal(err)
	}
	_, a := r.post(t, "/reports", body, "Prefer", "wait=25")
	r.complete(t, a)

	want := prepared(t, server, stored.ID)
	if len(want) != stored.Distinct+damaged {
		t.Fatalf("%d quotes are prepared of %d stored ones, %d of them different", len(want), stored.Quotes+damaged, stored.Distinct+damaged)
	}
	if diff := cmp.Diff(want, r.rows(t, a.Data.BrandedHomepageID)); diff != "" {
		t.Errorf("rows of the quotes database (-stored +written):\n%s", diff)
	}
	if whole := r.simulator.Tree(); strings.Contains(whole, "⏳") || !strings.Contains(whole, fmt.Sprintf("We analyzed %d posts and extracted %d valuable quotes", stored.Posts+damaged, len(want))) {
		t.Error("the homepage has a placeholder, or does not lead to the quotes")
	}
	stats := r.simulator.Stats()
	if stats.SchemaChanges != 0 || stats.Conflicts != 0 || stats.Overlaps != 0 || stats.MaxWrites != 1 {
		t.Errorf("got %d schema changes, %d conflicts, %d overlaps, %d writes at once", stats.SchemaChanges, stats.Conflicts, stats.Overlaps, stats.MaxWrites)
	}
}

// storeDamagedRows adds the rows, each with a post, that the predecessor wrote as "Invalid quote
// content".
func storeDamagedRows(t *testing.T, server *researchtest.Server, run researchtest.Run) int {
	t.Helper()
	file, err := os.ReadFile("../../testdata/quote-rows.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Text, Category, Sentiment, Theme string
		Post                             struct{ URL string }
	}
	if err := json.Unmarshal(file, &rows); err != nil || len(rows) != 2 {
		t.Fatal(len(rows), err)
	}
	for _, row := range rows {
		post := uuid.NewString()
		server.Exec(t, `INSERT INTO posts (post_id, run_id, url) VALUES ($1, $2, $3)`, post, run.ID, row.Post.URL)
		server.Exec(t, `INSERT INTO quotes (quote_id, post_id, run_id, text, category, sentiment, theme, relevance_score) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)`,
			uuid.NewString(), post, run.ID, row.Text, row.Category, row.Sentiment, row.Theme)
	}
	return len(rows)
}

// row is what identifies a quote: all of its text, and where it is from.
type row struct{ Text, Link string }

// prepared are the quotes of a run, ready to be written, in order.
func prepared(t *testing.T, server *researchtest.Server, runID string) []row {
	t.Helper()
	db, err := research.Open(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	found, err := db.Quotes(t.Context(), runID)
	if err != nil {
		t.Fatal(err)
	}
	return rowsOf(quotes.Prepare(found).Quotes)
}

func rowsOf(all []report.Quote) []row {
	rows := make([]row, len(all))
	for i, q := range all {
		rows[i] = row{q.Text, q.URL}
	}
	return rows
}

// rows reads the quotes database under a page, in the order of its writing.
func (r *running) rows(t *testing.T, homepageID string) []row {
	t.Helper()
	children, err := r.notion.Children(t.Context(), homepageID)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(children, func(c notion.Child) bool { return c.Kind == block.ChildDatabase })
	if i < 0 {
		t.Fatal("there is no quotes database")
	}
	written, err := r.notion.RowsSince(t.Context(), children[i].ID, "", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]row, len(written))
	for i, w := range written {
		rows[i] = row{w.Properties["Quote"] + r.rest(t, w), w.Properties["Reddit Link"]}
	}
	return rows
}

// rest is the text on a row's page.
func (r *running) rest(t *testing.T, w notion.Row) string {
	t.Helper()
	children, err := r.notion.Children(t.Context(), w.ID)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, c := range children {
		text.WriteString(c.Plain())
	}
	return text.String()
}
