package intake_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
)

func TestARepeatSetsGoingWhatHasNotEndedWell(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status     runs.Status
		published  bool
		sent, code int
		message    string // begins the answer's
	}{
		{runs.Queued, false, 1, 202, "Report accepted. "}, // its message may never have been sent
		{runs.Publishing, false, 1, 202, "Report accepted. "},
		{runs.Published, true, 0, 200, "Report published to Notion."},
		{runs.Complete, true, 0, 200, "Report published to Notion."},
		{runs.Failed, false, 1, 202, "Report accepted again, since publishing it has failed before: no such block"},
		// Its texts or quotes have failed. Only their messages could help.
		{runs.Failed, true, 0, 200, "Report published to Notion, but what comes after its pages has failed: no such block"},
	} {
		t.Run(fmt.Sprint(tt.status, " ", tt.published), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			_, body := b.do(t, post("/reports", good))
			b.change(t, body.Data.ReportID, func(run *runs.Run) {
				if tt.status == runs.Failed {
					run.Fail(runs.Failure{Code: "validation_error", Message: "no such block"})
				}
				if run.Status = tt.status; tt.published {
					run.PublishedAt = run.AcceptedAt
				}
			})
			b.queue.sent = nil
			response, body := b.do(t, post("/reports", good))
			if len(b.queue.sent) != tt.sent || response.StatusCode != tt.code || !body.Success || !strings.HasPrefix(body.Message, tt.message) {
				t.Errorf("got %d messages and %d %q, want %d and %d %q", len(b.queue.sent), response.StatusCode, body.Message, tt.sent, tt.code, tt.message)
			}
			if body.Data.Status != string(tt.status) {
				t.Errorf("got status %q, want %q", body.Data.Status, tt.status)
			}
		})
	}
}

// A record that was lost and made again of a message without the report does not know
// its fingerprint. The report is sent again then.
func TestARepeatOfWhatTheRecordDoesNotKnowIsTaken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, body := b.do(t, post("/reports", good))
	b.change(t, body.Data.ReportID, func(run *runs.Run) { run.Fingerprint = "" })
	b.queue.sent = nil
	if response, again := b.do(t, post("/reports", good)); response.StatusCode != 202 || again.Data.ReportID != body.Data.ReportID || len(b.queue.sent) != 1 {
		t.Errorf("got %d %+v, and %d messages", response.StatusCode, again, len(b.queue.sent))
	}
}

// SQS drops a message whose deduplication id it has seen within five minutes.
func TestARepeatIsAMessageOfItsOwnForEachVersionOfTheRecord(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, body := b.do(t, post("/reports", good))
	b.do(t, post("/reports", good))
	b.change(t, body.Data.ReportID, func(run *runs.Run) { run.Status = runs.Publishing })
	b.do(t, post("/reports", good))
	b.do(t, post("/reports", good))
	var ids []string
	for _, m := range b.queue.sent {
		ids = append(ids, m.DeduplicationID)
	}
	if len(ids) != 4 || ids[0] != ids[1] || ids[1] == ids[2] || ids[2] != ids[3] {
		t.Errorf("got the deduplication ids %q, want one for each version", ids)
	}
	if waiting, err := b.queue.Peek(t.Context()); len(waiting) != 2 || err != nil {
		t.Errorf("%d messages are in the queue, %v, want 2", len(waiting), err)
	}
}

func TestWhoWaitsHearsThatPublishingFailed(t *testing.T) {
	t.Parallel()
	fail := func(message string) func(*runs.Run) {
		return func(run *runs.Run) {
			run.UpdatedAt = time.Now()
			run.Fail(runs.Failure{Kind: "publish", Code: "validation_error", Message: message})
		}
	}
	publishing := func(run *runs.Run) {
		run.Failures, run.Status, run.EndedAt = nil, runs.Publishing, time.Time{}
	}
	type event struct {
		after  time.Duration
		change func(*runs.Run)
	}
	for _, tt := range []struct {
		name         string
		before       func(*runs.Run) // the repeat; nil for a new report
		events       []event
		path, prefer string
		status       int
		reason       string
		waited       time.Duration // to the second
	}{
		{"a new report", nil, []event{{3 * time.Second, fail("no such block")}}, "/reports", "wait=10", 502, "no such block", 3 * time.Second},
		{"the predecessor's path", nil, []event{{3 * time.Second, fail("no such block")}}, "/api/add-to-notion", "", 502, "no such block", 3 * time.Second},
		{"one who does not wait", nil, []event{{3 * time.Second, fail("no such block")}}, "/reports", "", 202, "", 0},
		{"a repeat that fails again", fail("old"), []event{{2 * time.Second, publishing}, {4 * time.Second, fail("new")}}, "/reports", "wait=10", 502, "new", 4 * time.Second},
		{"a repeat that fails again between two looks", fail("old"), []event{{2050 * time.Millisecond, publishing}, {2060 * time.Millisecond, fail("new")}}, "/reports", "wait=10", 502, "new", 2 * time.Second},
		{"a repeat that succeeds", fail("old"), []event{{2 * time.Second, publishing}, {4 * time.Second, publishNow}}, "/reports", "wait=10", 200, "", 4 * time.Second},
		{"a repeat that is not begun in time", fail("old"), nil, "/reports", "wait=10", 202, "", 9 * time.Second},
		{"nor on the predecessor's path", fail("old"), nil, "/api/add-to-notion", "wait=10", 200, "", 9 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t, secret)
				_, accepted := b.do(t, post("/reports", good, "X-Api-Key", secret))
				id := accepted.Data.ReportID
				if tt.before != nil {
					b.change(t, id, tt.before)
				}
				for _, e := range tt.events {
					timer := time.AfterFunc(e.after, func() { b.change(t, id, e.change) })
					defer timer.Stop()
				}
				started := time.Now()
				response, body := b.do(t, post(tt.path, good, "Prefer", tt.prefer, "X-Api-Key", secret))
				if waited := time.Since(started).Truncate(time.Second); response.StatusCode != tt.status || waited != tt.waited {
					t.Errorf("got %d after %s, want %d after %s", response.StatusCode, waited, tt.status, tt.waited)
				}
				if tt.status != 502 {
					return
				}
				if body.Success || body.Code != "publish_failed" || body.ReportID != id || body.StatusURL != accepted.Data.StatusURL || !strings.Contains(body.Error, tt.reason) || body.RequestID != "req-1" {
					t.Errorf("got %+v", body)
				}
				if _, err := b.runs.Get(t.Context(), id); err != nil {
					t.Errorf("the report is not kept: %v", err)
				}
			})
		})
	}
}

