//go:build integration

package research_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"notionrelay/shared/quotes"
	"notionrelay/shared/report"
	"notionrelay/shared/research"
	"notionrelay/test/researchtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const unknown = "00000000-0000-4000-8000-000000000000"

func open(t *testing.T, url string) *research.DB {
	t.Helper()
	db, err := research.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func TestPostgreSQL(t *testing.T) {
	t.Parallel()
	server := researchtest.Start(t)
	run, other := server.Fill(t, "run", 100, 864), server.Fill(t, "other", 3, 5)
	db := open(t, server.URL())

	t.Run("account", func(t *testing.T) { testAccount(t, server, db, run, other) })
	t.Run("statistics", func(t *testing.T) { testStatistics(t, db, run) })
	t.Run("quotes", func(t *testing.T) { testQuotes(t, db, run) })
	t.Run("odd values", func(t *testing.T) { testOddValues(t, server, db) })
	t.Run("many at once", func(t *testing.T) { testManyAtOnce(t, db, run) })
	t.Run("wrong password", func(t *testing.T) {
		testFailure(t, open(t, server.URLWithWrongPassword()), "password authentication failed")
	})
	t.Run("slow statement", func(t *testing.T) { testSlowStatement(t, server, db, run) })
	t.Run("missing table", func(t *testing.T) {
		server.Exec(t, `DROP TABLE quotes`)
		got, err := db.Quotes(t.Context(), run.ID)
		if err == nil || got != nil {
			t.Errorf("got %d quotes and error %v, want an error and no quotes", len(got), err)
		}
	})
}

func testAccount(t *testing.T, server *researchtest.Server, db *research.DB, run, other researchtest.Run) {
	server.Exec(t, `UPDATE accounts SET company_name = 'Other', contact_name = NULL, email = NULL, website_url = NULL, company_description = NULL, industry = NULL WHERE account_id = $1`, other.AccountID)
	salt := research.Account{CompanyName: "Salt & Pepper", ContactName: "Jane", Email: "jane@salt-and-pepper.com", Website: "https://salt-and-pepper.com", Description: "Makes spices.", Industry: "Food"}
	for _, tt := range []struct {
		name, account, run string
		want               research.Account
		found              bool
	}{
		{"by its id", run.AccountID, "", salt, true},
		{"by its id in capitals", strings.ToUpper(run.AccountID), "", salt, true},
		{"by the run", "", run.ID, salt, true},
		{"by the run if the id is no UUID", "acme", run.ID, salt, true},
		{"by the run if the id is unknown", unknown, run.ID, salt, true},
		{"by its id before the run", other.AccountID, run.ID, research.Account{CompanyName: "Other"}, true},
		{"unknown id", unknown, "", research.Account{}, false},
		{"unknown run", "", unknown, research.Account{}, false},
		{"no UUID", "1 OR true", "gumloop-multi-community-1750984579", research.Account{}, false},
		{"nothing", "", "", research.Account{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, found, err := db.Account(t.Context(), tt.account, tt.run)
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.want || found != tt.found {
				t.Errorf("got %+v, %t, want %+v, %t", got, found, tt.want, tt.found)
			}
		})
	}
}

func testStatistics(t *testing.T, db *research.DB, run researchtest.Run) {
	for id, want := range map[string]report.Statistics{
		run.ID:        {Posts: run.Posts, Quotes: run.Quotes},
		unknown:       {},
		"gumloop-123": {},
		"":            {},
	} {
		got, found, err := db.Statistics(t.Context(), id)
		if err != nil {
			t.Errorf("%q: %v", id, err)
		}
		if got != want || found != (want != report.Statistics{}) {
			t.Errorf("%q: got %+v, %t, want %+v", id, got, found, want)
		}
	}
}

func testQuotes(t *testing.T, db *research.DB, run researchtest.Run) {
	for _, id := range []string{unknown, "gumloop-multi-community-1750984579", ""} {
		if got, err := db.Quotes(t.Context(), id); err != nil || len(got) > 0 {
			t.Errorf("%q: got %d quotes and error %v, want none", id, len(got), err)
		}
	}
	got, err := db.Quotes(t.Context(), run.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != run.Quotes {
		t.Fatalf("got %d quotes, want %d", len(got), run.Quotes)
	}
	for i := 1; i < len(got); i++ {
		before, after := got[i-1].RelevanceScore, got[i].RelevanceScore
		if after != nil && (before == nil || *before < *after) {
			t.Fatalf("quote %d has a better score than the one before it", i)
		}
	}
	again, err := db.Quotes(t.Context(), run.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, again); diff != "" {
		t.Errorf("the order is not stable (-first +second):\n%s", diff)
	}
	prepared := quotes.Prepare(got)
	if len(prepared.Quotes) != run.Distinct || prepared.Skipped != 0 {
		t.Errorf("got %d quotes prepared and %d skipped, want %d and none", len(prepared.Quotes), prepared.Skipped, run.Distinct)
	}
	want := report.Quote{
		Text: "Looking for spices, case 1", Category: "user_language", Sentiment: "negative", Theme: "Pricing Cost", RelevanceScore: new(0.5),
		URL: "https://www.reddit.com/r/cooking/comments/1/run/", Subreddit: "cooking", Date: "",
	}
	for _, q := range prepared.Quotes {
		if q.Text == want.Text {
			want.PostID = q.PostID // which is made by the test's own table
			if diff := cmp.Diff(want, q); diff != "" {
				t.Errorf("quote (-want +got):\n%s", diff)
			}
			return
		}
	}
	t.Errorf("got no quote %q", want.Text)
}

// testOddValues reads what PostgreSQL's types allow and Go's do not.
func testOddValues(t *testing.T, server *researchtest.Server, db *research.DB) {
	run := server.Fill(t, "odd", 1, 1)
	server.Exec(t, `UPDATE quotes SET relevance_score = 'NaN', inserted_at = 'infinity', text = NULL WHERE run_id = $1`, run.ID)
	got, err := db.Quotes(t.Context(), run.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Date != "" || got[0].Text != "" {
		t.Errorf("got %+v, want one quote without text and date", got)
	}
}

func testManyAtOnce(t *testing.T, db *research.DB, run researchtest.Run) {
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if s, _, err := db.Statistics(t.Context(), run.ID); err != nil || s.Quotes != run.Quotes {
				t.Errorf("got %+v and error %v", s, err)
			}
		})
	}
	wait.Wait()
}

