package embedded_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"notionrelay/local/embedded"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
)

// A report waits for each page that is written for it: those that its text fills,
// and one for each table and index that it is in.
func TestAReportWritesFewPages(t *testing.T) {
	t.Parallel()
	const (
		frame = 24 + 4096 // of the journal: https://sqlite.org/fileformat2.html#walformat
		text  = 10_000
		most  = 12
	)
	together(t, func(t *testing.T, db *embedded.DB, dir string) {
		accept := func(i int) {
			t.Helper()
			id := fmt.Sprintf("rep_%d", i)
			m := queue.Outgoing{Body: strings.Repeat("x", text), Group: "g", DeduplicationID: id}
			if _, _, err := db.Runs().CreateAndSend(t.Context(), runs.Run{ReportID: id, AcceptedAt: time.Now()}, openCrashQueue(db), m); err != nil {
				t.Fatal(err)
			}
		}
		accept(0)
		const reports = 20
		before := journal(t, dir)
		for i := range reports {
			accept(1 + i)
		}
		if pages := float64(journal(t, dir)-before) / frame / reports; pages > most {
			t.Errorf("a report has written %.1f pages, want %d at most", pages, most)
		}
	})
}

// What a folder of an earlier version has more of than is used is gone.
func TestOldIndexesAreNotKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := embedded.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := indexes(t, db)
	err = db.Transact(t.Context(), func(exec func(string) error) error {
		for name, of := range map[string]string{
			"messages_by_visibility": "messages (queue, visible_at)", "messages_of_group": "messages (queue, message_group)",
			"messages_by_id": "messages (id)", "messages_in_flight": "messages (queue, visible_at)", "runs_by_run_id": "runs (run_id, accepted_at)",
		} {
			if err := exec(`CREATE INDEX ` + name + ` ON ` + of); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if got := indexes(t, closing(t)(embedded.Open(dir))); got != all {
		t.Errorf("there are\n%s\nwant\n%s", got, all)
	}
}

func indexes(t *testing.T, db *embedded.DB) string {
	t.Helper()
	return strings.Join(texts(t, db, `SELECT name FROM sqlite_master WHERE type = 'index' ORDER BY name`), "\n")
}

func texts(t *testing.T, db *embedded.DB, query string) []string {
	t.Helper()
	texts, err := db.Texts(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// What is remembered of messages is little, however long the process runs.
func TestOldDeduplicationIDsAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := stores["memory"](t)
		q := openCrashQueue(db)
		send := func(id string) {
			t.Helper()
			if err := q.Send(t.Context(), queue.Outgoing{Body: "x", Group: "g", DeduplicationID: id}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 20 {
			send(fmt.Sprint("first ", i))
		}
		time.Sleep(5*time.Minute - time.Nanosecond)
		send("second")
		time.Sleep(time.Second)
		send("third")
		if got := texts(t, db, `SELECT id FROM deduplication ORDER BY until`); !slices.Equal(got, []string{"second", "third"}) {
			t.Errorf("it remembers %q", got)
		}
	})
}
