package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"notionrelay/operate"
	"notionrelay/shared/runs"
)

// errNoLetter says that nothing is there under an id.
var errNoLetter = errors.New("there is no such dead letter")

type deadLettersCommand struct {
	List    listLetters    `cmd:"" help:"List dead letters with their reasons."`
	Show    showLetter     `cmd:"" help:"Show one, without its text."`
	Redrive redriveLetters `cmd:"" help:"Put them back into their queues and wait until each has ended."`
	Drop    dropLetters    `cmd:"" help:"Delete them, after a copy of each was written to this machine."`
	Sweep   sweepLetters   `cmd:"" help:"Drop those whose reports are complete."`
}

type listLetters struct{}

func (c *listLetters) Run(s *session) error {
	system, err := s.open()
	if err != nil {
		return err
	}
	letters, err := system.Letters(s)
	if err != nil {
		return err
	}
	return s.printLetters(letters)
}

func (s *session) printLetters(letters []operate.Letter) error {
	if s.json {
		if letters == nil {
			letters = []operate.Letter{}
		}
		return s.printJSON(letters)
	}
	if len(letters) == 0 {
		fmt.Fprintln(s.out, "no dead letters")
		return nil
	}
	rows := [][]string{{"REPORT", "QUEUE", "KIND", "AGE", "COMPANY", "STEP", "REASON"}}
	for _, l := range letters {
		reason := l.Reason
		if l.Stale {
			reason = "its report is complete: sweep it"
		}
		rows = append(rows, []string{l.ReportID, l.Queue, l.Kind, age(l.Since), cut(l.Company, 24), l.Step, cut(reason, 80)})
	}
	return s.table(rows)
}

func age(t time.Time) string { return ago(time.Since(t)) }

type showLetter struct {
	ID string `arg:"" help:"The id of a report (rep_…) or of a dead letter."`
}

func (c *showLetter) Run(s *session) error {
	system, err := s.open()
	if err != nil {
		return err
	}
	all, err := system.Letters(s)
	if err != nil {
		return err
	}
	letters := slices.DeleteFunc(all, func(l operate.Letter) bool { return !l.Is(c.ID) })
	if len(letters) == 0 {
		return fmt.Errorf("show %s: %w", c.ID, errNoLetter)
	}
	if s.json {
		return s.printJSON(letters)
	}
	for _, l := range letters {
		pairs := []string{
			"letter", l.ID, "report", l.ReportID, "company", l.Company, "state", string(l.Status), "queue", l.Queue, "kind", l.Kind,
			"since", when(l.Since), "reason", l.Reason, "step", l.Step, "Notion's request", l.Request,
		}
		for _, line := range l.Outline {
			pairs = append(pairs, "carries", line)
		}
		if l.Recorded {
			pairs = append(pairs, "note", "only the record knows it: it stands behind others, or was moved or dropped elsewhere")
		}
		if err := s.facts(pairs...); err != nil {
			return err
		}
		fmt.Fprintln(s.out)
	}
	return nil
}

// choice says which letters are meant.
type choice struct {
	IDs    []string `arg:"" optional:"" name:"id" help:"Ids of reports (rep_…) or of dead letters."`
	All    bool     `help:"All of them."`
	DryRun bool     `help:"Only say which they are."`
}

func (c choice) Validate() error {
	if c.All == (len(c.IDs) > 0) {
		return errors.New("say which, by their ids, or --all")
	}
	return nil
}

func (c choice) chosen(l operate.Letter) bool {
	return c.All || slices.ContainsFunc(c.IDs, l.Is)
}

// dry lists the letters that are meant.
func (s *session) dry(system *operate.System, chosen func(operate.Letter) bool) error {
	letters, err := system.Letters(s)
	if err != nil {
		return err
	}
	return s.printLetters(slices.DeleteFunc(letters, func(l operate.Letter) bool { return !chosen(l) }))
}

type redriveLetters struct {
	choice

	Wait time.Duration `help:"How long to wait until each has ended; 0 not at all." default:"10m"`
}

func (c *redriveLetters) Help() string {
	return `They go back in their order, and each goes on where it stopped: what is written already is not written again. Mend what the reason names first.

Examples:

  relayctl dead-letters redrive --all --dry-run
  relayctl dead-letters redrive rep_2c7f…
  relayctl --stack notion-relay dead-letters redrive --all --wait 30m`
}

