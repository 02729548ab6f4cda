package operate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"notionrelay/operate/runbook"
	"notionrelay/shared/runs"
)

// Explanation is what has happened to a run, what it waits for, and what to do.
type Explanation struct {
	View

	History  []Event  `json:"history"` // oldest first
	WaitsFor []string `json:"waitsFor"`
	Advice   []Advice `json:"advice"`
}

// Event is something that happened to a run.
type Event struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
}

// Advice is what to do about something.
type Advice struct {
	Code     string   `json:"code,omitempty"`
	Says     string   `json:"says"` // what it is
	Client   string   `json:"client,omitempty"`
	Do       string   `json:"do"`
	Commands []string `json:"commands"` // ready to be typed
}

// Explain explains a run. Call is what commands begin with: relayctl, and the flags
// that say which Notion Relay.
func (s *System) Explain(ctx context.Context, run runs.Run, call string) (Explanation, error) {
	view, err := s.View(ctx, run)
	if err != nil {
		return Explanation{}, err
	}
	e := Explanation{View: view, History: history(run), WaitsFor: []string{}, Advice: []Advice{}}
	if !run.Ended() {
		if e.WaitsFor, err = s.waitsFor(ctx, view, run); err != nil {
			return e, err
		}
	}
	letters, err := s.Letters(ctx)
	if err != nil {
		return e, err
	}
	letters = slices.DeleteFunc(letters, func(l Letter) bool { return l.ReportID != run.ReportID })
	e.Advice = advice(view, letters, call)
	return e, nil
}

// history is what the record remembers, in the order in which it happened.
func history(run runs.Run) (events []Event) {
	add := func(at time.Time, form string, arguments ...any) {
		if !at.IsZero() {
			events = append(events, Event{at, fmt.Sprintf(form, arguments...)})
		}
	}
	add(run.AcceptedAt, "accepted")
	for _, step := range run.Steps {
		switch {
		case step.Finished():
			add(step.At, "%s: done", step.Name)
		case step.Done > 0:
			add(step.At, "%s: %d of %d requests done", step.Name, step.Done, step.Total)
		default:
			add(step.IntendedAt, "%s: its request was sent", step.Name)
		}
	}
	for _, w := range run.Waits {
		add(w.Since, "the %s message began to wait", w.Kind)
	}
	add(run.PublishedAt, "published")
	for _, note := range run.Notes {
		add(note.At, "an operator: %s", note.What)
	}
	if run.Ended() {
		add(run.EndedAt, "%s", ending(run))
	}
	slices.SortStableFunc(events, func(a, b Event) int { return a.At.Compare(b.At) })
	return events
}

func ending(run runs.Run) string {
	f := run.LastFailure()
	switch {
	case f == nil:
		return string(run.Status)
	case f.Step == "":
		return fmt.Sprintf("%s: %s (%s)", run.Status, f.Message, f.Code)
	}
	return fmt.Sprintf("%s at %s: %s (%s)", run.Status, f.Step, f.Message, f.Code)
}

// waitsFor says what has to happen before a run gets on: what is everyone's first.
func (s *System) waitsFor(ctx context.Context, v View, run runs.Run) (lines []string, err error) {
	add := func(form string, arguments ...any) { lines = append(lines, fmt.Sprintf(form, arguments...)) }
	if v.Pause != nil {
		add("An operator has paused publishing since %s: %s", Clock(v.Pause.Since), v.Pause.Reason)
	}
	if v.Halt != nil {
		add("Nothing is written for anybody since %s: %s The next attempt is at %s.", Clock(v.Halt.Since), v.Halt.Reason, Clock(v.Halt.Next))
	}
	for _, w := range v.Waits {
		add("Its %s message is tried again at %s: %s %s so far.", w.Kind, Clock(w.Next), w.Reason, count(w.Attempts, "attempt"))
	}
	if works, err := s.Works(ctx); err != nil {
		return nil, err
	} else if !works {
		add("Nobody works on the queues: start %s.", s.Name)
	}
	if len(lines) > 0 {
		return lines, nil
	}
	switch {
	case run.Lease.Until.After(time.Now()):
		add("Nothing: it is being written.")
	case run.Status == runs.Published:
		add("Title, introduction or quotes. Should they not come within some ten minutes, it ends without.")
	default:
		before, err := s.before(ctx, run)
		if err != nil {
			return nil, err
		}
		add("Its turn: %s before it.", count(before, "report"))
	}
	return lines, nil
}

// before counts the reports that were accepted earlier and whose pages do not
// exist yet.
func (s *System) before(ctx context.Context, run runs.Run) (n int, err error) {
	for _, status := range []runs.Status{runs.Queued, runs.Publishing} {
		list, err := s.Runs.List(ctx, runs.Query{Status: status, Limit: maxBefore})
		if err != nil {
			return 0, fmt.Errorf("count the reports before %s: %w", run.ReportID, err)
		}
		for _, other := range list {
			if other.AcceptedAt.Before(run.AcceptedAt) {
				n++
			}
		}
	}
	return n, nil
}

// maxBefore is how many reports are counted at most.
const maxBefore = 1000

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// advice says what to do about all that hinders a run, the most urgent first.
func advice(v View, letters []Letter, call string) (all []Advice) {
	if v.Pause != nil {
		all = append(all, Advice{Says: "Publishing is paused.", Do: "Let it go on when the reason is over.", Commands: []string{call + " resume"}})
	}
	if v.Halt != nil {
		t := runbook.OfHalt(v.Halt.Code)
		all = append(all, Advice{Code: v.Halt.Code, Says: v.Halt.Reason, Client: t.Client, Do: t.Do + " " + runbook.ByItself, Commands: commands(t, call, v.ReportID)})
	}
	for _, f := range v.Failures {
		t := runbook.OfFailure(f.Code)
		a := Advice{Code: f.Code, Says: cmp.Or(f.Message, t.Means), Client: t.Client, Do: t.Do, Commands: commands(t, call, v.ReportID)}
		if !slices.ContainsFunc(letters, func(l Letter) bool { return l.Kind == f.Kind && l.Part == f.Part && !l.Recorded }) {
			a.Do += " Its dead letter is not among those that the queue shows: it stands behind others, or was moved or dropped elsewhere. If it is gone, send the report again."
		}
		all = append(all, a)
	}
	for _, l := range letters {
		switch {
		case l.Recorded, v.Status == runs.Failed:
		case l.Stale && l.Queue == "publish":
			all = append(all, Advice{Says: "The report is complete, and a dead letter of it is left.", Do: "It can go.", Commands: []string{call + " dead-letters drop " + v.ReportID}})
		default:
			all = append(all, Advice{Says: fmt.Sprintf("A message of the %s queue was put aside: %s", l.Queue, l.Reason), Do: "Put it back when what is named is mended.", Commands: []string{call + " dead-letters redrive " + v.ReportID}})
		}
	}
	if len(v.Waits) > 0 {
		all = append(all, Advice{Says: "It waits for its own time.", Do: "Nothing: it is tried again by itself, and put aside when it has not got on for two and a half hours.", Commands: []string{}})
	}
	return all
}

// commands are those of a trouble, without the one that has told them.
func commands(t runbook.Trouble, call, reportID string) []string {
	return slices.DeleteFunc(append([]string{}, t.For(call, reportID)...), func(c string) bool { return c == call+" explain "+reportID })
}
