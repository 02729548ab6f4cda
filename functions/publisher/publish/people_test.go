package publish_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"notionrelay/local/notionsim"
	"notionrelay/shared/markdown"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/research"
	"notionrelay/shared/runs"
)

// during publishes a run and lets something happen at the answer to its k-th
// request, which is lost with the process. Then another process goes on.
func during(t *testing.T, p report.Payload, k int, happens func(*world)) *world {
	t.Helper()
	w := newWorld(t, notionsim.Options{Budget: 1_000_000})
	w.accept("rep_1", p)
	alive, kill := context.WithCancel(t.Context())
	defer kill()
	first := w.publisher("first", &dying{notion: w.sim.Transport(), k: k, moment: beforeAnswer, kill: kill})
	for alive.Err() == nil {
		w.answerEnrichRequests()
		if !w.deliver(alive, first, 20*time.Second) {
			t.Fatal("the process was not killed")
		}
	}
	happens(w)
	w.drain(w.publisher("second", nil), 2*visibility)
	if run := w.run("rep_1"); run.Status != runs.Complete {
		t.Errorf("the run ended %s: %+v", run.Status, run.Failures)
	}
	return w
}

// wantOnce wants each of a run's paragraphs once, but for those that a person
// has taken away.
func (w *world) wantOnce(word string, n int, gone ...int) {
	w.t.Helper()
	tree := w.sim.Tree()
	missing := map[int]bool{}
	for _, i := range gone {
		missing[i] = true
	}
	for i := range n {
		want := 1
		if missing[i] {
			want = 0
		}
		if got := strings.Count(tree, fmt.Sprintf(`"%s item %d."`, word, i)); got != want {
			w.t.Errorf("%s item %d is there %d times, want %d", word, i, got, want)
		}
	}
}

// The strategy report of 250 blocks is created with the fourth request and
// appended to with the fifth and the sixth.
const firstAppend, secondAppend = 5, 6

func TestAPersonEditsBlocksWhoseAppendIsNotYetKnown(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		happens func(*world)
		gone    []int
	}{
		"corrects the first":         {func(w *world) { w.sim.People().Edit(w.sim.Find("Do item 99."), "corrected") }, []int{99}},
		"corrects one in the middle": {func(w *world) { w.sim.People().Edit(w.sim.Find("Do item 150."), "corrected") }, []int{150}},
		"corrects the last":          {func(w *world) { w.sim.People().Edit(w.sim.Find("Do item 198."), "corrected") }, []int{198}},
		"corrects the last, and deletes the one before": {func(w *world) {
			w.sim.People().Edit(w.sim.Find("Do item 198."), "Do item 198, at last.")
			w.sim.People().Trash(w.sim.Find("Do item 197."))
		}, []int{197, 198}},
		"deletes one in the middle": {func(w *world) { w.sim.People().Trash(w.sim.Find("Do item 150.")) }, []int{150}},
		"deletes the first":         {func(w *world) { w.sim.People().Trash(w.sim.Find("Do item 99.")) }, []int{99}},
		"adds a line at the top":    {func(w *world) { w.sim.People().Insert(w.page("Strategy Report"), 0, "from a person") }, nil},
		"adds a line at the end":    {func(w *world) { w.sim.People().Insert(w.page("Strategy Report"), 1000, "from a person") }, nil},
		"adds what comes next":      {func(w *world) { w.sim.People().Insert(w.page("Strategy Report"), 0, "Do item 199x.") }, nil},
		"deletes one from before":   {func(w *world) { w.sim.People().Trash(w.sim.Find("Do item 98.")) }, []int{98}},
	} {
		for _, k := range []int{firstAppend, secondAppend} {
			if k == secondAppend && strings.Contains(name, "first") {
				continue
			}
			t.Run(fmt.Sprintf("%s, append %d", name, k), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := during(t, payload(250, 0), k, tt.happens)
					w.wantOnce("Do", 249, tt.gone...)
					w.wantOnce("See", 249)
				})
			})
		}
	}
}

// page is the page of the run with that title.
func (w *world) page(title string) string {
	w.t.Helper()
	run := w.run("rep_1")
	for _, s := range run.Steps {
		if s.Title == title && s.ID != "" {
			return s.ID
		}
	}
	w.t.Fatalf("the run has no page %q", title)
	return ""
}

