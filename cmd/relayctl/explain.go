package main

import (
	"fmt"
	"strings"

	"notionrelay/operate"
	"notionrelay/operate/runbook"
)

type explainCommand struct {
	ID string `arg:"" name:"id|code" help:"A report id (rep_…), the run id of the flow, the code of a failure or a halt, or the name of an alarm."`
}

func (c *explainCommand) Help() string {
	return `It says what has happened, what it waits for and what to do, with the commands for it. docs/runbook.md has the same for all codes.

Examples:

  relayctl explain rep_2c7f…
  relayctl explain column_missing
  relayctl explain PublisherHaltedAlarm`
}

func (c *explainCommand) Run(s *session) error {
	if troubles := runbook.Find(c.ID); len(troubles) > 0 {
		return s.printTroubles(troubles)
	}
	system, err := s.open()
	if err != nil {
		return fmt.Errorf("%q is no code and no alarm, and no report can be looked for: %w", c.ID, err)
	}
	run, err := system.Find(s, c.ID)
	if err != nil {
		return fmt.Errorf("%w, nor is it a code or an alarm", err)
	}
	explanation, err := system.Explain(s, run, s.target.call())
	if err != nil {
		return err
	}
	if s.json {
		return s.printJSON(explanation)
	}
	for _, line := range explained(explanation) {
		s.say(line)
	}
	return nil
}

// call is how this Notion Relay is meant on a command line.
func (t target) call() string {
	switch {
	case t.Stack != "":
		return "relayctl --stack " + quote(t.Stack)
	case t.Data != "":
		return "relayctl --data " + quote(t.Data)
	}
	return "relayctl"
}

// quote makes one word of a name for a shell.
func quote(word string) string {
	if strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:@%+,") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func (s *session) printTroubles(troubles []runbook.Trouble) error {
	if s.json {
		return s.printJSON(troubles)
	}
	for _, t := range troubles {
		fmt.Fprintf(s.out, "%s (%s)\n\n", strings.Join(t.Codes, ", "), t.Kind)
		do := t.Do
		if t.Kind == runbook.Halt {
			do += " " + runbook.ByItself
		}
		for _, line := range advised(operate.Advice{Says: t.Means, Client: t.Client, Do: do, Commands: t.For(s.target.call(), runbook.Example)}) {
			s.say(line)
		}
	}
	return nil
}

// explained are the lines of an explanation.
func explained(e operate.Explanation) (lines []string) {
	add := func(form string, arguments ...any) { lines = append(lines, fmt.Sprintf(form, arguments...)) }
	title := e.ReportID + " is " + string(e.Status)
	if e.Company != "" {
		title = e.ReportID + ", for " + e.Company + ", is " + string(e.Status)
	}
	add("%s.\n\nWhat happened\n", title)
	for _, event := range e.History {
		add("  %s  %s", operate.Clock(event.At), event.What)
	}
	add("\n  %d of %d requests are done. %d deliveries, %d requests to Notion, %d reads to learn what had happened, %d waits.",
		e.Done, e.Total, e.Counts.Deliveries, e.Counts.Requests, e.Counts.Recoveries, e.Counts.Waits)
	for _, warning := range e.Warnings {
		add("  %s", warning)
	}
	if len(e.WaitsFor) > 0 {
		add("\nWhat it waits for\n")
		for _, line := range e.WaitsFor {
			add("  %s", line)
		}
	}
	add("\nWhat to do\n")
	if len(e.Advice) == 0 {
		add("  Nothing.")
	}
	for _, a := range e.Advice {
		lines = append(lines, advised(a)...)
	}
	return lines
}

// advised are the lines of an advice.
func advised(a operate.Advice) []string {
	says := a.Says
	if a.Code != "" {
		says = a.Code + ": " + says
	}
	lines := []string{"  " + says}
	if a.Client != "" {
		lines = append(lines, "  The client sees: "+a.Client)
	}
	lines = append(lines, "  Do: "+a.Do, "")
	for _, command := range a.Commands {
		lines = append(lines, "    "+command)
	}
	if len(a.Commands) > 0 {
		lines = append(lines, "")
	}
	return lines
}
