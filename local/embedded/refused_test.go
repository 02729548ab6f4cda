package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"notionrelay/local/embedded"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
	"notionrelay/test/powercut"
)

// TestADiskThatRefusesIsOverWhenItTakesAgain has the disk refuse every write for a
// while. What was not acknowledged in that time has not happened, then or later;
// the store goes on without being opened anew, and all that was acknowledged is there.
func TestADiskThatRefusesIsOverWhenItTakesAgain(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]int32{
		"for reading only": sqlite3.SQLITE_READONLY, "no write": sqlite3.SQLITE_IOERR_WRITE, "no sync": sqlite3.SQLITE_IOERR_FSYNC, "full": sqlite3.SQLITE_FULL,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			disk, db := refusable(t)
			q := db.Queue("publish", embedded.QueueOptions{FIFO: true, Visibility: time.Minute})
			taken := 0
			accept := func(id string) error {
				_, _, err := db.Runs().CreateAndSend(t.Context(), runs.Run{ReportID: id, AcceptedAt: time.Now()}, q, queue.Outgoing{Body: id, Group: "g", DeduplicationID: id})
				return err
			}
			for round := range 5 {
				disk.Refuse(code)
				for i := range 3 {
					if accept(fmt.Sprintf("refused %d %d", round, i)) == nil {
						t.Error("a disk that refuses has taken a report")
					}
				}
				disk.Refuse(0)
				if err := accept(fmt.Sprintf("taken %d", round)); err != nil {
					t.Fatalf("the disk takes again, but not the store: %v", err)
				}
				taken++
			}
			list, err := db.Runs().List(t.Context(), runs.Query{Limit: 100})
			if err != nil || len(list) != taken {
				t.Errorf("%d are recorded, want %d, %v", len(list), taken, err)
			}
			for i := range taken {
				m, err := q.Receive(t.Context(), 1, 0)
				if err != nil || len(m) != 1 || m[0].Body != fmt.Sprintf("taken %d", i) {
					t.Fatalf("message %d is %+v, %v", i, m, err)
				}
				if err := q.Delete(t.Context(), m[0].Receipt); err != nil {
					t.Fatal(err)
				}
			}
			if m, err := q.Receive(t.Context(), 1, 0); err != nil || len(m) > 0 {
				t.Errorf("there is a message more: %+v, %v", m, err)
			}
		})
	}
}

// TestADeliveryThatTheDiskDidNotLetEndIsOver has the disk refuse what a delivery ends
// with. Once it takes writes again the message is in nobody's way.
func TestADeliveryThatTheDiskDidNotLetEndIsOver(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		end  func(context.Context, *embedded.Queue, string) error
		next string // what is received then
	}{
		"deleted": {func(ctx context.Context, q *embedded.Queue, receipt string) error { return q.Delete(ctx, receipt) }, "second"},
		"given back": {func(ctx context.Context, q *embedded.Queue, receipt string) error {
			return q.ChangeVisibility(ctx, receipt, 0)
		}, "first"},
		"deleted after it was given more time": {func(ctx context.Context, q *embedded.Queue, receipt string) error {
			return errors.Join(q.ChangeVisibility(ctx, receipt, time.Hour), q.Delete(ctx, receipt))
		}, "second"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			disk, db := refusable(t)
			q := db.Queue("publish", embedded.QueueOptions{FIFO: true, Visibility: time.Hour})
			for _, body := range []string{"first", "second"} {
				if err := q.Send(t.Context(), queue.Outgoing{Body: body, Group: "g", DeduplicationID: body}); err != nil {
					t.Fatal(err)
				}
			}
			first, err := q.Receive(t.Context(), 1, 0)
			if err != nil || len(first) != 1 {
				t.Fatalf("received %+v, %v", first, err)
			}
			disk.Refuse(sqlite3.SQLITE_FULL)
			if tt.end(t.Context(), q, first[0].Receipt) == nil {
				t.Error("a disk that refuses has taken it")
			}
			if m, err := q.Receive(t.Context(), 1, 0); err == nil {
				t.Errorf("meanwhile received %+v", m)
			}
			disk.Refuse(0)
			next, err := q.Receive(t.Context(), 1, 0)
			if err != nil || len(next) != 1 || next[0].Body != tt.next {
				t.Fatalf("received %+v, %v, want the %s", next, err, tt.next)
			}
			if err := q.Delete(t.Context(), next[0].Receipt); err != nil {
				t.Error(err)
			}
		})
	}
}

// refusable is a store on a disk that can be told to refuse.
func refusable(t *testing.T) (*powercut.Recording, *embedded.DB) {
	t.Helper()
	dir := t.TempDir()
	disk, err := powercut.Record(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	return disk, closing(t)(embedded.Open(dir))
}