// A line at the top of the page once became the parent of 100 children.
func TestALineAtTheTopDoesNotBecomeAParent(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("- parent item\n")
	for i := range 250 {
		fmt.Fprintf(&b, "  - Do item %d.\n", i)
	}
	p := report.Payload{Reports: map[string]string{"strategyReport": b.String()}}
	for k := 4; k <= 7; k++ { // creation, listing of what was created, appends to its block
		t.Run(fmt.Sprint("request ", k), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var line string
				w := during(t, p, k, func(w *world) {
					if topic := w.sim.Object(w.sim.Find("parent item")); topic != nil {
						line = w.sim.People().Insert(topic["parent"].(map[string]any)["page_id"].(string), 0, "from a person")
					}
				})
				w.wantOnce("Do", 250)
				if line != "" && len(w.sim.Children(line)) > 0 {
					t.Error("the person's line got children")
				}
			})
		})
	}
}

func TestATableAtTheEndIsNotEveryTable(t *testing.T) {
	t.Parallel()
	table := func(name string) string { return "| " + name + " |\n|---|\n| x |\n\n" }
	var b strings.Builder
	for i := range 98 {
		fmt.Fprintf(&b, "Do item %d.\n\n", i)
	}
	b.WriteString(table("first") + table("second") + table("third"))
	p := report.Payload{Reports: map[string]string{"strategyReport": b.String()}}
	for _, m := range []moment{beforeRequest, beforeAnswer} {
		t.Run(m.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, notionsim.Options{Budget: 1_000_000})
				w.sim.Inject(notionsim.Fault{Method: http.MethodPatch, Path: "/v1/blocks/*/children", Nth: 2, Drop: true, After: m == beforeAnswer})
				w.accept("rep_1", p)
				w.drain(w.publisher("a", nil), 2*visibility)
				tree := w.sim.Tree()
				for _, name := range []string{"first", "second", "third"} {
					if got := strings.Count(tree, `["`+name+`"]`); got != 1 {
						t.Errorf("the %s table is there %d times", name, got)
					}
				}
			})
		})
	}
}

// A placeholder in a page that is in the trash, or out of reach, is not deleted.
func TestAPlaceholderIsNotGoneBecauseItsPageIs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		away, back func(notionsim.People, string)
	}{
		"trash":  {notionsim.People.Trash, notionsim.People.Restore},
		"access": {notionsim.People.Unshare, notionsim.People.Share},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, notionsim.Options{Budget: 1_000_000})
				w.accept("rep_1", payload(2, 0))
				p := w.publisher("a", nil)
				w.deliver(t.Context(), p, visibility)
				published := w.run("rep_1")
				homepage := published.Step("homepage").ID
				// The homepage goes away right before its placeholder is deleted.
				gone := false
				p = w.publisher("a", roundTrip(func(r *http.Request) (*http.Response, error) {
					if r.Method == http.MethodDelete && !gone {
						gone = true
						tt.away(w.sim.People(), homepage)
					}
					return w.sim.Transport().RoundTrip(r)
				}))
				w.drain(p, visibility)
				if run := w.run("rep_1"); !gone || run.Status != runs.Failed {
					t.Errorf("the run is %s", run.Status)
				}
				tt.back(w.sim.People(), homepage)
				if err := w.publish.Redrive(t.Context()); err != nil {
					t.Fatal(err)
				}
				w.drain(p, visibility)
				if run := w.run("rep_1"); run.Status != runs.Complete || strings.Contains(w.sim.Tree(), "⏳") {
					t.Errorf("the redriven run is %s: %+v\n%s", run.Status, run.Failures, w.sim.Tree())
				}
			})
		})
	}
}

// What cannot be written since a page is in the trash has that for its reason, and
// goes on when the page is back.
func TestAReportBelowAPageInTheTrashSaysSo(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]string{"the row": "row", "the homepage": "homepage"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, notionsim.Options{Budget: 1_000_000})
				w.accept("rep_1", payload(2, 0))
				var page string
				p := w.publisher("a", roundTrip(func(r *http.Request) (*http.Response, error) {
					run := w.run("rep_1")
					if s := run.Step("strategy-report"); page == "" && s != nil && !s.IntendedAt.IsZero() {
						page = run.Step(away).ID
						w.sim.People().Trash(page)
					}
					return w.sim.Transport().RoundTrip(r)
				}))
				w.drain(p, visibility)
				failed := w.run("rep_1")
				if f := failed.LastFailure(); f == nil || f.Code != "in_trash" || f.NotionRequestID == "" {
					t.Errorf("the failure is %+v", f)
				}
				w.sim.People().Restore(page)
				if err := w.publish.Redrive(t.Context()); err != nil {
					t.Fatal(err)
				}
				w.drain(p, visibility)
				if run := w.run("rep_1"); run.Status != runs.Complete {
					t.Errorf("the redriven run is %s: %+v", run.Status, run.Failures)
				}
			})
		})
	}
}

