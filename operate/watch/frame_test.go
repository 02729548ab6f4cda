package watch_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notionrelay/local/embedded"
	"notionrelay/operate"
	"notionrelay/operate/folder"
	"notionrelay/operate/watch"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
	"notionrelay/test/golden"
	"notionrelay/test/planted"
)

func TestFrames(t *testing.T) {
	t.Parallel()
	halted := busy()
	halted.Halt = runs.Halt{Code: "column_missing", Reason: "The reports database has no property “Contact Email”.", Remedy: "Give it its name back.", Since: at.Add(-time.Minute), Next: at.Add(time.Minute)}
	paused := halted
	paused.Pause = runs.Pause{Since: at, Reason: "Maintenance."}
	hostile := watch.Snapshot{Name: "the data folder d", At: at, Failed: []operate.Summary{
		{ReportID: "rep_1", Company: "会社の名前はとても長いので切られる", Status: runs.Failed, AcceptedAt: at.Add(-100 * time.Hour), Note: "\x1b[2Jgone\r\nnext\u202edne"},
	}}
	for name, now := range map[string]watch.Snapshot{"busy": busy(), "halted": halted, "paused": paused, "hostile": hostile} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden.Compare(t, filepath.Join("testdata", name+".txt"), watch.Frame(now, false))
		})
	}
}

// Who watches without a screen is shown what has changed, and not how the ages of
// all go on.
func TestOnlyTheTimeIsNoChange(t *testing.T) {
	t.Parallel()
	before, later, other := busy(), busy(), busy()
	later.At = later.At.Add(time.Second)
	other.Running[0].Done++
	if !before.Same(later) || watch.Frame(before, false) == watch.Frame(later, false) {
		t.Error("a second later it is another one, or its frame is the same")
	}
	if before.Same(other) {
		t.Error("a run that has got on is not seen")
	}
}

func TestLook(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	db, err := embedded.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	system, closeAll, err := folder.Open(dir, planted.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeAll() })
	for id, change := range map[string]func(*runs.Run){
		"rep_queued":    func(*runs.Run) {},
		"rep_published": func(run *runs.Run) { run.Status = runs.Published },
		"rep_waiting":   func(run *runs.Run) { run.Await(runs.Wait{Kind: "publish"}) },
		"rep_failed":    func(run *runs.Run) { run.Fail(runs.Failure{Code: "defect"}) },
		"rep_complete":  func(run *runs.Run) { run.Status = runs.Complete },
	} {
		run, _, err := db.Runs().Create(t.Context(), runs.Run{ReportID: id, Status: runs.Queued, AcceptedAt: time.Now(), UpdatedAt: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		change(&run)
		if err := db.Runs().Save(t.Context(), &run); err != nil {
			t.Fatal(err)
		}
	}
	if err := system.Publish.Dead.Send(t.Context(), queue.Outgoing{Body: "x", Group: "g", DeduplicationID: "1"}); err != nil {
		t.Fatal(err)
	}
	if err := system.Enrich.Main.Send(t.Context(), queue.Outgoing{Body: "x"}); err != nil {
		t.Fatal(err)
	}
	now, err := watch.Look(t.Context(), system)
	if err != nil {
		t.Fatal(err)
	}
	if !now.Works || now.Queues[0].Dead != 1 || now.Queues[1].Ready != 1 || now.Queues[2].All() != 0 {
		t.Errorf("works: %t, queues: %+v", now.Works, now.Queues)
	}
	for want, got := range map[string][]operate.Summary{
		"rep_published rep_queued": now.Running, "rep_waiting": now.Waiting, "rep_failed": now.Failed, "rep_complete": now.Complete,
	} {
		var ids []string
		for _, run := range got {
			ids = append(ids, run.ReportID)
		}
		if strings.Join(ids, " ") != want {
			t.Errorf("it shows %v, want %s", ids, want)
		}
	}
}
