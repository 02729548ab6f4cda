package publish_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"notionrelay/local/notionsim"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
)

// lateFaults are requests that take effect after their caller has stopped
// waiting for them, or has been told that they failed.
func lateFaults() []fault {
	edge := notionsim.Edge(504)
	edge.Late = 30 * time.Second
	json := notionsim.Fault{Status: 502, Late: 58 * time.Second}
	return []fault{
		{"slow", notionsim.Fault{Late: 25 * time.Second}},
		{"slower than its caller waits", notionsim.Fault{Late: 58 * time.Second, Delay: 66 * time.Second}},
		{"broken off, applied after 30 s", notionsim.Fault{Drop: true, Late: 30 * time.Second}},
		{"broken off, applied after 59 s", notionsim.Fault{Drop: true, Late: 59 * time.Second}},
		{"broken off, never applied", notionsim.Fault{Drop: true}},
		{"504 of the edge, applied after 30 s", edge},
		{"502 of Notion, applied after 58 s", json},
	}
}

// TestLateEffects lets every write of a run take effect late: there is one of
// everything in the end.
func TestLateEffects(t *testing.T) {
	t.Parallel()
	const blocks, quotes = 120, 3
	want, requests := undisturbed(t, blocks, quotes)
	for _, f := range lateFaults() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			for k := 1; k <= len(requests); k += stride(6) {
				t.Run(fmt.Sprintf("request %d", k), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { survive(t, f.fault, k, 1, payload(blocks, quotes), want) })
				})
			}
		})
	}
}

// TestAKilledProcessWhoseRequestActsLate kills the publisher while a write is
// under way that takes effect 30 s later.
func TestAKilledProcessWhoseRequestActsLate(t *testing.T) {
	t.Parallel()
	const blocks, quotes = 120, 3
	want, requests := undisturbed(t, blocks, quotes)
	for k := 1; k <= len(requests); k += stride(6) {
		t.Run(fmt.Sprintf("request %d", k), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, notionsim.Options{Budget: 1_000_000})
				w.sim.Inject(notionsim.Fault{Nth: k, Late: 30 * time.Second, Drop: true})
				w.accept("rep_1", payload(blocks, quotes))
				alive, kill := context.WithCancel(t.Context())
				defer kill()
				first := w.publisher("first", &dying{notion: w.sim.Transport(), k: k, moment: beforeAnswer, kill: kill})
				for alive.Err() == nil {
					w.answerEnrichRequests()
					if !w.deliver(alive, first, 20*time.Second) {
						t.Fatal("the process was not killed")
					}
				}
				w.drain(w.publisher("second", nil), 2*visibility)
				w.wantTree(want)
			})
		})
	}
}

// wantTree compares the pages with those of an undisturbed run.
func (w *world) wantTree(want string) {
	w.t.Helper()
	if run := w.run("rep_1"); run.Status != runs.Complete {
		w.t.Errorf("the run ended %s: %+v", run.Status, run.Failures)
	}
	if diff := cmp.Diff(want, w.sim.Tree()); diff != "" {
		w.t.Errorf("tree (-undisturbed +this):\n%s", diff)
	}
}

func TestARowThatShowsInQueriesOnlyLater(t *testing.T) {
	t.Parallel()
	want, _ := undisturbed(t, 2, 3)
	for name, f := range map[string]notionsim.Fault{
		"answer lost":      {Drop: true, After: true},
		"503, and applied": {Status: 503, After: true},
		"500, and applied": {Status: 500, After: true},
	} {
		for _, nth := range []int{1, 4, 5} { // the row, and rows of quotes
			t.Run(fmt.Sprint(name, " ", nth), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, notionsim.Options{Budget: 1_000_000, IndexLag: 2 * time.Second})
					f.Method, f.Path, f.Nth = http.MethodPost, "/v1/pages", nth
					w.sim.Inject(f)
					w.accept("rep_1", payload(2, 3))
					w.drain(w.publisher("a", nil), 2*visibility)
					w.wantTree(want)
				})
			})
		}
	}
}

// Every just-made parent may be unknown to Notion for a moment.
func TestAParentThatIsUnknownForAMoment(t *testing.T) {
	t.Parallel()
	want, _ := undisturbed(t, 120, 3)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{Budget: 1_000_000, ParentLag: 1500 * time.Millisecond})
		w.accept("rep_1", payload(120, 3))
		w.drain(w.publisher("a", nil), 2*visibility)
		w.wantTree(want)
	})
}

// What was just made may not be readable for a moment either: neither where the blocks
// of a page are looked up, nor where a lost append is looked for.
func TestAPageThatCannotBeReadForAMoment(t *testing.T) {
	t.Parallel()
	nested := report.Payload{Reports: map[string]string{"strategyReport": marked("Do", 3, true)}}
	missing := notionsim.Fault{Method: http.MethodGet, Path: "/v1/blocks/*/children", Status: 404}
	for name, tt := range map[string]struct {
		p      report.Payload
		faults []notionsim.Fault
	}{
		"its blocks":    {nested, []notionsim.Fault{missing}},
		"a lost append": {payload(120, 0), []notionsim.Fault{missing, {Method: http.MethodPatch, Path: "/v1/blocks/*/children", Nth: 2, Status: 500, After: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				quiet := newWorld(t, notionsim.Options{Budget: 1_000_000})
				quiet.accept("rep_1", tt.p)
				quiet.drain(quiet.publisher("a", nil), visibility)
				w := newWorld(t, notionsim.Options{Budget: 1_000_000})
				for _, f := range tt.faults {
					w.sim.Inject(f)
				}
				w.accept("rep_1", tt.p)
				w.drain(w.publisher("a", nil), visibility)
				w.wantTree(quiet.sim.Tree())
			})
		})
	}
}

