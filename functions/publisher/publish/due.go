package publish

import (
	"time"

	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
)

// due is what is to be done with a message, given the state of its run.
type due int

const (
	write    due = iota + 1 // what it brings
	drop                    // nothing: it is written already, or something else is in its place
	tooEarly                // nothing yet: something has to be written before it
	missing                 // nothing any more: what has to be written before it was put aside
	abandon                 // nothing, and its run has stopped for good
)

// stale is how long a run may stand still before what waits for it gives up.
const stale = 15 * time.Minute

// dueWith decides what to do with a message. Why is for the log.
func dueWith(m queue.Message, run runs.Run, now time.Time) (due, string) {
	published := !run.PublishedAt.IsZero()
	switch {
	case m.Kind == queue.Publish && published:
		return drop, "its pages are written"
	case m.Kind == queue.Publish:
		return write, ""
	case run.Status == runs.Complete:
		return drop, "its run is complete"
	case isOfAnotherAnswer(m, run):
		return drop, "an earlier answer of the enricher is being written"
	case published:
		return dueWithPart(m, run, now)
	case run.Failed(string(queue.Publish), 0) != nil:
		return drop, "the base pages have failed, and their redrive asks again"
	case now.Sub(run.UpdatedAt) > stale:
		return abandon, "nobody writes the base pages"
	}
	return tooEarly, ""
}

// dueWithPart decides about what comes behind the base pages. The parts of a
// run's quotes are written in their order.
func dueWithPart(m queue.Message, run runs.Run, now time.Time) (due, string) {
	if m.Kind != queue.Quotes || m.Quotes.Offset == 0 {
		return write, ""
	}
	if step := run.Step(stepQuotes); step != nil && step.Done >= m.Quotes.Offset {
		return write, ""
	}
	for _, f := range run.Failures {
		if f.Kind == string(queue.Quotes) && f.Part < m.Quotes.Offset {
			return missing, ""
		}
	}
	if now.Sub(run.UpdatedAt) > stale {
		return missing, ""
	}
	return tooEarly, ""
}

// isOfAnotherAnswer tells whether the message answers another question than the
// one whose answer is being written. Two answers may differ; one is followed.
func isOfAnotherAnswer(m queue.Message, run runs.Run) bool {
	followed := map[queue.Kind]string{queue.Texts: run.TextsAsked, queue.Quotes: run.QuotesAsked}[m.Kind]
	return followed != "" && followed != m.Asked
}

// partOf tells the messages of one kind apart: where a part of the quotes begins.
func partOf(m queue.Message) int {
	if m.Quotes == nil {
		return 0
	}
	return m.Quotes.Offset
}