func (c *redriveLetters) Run(s *session) error {
	system, err := s.open()
	if err != nil {
		return err
	}
	if c.DryRun {
		return s.dry(system, c.chosen)
	}
	moved, err := system.Redrive(s, c.chosen)
	if err != nil {
		return fmt.Errorf("%d were put back: %w", len(moved), err)
	}
	if len(moved) == 0 && !c.All {
		return s.noLetter(system, c.IDs)
	}
	if !s.json {
		fmt.Fprintf(s.out, "%d put back\n", len(moved))
	}
	if c.Wait <= 0 || len(moved) == 0 {
		return s.finish(moved, nil)
	}
	if works, err := system.Works(s); err != nil {
		return err
	} else if !works {
		fmt.Fprintln(s.errs, "Nobody works on the queues at present: they are handled at the next start.")
		return s.finish(moved, nil)
	}
	ctx, cancel := context.WithTimeout(s, c.Wait)
	defer cancel()
	ended, err := system.Ended(ctx, moved, func(runs.Run) {})
	if errors.Is(err, context.DeadlineExceeded) {
		fmt.Fprintf(s.errs, "%d of them have not ended within %s.\n", len(moved)-len(ended), c.Wait)
		err = errTrouble
	}
	return errors.Join(s.finish(moved, ended), err)
}

// noLetter says why there is no letter under any of the ids, as far as that is known.
func (s *session) noLetter(system *operate.System, ids []string) error {
	var all []error
	for _, id := range ids {
		err := fmt.Errorf("%s: %w", id, errNoLetter)
		if run, findErr := system.Find(s, id); findErr == nil {
			err = fmt.Errorf("%w: its report is %s, so the letter was moved or dropped before", err, run.Status)
		}
		all = append(all, err)
	}
	return errors.Join(all...)
}

// finish tells what has become of letters that were put back.
func (s *session) finish(moved []operate.Letter, ended []runs.Run) error {
	if s.json {
		if err := s.printJSON(struct {
			Redriven []operate.Letter  `json:"redriven"`
			Ended    []operate.Summary `json:"ended"`
		}{append([]operate.Letter{}, moved...), operate.Summaries(ended)}); err != nil {
			return err
		}
	}
	var trouble error
	for _, run := range operate.Summaries(ended) {
		if run.Status == runs.Failed {
			trouble = errTrouble
		}
		if !s.json {
			s.say(fmt.Sprintf("%s is %s. %s", run.ReportID, run.Status, run.Note))
		}
	}
	return trouble
}

type dropLetters struct {
	choice

	Copies string `help:"The folder for the copies, which hold the reports' texts." default:"dropped-dead-letters"`
}

func (c *dropLetters) Help() string {
	return `Examples:

  relayctl dead-letters drop rep_2c7f…
  relayctl dead-letters drop --all --dry-run`
}

func (c *dropLetters) Run(s *session) error {
	return s.drop(c.Copies, c.DryRun, c.chosen, c.IDs)
}

type sweepLetters struct {
	DryRun bool   `help:"Only say which they are."`
	Copies string `help:"The folder for the copies, which hold the reports' texts." default:"dropped-dead-letters"`
}

func (c *sweepLetters) Run(s *session) error {
	return s.drop(c.Copies, c.DryRun, func(l operate.Letter) bool { return l.Stale }, nil)
}

// drop deletes the letters that are chosen, of which ids have to be there.
func (s *session) drop(copies string, dry bool, chosen func(operate.Letter) bool, ids []string) error {
	system, err := s.open()
	if err != nil {
		return err
	}
	if dry {
		return s.dry(system, chosen)
	}
	dropped, err := system.Drop(s, copies, chosen)
	if err != nil {
		return fmt.Errorf("%d were dropped: %w", len(dropped), err)
	}
	if len(dropped) == 0 && len(ids) > 0 {
		return s.noLetter(system, ids)
	}
	if s.json {
		return s.printLetters(dropped)
	}
	fmt.Fprintf(s.out, "%d dropped", len(dropped))
	if len(dropped) > 0 {
		fmt.Fprintf(s.out, "; copies are in %s/", copies)
	}
	fmt.Fprintln(s.out)
	return nil
}
