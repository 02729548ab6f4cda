package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"notionrelay/operate"
	"notionrelay/shared/runs"
)

type runsCommand struct {
	State []runs.Status `help:"Only runs in one of these states (${states})." placeholder:"STATE"`
	Since time.Duration `help:"Only runs that were accepted within that time." default:"24h"`
	Limit int           `help:"At most so many." default:"100"`
}

func (c *runsCommand) Help() string {
	return `Examples:

  relayctl runs
  relayctl runs --state failed --since 168h
  relayctl --stack notion-relay runs --state publishing,published --json`
}

// Validate is called by Kong.
func (c *runsCommand) Validate() error {
	for _, state := range c.State {
		if !slices.Contains(runs.Statuses(), state) {
			return fmt.Errorf("--state %q is none of %s", state, states())
		}
	}
	switch {
	case c.Since <= 0:
		return errors.New("--since must be more than 0")
	case c.Limit < 1:
		return errors.New("--limit must be at least 1")
	}
	return nil
}

// states names all of them.
func states() string {
	var all []string
	for _, state := range runs.Statuses() {
		all = append(all, string(state))
	}
	return strings.Join(all, ", ")
}

func (c *runsCommand) Run(s *session) error {
	system, err := s.open()
	if err != nil {
		return err
	}
	list, err := system.List(s, c.State, time.Now().Add(-c.Since), c.Limit)
	if err != nil {
		return err
	}
	if s.json {
		return s.printJSON(list)
	}
	if len(list) == 0 {
		fmt.Fprintln(s.out, "no runs")
		return nil
	}
	rows := [][]string{{"REPORT", "STATE", "ACCEPTED", "COMPANY", "NOTE"}}
	for _, r := range list {
		rows = append(rows, []string{r.ReportID, string(r.Status), ago(time.Since(r.AcceptedAt)), cut(r.Company, 30), cut(r.Note, 70)})
	}
	return s.table(rows)
}

type statusCommand struct {
	ID string `arg:"" help:"A report id (rep_…) or the run id of the flow."`
}

func (c *statusCommand) Help() string {
	return `Examples:

  relayctl status rep_2c7f…
  relayctl status my-run-42 --json`
}

func (c *statusCommand) Run(s *session) error {
	system, err := s.open()
	if err != nil {
		return err
	}
	run, err := system.Find(s, c.ID)
	if err != nil {
		return err
	}
	view, err := system.View(s, run)
	if err != nil {
		return err
	}
	if s.json {
		return s.printJSON(view)
	}
	if err := s.facts(
		"report", view.ReportID, "run", view.ResearchRunID, "company", view.Company, "state", string(view.Status),
		"accepted", when(view.AcceptedAt), "published", when(view.PublishedAt), "ended", when(view.EndedAt), "changed", when(view.UpdatedAt),
		"progress", fmt.Sprintf("%d of %d requests, %d sent in %d deliveries", view.Done, view.Total, view.Counts.Requests, view.Counts.Deliveries),
	); err != nil {
		return err
	}
	return s.steps(view)
}

func (s *session) steps(view operate.View) error {
	rows := [][]string{{"STEP", "DONE", "PAGE"}}
	for _, step := range view.Steps {
		rows = append(rows, []string{step.Name, fmt.Sprintf("%d of %d", step.Done, step.Total), step.ID})
	}
	if len(view.Steps) > 0 {
		fmt.Fprintln(s.out)
		if err := s.table(rows); err != nil {
			return err
		}
	}
	for _, line := range view.Says {
		s.say("\n" + line)
	}
	return nil
}
