package operate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"notionrelay/shared/runs"
)

// Summary is a run in a list.
type Summary struct {
	ReportID      string      `json:"reportId"`
	ResearchRunID string      `json:"runId,omitempty"`
	Status        runs.Status `json:"status"`
	Company       string      `json:"company,omitempty"`
	AcceptedAt    time.Time   `json:"acceptedAt"`
	UpdatedAt     time.Time   `json:"updatedAt"`
	PublishedAt   time.Time   `json:"publishedAt,omitzero"`
	EndedAt       time.Time   `json:"endedAt,omitzero"`
	Done          int         `json:"done"`  // requests to Notion
	Total         int         `json:"total"` // of those that are planned
	Note          string      `json:"note,omitempty"`
}

// View is all that is known of a run.
type View struct {
	Summary

	Steps    []Step         `json:"steps"`
	Failures []runs.Failure `json:"failures"`
	Waits    []runs.Wait    `json:"waits"`
	Warnings []string       `json:"warnings"`
	Notes    []runs.Note    `json:"notes"`
	Counts   runs.Counts    `json:"counts"`
	Halt     *runs.Halt     `json:"halt,omitempty"`  // of all runs, while this one waits
	Pause    *runs.Pause    `json:"pause,omitempty"` // likewise
	Says     []string       `json:"-"`               // the same in sentences
}

// Step is a step of a run.
type Step struct {
	Name  string    `json:"name"`
	Done  int       `json:"done"`
	Total int       `json:"total"`
	At    time.Time `json:"at,omitzero"`
	ID    string    `json:"id,omitempty"` // of the page, database or block that it made
}

// List lists the newest runs in one of these states, or in any.
func (s *System) List(ctx context.Context, states []runs.Status, since time.Time, limit int) ([]Summary, error) {
	if len(states) == 0 {
		states = []runs.Status{""}
	}
	var found []runs.Run
	for _, state := range states {
		some, err := s.Runs.List(ctx, runs.Query{Status: state, Since: since, Limit: limit})
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	slices.SortStableFunc(found, func(a, b runs.Run) int { return b.AcceptedAt.Compare(a.AcceptedAt) })
	return Summaries(found[:min(limit, len(found))]), nil
}

// View tells all that is known of a run.
func (s *System) View(ctx context.Context, run runs.Run) (View, error) {
	v := View{Summary: summary(run), Steps: []Step{}, Failures: run.Failures, Waits: run.Waits, Warnings: run.Warnings, Notes: run.Notes, Counts: run.Counts}
	for _, step := range run.Steps {
		v.Steps = append(v.Steps, Step{step.Name, step.Done, step.Total, step.At, step.ID})
	}
	if !run.Ended() {
		halt, err := s.Signals.Halt(ctx)
		if err != nil {
			return v, err
		}
		pause, err := s.Signals.Pause(ctx)
		if err != nil {
			return v, err
		}
		if halt.Halted() {
			v.Halt = &halt
		}
		if pause.Paused() {
			v.Pause = &pause
		}
	}
	v.Says = sentences(v)
	return v, nil
}

func summary(run runs.Run) Summary {
	s := Summary{
		ReportID: run.ReportID, ResearchRunID: run.ResearchRunID, Status: run.Status, Company: Company(run), AcceptedAt: run.AcceptedAt,
		UpdatedAt: run.UpdatedAt, PublishedAt: run.PublishedAt, EndedAt: run.EndedAt, Note: noteOf(run),
	}
	for _, step := range run.Steps {
		s.Done += min(step.Done, step.Total)
		s.Total += step.Total
	}
	return s
}

// noteOf is what is most worth knowing of a run besides its state.
func noteOf(run runs.Run) string {
	switch f := run.LastFailure(); {
	case f != nil:
		return f.Code + ": " + f.Unquoted()
	case len(run.Waits) > 0 && !run.Ended():
		return "waits: " + run.Waits[0].Reason
	case len(run.Warnings) > 0:
		return run.Warnings[0]
	}
	return ""
}

// sentences say what keeps a run, and what was done to it.
func sentences(v View) (lines []string) {
	add := func(form string, arguments ...any) { lines = append(lines, fmt.Sprintf(form, arguments...)) }
	if v.Pause != nil {
		add("Publishing is paused since %s: %s", Clock(v.Pause.Since), v.Pause.Reason)
	}
	if v.Halt != nil {
		add("Nothing is written since %s: %s (%s) %s Next attempt at %s.", Clock(v.Halt.Since), v.Halt.Reason, v.Halt.Code, v.Halt.Remedy, Clock(v.Halt.Next))
	}
	for _, w := range v.Waits {
		add("The %s message waits since %s: %s %d attempts, the next at %s.", w.Kind, Clock(w.Since), w.Reason, w.Attempts, Clock(w.Next))
	}
	for _, f := range v.Failures {
		add("The %s message was put aside: %s (%s) %s", f.Kind, f.Message, f.Code, f.Remedy)
	}
	for _, w := range v.Warnings {
		add("Warning: %s", w)
	}
	for _, n := range v.Notes {
		add("An operator, %s: %s", Clock(n.At), n.What)
	}
	return lines
}

// Clock is a day and a time on the clock of whoever reads it.
func Clock(t time.Time) string { return t.Local().Format("2 Jan 15:04:05") } //nolint:gosmopolitan // whoever reads it is here

// Summaries are runs as a list has them.
func Summaries(all []runs.Run) []Summary {
	list := []Summary{}
	for _, run := range all {
		list = append(list, summary(run))
	}
	return list
}
