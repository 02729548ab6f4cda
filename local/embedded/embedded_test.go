package embedded_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"notionrelay/local/embedded"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
	"notionrelay/test/rapidtest"
)

func TestMain(m *testing.M) {
	rapidtest.Settle()
	goleak.VerifyTestMain(m)
}

func TestOpenRefusesAFolderInUse(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a folder?with=100%")
	db, err := embedded.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	wantInUse(t, dir)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	closing(t)(embedded.Open(dir))
}

// wantInUse opens a folder that another store or process has.
func wantInUse(t *testing.T, dir string) {
	t.Helper()
	_, err := embedded.Open(dir)
	if want := "open data folder " + dir + ": another process is using it: stop that one, or give another folder"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// An operator's process looks into a folder that is in use, and what it changes
// is noticed there at once.
func TestAttachToAFolderInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	theirs := closing(t)(embedded.Open(dir))
	mine := closing(t)(embedded.Attach(dir))

	received := make(chan []queue.Incoming, 1)
	go func() {
		messages, err := theirs.Queue("q", embedded.QueueOptions{}).Receive(t.Context(), 1, time.Hour)
		if err != nil {
			t.Error(err)
		}
		received <- messages
	}()
	if err := mine.Queue("q", embedded.QueueOptions{}).Send(t.Context(), queue.Outgoing{Body: "x"}); err != nil {
		t.Fatal(err)
	}
	if got := <-received; len(got) != 1 || got[0].Body != "x" {
		t.Errorf("received %v, want the message of the other process", got)
	}
	if used, err := embedded.InUse(dir); err != nil || !used {
		t.Errorf("in use: %t, error %v", used, err)
	}
	held, err := mine.Queue("q", embedded.QueueOptions{}).Peek(t.Context())
	if err != nil || len(held) != 1 || held[0].ReceiveCount != 1 {
		t.Errorf("there are %v, error %v, want the message still in flight", held, err)
	}
}

func TestAFolderThatIsOnlyAttachedIsNotInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := embedded.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	closing(t)(embedded.Attach(dir))
	if used, err := embedded.InUse(dir); err != nil || used {
		t.Errorf("in use: %t, error %v", used, err)
	}
}

func TestAttachMakesNoFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "none")
	if _, err := embedded.Attach(dir); err == nil || !strings.Contains(err.Error(), "no data folder of Notion Relay at "+dir) {
		t.Errorf("error %v, want one that says that there is no such folder", err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder exists: %v", err)
	}
}

func TestOpenNamesTheFolderItCannotCreate(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := embedded.Open(filepath.Join(file, "data")); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("error %v, want one that names %s", err, file)
	}
}

func TestCloseEndsAWaitingReceive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db, err := embedded.OpenMemory()
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Second, func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		start := time.Now()
		_, err = db.Queue("q", embedded.QueueOptions{}).Receive(t.Context(), 1, time.Hour)
		if waited := time.Since(start); err == nil || waited != time.Second {
			t.Errorf("receive ended after %s with error %v, want an error after a second", waited, err)
		}
	})
}

// What is written in one life of the process is there in the next.
func TestReopenFindsEverything(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := embedded.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	options := embedded.QueueOptions{FIFO: true}
	m := queue.Outgoing{Body: "x", Group: "g", DeduplicationID: "d"}
	if err := db.Queue("q", options).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if _, _, err := db.Runs().Create(t.Context(), runs.Run{ReportID: "a", AcceptedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	db = closing(t)(embedded.Open(dir))
	q := db.Queue("q", options)
	if err := q.Send(t.Context(), m); err != nil { // a duplicate still
		t.Fatal(err)
	}
	if got := receive(t, q, 0); len(got) != 1 || got[0].Body != "x" {
		t.Errorf("received %v, want the message alone", got)
	}
	if _, err := db.Runs().Get(t.Context(), "a"); err != nil {
		t.Error(err)
	}
}

func BenchmarkOpenMemory(b *testing.B) {
	for b.Loop() {
		db, err := embedded.OpenMemory()
		if err != nil {
			b.Fatal(err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSendToFile(b *testing.B) {
	db, err := embedded.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	q := db.Queue("q", embedded.QueueOptions{})
	for b.Loop() {
		if err := q.Send(b.Context(), queue.Outgoing{Body: "x"}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReceive takes a message of a queue of few and of many and gives it back.
// Both take the same time: nothing looks at the messages that are not due.
func BenchmarkReceive(b *testing.B) {
	for _, queued := range []int{10, 5000} {
		b.Run(fmt.Sprint("of_", queued), func(b *testing.B) {
			db, err := embedded.Open(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			q := db.Queue("q", embedded.QueueOptions{FIFO: true, MaxReceives: 1 << 30, DeadLetter: db.Queue("dead", embedded.QueueOptions{FIFO: true})})
			var wait sync.WaitGroup
			for i := range queued {
				wait.Go(func() {
					if err := q.Send(b.Context(), queue.Outgoing{Body: strings.Repeat("x", 10_000), Group: "g", DeduplicationID: fmt.Sprint(i)}); err != nil {
						b.Error(err)
					}
				})
			}
			wait.Wait()
			for b.Loop() {
				got, err := q.Receive(b.Context(), 1, 0)
				if err != nil || len(got) != 1 {
					b.Fatal(got, err)
				}
				if err := q.ChangeVisibility(b.Context(), got[0].Receipt, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// stores are the two kinds of store; they share every test but those of the file.
var stores = map[string]func(*testing.T) *embedded.DB{
	"memory": func(t *testing.T) *embedded.DB {
		t.Helper()
		return closing(t)(embedded.OpenMemory())
	},
	"file": func(t *testing.T) *embedded.DB {
		t.Helper()
		return closing(t)(embedded.Open(t.TempDir()))
	},
}

// closing closes the store at the end of the test.
func closing(t *testing.T) func(*embedded.DB, error) *embedded.DB {
	t.Helper()
	return func(db *embedded.DB, err error) *embedded.DB {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		return db
	}
}