// An integration that may write content but not read it gets ids alone.
func TestAnswersWithoutContent(t *testing.T) {
	t.Parallel()
	want, _ := undisturbed(t, 250, 0)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{Budget: 1_000_000})
		w.sim.Inject(notionsim.Fault{Method: http.MethodPatch, Path: "/v1/blocks/*/children", Times: -1, Partial: true})
		w.accept("rep_1", payload(250, 0))
		w.drain(w.publisher("a", nil), visibility)
		w.wantTree(want)
	})
}

// While one run waits until a request's absence is certain, others go on.
func TestOthersGoOnWhileARequestMayStillAct(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{Budget: 1_000_000})
		w.sim.Inject(notionsim.Fault{Drop: true, Late: 59 * time.Second})
		for i := range 3 {
			one := payload(2, 0)
			one.RunID, one.Email = fmt.Sprint("run-", i), fmt.Sprintf("x@company%d.com", i)
			w.accept(fmt.Sprint("rep_", i), one)
		}
		started := time.Now()
		w.drain(w.publisher("a", nil), visibility)
		for i := range 3 {
			took := w.run(fmt.Sprint("rep_", i)).PublishedAt.Sub(started)
			if i > 0 && took > 30*time.Second || i == 0 && took > 90*time.Second {
				t.Errorf("run %d was published after %s", i, took)
			}
		}
		if rows := strings.Count(w.sim.Tree(), "\n  #"); rows != 3 {
			t.Errorf("got %d rows", rows)
		}
	})
}

// An answer of the AI was applied, its own answer lost and its message put
// aside; then another answer comes, in other words.
func TestOneAnswerOfTheAIIsFollowedToItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{Budget: 1_000_000})
		w.accept("rep_1", payload(2, 0))
		p := w.publisher("a", nil)
		w.deliver(t.Context(), p, visibility)
		texts := func(answer, text string) queue.Message {
			return queue.Message{Kind: queue.Texts, ReportID: "rep_1", Answer: answer, Texts: &queue.HomepageTexts{Title: text, Introduction: text + "."}}
		}
		w.sim.Inject(notionsim.Fault{Method: http.MethodPatch, Path: "/v1/blocks/*/children", Drop: true, After: true})
		w.sim.Inject(notionsim.Fault{Method: http.MethodGet, Path: "/v1/blocks/*/children", Nth: 2, Status: 400})
		w.send(texts("first", "One"), "")
		w.deliver(t.Context(), p, visibility)
		if dead := w.peek(w.dead); len(dead) != 1 {
			t.Fatalf("got %d dead letters, want the texts", len(dead))
		}
		w.send(texts("second", "Two"), "")
		w.deliver(t.Context(), p, visibility)
		if err := w.publish.Redrive(t.Context()); err != nil {
			t.Fatal(err)
		}
		for w.deliver(t.Context(), p, visibility) {
		}
		tree := w.sim.Tree()
		if strings.Count(tree, `"One."`) != 1 || strings.Contains(tree, "Two") || strings.Contains(tree, "⏳") || w.run("rep_1").Status != runs.Complete {
			t.Errorf("the run is %s:\n%s", w.run("rep_1").Status, tree)
		}
	})
}

// Notion allows 4,500 rows to be looked through only slowly; a lost answer near
// their end costs one request.
func TestALateQuoteIsLookedForInOneRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const quotes = 450
		w := newWorld(t, notionsim.Options{Budget: 1_000_000, Latency: 900 * time.Millisecond})
		w.sim.Inject(notionsim.Fault{Method: http.MethodPost, Path: "/v1/pages", Nth: 4 + quotes - 2, Drop: true, After: true})
		queries := 0
		p := w.publisher("a", roundTrip(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/query") {
				queries++
			}
			return w.sim.Transport().RoundTrip(r)
		}))
		w.accept("rep_1", payload(2, quotes))
		w.drain(p, 2*visibility)
		if run := w.run("rep_1"); run.Status != runs.Complete || queries != 1 {
			t.Errorf("the run is %s, and %d queries were made", run.Status, queries)
		}
	})
}

// A report with nested lists, whose every delivery once listed the whole page
// before its first write until its time was over.
func TestALongNestedReportIsWrittenOnASlowNotion(t *testing.T) {
	t.Parallel()
	for _, latency := range []time.Duration{300 * time.Millisecond, 700 * time.Millisecond} {
		t.Run(latency.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var b strings.Builder
				for i := range 50 {
					fmt.Fprintf(&b, "- topic %d\n", i)
					for j := range 109 {
						fmt.Fprintf(&b, "  - item %d of %d\n", j, i)
					}
				}
				w := newWorld(t, notionsim.Options{Budget: 1_000_000, Latency: latency})
				w.accept("rep_1", report.Payload{Reports: map[string]string{"strategyReport": b.String()}})
				started := time.Now()
				w.drain(w.publisher("a", nil), visibility)
				run := w.run("rep_1")
				if run.Status != runs.Complete {
					t.Fatalf("the run is %s: %+v", run.Status, run.Failures)
				}
				least := run.Step("strategy-report").Total
				if got := w.sim.Stats().Requests; got > least+20 {
					t.Errorf("%d requests were made for a page that takes %d", got, least)
				}
				t.Logf("%d requests in %s", w.sim.Stats().Requests, run.PublishedAt.Sub(started))
				if got := strings.Count(w.sim.Tree(), `rich_text="item `); got != 50*109 {
					t.Errorf("got %d items, want %d", got, 50*109)
				}
			})
		})
	}
}
