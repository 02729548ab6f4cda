package embedded_test

import (
	"strings"
	"testing"
	"time"

	"notionrelay/local/embedded"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
	"notionrelay/test/golden"
)

// What SQLite does for each statement is written down, so that a change of it is
// seen: it may not look at all that a table has, however many messages are hidden,
// in flight or queued.
func TestNoStatementLooksAtEverything(t *testing.T) {
	t.Parallel()
	db := stores["memory"](t)
	useEverything(t, db)
	plans, err := db.Plans(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/plans.golden", plans)
	for _, table := range []string{"messages", "deduplication", "runs"} { // the others have one row
		if strings.Contains(plans, "SCAN "+table) {
			t.Errorf("some statement looks at all %s:\n%s", table, plans)
		}
	}
}

// useEverything has the store make every statement that it has.
func useEverything(t *testing.T, db *embedded.DB) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, store := t.Context(), db.Runs()
	_, err := db.Bind(ctx, "a Notion")
	must(err)
	run, _, err := store.Create(ctx, runs.Run{ReportID: "rep_1", ResearchRunID: "run_1", AcceptedAt: time.Now()})
	must(err)
	must(store.Save(ctx, &run))
	_, err = store.Get(ctx, "rep_1")
	must(err)
	_, err = store.OwnerOf(ctx, "row")
	must(err)
	_, err = store.Latest(ctx, "run_1")
	must(err)
	_, err = store.LastAccepted(ctx)
	must(err)
	_, err = store.List(ctx, runs.Query{Limit: 10})
	must(err)
	must(store.SetHalt(ctx, runs.Halt{}))
	_, err = store.Halt(ctx)
	must(err)
	must(store.SetPause(ctx, runs.Pause{}))
	_, err = store.Pause(ctx)
	must(err)
	for name, options := range map[string]embedded.QueueOptions{
		"standard": {MaxReceives: 3, DeadLetter: db.Queue("standard-dead", embedded.QueueOptions{})},
		"fifo":     {MaxReceives: 3, DeadLetter: db.Queue("fifo-dead", embedded.QueueOptions{FIFO: true}), FIFO: true},
	} {
		q := db.Queue(name, options)
		m := queue.Outgoing{Body: "m"}
		if options.FIFO {
			m.Group, m.DeduplicationID = "group", "1"
		}
		must(q.Send(ctx, m))
		messages := receive(t, q, 0)
		receive(t, q, 0)
		must(q.ChangeVisibility(ctx, messages[0].Receipt, time.Minute))
		must(q.Delete(ctx, messages[0].Receipt))
		must(q.Forget(ctx, "group"))
		must(q.Redrive(ctx))
		_, err = q.Depth(ctx)
		must(err)
		_, err = q.Peek(ctx)
		must(err)
	}
}
