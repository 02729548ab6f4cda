package publish_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"notionrelay/functions/publisher/publish"
	"notionrelay/local/notionsim"
	"notionrelay/shared/notion"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
)

// serve works on the queue with a publisher, and lets the enricher answer, until
// the test ends or stop is called.
func (w *world) serve(p *publish.Publisher, enricher bool) (stop func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			if enricher {
				w.answerEnrichRequests()
			}
			w.deliver(w.t.Context(), p, time.Minute)
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}

// acceptMany accepts so many runs of a kind, each of another company.
func (w *world) acceptMany(n int, prefix string, p func() report.Payload) (ids []string) {
	w.t.Helper()
	for i := range n {
		one := p()
		one.RunID, one.Email = fmt.Sprint(prefix, i), fmt.Sprintf("x@%s%d.com", prefix, i)
		ids = append(ids, fmt.Sprint("rep_", prefix, i))
		w.accept(ids[i], one)
	}
	return ids
}

// wantComplete wants runs to be complete, each with one row.
func (w *world) wantComplete(ids ...string) {
	w.t.Helper()
	for _, id := range ids {
		if run := w.run(id); run.Status != runs.Complete || len(run.Waits) > 0 {
			w.t.Errorf("%s is %s: %+v, waits %+v", id, run.Status, run.Failures, run.Waits)
		}
	}
	if dead := w.peek(w.dead); len(dead) > 0 {
		w.t.Errorf("got %d dead letters, the first of them %v", len(dead), dead[0].Attributes)
	}
	if rows := strings.Count(w.sim.Tree(), "\n  #"); rows != len(ids) {
		w.t.Errorf("got %d rows for %d runs", rows, len(ids))
	}
}

// halt is the halt as the status of every run shows it.
func (w *world) halt() runs.Halt {
	w.t.Helper()
	h, err := w.db.Runs().Halt(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return h
}

// sick answers the requests of one run's tree in Notion's place: those whose
// bodies hold a word, and those below what was made with it.
func (w *world) sick(word string, answers func(*http.Request) (*http.Response, error)) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		if r.Method != http.MethodGet && strings.Contains(bodyOf(w.t, r), word) {
			return answers(r)
		}
		return w.sim.Transport().RoundTrip(r)
	}
}

func says500(r *http.Request) (*http.Response, error) {
	return answer(r, 500, `{"object":"error","status":500,"code":"internal_server_error","message":"Unexpected error occurred."}`), nil
}

// Notion fails for one report only, for ever: the others do not wait for it, and it
// is put aside with its reason when its patience is over.
func TestTroubleOfOneReportHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	hangs := func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	for name, tt := range map[string]struct {
		answers func(*http.Request) (*http.Response, error)
		longest time.Duration // that another report waits
		reason  string
	}{
		"answers 500": {says500, 30 * time.Second, "Notion answered 500 internal_server_error"},
		// One write is in flight at a time, and this one is waited for.
		"does not answer": {hangs, notion.LateEffect + 30*time.Second, "Notion did not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, notionsim.Options{Budget: 1_000_000, Latency: 100 * time.Millisecond})
				stop := w.serve(w.publisher("a", w.sick("Sick", tt.answers)), true)
				defer stop()
				w.accept("rep_sick", report.Payload{Reports: map[string]string{"strategyReport": "Sick"}, Email: "x@sick.com"})
				var others []string
				for i := range 40 {
					time.Sleep(5 * time.Minute)
					others = append(others, w.acceptMany(1, fmt.Sprint("other", i), func() report.Payload { return payload(3, 0) })...)
					if run := w.run("rep_sick"); run.Status == runs.Publishing && (len(run.Waits) != 1 || !strings.Contains(run.Waits[0].Reason, tt.reason)) {
						t.Errorf("after %d minutes the sick run's waits are %+v", 5*i, run.Waits)
					}
				}
				time.Sleep(10 * time.Minute)
				for _, id := range others {
					run := w.run(id)
					if took := run.PublishedAt.Sub(run.AcceptedAt); run.Status != runs.Complete || took > tt.longest {
						t.Errorf("%s is %s, published after %s", id, run.Status, took)
					}
				}
				run, dead := w.run("rep_sick"), w.peek(w.dead)
				if run.Status != runs.Failed || len(dead) != 1 || !strings.Contains(dead[0].Attributes["reason"], tt.reason) {
					t.Fatalf("the sick run is %s, waits %+v, dead letters %+v", run.Status, run.Waits, dead)
				}
				if after := run.EndedAt.Sub(run.AcceptedAt); after < 2*time.Hour || after > 3*time.Hour {
					t.Errorf("it was put aside after %s", after)
				}
				if w.halt().Halted() {
					t.Errorf("the queue is halted: %+v", w.halt())
				}
			})
		})
	}
}