// testFailure asks everything of a database that cannot answer.
func testFailure(t *testing.T, db *research.DB, want string) {
	t.Helper()
	_, _, accountErr := db.Account(t.Context(), unknown, "")
	_, _, statisticsErr := db.Statistics(t.Context(), unknown)
	found, quotesErr := db.Quotes(t.Context(), unknown)
	if found != nil {
		t.Errorf("got quotes %v", found)
	}
	for _, err := range []error{accountErr, statisticsErr, quotesErr} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one with %q", err, want)
		} else if strings.Contains(err.Error(), "p@ss") {
			t.Errorf("got error %v, which tells the password", err)
		}
	}
}

func testSlowStatement(t *testing.T, server *researchtest.Server, db *research.DB, run researchtest.Run) {
	lock := server.Connect(t)
	tx, err := lock.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `LOCK TABLE quotes IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	if got, err := db.WithLimit(time.Second).Quotes(t.Context(), run.ID); !errors.Is(err, context.DeadlineExceeded) || got != nil {
		t.Errorf("got %d quotes and error %v, want DeadlineExceeded", len(got), err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := db.Quotes(t.Context(), run.ID); err != nil || len(got) != run.Quotes {
		t.Errorf("after the lock: got %d quotes and error %v, want %d", len(got), err, run.Quotes)
	}
}

func TestDatabaseIsDown(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	testFailure(t, open(t, "postgres://u:p%40ss@"+address+"/db"), "connection refused")
}

func TestDatabaseNeverAnswers(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0") // connections wait in its backlog
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	})
	db := open(t, "postgres://u@"+listener.Addr().String()+"/db")
	if _, _, err := db.WithLimit(50*time.Millisecond).Account(t.Context(), unknown, ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want DeadlineExceeded", err)
	}
}

func TestIDsThatAreNoUUIDAskNothing(t *testing.T) {
	t.Parallel()
	db := open(t, "postgres://nobody@127.0.0.1:1/none")
	_, found, accountErr := db.Account(t.Context(), "acme", "gumloop-1")
	_, counted, statisticsErr := db.Statistics(t.Context(), "gumloop-1")
	got, quotesErr := db.Quotes(t.Context(), "gumloop-1")
	if err := errors.Join(accountErr, statisticsErr, quotesErr); err != nil || found || counted || got != nil {
		t.Errorf("got %t, %t, %v and error %v, want nothing", found, counted, got, err)
	}
}

func TestWaitingForTheConnectionEndsWithTheContext(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	db := open(t, "postgres://u@"+listener.Addr().String()+"/db")
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	wait.Go(func() {
		_, _, err := db.Account(ctx, unknown, "")
		if !errors.Is(err, context.Canceled) {
			t.Errorf("first: got %v, want Canceled", err)
		}
	})
	conn, err := listener.Accept() // the first has its turn
	if err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, _, err := db.Account(ended, unknown, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("second: got %v, want Canceled", err)
	}
	cancel()
	wait.Wait()
	if err := errors.Join(conn.Close(), listener.Close()); err != nil {
		t.Error(err)
	}
}

func TestOpenRefusesWithoutTellingThePassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"postgres://user:hunter2@host:port/db", "postgres://user:hunter2%zz@host/db", "user=a password='hunter2 host=b", "user=a password=hunter2'x host", "hunter2"} {
		_, err := research.Open(url)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: got %v, want an error without the password", url, err)
		}
	}
}

func ExampleOpen() {
	db, err := research.Open("postgres://relay@db.example.com:6543/postgres")
	if err != nil {
		fmt.Println(err)
		return
	}
	quotes, err := db.Quotes(context.Background(), "gumloop-multi-community-1750984579")
	fmt.Println(len(quotes), err)
	// Output: 0 <nil>
}
