package operate_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notionrelay/local/embedded"
	"notionrelay/operate"
	"notionrelay/operate/folder"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
	"notionrelay/test/planted"
)

// relay is a data folder with an operator's way to it.
type relay struct {
	*operate.System

	db *embedded.DB
}

func newRelay(t *testing.T) relay {
	t.Helper()
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
	return relay{system, db}
}

// has records a run as it is changed.
func (r relay) has(t *testing.T, id string, acceptedAt time.Time, change func(*runs.Run)) runs.Run {
	t.Helper()
	run, _, err := r.db.Runs().Create(t.Context(), runs.Run{ReportID: id, Status: runs.Queued, AcceptedAt: acceptedAt, UpdatedAt: acceptedAt})
	if err != nil {
		t.Fatal(err)
	}
	change(&run)
	if err := r.db.Runs().Save(t.Context(), &run); err != nil {
		t.Fatal(err)
	}
	return run
}

const (
	id    = "rep_00000000000000000000000001"
	other = "rep_00000000000000000000000002"
	call  = "relayctl --data x"
)

// explain explains the run without the times, which differ.
func (r relay) explain(t *testing.T, run runs.Run) operate.Explanation {
	t.Helper()
	e, err := r.Explain(t.Context(), run, call)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

var accepted = time.Now().Add(-time.Hour)

// nobody works on the queues.
func nobody(context.Context) (bool, error) { return false, nil }

func unchanged(*runs.Run) {}

func TestExplainSaysForWhatARunWaits(t *testing.T) {
	t.Parallel()
	soon := time.Now().Add(time.Minute)
	halt := func(t *testing.T, r relay) {
		t.Helper()
		if err := r.db.Runs().SetHalt(t.Context(), runs.Halt{Code: "column_missing", Reason: "There is no Contact Email.", Since: accepted, Next: soon}); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		run   func(*runs.Run)
		world func(*testing.T, relay)
		waits []string // what each line begins with
		does  []string // the code or the first words of each advice
		runs  []string // the commands
	}{
		"its turn": {
			run:   unchanged,
			world: func(t *testing.T, r relay) { t.Helper(); r.has(t, other, accepted.Add(-time.Minute), unchanged) },
			waits: []string{"Its turn: 1 report before it."},
		},
		"it is being written": {
			run:   func(run *runs.Run) { run.Status, run.Lease.Until = runs.Publishing, soon },
			waits: []string{"Nothing: it is being written."},
		},
		"the enricher": {
			run:   func(run *runs.Run) { run.Status, run.PublishedAt = runs.Published, accepted },
			waits: []string{"Title, introduction or quotes."},
		},
		"its own time": {
			run: func(run *runs.Run) {
				run.Await(runs.Wait{Kind: "publish", Reason: "Notion answered 503.", Attempts: 2, Next: soon})
			},
			waits: []string{"Its publish message is tried again at"},
			does:  []string{"It waits for its own time."},
		},
		"a halt": {
			run: unchanged, world: halt,
			waits: []string{"Nothing is written for anybody since"},
			does:  []string{"column_missing"},
			runs:  []string{call + " doctor", call + " watch --once"},
		},
		"a pause above all": {
			run: unchanged,
			world: func(t *testing.T, r relay) {
				t.Helper()
				halt(t, r)
				if err := r.Signals.SetPause(t.Context(), runs.Pause{Since: accepted, Reason: "Maintenance."}); err != nil {
					t.Fatal(err)
				}
			},
			waits: []string{"An operator has paused publishing since", "Nothing is written for anybody since"},
			does:  []string{"Publishing is paused.", "column_missing"},
			runs:  []string{call + " resume", call + " doctor", call + " watch --once"},
		},
		"nobody": {
			run:   unchanged,
			world: func(_ *testing.T, r relay) { r.Works = nobody },
			waits: []string{"Nobody works on the queues: start the data folder"},
		},
		"nothing any more": {
			run: func(run *runs.Run) { run.Status, run.EndedAt = runs.Complete, accepted },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRelay(t)
			run := r.has(t, id, accepted, c.run)
			if c.world != nil {
				c.world(t, r)
			}
			e := r.explain(t, run)
			if !slices.EqualFunc(e.WaitsFor, c.waits, strings.HasPrefix) {
				t.Errorf("it waits for %q, want %q", e.WaitsFor, c.waits)
			}
			var does, commands []string
			for _, a := range e.Advice {
				if a.Code == "" {
					a.Code = a.Says
				}
				does, commands = append(does, a.Code), append(commands, a.Commands...)
			}
			if diff := cmp.Diff(c.does, does); diff != "" {
				t.Errorf("advice (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.runs, commands); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
		})
	}
}

// put puts a message of the report aside.
func put(t *testing.T, q operate.Queue, kind queue.Kind) {
	t.Helper()
	body, err := queue.Encode(queue.Message{Kind: kind, ReportID: id})
	if err != nil {
		t.Fatal(err)
	}
	out := queue.Outgoing{Body: body}
	if q.FIFO {
		out.Group, out.DeduplicationID = "g", "1"
	}
	if err := q.Dead.Send(t.Context(), out); err != nil {
		t.Fatal(err)
	}
}

func fail(run *runs.Run) {
	run.UpdatedAt = accepted.Add(time.Minute)
	run.Fail(runs.Failure{Kind: "settle", Code: "in_trash", Message: "A page of the report is in Notion's trash.", Step: "homepage"})
}

func TestExplainLeadsToTheDeadLetter(t *testing.T) {
	t.Parallel()
	again := call + " dead-letters redrive " + id
	drop := call + " dead-letters drop " + id
	for name, c := range map[string]struct {
		run      func(*runs.Run)
		letter   func(*testing.T, relay)
		says     string
		gone     bool
		commands []string
	}{
		"a failure": {
			run: fail, letter: func(t *testing.T, r relay) { t.Helper(); put(t, r.Publish, queue.Settle) },
			says: "A page of the report is in Notion's trash.", commands: []string{again, drop},
		},
		"a failure whose letter is gone": {
			run: fail, says: "A page of the report is in Notion's trash.", gone: true, commands: []string{again, drop},
		},
		"a letter that is left": {
			run:    func(run *runs.Run) { run.Status = runs.Complete },
			letter: func(t *testing.T, r relay) { t.Helper(); put(t, r.Publish, queue.Settle) },
			says:   "The report is complete, and a dead letter of it is left.", commands: []string{drop},
		},
		"quotes that the enricher did not send": {
			run:    func(run *runs.Run) { run.Status = runs.Complete },
			letter: func(t *testing.T, r relay) { t.Helper(); put(t, r.Enrich, queue.Settle) },
			says:   "A message of the enrich queue was put aside: ", commands: []string{again},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRelay(t)
			run := r.has(t, id, accepted, c.run)
			if c.letter != nil {
				c.letter(t, r)
			}
			e := r.explain(t, run)
			if len(e.Advice) != 1 || !strings.HasPrefix(e.Advice[0].Says, c.says) {
				t.Fatalf("advice is %+v, want one that says %q", e.Advice, c.says)
			}
			if gone := strings.Contains(e.Advice[0].Do, "send the report again"); gone != c.gone {
				t.Errorf("that the letter is gone is said: %t, want %t", gone, c.gone)
			}
			if diff := cmp.Diff(c.commands, e.Advice[0].Commands); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExplainTellsTheHistoryInItsOrder(t *testing.T) {
	t.Parallel()
	r := newRelay(t)
	run := r.has(t, id, accepted, func(run *runs.Run) {
		at := func(minutes int) time.Time { return accepted.Add(time.Duration(minutes) * time.Minute) }
		run.Steps = []runs.Step{
			{Name: "row", Done: 1, Total: 1, At: at(1)},
			{Name: "homepage", Done: 2, Total: 3, At: at(4)},
			{Name: "strategy", Total: 2, IntendedAt: at(5)},
			{Name: "quotes", Total: 2},
		}
		run.Note(at(3), "redriven: publish")
		run.UpdatedAt = at(6)
		run.Fail(runs.Failure{Kind: "publish", Code: "gave_up", Message: "It did not get on.", Step: "strategy"})
	})
	var got []string
	for _, event := range r.explain(t, run).History {
		got = append(got, event.What)
	}
	want := []string{
		"accepted", "row: done", "an operator: redriven: publish", "homepage: 2 of 3 requests done", "strategy: its request was sent",
		"failed at strategy: It did not get on. (gave_up)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
}
