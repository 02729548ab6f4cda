package publish_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"notionrelay/local/notionsim"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
)

// What pairs and model have found, each in the shortest history that shows it.

// The base waits at the tail of the queue, and a process dies with the second part of
// the quotes before it could shorten the message's long visibility timeout. When that
// was over, nothing had happened to the run for so long that the part was dropped as
// one of an abandoned run; then the base went on, the first part was written, and
// whatever came later was of another answer.
func TestAPartOutlivesItsMessagesSilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{Budget: 1_000_000})
		w.sim.Inject(notionsim.Fault{Method: http.MethodPost, Path: "/v1/pages", Drop: true})
		a, run := w.publisher("a", nil), payload(2, 2)
		w.accept("rep_1", run)
		first, second := part(run, 0, 2, report.Quote{Text: "one"}), part(run, 1, 2, report.Quote{Text: "two"})
		first.Answer, second.Answer = "first", "first"
		w.send(second, "")
		w.deliver(t.Context(), a, time.Minute) // the base: it goes to the tail
		w.send(first, "")
		if silent, err := w.publish.Receive(t.Context(), 1, time.Minute); err != nil || len(silent) != 1 {
			t.Fatal(silent, err)
		}
		w.drain(a, 2*visibility)
		if run := w.run("rep_1"); run.Status != runs.Complete {
			t.Errorf("the run ended %s: %+v", run.Status, run.Failures)
		}
	})
}

// A quote of few words has nothing on its page, however long its properties are.
func TestALongJustificationNeedsNoContent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, p := published(t)
		w.send(part(p, 0, 1, report.Quote{Text: "one", Justification: strings.Repeat("Зачем? ", 500)}), "")
		w.drain(w.publisher("a", nil), visibility)
		w.wantQuotes("one")
	})
}

// Two quotes of one link that begin alike, as far as a title holds them, come in
// two parts, and the row of the second one is lost: that of the first one, which is
// not known to have a twin, counts as it. (Of quotes that are equal to their end
// the enricher sends one.)
func TestTwinsInTwoPartsAreTwoRows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, p := published(t)
		twin := func(end string) report.Quote {
			return report.Quote{Text: strings.Repeat("alike ", 1000) + end, URL: "https://www.reddit.com/r/cooking/comments/1/"}
		}
		w.sim.Inject(notionsim.Fault{Method: http.MethodPost, Path: "/v1/pages", Nth: 2, Drop: true})
		w.send(part(p, 0, 2, twin("one")), "")
		w.send(part(p, 1, 2, twin("two")), "")
		w.drain(w.publisher("a", nil), visibility)
		if got := strings.Count(w.sim.Tree(), `Quote: "alike`); got != 2 {
			t.Errorf("the two quotes have %d rows", got)
		}
	})
}

func TestTwinsInOnePartAreTwoRows(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]notionsim.Fault{"applied": {Drop: true, After: true}, "not applied": {Drop: true}} {
		for nth := 1; nth <= 3; nth++ {
			synctest.Test(t, func(t *testing.T) {
				w, p := published(t)
				twin := report.Quote{Text: "one", URL: "https://www.reddit.com/r/cooking/comments/1/"}
				f.Method, f.Path, f.Nth = http.MethodPost, "/v1/pages", nth
				w.sim.Inject(f)
				all := part(p, 0, 3, twin, twin, twin)
				all.Answer = "once"
				w.send(all, "")
				w.drain(w.publisher("a", nil), visibility)
				if got := strings.Count(w.sim.Tree(), `Quote: "one"`); got != 3 {
					t.Errorf("row %d, %s: the three quotes have %d rows", nth, name, got)
				}
			})
		}
	}
}

// A person deletes a list while deeper levels of it are still to be written: what
// belongs below has no place any more, however far above it the deletion was.
func TestAPersonDeletesAListAboveWhatIsStillToBeWritten(t *testing.T) {
	t.Parallel()
	run := payload(2, 0)
	run.Reports = map[string]string{"strategyReport": marked("Do", 3, true)}
	for k := 4; k <= 12; k++ { // creation, and what goes below its blocks
		for _, name := range []string{outerList, "third", "sixth"} {
			t.Run(fmt.Sprintf("%s, request %d", name, k), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := during(t, run, k, func(w *world) {
						if id := w.sim.Find(name); id != "" {
							w.sim.People().Trash(id)
						}
					})
					if got := strings.Count(w.sim.Tree(), `"The end."`); got != 1 {
						t.Errorf("the end of the report is there %d times", got)
					}
				})
			})
		}
	}
}
