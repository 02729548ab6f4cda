package publish

import (
	"context"
	"fmt"
	"slices"

	"notionrelay/shared/ledger"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
	"notionrelay/shared/tree"
)

// writeTexts puts the title and the introduction that the enricher has found in
// the place of the standard ones. What it has not found, and what Notion refuses,
// leaves the standard one where it is.
func writeTexts(ctx context.Context, l *ledger.Ledger, m queue.Message) error {
	run, texts := l.Run, m.Texts
	run.TextsAnswer = m.Answer
	for _, warning := range texts.Warnings {
		run.Warn(warning)
	}
	if err := writeText(run, stepTitle, "title", texts.Title, func() error {
		return l.Rename(ctx, stepTitle, stepHomepage, texts.Title)
	}); err != nil {
		return err
	}
	return writeText(run, stepIntroduction, "introduction", texts.Introduction, func() error {
		return l.Replace(ctx, stepIntroduction, stepHomepage, madeWith(run), tree.Introduction(texts.Introduction))
	})
}

// writeText makes a step with a text, or leaves it out.
func writeText(run *runs.Run, step, name, text string, write func() error) error {
	s := run.Step(step)
	if s == nil { // it was left out in an earlier delivery
		return nil
	}
	if text == "" {
		run.Steps = without(run.Steps, step)
		return nil
	}
	err := write()
	if ledger.Refused(err) && s.Done == 0 {
		run.Steps = without(run.Steps, step)
		run.Warn(fmt.Sprintf("Notion refused the AI's %s, so the homepage keeps the standard one.", name))
		return nil
	}
	return err
}

// without is the steps of a run without those that will not be made.
func without(steps []runs.Step, names ...string) []runs.Step {
	return slices.DeleteFunc(steps, func(s runs.Step) bool { return slices.Contains(names, s.Name) })
}
