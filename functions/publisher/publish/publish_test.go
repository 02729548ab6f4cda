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

	"notionrelay/functions/publisher/publish"
	"notionrelay/local/notionsim"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
)

func TestTheBaseTreeOfTwoShortReportsTakesSixRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{})
		w.accept("rep_1", payload(3, 0))
		started := time.Now()
		w.deliver(t.Context(), w.publisher("a", nil), time.Minute)
		if got := w.sim.Stats().Requests; got != 6 {
			t.Errorf("got %d requests, want 6", got)
		}
		if took := time.Since(started); took != 6*w.minGap { // one since the process began
			t.Errorf("six writes took %s, want six pauses of %s", took, w.minGap)
		}
		run := w.run("rep_1")
		if run.Status != runs.Published || run.PublishedAt.IsZero() || run.Counts.Requests != 6 || run.Counts.Deliveries != 1 {
			t.Errorf("got %+v", run)
		}
	})
}

func TestAnUnknownEmailIsNull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{})
		var row string
		p := w.publisher("a", roundTrip(func(r *http.Request) (*http.Response, error) {
			if row == "" {
				row = bodyOf(t, r)
			}
			return w.sim.Transport().RoundTrip(r)
		}))
		w.accept("rep_1", report.Payload{Reports: map[string]string{"strategyReport": "x"}})
		w.deliver(t.Context(), p, time.Minute)
		if !strings.Contains(row, `"Contact Email":{"email":null}`) || strings.Count(row, `"title":{"title"`)+strings.Count(row, `"Report Type"`) != 2 {
			t.Errorf("the row was made with %s", row)
		}
	})
}

func TestARedeliveryWritesNothingTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{})
		p := payload(3, 2)
		w.accept("rep_1", p)
		w.drain(w.publisher("a", nil), visibility)
		tree, requests := w.sim.Tree(), w.sim.Stats().Requests
		w.send(queue.Message{Kind: queue.Publish, ReportID: "rep_1", Payload: &p}, "again")
		w.send(queue.Message{Kind: queue.Texts, ReportID: "rep_1", Texts: &queue.HomepageTexts{Title: "Other", Introduction: "Other"}}, "again")
		w.drain(w.publisher("b", nil), visibility)
		if got := w.sim.Stats().Requests; got != requests {
			t.Errorf("the redelivery made %d requests", got-requests)
		}
		if diff := cmp.Diff(tree, w.sim.Tree()); diff != "" {
			t.Errorf("tree (-before +after):\n%s", diff)
		}
	})
}

// An outage of two hours sends nothing to the dead letters, and everything is
// published after it.
func TestAnOutageDelaysAndLosesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{Budget: 1_000_000})
		over := time.Now().Add(2 * time.Hour)
		p := w.publisher("a", roundTrip(func(r *http.Request) (*http.Response, error) {
			if time.Now().Before(over) {
				return &http.Response{StatusCode: 503, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
			}
			return w.sim.Transport().RoundTrip(r)
		}))
		for i := range 3 {
			one := payload(3, 0)
			one.RunID = fmt.Sprint("run-", i)
			w.accept(fmt.Sprint("rep_", i), one)
		}
		w.drain(p, 2*time.Hour)
		if dead := w.peek(w.dead); len(dead) != 0 {
			t.Fatalf("got %d dead letters", len(dead))
		}
		for i := range 3 {
			run := w.run(fmt.Sprint("rep_", i))
			if run.Status != runs.Complete || run.PublishedAt.Before(over) || run.PublishedAt.Sub(over) > 6*time.Minute {
				t.Errorf("run %d ended %s, published %s after the outage", i, run.Status, run.PublishedAt.Sub(over))
			}
		}
		if run := w.run("rep_0"); run.Counts.Waits == 0 {
			t.Error("the record does not say that the run waited")
		}
	})
}

// A report that Notion refuses for ever delays the next by less than 5 s, and a
// redrive resumes it once the cause is gone.
func TestAPoisonReportIsPutAsideAndResumesWhenRedriven(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{Budget: 1_000_000})
		poisoned := true
		p := w.publisher("a", roundTrip(func(r *http.Request) (*http.Response, error) {
			if poisoned && strings.Contains(bodyOf(t, r), "Poison") {
				body := `{"object":"error","status":400,"code":"validation_error","message":"no","request_id":"req-9"}`
				return answer(r, 400, body), nil
			}
			return w.sim.Transport().RoundTrip(r)
		}))
		for _, id := range []string{"rep_1", "rep_2", "rep_3"} {
			one := payload(3, 0)
			one.RunID = id
			if id == "rep_2" {
				one.Reports["comprehensiveReport"] = "Poison"
			}
			w.accept(id, one)
		}
		started := time.Now()
		w.drain(p, visibility)
		if took := w.run("rep_3").PublishedAt.Sub(started); took > 5*time.Second {
			t.Errorf("the report behind the poison was published after %s", took)
		}
		run := w.run("rep_2")
		want := []runs.Failure{{Kind: "publish", MessageID: run.LastFailure().MessageID, Code: "validation_error", Message: "no", Step: "comprehensive-report", NotionRequestID: "req-9", Remedy: "Mend what the message names, then redrive the report."}}
		if diff := cmp.Diff(want, run.Failures); diff != "" || run.Status != runs.Failed {
			t.Errorf("the run is %s, failure (-want +got):\n%s", run.Status, diff)
		}
		dead := w.peek(w.dead)
		if len(dead) != 1 || dead[0].Attributes["reason"] != "validation_error: no" || dead[0].Attributes["notionRequestId"] != "req-9" || dead[0].Attributes["step"] != "comprehensive-report" || dead[0].Attributes["reportId"] != "rep_2" {
			t.Fatalf("got dead letters %+v", dead)
		}

		poisoned = false
		if err := w.publish.Redrive(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.drain(p, visibility)
		if run := w.run("rep_2"); run.Status != runs.Complete || len(run.Failures) > 0 {
			t.Errorf("the redriven run is %s: %+v", run.Status, run.Failures)
		}
		if got := strings.Count(w.sim.Tree(), " - Comprehensive Analysis"); got != 3 {
			t.Errorf("got %d comprehensive pages, want 3", got)
		}
	})
}