// The pages of thirty reports take longer than a request may, and a caller of
// the predecessor's path takes every answer but 200 for an error.
func TestThirtyPostsAtOnceOnThePredecessorsPath(t *testing.T) {
	t.Parallel()
	const posts, onePublished = 30, 2 * time.Second
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		var wait sync.WaitGroup
		early, late := make(chan string, posts), make(chan string, posts)
		for i := range posts {
			wait.Go(func() {
				response, body := b.do(t, post("/api/add-to-notion", strings.Replace(good, "run-1", fmt.Sprint("run-", i), 1)))
				switch d := body.Data; {
				case response.StatusCode != 200 || !body.Success:
					t.Errorf("got %d %+v", response.StatusCode, body)
				case d.Status == "published" && d.ShareableURL == "https://notion.so/22222222" && d.OpenURL != "":
					early <- d.ReportID
				case d.Status == "queued" && d.ShareableURL == "https://relay.example/reports/"+d.ReportID+"/open" && d.OpenURL == "" && d.BrandedHomepageURL == "" && d.ParentPageURL == "" && len(d.ChildPages) == 0:
					late <- d.ReportID
				default:
					t.Errorf("got %+v", d)
				}
			})
		}
		wait.Go(func() { b.publishOneByOne(t, posts, onePublished) })
		wait.Wait()
		if len(early) != 12 || len(late) != posts-12 {
			t.Errorf("%d had their pages in time and %d had not, want 12 and 18", len(early), len(late))
		}
		for len(late) > 0 {
			response := b.get(t, "/reports/"+<-late+"/open")
			if response.StatusCode != 302 || response.Headers["Location"] != "https://notion.so/22222222" {
				t.Errorf("the link that was given got %d to %q", response.StatusCode, response.Headers["Location"])
			}
		}
	})
}

// publishOneByOne is a publisher that takes so long for a report.
func (b *bundle) publishOneByOne(t *testing.T, reports int, each time.Duration) {
	t.Helper()
	for range reports {
		time.Sleep(each)
		messages, err := b.queue.Receive(t.Context(), 1, 0)
		if err != nil || len(messages) != 1 {
			t.Errorf("received %d messages, %v", len(messages), err)
			return
		}
		message, err := queue.Decode(messages[0].Body)
		if err != nil {
			t.Error(err)
		}
		b.change(t, message.ReportID, publishNow)
		if err := b.queue.Delete(t.Context(), messages[0].Receipt); err != nil {
			t.Error(err)
		}
	}
}

// atOnce has the bundle's records and queue accept a report in one step.
func (b *bundle) atOnce() {
	b.Accept = func(ctx context.Context, run runs.Run, m queue.Outgoing) (runs.Run, bool, error) {
		return b.runs.CreateAndSend(ctx, run, b.queue.Queue, m)
	}
}

func TestARecordAndItsMessageAreOneStepWhereTheyCanBe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.atOnce()
	var ids []string
	for i := range 2 { // the second time the record is there, and its message sent again
		response, body := b.do(t, post("/reports", good))
		if response.StatusCode != 202 || len(b.queue.sent) != i {
			t.Fatalf("got %d, and %d messages by themselves, want %d", response.StatusCode, len(b.queue.sent), i)
		}
		ids = append(ids, body.Data.ReportID)
	}
	messages, err := b.queue.Peek(t.Context())
	if err != nil || len(messages) != 1 || ids[0] != ids[1] {
		t.Fatalf("%d messages, %v, want the one of both %v", len(messages), err, ids)
	}
	if got, want := b.queue.sent[0].DeduplicationID, messages[0].DeduplicationID; got != want {
		t.Errorf("it was sent again as %q, and at first as %q", got, want)
	}
	if m, err := queue.Decode(messages[0].Body); err != nil || m.ReportID != ids[0] || m.Payload == nil {
		t.Errorf("the message is %+v, %v", m, err)
	}
}

func TestAReportThatIsNotStoredInOneStepIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Accept = func(context.Context, runs.Run, queue.Outgoing) (runs.Run, bool, error) {
		return runs.Run{}, false, errors.New("the disk is full")
	}
	if response, _ := b.do(t, post("/reports", good)); response.StatusCode != 503 || len(b.queue.sent) > 0 {
		t.Errorf("got %d, and %d messages", response.StatusCode, len(b.queue.sent))
	}
}