// A few reports that fail for themselves end, though there is no other by which to
// tell them from an outage.
func TestSickReportsAloneEnd(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a day of probes takes minutes under the race detector, and each is like the other")
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{Budget: 1_000_000})
		ids := w.acceptMany(3, "sick", func() report.Payload {
			return report.Payload{Reports: map[string]string{"strategyReport": "Sick"}}
		})
		w.drain(w.publisher("a", w.sick("Sick", says500)), 2*time.Hour)
		for _, id := range ids {
			if run := w.run(id); run.Status != runs.Failed {
				t.Errorf("%s is %s: %+v", id, run.Status, run.Waits)
			}
		}
		if dead := w.peek(w.dead); len(dead) != len(ids) {
			t.Errorf("got %d dead letters", len(dead))
		}
	})
}

// refusing is a queue that takes nothing for a while.
type refusing struct {
	publish.Sender

	until time.Time
}

func (r refusing) Send(ctx context.Context, m queue.Outgoing) error {
	if time.Now().Before(r.until) {
		return errors.New("service unavailable")
	}
	return r.Sender.Send(ctx, m)
}

func TestPagesDoNotWaitForTheEnrichQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{Budget: 1_000_000})
		p := w.publisher("a", nil)
		p.EnrichQueue = refusing{w.enrich, time.Now().Add(time.Hour)}
		ids := w.acceptMany(5, "co", func() report.Payload { return payload(3, 2) })
		w.drain(p, visibility)
		w.wantComplete(ids...)
		for _, id := range ids {
			run := w.run(id)
			if took := run.PublishedAt.Sub(run.AcceptedAt); took > 30*time.Second || len(run.Warnings) > 0 {
				t.Errorf("%s was published after %s, warnings %q", id, took, run.Warnings)
			}
		}
		if got := strings.Count(w.sim.Tree(), "Quote: "); got != 5*2 {
			t.Errorf("got %d quotes", got)
		}
	})
}

// What a person does to everyone fails nobody: it is said, and mended all goes on.
func TestWhatIsWrongWithEveryoneFailsNobody(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		breaks, mends func(*world)
		code          string
	}{
		"the token is revoked": {
			func(w *world) { w.sim.People().RevokeToken("t") },
			func(w *world) { w.sim.People().RenewToken("other", "t") }, notion.TokenRefused,
		},
		"the database is unshared": {
			func(w *world) { w.sim.People().Unshare(w.sim.DatabaseID()) },
			func(w *world) { w.sim.People().Share(w.sim.DatabaseID()) }, notion.DatabaseNotFound,
		},
		"a column is renamed": {
			func(w *world) { w.sim.People().RenameColumn(w.sim.DatabaseID(), "Contact Email", "E-Mail") },
			func(w *world) { w.sim.People().RenameColumn(w.sim.DatabaseID(), "E-Mail", "Contact Email") }, notion.ColumnMissing,
		},
		"a column has another type": {
			func(w *world) { w.sim.People().RetypeColumn(w.sim.DatabaseID(), "Report Type", "number") },
			func(w *world) { w.sim.People().RetypeColumn(w.sim.DatabaseID(), "Report Type", "rich_text") }, notion.ColumnType,
		},
		"there is a second data source": {
			func(w *world) { w.sim.People().AddDataSource(w.sim.DatabaseID()) },
			func(w *world) { w.sim.People().RemoveDataSource(w.sim.DatabaseID()) }, notion.SeveralDataSources,
		},
		"the integration may not insert": {
			func(w *world) { w.sim.People().Withhold(notionsim.InsertContent) },
			func(w *world) { w.sim.People().Grant(notionsim.InsertContent) }, notion.CannotInsert,
		},
		"Notion is down": {
			func(w *world) { w.sim.Inject(notionsim.Fault{Times: -1, Status: 503}) },
			func(w *world) { w.sim.Mend() }, publish.NotionUnreachable,
		},
		"Notion's edge answers 403": {
			func(w *world) {
				f := notionsim.Edge(403)
				f.Times = -1
				w.sim.Inject(f)
			},
			func(w *world) { w.sim.Mend() }, publish.NotionUnreachable,
		},
		"Notion's writes fail": {
			func(w *world) { w.sim.Inject(notionsim.Fault{Method: http.MethodPost, Times: -1, Status: 500}) },
			func(w *world) { w.sim.Mend() }, publish.NotionFailing,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, notionsim.Options{Budget: 1_000_000})
				stop := w.serve(w.publisher("a", nil), true)
				defer stop()
				before := w.acceptMany(2, "before", func() report.Payload { return payload(3, 2) })
				time.Sleep(time.Minute)
				tt.breaks(w)
				during := w.acceptMany(20, "during", func() report.Payload { return payload(3, 2) })
				time.Sleep(10 * time.Minute)
				if h := w.halt(); h.Code != tt.code || h.Reason == "" || h.Remedy == "" || h.Probes < 3 || !h.Next.After(time.Now()) {
					t.Errorf("the halt is %+v, want %s", h, tt.code)
				}
				for _, id := range during {
					if run := w.run(id); run.Ended() {
						t.Errorf("%s is %s: %+v", id, run.Status, run.Failures)
					}
				}
				tt.mends(w)
				time.Sleep(40 * time.Minute)
				w.wantComplete(slices.Concat(before, during)...)
				if w.halt() != (runs.Halt{}) {
					t.Errorf("still halted: %+v", w.halt())
				}
			})
		})
	}
}