func TestAnUnreadableMessageIsPutAside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{})
		if err := w.publish.Send(t.Context(), queue.Outgoing{Body: "hello", Group: queue.PublishGroup, DeduplicationID: "x"}); err != nil {
			t.Fatal(err)
		}
		w.drain(w.publisher("a", nil), time.Minute)
		if dead := w.peek(w.dead); len(dead) != 1 || !strings.HasPrefix(dead[0].Attributes["reason"], "unreadable_message") {
			t.Errorf("got dead letters %+v", dead)
		}
	})
}

// What a quote's properties cannot hold stands on its page, and no request
// breaks a limit on the way.
func TestAQuoteOfAnySizeIsWrittenWhole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{})
		p := payload(3, 1)
		p.Quotes[0].Text = strings.Repeat("引", 300_000)
		p.Quotes[0].Justification = strings.Repeat("理", 250_000)
		p.Quotes[0].PostID = strings.Repeat("x", 3000)
		w.accept("rep_1", p)
		w.drain(w.publisher("a", nil), visibility)
		if run := w.run("rep_1"); run.Status != runs.Complete {
			t.Fatalf("the run ended %s: %+v", run.Status, run.Failures)
		}
		tree := w.sim.Tree()
		if texts, reasons := strings.Count(tree, "引"), strings.Count(tree, "理"); texts != 300_000 || reasons != 250_000 {
			t.Errorf("got %d characters of the text and %d of the justification", texts, reasons)
		}
	})
}

// A new report's pages appear within 20 s though a thousand quotes are being
// written, and those take no longer than their requests.
func TestANewReportOvertakesAThousandQuotes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const latency, quotes = 300 * time.Millisecond, 1000
		w := newWorld(t, notionsim.Options{Latency: latency})
		p := w.publisher("a", nil)
		w.accept("rep_1", payload(3, quotes))
		for w.run("rep_1").PublishedAt.IsZero() {
			w.deliver(t.Context(), p, time.Minute)
		}
		w.answerEnrichRequests()
		started := time.Now()
		for range 4 {
			w.deliver(t.Context(), p, time.Minute)
		}
		arrived := time.Now()
		w.accept("rep_2", payload(3, 0))
		w.drain(p, visibility)
		if took := w.run("rep_2").PublishedAt.Sub(arrived); took > 20*time.Second {
			t.Errorf("the new report was published after %s", took)
		}
		run := w.run("rep_1")
		most := time.Duration(1.05 * quotes * float64(latency+w.minGap))
		if took := run.Step("quotes").At.Sub(started); took > most || run.Status != runs.Complete {
			t.Errorf("the quotes took %s, want at most %s; the run is %s", took, most, run.Status)
		}
		stats := w.sim.Stats()
		if stats.Conflicts != 0 || stats.RateLimited != 0 || stats.SchemaChanges != 0 || stats.MaxWrites != 1 {
			t.Errorf("got %+v", stats)
		}
	})
}

// Two publishers at once: the second waits for the first one's lease.
func TestASecondPublisherWaitsForTheLease(t *testing.T) {
	t.Parallel()
	want, _ := undisturbed(t, 3, 0)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{Latency: 300 * time.Millisecond})
		w.accept("rep_1", payload(3, 0))
		batch, err := w.publish.Receive(t.Context(), 1, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan int, 2)
		for i, owner := range []string{"a", "b"} {
			p := w.publisher(owner, nil)
			go func() {
				time.Sleep(time.Duration(i) * time.Second) // the first one is at work
				ctx, cancel := context.WithTimeout(t.Context(), publish.Timeout)
				defer cancel()
				response, _ := p.Handle(ctx, eventOf(batch[0]))
				done <- len(response.BatchItemFailures)
			}()
		}
		if failures := <-done + <-done; failures != 0 {
			t.Errorf("got %d publishers that keep the message at the head", failures)
		}
		if waiting := w.peek(w.waiting.Queue); len(waiting) != 2 { // the timer, too
			t.Errorf("got %d messages that wait, want one for the lease", len(waiting))
		}
		w.drain(w.publisher("c", nil), visibility)
		if diff := cmp.Diff(want, w.sim.Tree()); diff != "" {
			t.Errorf("tree (-undisturbed +two publishers):\n%s", diff)
		}
		if stats := w.sim.Stats(); stats.Overlaps != 0 {
			t.Errorf("got %d overlapping writes", stats.Overlaps)
		}
	})
}
