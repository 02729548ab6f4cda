// Package plainly tells in plain words how a run stands: what is being done, what
// it waits for, what people call its steps.
package plainly

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"notionrelay/shared/report"
	"notionrelay/shared/runs"
)

// Status is a run's status as people say it, to go on after "Report".
func Status(s runs.Status) string {
	if s == runs.Publishing {
		return "being published"
	}
	return string(s)
}

// Wait is what a run waits for while nothing is written for it.
type Wait struct {
	Everyone bool   // everyone waits, and not this run alone
	Reason   string // in a sentence
	Remedy   string // what to do; empty where time does it
	Attempts int
	Since    time.Time
	Next     time.Time // zero when nobody knows, in a pause
}

// Waiting says what a run waits for, given the halt and the pause of all runs; nil
// when it does not wait. What is everyone's comes first: while it lasts, no run
// gets on.
func Waiting(run runs.Run, halt runs.Halt, pause runs.Pause) *Wait {
	switch {
	case run.Ended():
	case pause.Paused():
		return &Wait{Everyone: true, Reason: cmp.Or(pause.Reason, "Publishing was paused."), Remedy: "It goes on when whoever runs Notion Relay resumes it.", Since: pause.Since}
	case halt.Halted():
		return &Wait{true, halt.Reason, halt.Remedy, halt.Probes, halt.Since, halt.Next}
	case len(run.Waits) > 0:
		w := slices.MinFunc(run.Waits, func(a, b runs.Wait) int { return a.Next.Compare(b.Next) })
		return &Wait{false, w.Reason, "", w.Attempts, w.Since, w.Next}
	}
	return nil
}

// Doing says what is being done for a run, or what has become of it.
func Doing(run runs.Run, waiting bool) string {
	const paused = "Nothing is being written at present."
	published := !run.PublishedAt.IsZero()
	switch {
	case run.Status == runs.Complete:
		return "Everything is in Notion."
	case run.Status == runs.Failed && published:
		return "The pages are in Notion, but something that belongs on them could not be written."
	case run.Status == runs.Failed:
		return "The report is kept, but it could not be published."
	case !published && waiting:
		return paused
	case run.Status == runs.Queued:
		return "Waiting for its turn."
	case !published:
		return current(run, "Beginning") + "."
	case waiting:
		return "The pages are in Notion. " + paused
	}
	return "The pages are in Notion. " + current(run, "Waiting for what is still to come") + "."
}

// current says what is being written, and what else when it is nothing.
func current(run runs.Run, nothing string) string {
	for i := range run.Steps {
		s := &run.Steps[i]
		if !Underway(s) {
			continue
		}
		if s.Total < 2 {
			return wordsOf(s.Name).doing
		}
		return fmt.Sprintf("%s, %d of %d", wordsOf(s.Name).doing, s.Done+1, s.Total)
	}
	return nothing
}

// Underway tells whether a step has begun and has not ended.
func Underway(s *runs.Step) bool { return !s.Finished() && (!s.IntendedAt.IsZero() || s.Done > 0) }

// Step is what people call a step of the publisher's.
func Step(name string) string { return wordsOf(name).title }

// words are what people call a step, and writing it.
type words struct{ title, doing string }

// stepWords are those of the publisher's steps; reports have their own titles.
var stepWords = map[string]words{
	"row":              {"Row in the reports database", "Making the row in the reports database"},
	"homepage":         {"Homepage", "Making the homepage"},
	"row-link":         {"Link from the row to the homepage", "Linking the row to the homepage"},
	"homepage-content": {"Content of the homepage", "Writing the homepage"},
	"title":            {"Title", "Setting the title"},
	"introduction":     {"Introduction", "Writing the introduction"},
	"quotes-database":  {"Quotes database", "Making the quotes database"},
	"quotes":           {"Quotes", "Writing the quotes"},
	"quotes-section":   {"Link to the quotes", "Linking the quotes"},
}

func wordsOf(step string) words {
	if w, ok := stepWords[step]; ok {
		return w
	}
	for _, k := range report.Kinds {
		if k.Name == step {
			return words{k.Title, "Writing the " + k.Title}
		}
	}
	// A step of another version of the publisher.
	plain := strings.ReplaceAll(step, "-", " ")
	return words{plain, "Writing the " + plain}
}
