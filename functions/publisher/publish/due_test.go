package publish

import (
	"testing"
	"time"

	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
)

func TestDueWith(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	base := queue.Message{Kind: queue.Publish}
	texts := queue.Message{Kind: queue.Texts, Answer: "first"}
	part := func(offset int) queue.Message {
		return queue.Message{Kind: queue.Quotes, Answer: "first", Quotes: &queue.QuotesPart{Offset: offset, Total: 30}}
	}
	run := func(change ...func(*runs.Run)) runs.Run {
		r := runs.Run{Status: runs.Publishing, AcceptedAt: now.Add(-time.Hour), UpdatedAt: now.Add(-time.Second)}
		for _, c := range change {
			c(&r)
		}
		return r
	}
	published := func(r *runs.Run) { r.Status, r.PublishedAt = runs.Published, now }
	complete := func(r *runs.Run) { published(r); r.Status = runs.Complete }
	const twoWeeks = 14 * 24 * time.Hour
	old := func(r *runs.Run) { r.AcceptedAt = now.Add(-twoWeeks - time.Second) }
	silent := func(r *runs.Run) { r.UpdatedAt = now.Add(-twoWeeks - time.Second) }
	almostSilent := func(r *runs.Run) { r.UpdatedAt = now.Add(-twoWeeks) }
	timed := func(ago time.Duration) func(*runs.Run) { return func(r *runs.Run) { r.TimerAt = now.Add(-ago) } }
	waits := func(kind queue.Kind, part int, d time.Duration) func(*runs.Run) {
		return func(r *runs.Run) { r.Await(runs.Wait{Kind: string(kind), Part: part, Next: now.Add(d)}) }
	}
	timer := queue.Message{Kind: queue.Settle}
	none := queue.Message{Kind: queue.Quotes, Answer: "first", Quotes: &queue.QuotesPart{}}
	written := func(n int) func(*runs.Run) {
		return func(r *runs.Run) { r.Steps = append(r.Steps, runs.Step{Name: stepQuotes, Done: n, Total: 30}) }
	}
	failed := func(kind queue.Kind, part int) func(*runs.Run) {
		return func(r *runs.Run) { r.Fail(runs.Failure{Kind: string(kind), Part: part}) }
	}
	tests := []struct {
		name    string
		message queue.Message
		run     runs.Run
		want    due
	}{
		{"a new report", base, run(), write},
		{"a report whose pages failed is redriven", base, run(failed(queue.Publish, 0)), write},
		{"a report that another delivery has put aside", base, run(func(r *runs.Run) { r.Fail(runs.Failure{Kind: "publish", MessageID: "id"}) }), drop},
		{"a report whose pages are written", base, run(published, timed(0)), drop},
		{"a report whose pages are written, and no timer is set", base, run(published), write},
		{"a report that waits out its trouble", base, run(waits(queue.Publish, 0, time.Second)), waiting},
		{"a report whose wait is over", base, run(waits(queue.Publish, 0, 0)), write},
		{"a report whose texts wait", base, run(waits(queue.Texts, 0, time.Second)), write},
		{"a complete run that once waited", base, run(complete, timed(0), waits(queue.Publish, 0, time.Second)), drop},
		{"anything for a complete run", texts, run(complete), drop},
		{"texts before their pages", texts, run(), tooEarly},
		{"texts whose pages have failed", texts, run(failed(queue.Publish, 0)), drop},
		{"texts whose pages nobody has written in two weeks", texts, run(old, silent), missing},
		{"texts whose pages somebody has written just two weeks ago", texts, run(old, almostSilent), tooEarly},
		{"texts whose pages are redriven after two weeks", texts, run(old), tooEarly},
		{"texts whose pages were written after two weeks", texts, run(old, published), write},
		{"texts of a run of which nobody has written in two weeks", texts, run(old, published, silent), write},
		{"texts whose pages wait out their trouble", texts, run(waits(queue.Publish, 0, time.Second)), tooEarly},
		{"texts", texts, run(published), write},
		{"texts that had failed", texts, run(published, failed(queue.Texts, 0)), write},
		{"texts of another answer", texts, run(published, func(r *runs.Run) { r.TextsAnswer = "other" }), drop},
		{"texts of the answer that is followed", texts, run(published, func(r *runs.Run) { r.TextsAnswer = "first" }), write},
		{"quotes of another answer", part(0), run(published, func(r *runs.Run) { r.QuotesAnswer = "other" }), drop},
		{"the first part", part(0), run(published), write},
		{"the first part, which had failed", part(0), run(published, failed(queue.Quotes, 0)), write},
		{"the second part before the first", part(10), run(published), tooEarly},
		{"the second part while the first is written", part(10), run(published, written(5)), tooEarly},
		{"the second part behind the first", part(10), run(published, written(10)), write},
		{"the second part when the first has failed", part(10), run(published, written(5), failed(queue.Quotes, 0)), missing},
		{"the third part when the second has failed", part(20), run(published, written(10), failed(queue.Quotes, 10)), missing},
		{"the second part, which had failed, while the first is written", part(10), run(published, written(5), failed(queue.Quotes, 10)), tooEarly},
		{"the second part when the third has failed", part(10), run(published, written(5), failed(queue.Quotes, 20)), tooEarly},
		{"the second part when the texts have failed", part(10), run(published, written(5), failed(queue.Texts, 0)), tooEarly},
		{"the second part after two weeks", part(10), run(published, written(5), old, silent), missing},
		{"the second part while the first is redriven after two weeks", part(10), run(published, written(5), old), tooEarly},
		{"the second part, which waits out its trouble", part(10), run(published, written(10), waits(queue.Quotes, 10, time.Second)), waiting},
		{"the second part while the first waits", part(10), run(published, written(5), waits(queue.Quotes, 0, time.Second)), tooEarly},
		{"quotes of a run that is complete", part(0), run(complete, func(r *runs.Run) { r.QuotesAnswer = "first" }), drop},
		{"quotes of a run that has ended without them", part(0), run(complete), write},
		{"the answer that there are no quotes for a run that has ended without them", none, run(complete), drop},
		{"the timer", timer, run(published, timed(5*time.Minute)), write},
		{"the timer by a clock that is behind", timer, run(published, timed(5*time.Minute-10*time.Second)), write},
		{"another timer than was set last", timer, run(published, timed(5*time.Minute-11*time.Second)), drop},
		{"the timer of a run whose pages are not written", timer, run(timed(5 * time.Minute)), tooEarly},
		{"the timer of a run that is complete", timer, run(complete, timed(5*time.Minute)), drop},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, why := dueWith(tt.message, "id", tt.run, now); got != tt.want {
				t.Errorf("got %d (%s), want %d", got, why, tt.want)
			}
		})
	}
}

func TestIsBulk(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind     queue.Kind
		requests int
		want     bool
	}{
		{queue.Publish, 0, false},
		{queue.Publish, 19, false},
		{queue.Publish, 20, true},
		{queue.Texts, 0, true},
		{queue.Quotes, 0, true},
		{queue.Settle, 0, true},
	} {
		if got := isBulk(queue.Message{Kind: tt.kind}, runs.Run{Counts: runs.Counts{Requests: tt.requests}}); got != tt.want {
			t.Errorf("%s after %d requests: got %t", tt.kind, tt.requests, got)
		}
	}
}