// Notion cannot be reached: the record says so within seconds.
func TestTheRecordSaysWithinSecondsThatNotionIsUnreachable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{})
		stop := w.serve(w.publisher("a", roundTrip(func(*http.Request) (*http.Response, error) { return nil, errDial })), true)
		defer stop()
		w.accept("rep_1", payload(3, 0))
		time.Sleep(15 * time.Second)
		if h := w.halt(); h.Code != publish.NotionUnreachable || !strings.Contains(h.Reason, "could not be reached") {
			t.Errorf("after 15 s the halt is %+v", h)
		}
	})
}

// Notion is down for two hours with fifty reports, one of them with quotes in
// parts.
func TestAnOutageWithFiftyReportsFailsNone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{Budget: 1_000_000})
		p := payload(2, 1)
		w.accept("rep_1", p)
		stop := w.serve(w.publisher("a", nil), false)
		defer stop()
		time.Sleep(10 * time.Second)
		w.sim.Inject(notionsim.Fault{Times: -1, Status: 503})
		w.send(queue.Message{Kind: queue.Texts, ReportID: "rep_1", Answer: "asked", Texts: &queue.HomepageTexts{}}, "")
		w.send(part(p, 0, 3, report.Quote{Text: "one"}), "")
		w.send(part(p, 1, 3, report.Quote{Text: "two"}), "")
		w.send(part(p, 2, 3, report.Quote{Text: "three"}), "")
		ids := w.acceptMany(49, "co", func() report.Payload { return payload(3, 0) })
		time.Sleep(2 * time.Hour)
		w.sim.Mend()
		time.Sleep(2 * time.Hour)
		w.wantComplete(append(ids, "rep_1")...)
		w.wantQuotes("one", "two", "three")
	})
}

// Notion allows few requests: what writes at every delivery ends, however slowly.
func TestAFewRequestsPerMinuteAreEnough(t *testing.T) {
	t.Parallel()
	for _, budget := range []int{10, 20, 30} {
		t.Run(fmt.Sprint(budget), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, notionsim.Options{Budget: budget})
				w.budget = 180 // what we take Notion to allow
				w.accept("rep_1", payload(3, 400))
				w.drain(w.publisher("a", nil), visibility)
				w.wantComplete("rep_1")
			})
		})
	}
}

// A run in slices waits while another one waits out its trouble: no state of it is
// ever false.
func TestASlicedRunIsNeverCalledAbandoned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{Budget: 1_000_000, Latency: 300 * time.Millisecond})
		p := payload(3, 200)
		w.accept("rep_1", p)
		stop := w.serve(w.publisher("a", nil), true)
		defer stop()
		time.Sleep(20 * time.Second)
		w.sim.Inject(notionsim.Fault{Status: 429, Header: http.Header{"Retry-After": {"1200"}}})
		for range 40 {
			time.Sleep(time.Minute)
			if run := w.run("rep_1"); run.Status == runs.Failed {
				t.Fatalf("the run is %s: %+v", run.Status, run.Failures)
			}
		}
		w.wantComplete("rep_1")
	})
}

