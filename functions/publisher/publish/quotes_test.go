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
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/research"
	"notionrelay/shared/runs"
)

// published is a world with a run whose base pages are there and whose place
// for quotes is waiting.
func published(t *testing.T) (w *world, p report.Payload) {
	t.Helper()
	w = newWorld(t, notionsim.Options{Budget: 1_000_000})
	p = payload(2, 1)
	w.accept("rep_1", p)
	w.deliver(t.Context(), w.publisher("a", nil), visibility)
	w.send(queue.Message{Kind: queue.Texts, ReportID: "rep_1", Answer: "asked", Texts: &queue.HomepageTexts{Title: "Title", Introduction: "Text."}}, "")
	w.deliver(t.Context(), w.publisher("a", nil), visibility)
	return w, p
}

// part is a message with some of so many quotes.
func part(p report.Payload, offset, total int, quotes ...report.Quote) queue.Message {
	subject := p.Subject()
	return queue.Message{Kind: queue.Quotes, ReportID: "rep_1", Answer: "asked", Cursor: int64(offset), Subject: &subject, Quotes: &queue.QuotesPart{Offset: offset, Total: total, Quotes: quotes}}
}

func (w *world) wantQuotes(texts ...string) {
	w.t.Helper()
	tree := w.sim.Tree()
	for _, text := range texts {
		if got := strings.Count(tree, "Quote: \""+text+"\""); got != 1 {
			w.t.Errorf("quote %q is there %d times", text, got)
		}
	}
	if got := strings.Count(tree, "Quote: "); got != len(texts) {
		w.t.Errorf("got %d quotes, want %d", got, len(texts))
	}
	if run := w.run("rep_1"); run.Status != runs.Complete || strings.Contains(tree, "⏳") {
		w.t.Errorf("the run is %s, failure %+v", run.Status, run.Failures)
	}
}

// A longer quote before it is no twin of a shorter one.
func TestARowIsNotTakenForThatOfALongerQuote(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, p := published(t)
		w.sim.Inject(notionsim.Fault{Method: http.MethodPost, Path: "/v1/pages", Nth: 2, Status: 504, After: true})
		w.send(part(p, 0, 2, report.Quote{Text: "I love it so much"}, report.Quote{Text: "I love it"}), "")
		w.drain(w.publisher("a", nil), visibility)
		w.wantQuotes("I love it so much", "I love it")
	})
}

// A part of the quotes does not wait for one that was put aside, and both are
// written once they are redriven.
func TestPartsOfTheQuotesArePutAsideTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, p := published(t)
		w.sim.Inject(notionsim.Fault{Method: http.MethodPost, Path: "/v1/pages", Status: 400})
		w.send(part(p, 0, 2, report.Quote{Text: "one"}), "")
		w.send(part(p, 1, 2, report.Quote{Text: "two"}), "")
		for w.deliver(t.Context(), w.publisher("a", nil), visibility) {
		}
		dead := w.peek(w.dead)
		if run := w.run("rep_1"); len(dead) != 2 || run.Status != runs.Failed || !strings.HasPrefix(dead[1].Attributes["reason"], "part_missing") {
			t.Fatalf("the run is %s, dead letters %+v", run.Status, dead)
		}
		if err := w.publish.Redrive(t.Context()); err != nil {
			t.Fatal(err)
		}
		for w.deliver(t.Context(), w.publisher("a", nil), visibility) {
		}
		w.wantQuotes("one", "two")
	})
}

// A report of which no quotes were expected is complete without them. Should some come
// all the same, they are written to the end, though the process dies in their midst.
func TestQuotesThatNobodyExpectedAreWrittenToTheEnd(t *testing.T) {
	t.Parallel()
	for k := 1; k <= 4; k++ { // the database, two rows, the section
		t.Run(fmt.Sprint("request ", k), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, notionsim.Options{Budget: 1_000_000})
				p := payload(2, 0)
				w.accept("rep_1", p)
				w.drain(w.publisher("a", nil), time.Second)
				if run := w.run("rep_1"); run.Status != runs.Complete || run.QuotesAnswer != "" {
					t.Fatalf("the run is %s, its quotes are those of %q", run.Status, run.QuotesAnswer)
				}
				w.send(part(p, 0, 2, report.Quote{Text: "one"}, report.Quote{Text: "two"}), "")
				alive, kill := context.WithCancel(t.Context())
				defer kill()
				w.deliver(alive, w.publisher("a", &dying{notion: w.sim.Transport(), k: k, moment: beforeAnswer, kill: kill}), time.Second)
				if alive.Err() == nil {
					t.Fatal("the process was not killed")
				}
				w.drain(w.publisher("b", nil), 2*visibility)
				w.wantQuotes("one", "two")
				if tree := w.sim.Tree(); strings.Count(tree, "View the complete quotes database") != 1 {
					t.Errorf("the homepage does not lead to them:\n%s", tree)
				}
			})
		})
	}
}

// Of two answers that differ the first one is written to its end.
func TestTheFirstAnswerIsFollowed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, p := published(t)
		first, second := part(p, 0, 2, report.Quote{Text: "one"}), part(p, 1, 2, report.Quote{Text: "two"})
		none, rest := part(p, 0, 0), part(p, 3, 4, report.Quote{Text: "three"})
		first.Answer, second.Answer, none.Answer, rest.Answer = "first", "first", "other", "other"
		w.send(first, "")
		w.send(none, "other")
		w.send(rest, "")
		w.send(second, "")
		for w.deliver(t.Context(), w.publisher("a", nil), visibility) {
		}
		w.wantQuotes("one", "two")
	})
}

// defective is a research database with a mistake in it.
type defective struct{}

func (defective) Account(context.Context, string, string) (research.Account, bool, error) {
	panic("a mistake")
}

func (defective) Statistics(context.Context, string) (report.Statistics, bool, error) {
	panic("a mistake")
}

func TestAPanicIsPutAsideWithItsReport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{})
		w.research = defective{}
		w.accept("rep_1", payload(2, 0))
		w.deliver(t.Context(), w.publisher("a", nil), visibility)
		dead := w.peek(w.dead)
		if run := w.run("rep_1"); run.Status != runs.Failed || run.LastFailure().Code != "defect" || len(dead) != 1 || !strings.HasPrefix(dead[0].Attributes["reason"], "defect") {
			t.Errorf("the run is %s, failure %+v, dead letters %+v", run.Status, run.Failures, dead)
		}
	})
}
