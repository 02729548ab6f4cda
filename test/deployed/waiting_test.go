//go:build integration

package deployed_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"notionrelay/functions/publisher/publish"
	"notionrelay/local/notionsim"
	"notionrelay/shared/notion"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
	"notionrelay/test/lambdatest"
)

// TestWhatIsWrongWithOneReportIsWaitedOutOffTheQueue makes the first of two reports
// meet an error of Notion's. It waits on the waiting queue, and the enricher's
// function brings it back behind the second one.
func TestWhatIsWrongWithOneReportIsWaitedOutOffTheQueue(t *testing.T) {
	t.Parallel()
	c := startCloud(t)
	d := c.deploy(t, publish.Timeout, untouched)
	d.sim.Inject(notionsim.Fault{Method: http.MethodPost, Path: "/v1/pages", Nth: 2, Status: http.StatusInternalServerError})
	for _, id := range []string{"rep_1", "rep_2"} { // before anything is delivered
		p := payload(3, 0)
		p.RunID = id
		d.accept(t, id, arrived, p)
	}
	d.serve(t, invoke(d.publisher))
	complete(t, d.statusOf(t, "rep_1"))
	complete(t, d.statusOf(t, "rep_2"))

	d.mu.Lock()
	defer d.mu.Unlock()
	// The enricher has answered meanwhile, and its answers wait for the pages.
	if first := slices.DeleteFunc(d.waited, func(k queue.Kind) bool { return k == queue.Texts || k == queue.Quotes }); !slices.Equal(first, []queue.Kind{queue.Publish}) {
		t.Errorf("%v came out of the waiting queue, want the first report's pages", first)
	}
	first, second := d.run(t, "rep_1"), d.run(t, "rep_2")
	if !second.PublishedAt.Before(first.PublishedAt) {
		t.Errorf("the second report was published at %s, the first at %s; want the second to pass", second.PublishedAt, first.PublishedAt)
	}
	d.wantNothingFailed(t)
}

// TestARefusedTokenEndsTheProcessAndTheNextOneReadsTheSecretAnew revokes the token
// while a report waits, and stores another one.
func TestARefusedTokenEndsTheProcessAndTheNextOneReadsTheSecretAnew(t *testing.T) {
	t.Parallel()
	c := startCloud(t)
	d := c.deploy(t, publish.Timeout, untouched)
	d.sim.People().RevokeToken(token)
	d.accept(t, "rep_1", arrived, payload(3, 2))
	var ended atomic.Int32
	d.serve(t, func(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
		response, err := invoke(d.publisher)(ctx, event)
		if errors.Is(err, lambdatest.ErrExited) {
			ended.Add(1)
		}
		return response, err
	})
	eventually(t, "the process ends", func() bool { return ended.Load() > 0 })
	halt, err := d.runs.Halt(t.Context())
	if err != nil || halt.Code != notion.TokenRefused {
		t.Errorf("the halt is %+v, %v; want one for the token", halt, err)
	}

	d.sim.People().RenewToken(token, "another token")
	d.secrets.Put(tokenParameter, "another token")
	complete(t, d.statusOf(t, "rep_1"))
	if halt, err := d.runs.Halt(t.Context()); err != nil || halt.Halted() {
		t.Errorf("the halt is %+v, %v; want its end", halt, err)
	}
	if run := d.run(t, "rep_1"); len(run.Warnings) != 0 {
		t.Errorf("the run warns of %q", run.Warnings)
	}
	d.wantNothingFailed(t)
}

func (d *deployment) run(tb testing.TB, id string) runs.Run {
	tb.Helper()
	run, err := d.runs.Get(tb.Context(), id)
	if err != nil {
		tb.Fatal(err)
	}
	return run
}

func (d *deployment) statusOf(tb testing.TB, id string) func() runs.Status {
	tb.Helper()
	return func() runs.Status { return d.run(tb, id).Status }
}

// wantNothingFailed expects no dead letters.
func (d *deployment) wantNothingFailed(tb testing.TB) {
	tb.Helper()
	if left, err := d.dead.Receive(tb.Context(), 10, 0); err != nil || len(left) != 0 {
		tb.Errorf("got dead letters %v, %v", left, err)
	}
}

func eventually(tb testing.TB, what string, happened func() bool) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	for !happened() {
		select {
		case <-time.After(pollGap):
		case <-ctx.Done():
			tb.Fatal(fmt.Errorf("wait until %s: %w", what, ctx.Err()))
		}
	}
}