// A person may delete a placeholder, or a block that more belongs below.
func TestAPersonDeletesWhatTheRunStillNeeds(t *testing.T) {
	t.Parallel()
	t.Run("placeholders", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, notionsim.Options{Budget: 1_000_000})
			w.accept("rep_1", payload(2, 1))
			w.deliver(t.Context(), w.publisher("a", nil), visibility)
			for _, text := range []string{"We analysed what people say", "Processing quotes database..."} {
				w.sim.People().Trash(w.sim.Find(text))
			}
			w.drain(w.publisher("a", nil), visibility)
			tree := w.sim.Tree()
			introduction, link := strings.Index(tree, "We read a lot."), strings.Index(tree, "View Strategy Report")
			if w.run("rep_1").Status != runs.Complete || introduction < 0 || introduction > link || strings.Count(tree, "View the complete quotes database") != 1 {
				t.Errorf("the run is %s:\n%s", w.run("rep_1").Status, tree)
			}
		})
	})
	t.Run("a parent", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			var b strings.Builder
			b.WriteString("# Plan\n\n- parent item\n")
			for i := range 350 {
				fmt.Fprintf(&b, "  - Do item %d.\n", i)
			}
			b.WriteString("\nThe end.\n")
			w := during(t, report.Payload{Reports: map[string]string{"strategyReport": b.String()}}, 6, func(w *world) {
				w.sim.People().Trash(w.sim.Find("parent item"))
			})
			if tree := w.sim.Tree(); strings.Count(tree, `"The end."`) != 1 || strings.Contains(tree, "Do item") {
				t.Error("the rest of the report is not there, or what was deleted came back")
			}
		})
	})
}

// converter is how this version of the program turns markdown into blocks.
// Another version is played by another text of the same report.
func TestAnotherVersionBeginsAHalfWrittenPageAnew(t *testing.T) {
	t.Parallel()
	old, other := payload(250, 0), payload(250, 0)
	other.Reports = map[string]string{"strategyReport": "# Strategy, better converted\n\n" + paragraphs("Do", 249), "comprehensiveReport": old.Reports["comprehensiveReport"]}
	for k := 1; k <= 10; k++ {
		for _, m := range []moment{beforeRequest, beforeAnswer, beforeRecord} {
			t.Run(fmt.Sprintf("request %d %s", k, m), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, notionsim.Options{Budget: 1_000_000})
					w.accept("rep_1", old)
					alive, kill := context.WithCancel(t.Context())
					defer kill()
					first := w.publisher("first", &dying{notion: w.sim.Transport(), k: k, moment: m, kill: kill})
					w.deliver(alive, first, time.Minute)
					if alive.Err() == nil {
						t.Fatal("the process was not killed")
					}
					// The message comes again; the program reads it otherwise now.
					batch, err := w.publish.Receive(t.Context(), 1, visibility)
					if err != nil || len(batch) != 1 {
						t.Fatal(batch, err)
					}
					if err := w.publish.Delete(t.Context(), batch[0].Receipt); err != nil {
						t.Fatal(err)
					}
					w.send(queue.Message{Kind: queue.Publish, ReportID: "rep_1", Payload: &other}, "other version")
					w.drain(w.publisher("second", nil), 2*visibility)
					if run := w.run("rep_1"); run.Status != runs.Complete {
						t.Errorf("the run ended %s: %+v", run.Status, run.Failures)
					}
					w.wantOnce("Do", 249)
					w.wantOnce("See", 249)
					if got := strings.Count(w.sim.Tree(), " - Strategy Report"); got != 1 {
						t.Errorf("got %d strategy pages", got)
					}
				})
			})
		}
	}
	if len(markdown.Blocks(old.Reports["strategyReport"])) != len(markdown.Blocks(other.Reports["strategyReport"])) {
		t.Error("the two versions differ in more than a text")
	}
}

// Another version may make homepages with a block more or less, which is played by
// what the record knows of the research: the texts come to a page of before.
func TestAnotherVersionMakesHomepagesOtherwise(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ was, is *report.Statistics }{
		"with a block more": {nil, new(report.Statistics)},
		"with a block less": {new(report.Statistics), nil},
	} {
		for _, reports := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s, %d reports", name, reports), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, notionsim.Options{Budget: 1_000_000})
					p := payload(2, 2*(reports-1))
					if reports == 1 {
						delete(p.Reports, "strategyReport")
					}
					change := func(statistics *report.Statistics) {
						run := w.run("rep_1")
						run.Statistics = statistics
						if err := w.db.Runs().Save(t.Context(), &run); err != nil {
							t.Fatal(err)
						}
					}
					w.accept("rep_1", p)
					w.research = counting{tt.was}
					w.deliver(t.Context(), w.publisher("a", nil), visibility)
					change(tt.is)
					w.drain(w.publisher("a", nil), visibility)
					tree := w.sim.Tree()
					introduction, link := strings.Index(tree, "We read a lot."), strings.Index(tree, "View Comprehensive Analysis")
					if run := w.run("rep_1"); run.Status != runs.Complete || introduction < 0 || introduction > link || strings.Contains(tree, "We analysed what people say") || strings.Contains(tree, "⏳") {
						t.Errorf("the run is %s, failures %+v:\n%s", run.Status, run.Failures, tree)
					}
				})
			})
		}
	}
}