// Nothing depends on an answer of the enricher.
func TestAnEnricherThatNeverAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{Budget: 1_000_000})
		stop := w.serve(w.publisher("a", nil), false)
		defer stop()
		w.accept("rep_1", payload(3, 2))
		time.Sleep(15 * time.Minute)
		w.wantComplete("rep_1")
		run, tree := w.run("rep_1"), w.sim.Tree()
		if len(run.Warnings) != 2 || strings.Contains(tree, "⏳") || !strings.Contains(tree, "What you will find here") {
			t.Errorf("the warnings are %q:\n%s", run.Warnings, tree)
		}
		if asked := w.peek(w.enrich); len(asked) != 2 {
			t.Errorf("the enricher was asked %d times, want 2", len(asked))
		}
		// Its answer comes all the same, as when an operator has mended it.
		w.answerEnrichRequests()
		time.Sleep(time.Minute)
		w.wantComplete("rep_1")
		if got := strings.Count(w.sim.Tree(), "Quote: "); got != 2 || strings.Count(w.sim.Tree(), "View the complete quotes database") != 1 || len(w.run("rep_1").Warnings) != 1 {
			t.Errorf("got %d quotes, warnings %q", got, w.run("rep_1").Warnings)
		}
	})
}

// What the enricher has answered waits out a halt together with the timer, and they
// take turns at the head of the queue. Whichever comes first afterwards, what was
// answered is written.
func TestAHaltIsNotTheEnrichersSilence(t *testing.T) {
	t.Parallel()
	for turn := range 12 { // of five minutes each
		t.Run(fmt.Sprint("turn ", turn), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, notionsim.Options{Budget: 1_000_000})
				w.accept("rep_1", payload(3, 2))
				w.deliver(t.Context(), w.publisher("a", nil), time.Minute)
				up := time.Now().Add(3*time.Hour + time.Duration(turn)*5*time.Minute)
				b := w.publisher("b", roundTrip(func(r *http.Request) (*http.Response, error) {
					if time.Now().Before(up) {
						return nil, errDial
					}
					return w.sim.Transport().RoundTrip(r)
				}))
				w.accept("rep_2", payload(3, 0))
				halted := w.serve(b, false)
				time.Sleep(time.Minute)
				halted()
				stop := w.serve(b, true)
				defer stop()
				time.Sleep(5 * time.Hour)
				w.wantComplete("rep_1", "rep_2")
				if run, tree := w.run("rep_1"), w.sim.Tree(); len(run.Warnings) > 0 || !strings.Contains(tree, "We read a lot.") || strings.Count(tree, "Quote: ") != 2 {
					t.Errorf("warnings %q:\n%s", run.Warnings, tree)
				}
			})
		})
	}
}

// Notion refuses what the AI has written.
func TestARefusedTextLeavesTheStandardOne(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault notionsim.Fault
		has   []string
	}{
		"the title":        {notionsim.Fault{Method: http.MethodPatch, Path: "/v1/pages/*", Status: 400}, []string{"Salt & Pepper Market Research Analysis", "We read a lot."}},
		"the introduction": {notionsim.Fault{Method: http.MethodPatch, Path: "/v1/blocks/*/children", Nth: 3, Status: 400}, []string{"Home Cooking Market Analysis", "What you will find here"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, notionsim.Options{Budget: 1_000_000})
				w.sim.Inject(tt.fault)
				w.accept("rep_1", payload(3, 2))
				w.drain(w.publisher("a", nil), time.Minute)
				w.wantComplete("rep_1")
				for _, words := range tt.has {
					if !strings.Contains(w.sim.Tree(), words) {
						t.Errorf("the tree does not say %q", words)
					}
				}
				if run := w.run("rep_1"); len(run.Warnings) != 1 || !strings.Contains(run.Warnings[0], "refused") {
					t.Errorf("the warnings are %q", run.Warnings)
				}
			})
		})
	}
}

