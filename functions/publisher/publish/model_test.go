package publish_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"notionrelay/shared/notionsim"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
)

// history is what happens to some runs.
type history struct {
	Runs       []report.Payload
	Faults     []armed
	Deaths     []death
	Duplicates []int // runs whose message comes a second time
}

type armed struct {
	Fault int // of faults()
	Nth   int
}

// death ends a process at one of its requests.
type death struct {
	Request int
	Moment  moment
}

func histories() *rapid.Generator[history] {
	return rapid.Custom(func(t *rapid.T) history {
		var h history
		for i := range rapid.IntRange(1, 3).Draw(t, "runs") {
			p := payload(rapid.SampledFrom([]int{2, 110}).Draw(t, "blocks"), rapid.IntRange(0, 3).Draw(t, "quotes"))
			p.RunID = fmt.Sprint("run-", i)
			h.Runs = append(h.Runs, p)
		}
		for range rapid.IntRange(0, 4).Draw(t, "faults") {
			h.Faults = append(h.Faults, armed{rapid.IntRange(0, len(faults())-1).Draw(t, "fault"), rapid.IntRange(1, 40).Draw(t, "nth")})
		}
		for range rapid.IntRange(0, 3).Draw(t, "deaths") {
			h.Deaths = append(h.Deaths, death{rapid.IntRange(1, 25).Draw(t, "request"), moment(rapid.IntRange(0, 2).Draw(t, "moment"))})
		}
		for range rapid.IntRange(0, 2).Draw(t, "duplicates") {
			h.Duplicates = append(h.Duplicates, rapid.IntRange(0, len(h.Runs)-1).Draw(t, "duplicate"))
		}
		return h
	})
}

// TestEveryHistoryEndsInTheSameTree lets processes die, Notion fail and
// messages come twice, and compares with the same runs left in peace.
func TestEveryHistoryEndsInTheSameTree(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the matrices' samples are enough where the race detector is slow")
	}
	rapid.Check(t, func(rt *rapid.T) {
		h := histories().Draw(rt, "history")
		want, _ := live(t, history{Runs: h.Runs})
		got, problems := live(t, h)
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("tree (-in peace +as it happened):\n%s", diff)
		}
		for _, problem := range problems {
			rt.Error(problem)
		}
	})
}

// live plays a history and returns the tree and what broke an invariant.
func live(t *testing.T, h history) (tree string, problems []string) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{Budget: 1_000_000})
		for _, a := range h.Faults {
			fault := faults()[a.Fault].fault
			fault.Nth = a.Nth
			w.sim.Inject(fault)
		}
		for i, p := range h.Runs {
			w.accept(fmt.Sprint("rep_", i), p)
		}
		for i, run := range h.Duplicates {
			p := h.Runs[run]
			w.send(queue.Message{Kind: queue.Publish, ReportID: fmt.Sprint("rep_", run), Payload: &p}, fmt.Sprint("again", i))
		}
		for i, d := range h.Deaths {
			w.liveUntil(fmt.Sprint("process ", i), d)
		}
		w.drain(w.publisher("last", nil), 45*time.Minute)
		problems = w.problems(len(h.Runs))
		tree = w.sim.Tree()
	})
	return tree, problems
}

// liveUntil lets a process work until it dies, or until there is nothing left
// to do.
func (w *world) liveUntil(owner string, d death) {
	alive, kill := context.WithCancel(w.t.Context())
	defer kill()
	p := w.publisher(owner, &dying{notion: w.sim.Transport(), k: d.Request, moment: d.Moment, kill: kill})
	for alive.Err() == nil {
		w.answerEnrichment()
		if !w.deliver(alive, p, 45*time.Minute) {
			return
		}
	}
}

// problems are the invariants that do not hold at the end.
func (w *world) problems(count int) []string {
	var all []string
	for i := range count {
		if run := w.run(fmt.Sprint("rep_", i)); run.Status != runs.Complete {
			all = append(all, fmt.Sprintf("run %d ended %s: %+v", i, run.Status, run.Failure))
		}
	}
	if dead := w.deadLetters(); len(dead) > 0 {
		all = append(all, fmt.Sprintf("%d dead letters", len(dead)))
	}
	if s := w.sim.Stats(); s.Overlaps > 0 || s.MaxWrites > 1 || s.SchemaChanges > 0 {
		all = append(all, fmt.Sprintf("overlaps %d, writes at once %d, schema changes %d", s.Overlaps, s.MaxWrites, s.SchemaChanges))
	}
	return all
}