// counting is a research database that knows the size of a run, or does not.
type counting struct{ statistics *report.Statistics }

func (counting) Account(context.Context, string, string) (a research.Account, found bool, err error) {
	return a, false, nil
}

func (c counting) Statistics(context.Context, string) (s report.Statistics, found bool, err error) {
	if c.statistics == nil {
		return s, false, nil
	}
	return *c.statistics, true, nil
}

// A part of the quotes and the texts fail, and are redriven in any order.
func TestFailuresOfPartsAreRedrivenInAnyOrder(t *testing.T) {
	t.Parallel()
	for name, order := range map[string][]int{"all in order": {0, 1, 2}, "the second part first": {2, 0, 1}, "the texts alone, then the parts": {0, -1, 2, 1}, "only a part, then the rest": {2, -1, 1, 0}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, notionsim.Options{Budget: 1_000_000})
				p := payload(2, 1)
				w.accept("rep_1", p)
				a := w.publisher("a", nil)
				w.deliver(t.Context(), a, visibility)
				texts := queue.Message{Kind: queue.Texts, ReportID: "rep_1", Answer: "asked", Texts: &queue.HomepageTexts{Title: "Title", Introduction: "Text."}}
				messages := []queue.Message{texts, part(p, 0, 2, report.Quote{Text: "one"}), part(p, 1, 2, report.Quote{Text: "two"})}
				w.sim.Inject(notionsim.Fault{Method: http.MethodDelete, Status: 400})
				w.sim.Inject(notionsim.Fault{Method: http.MethodPost, Path: "/v1/pages", Status: 400})
				for _, m := range messages {
					w.send(m, "")
				}
				for w.deliver(t.Context(), a, visibility) {
				}
				if run, dead := w.run("rep_1"), w.peek(w.dead); len(dead) != 3 || len(run.Failures) != 3 {
					t.Fatalf("got %d dead letters, failures %+v", len(dead), run.Failures)
				}
				for i, m := range order {
					if m < 0 {
						for w.deliver(t.Context(), a, visibility) {
						}
						continue
					}
					w.send(messages[m], fmt.Sprint("redriven ", i))
				}
				for w.deliver(t.Context(), a, visibility) {
				}
				// Whoever came before its time was put aside once more.
				if err := w.publish.Redrive(t.Context()); err != nil {
					t.Fatal(err)
				}
				for w.deliver(t.Context(), a, visibility) {
				}
				w.wantQuotes("one", "two")
				if run := w.run("rep_1"); len(run.Failures) > 0 || len(w.peek(w.dead)) > 0 {
					t.Errorf("failures %+v, %d dead letters", run.Failures, len(w.peek(w.dead)))
				}
			})
		})
	}
}

// Texts that are refused while the first part of the quotes is written do not
// cost the second part.
func TestRefusedTextsDoNotCostAPartOfTheQuotes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{Budget: 1_000_000})
		p := payload(2, 1)
		w.accept("rep_1", p)
		a := w.publisher("a", nil)
		w.deliver(t.Context(), a, visibility)
		w.sim.Inject(notionsim.Fault{Method: http.MethodDelete, Status: 400})
		many := make([]report.Quote, 200)
		for i := range many {
			many[i].Text = fmt.Sprint("quote ", i)
		}
		w.send(part(p, 0, 201, many...), "")
		w.send(queue.Message{Kind: queue.Texts, ReportID: "rep_1", Answer: "asked", Texts: &queue.HomepageTexts{Title: "Title", Introduction: "Text."}}, "")
		w.send(part(p, 200, 201, report.Quote{Text: "the last"}), "")
		for w.deliver(t.Context(), a, visibility) {
		}
		if dead := w.peek(w.dead); len(dead) != 1 || !strings.Contains(w.sim.Tree(), "the last") {
			t.Errorf("got %d dead letters, want the texts alone", len(dead))
		}
		if err := w.publish.Redrive(t.Context()); err != nil {
			t.Fatal(err)
		}
		for w.deliver(t.Context(), a, visibility) {
		}
		if run := w.run("rep_1"); run.Status != runs.Complete || strings.Contains(w.sim.Tree(), "⏳") {
			t.Errorf("the run is %s: %+v", run.Status, run.Failures)
		}
	})
}