// A new report's pages come soon, whatever is written besides.
func TestANewReportOvertakesBulkWork(t *testing.T) {
	t.Parallel()
	long := func() report.Payload {
		return report.Payload{Reports: map[string]string{"strategyReport": paragraphs("Do", 20_000), "comprehensiveReport": paragraphs("See", 20_000)}}
	}
	quotes := func() report.Payload { return payload(3, 1000) }
	for name, tt := range map[string]struct {
		n    int
		bulk func() report.Payload
	}{
		"one run of 1,000 quotes":    {1, quotes},
		"two runs of 1,000 quotes":   {2, quotes},
		"three runs of 1,000 quotes": {3, quotes},
		"five runs of 1,000 quotes":  {5, quotes},
		"30 runs of 1,000 quotes":    {30, quotes},
		"a report of 40,000 blocks":  {1, long},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, notionsim.Options{Latency: 300 * time.Millisecond})
				stop := w.serve(w.publisher("a", nil), true)
				defer stop()
				w.acceptMany(tt.n, "bulk", tt.bulk)
				time.Sleep(3 * time.Minute)
				for i := range 5 {
					id := fmt.Sprint("rep_new", i)
					w.accept(id, payload(3, 0))
					time.Sleep(40 * time.Second)
					run := w.run(id)
					if took := run.PublishedAt.Sub(run.AcceptedAt); run.PublishedAt.IsZero() || took > 25*time.Second {
						t.Errorf("report %d is %s, published after %s", i, run.Status, took)
					}
				}
			})
		})
	}
}

// Behind a burst of reports bulk work waits ten seconds for each turn. Whatever else
// comes need not wait for those, and bulk work is done all the same.
func TestBulkWorkThatWaitsForItsTurnGivesWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{Latency: 50 * time.Millisecond})
		var a arrivals
		ctx, end := context.WithCancel(t.Context())
		served := make(chan struct{})
		p := w.publisher("a", nil)
		bulk := w.acceptMany(1, "bulk", func() report.Payload { return payload(3, 200) })
		w.deliverBefore(p, &a)
		w.answerEnrichRequests() // and no others
		go func() {
			defer close(served)
			for ctx.Err() == nil {
				w.deliverBefore(p, &a)
			}
		}()
		come := func(after time.Duration) {
			time.Sleep(after)
			w.acceptMany(1, fmt.Sprint("new", a.add(), "."), func() report.Payload { return payload(2, 0) })
		}
		for range 16 {
			come(time.Second / 3)
		}
		for range 10 { // by now bulk work has its turn each ten seconds
			come(7 * time.Second)
		}
		time.Sleep(5 * time.Minute)
		if run := w.run(bulk[0]); run.Status != runs.Complete {
			t.Errorf("bulk work is %s, %d quotes are written", run.Status, run.Step("quotes").Done)
		}
		end()
		<-served
	})
}

// arrivals are when reports were accepted.
type arrivals struct {
	mu sync.Mutex
	at []time.Time
}

// add says how many were before.
func (a *arrivals) add() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at = append(a.at, time.Now())
	return len(a.at) - 1
}

// since is when all came but the first n.
func (a *arrivals) since(n int) []time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.at[n:])
}

// deliverBefore delivers the next message, and wants bulk work to end soon after a
// report has come: it asks every two seconds, behind a request or a wait of a second.
func (w *world) deliverBefore(p *publish.Publisher, a *arrivals) {
	const longest = 4 * time.Second
	batch := w.next(10 * time.Second)
	if len(batch) == 0 {
		return
	}
	before := len(a.since(0))
	response, err := p.Handle(w.t.Context(), eventOf(batch[0]))
	if err != nil || len(response.BatchItemFailures) > 0 {
		w.t.Errorf("got %+v, %v", response, err)
	}
	if err := w.publish.Delete(w.t.Context(), batch[0].Receipt); err != nil {
		w.t.Error(err)
	}
	if m, err := queue.Decode(batch[0].Body); err != nil || m.Kind == queue.Publish {
		return
	}
	for _, at := range a.since(before) {
		if waited := time.Since(at); waited > longest {
			w.t.Errorf("a report waited %s for bulk work", waited)
		}
	}
}

// The process ends after a 401, so that the next one reads the token anew.
func TestARefusedTokenEndsTheProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{})
		w.sim.People().RevokeToken("t")
		p := w.publisher("a", nil)
		exits := 0
		p.Exit = func() { exits++ }
		w.accept("rep_1", payload(3, 0))
		w.deliver(t.Context(), p, time.Minute)
		if h := w.halt(); exits != 1 || h.Code != notion.TokenRefused {
			t.Errorf("the process was ended %d times, halt %+v", exits, h)
		}
	})
}

