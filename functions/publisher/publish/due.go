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
	waiting                 // nothing yet: the run waits out its trouble
	missing                 // nothing any more: what has to be written before it never will be
)

// retention is how long a queue keeps a message. Where nothing was written of a run
// for as long, what is missing never will be.
const retention = 14 * 24 * time.Hour

// dueWith decides what to do with a message, which SQS knows by messageID. Why is
// for the log.
func dueWith(m queue.Message, messageID string, run runs.Run, now time.Time) (due, string) {
	published := !run.PublishedAt.IsZero()
	wait := run.Waiting(string(m.Kind), partOf(m))
	switch {
	case m.Kind == queue.Publish && published && !run.TimerAt.IsZero():
		return drop, "its pages are written"
	case run.Status == runs.Complete && !bringsFirstQuotes(m, run):
		return drop, "its run is complete"
	case wasPutAside(messageID, m, run):
		return drop, "this message is among the dead letters"
	case m.Kind == queue.Settle && isEarly(run, now):
		return drop, "another timer is set"
	case isOfAnotherAnswer(m, run):
		return drop, "another answer of the enricher is being written"
	case m.Kind != queue.Publish && !published && run.Failed(string(queue.Publish), 0) != nil:
		return drop, "the base pages have failed, and their redrive asks again"
	case wait != nil && now.Before(wait.Next):
		return waiting, ""
	case m.Kind == queue.Publish || m.Kind == queue.Settle && published:
		return write, ""
	}
	is := tooEarly
	if published {
		is = dueWithPart(m, run)
	}
	if is == tooEarly && now.Sub(run.UpdatedAt) > retention {
		is = missing
	}
	return is, ""
}

// dueWithPart decides about what comes behind the base pages. The parts of a
// run's quotes are written in their order.
func dueWithPart(m queue.Message, run runs.Run) due {
	if m.Kind != queue.Quotes || m.Quotes.Offset == 0 {
		return write
	}
	if step := run.Step(stepQuotes); step != nil && step.Done >= m.Quotes.Offset {
		return write
	}
	for _, f := range run.Failures {
		if f.Kind == string(queue.Quotes) && f.Part < m.Quotes.Offset {
			return missing
		}
	}
	return tooEarly
}

// wasPutAside tells whether this is one more delivery of a message that another
// delivery has put aside. A redriven one has a new id.
func wasPutAside(messageID string, m queue.Message, run runs.Run) bool {
	f := run.Failed(string(m.Kind), partOf(m))
	return f != nil && f.MessageID == messageID && messageID != ""
}

// bringsFirstQuotes tells whether the message brings quotes to a run that has none: it
// may have ended without them, as they were late or none were expected.
func bringsFirstQuotes(m queue.Message, run runs.Run) bool {
	return m.Kind == queue.Quotes && m.Quotes.Total > 0 && run.QuotesAnswer == ""
}

// isOfAnotherAnswer tells whether the message is of another answer than the one
// that is being written. Two answers may differ; one is followed.
func isOfAnotherAnswer(m queue.Message, run runs.Run) bool {
	followed := map[queue.Kind]string{queue.Texts: run.TextsAnswer, queue.Quotes: run.QuotesAnswer}[m.Kind]
	return followed != "" && followed != m.Answer
}

// partOf tells the messages of one kind apart: where a part of the quotes begins.
func partOf(m queue.Message) int {
	if m.Quotes == nil {
		return 0
	}
	return m.Quotes.Offset
}

// isBulk tells whether the message is more than a run's first pages, which a
// reader is waiting for. Bulk work lets them go first.
func isBulk(m queue.Message, run runs.Run) bool {
	return m.Kind != queue.Publish || run.Counts.Requests >= firstPages
}

// firstPages is how many requests a run may make before it counts as bulk work.
// Two reports of usual size take six to fourteen.
const firstPages = 20
