package publish

import (
	"context"
	"fmt"
	"time"

	"notionrelay/shared/ledger"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
)

const (
	// answerTime is what the enricher has for its answer. It takes one to three
	// minutes where the AI and the research database do not answer.
	answerTime = 5 * time.Minute
	// maxAsks is how often the enricher is asked before a run ends without it.
	maxAsks = 2
)

// noQuotesInTime is taken back should the quotes come later.
const noQuotesInTime = "The enricher did not answer in time, so the report has no quotes."

// askEnricher sends the report to the enricher. Asking twice does no harm: of two
// answers the one that comes first is written. Pages do not wait for the enrich
// queue: should it refuse, the timer asks again.
func (d *delivery) askEnricher(ctx context.Context) {
	run := d.ledger.Run
	body, err := queue.Encode(queue.Message{Kind: queue.Enrich, ReportID: run.ReportID, Payload: d.message.Payload, Subject: run.Subject})
	if err == nil {
		err = d.EnrichQueue.Send(ctx, queue.Outgoing{Body: body})
	}
	if err != nil {
		d.Log.WarnContext(ctx, "enricher was not asked", "error", err)
		return
	}
	run.Asked++
}

// setTimer sends a message that comes back when the enricher should have
// answered. So nothing depends on an answer that may never come.
func (d *delivery) setTimer(ctx context.Context) error {
	run := d.ledger.Run
	body, err := queue.Encode(queue.Message{Kind: queue.Settle, ReportID: run.ReportID, Payload: d.message.Payload})
	if err != nil {
		return err
	}
	if err := d.WaitingQueue.Send(ctx, queue.Outgoing{Body: body, Delay: answerTime}); err != nil {
		return fmt.Errorf("set timer of %s: %w", run.ReportID, err)
	}
	run.TimerAt = time.Now()
	return nil
}

// endWaiting is what the timer does: it asks once more for what has not come, and
// the second time it ends the run without. What has come is followed by its own
// messages.
func (d *delivery) endWaiting(ctx context.Context) error {
	run := d.ledger.Run
	noTexts := run.TextsAnswer == "" && !finished(run, stepTitle, stepIntroduction)
	noQuotes := run.QuotesAnswer == "" && !finished(run, stepQuotesSection)
	switch {
	case !noTexts && !noQuotes:
		return nil
	case asksAgain(*run):
		if err := d.setTimer(ctx); err != nil {
			return err
		}
		d.askEnricher(ctx)
		return nil
	}
	if noTexts {
		run.Steps = without(run.Steps, stepTitle, stepIntroduction)
		run.Warn("The enricher did not answer in time, so the homepage keeps its standard title and introduction.")
	}
	if noQuotes {
		run.Warn(noQuotesInTime)
		return takeQuotesPlaceAway(ctx, d.ledger)
	}
	return nil
}

// asksAgain tells whether there is time to ask the enricher once more. That the timer
// has come late does not count: what it stood behind, such as a halt, may have kept
// the answer as well.
func asksAgain(run runs.Run) bool {
	return run.Asked < maxAsks && run.TimerAt.Add(answerTime).Sub(run.PublishedAt) < patience
}

// isEarly tells whether another timer is set than the one that has come: a
// process that dies behind its sending sets it twice. Clocks may differ a little.
func isEarly(run runs.Run, now time.Time) bool {
	return now.Before(run.TimerAt.Add(answerTime - 10*time.Second))
}

// takeQuotesPlaceAway ends a run's quotes with none.
func takeQuotesPlaceAway(ctx context.Context, l *ledger.Ledger) error {
	l.Run.Steps = withQuotes(l.Run.Steps, 0)
	if l.Run.Step(stepQuotesSection) == nil {
		return nil
	}
	return l.Replace(ctx, stepQuotesSection, stepHomepage, nil, nil)
}

// finished tells whether the run has nothing to do any more in these steps.
func finished(run *runs.Run, steps ...string) bool {
	for _, name := range steps {
		if s := run.Step(name); s != nil && !s.Finished() {
			return false
		}
	}
	return true
}