var reports = flag.Int("reports", 150, "in how many reports every tenth meets trouble; `make trouble` plays a thousand")

// In a thousand reports of which every tenth meets trouble of its own, the others
// are published as if there were none.
func TestTroubleOfSomeDoesNotSlowTheOthers(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		*reports = min(*reports, 50)
	}
	quietly := timesToPublish(t, *reports, false)
	troubled := timesToPublish(t, *reports, true)
	for _, percentile := range []int{50, 99} {
		q, d := quietly[len(quietly)*percentile/100], troubled[len(troubled)*percentile/100]
		ratio := float64(d) / float64(q)
		t.Logf("p%d from accepted to published: %s without trouble, %s with it, ratio %.2f", percentile, q, d, ratio)
		if ratio > 1.2 {
			t.Errorf("p%d is %.2f times as long", percentile, ratio)
		}
	}
}

// timesToPublish is how long the untroubled ones of so many reports took, sorted. They
// come in bursts of five every 20 s, and keep the publisher busy for three fifths
// of the time.
func timesToPublish(t *testing.T, reports int, trouble bool) (times []time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{Latency: 300 * time.Millisecond, Budget: 1_000_000})
		random := rand.New(rand.NewPCG(1, 2))
		var mu sync.Mutex // of what is known of the sick ones
		sickUntil := map[string]time.Time{}
		kinds := map[string]int{}
		ails := func(body string) (kind int, sick bool) {
			mu.Lock()
			defer mu.Unlock()
			for word, until := range sickUntil {
				if strings.Contains(body, word) && (kinds[word] == 0 || time.Now().Before(until)) {
					return kinds[word], true
				}
			}
			return 0, false
		}
		stop := w.serve(w.publisher("a", roundTrip(func(r *http.Request) (*http.Response, error) {
			body := ""
			if r.Method != http.MethodGet {
				body = bodyOf(t, r)
			}
			if kind, sick := ails(body); sick {
				return troubles[kind](w, r)
			}
			return w.sim.Transport().RoundTrip(r)
		})), true)
		var healthy []string
		for i := range reports {
			id, word := fmt.Sprint("rep_", i), fmt.Sprintf("Sick%d.", i)
			p := payload(3, 0)
			p.RunID, p.Email = id, fmt.Sprintf("x@co%d.com", i)
			if i%10 == 3 {
				p.Reports["strategyReport"] += word
				if trouble {
					mu.Lock()
					sickUntil[word] = time.Now().Add(time.Duration(random.IntN(1200)) * time.Second)
					kinds[word] = random.IntN(len(troubles))
					mu.Unlock()
				}
			} else {
				healthy = append(healthy, id)
			}
			w.accept(id, p)
			if i%5 == 4 {
				time.Sleep(20 * time.Second)
			}
		}
		time.Sleep(time.Hour)
		stop()
		for _, id := range healthy {
			run := w.run(id)
			if run.Status != runs.Complete {
				t.Errorf("%s is %s: %+v", id, run.Status, run.Failures)
			}
			times = append(times, run.PublishedAt.Sub(run.AcceptedAt))
		}
	})
	slices.Sort(times)
	return times
}

// troubles are what one report meets: the first for ever, the others for a while.
var troubles = []func(*world, *http.Request) (*http.Response, error){
	func(_ *world, r *http.Request) (*http.Response, error) {
		return answer(r, 400, `{"object":"error","status":400,"code":"validation_error","message":"no"}`), nil
	},
	func(_ *world, r *http.Request) (*http.Response, error) { return says500(r) },
	func(*world, *http.Request) (*http.Response, error) { return nil, errDial },
	func(_ *world, r *http.Request) (*http.Response, error) {
		return answer(r, 409, `{"object":"error","status":409,"code":"conflict_error","message":"Conflict occurred while saving."}`), nil
	},
	func(_ *world, r *http.Request) (*http.Response, error) {
		return answer(r, 502, "<html>bad gateway</html>"), nil
	},
	func(w *world, r *http.Request) (*http.Response, error) { // applied, and its answer lost
		if _, err := w.sim.Transport().RoundTrip(r); err != nil {
			return nil, err
		}
		return nil, io.ErrUnexpectedEOF
	},
}
