package publish

import (
	"context"
	"slices"
	"time"

	"notionrelay/shared/ledger"
	"notionrelay/shared/notion"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
	"notionrelay/shared/tree"
)

// writeQuotes writes the quotes of the message: the database, one row per
// quote, and after the last one the section on the homepage. Without any it
// only takes the placeholder away.
func writeQuotes(ctx context.Context, l *ledger.Ledger, m queue.Message) error {
	run, part := l.Run, m.Quotes
	if bringsFirstQuotes(m, *run) {
		if err := expectQuotesAgain(ctx, l); err != nil {
			return err
		}
	}
	run.QuotesAnswer = m.Answer
	for _, warning := range part.Warnings {
		run.Warn(warning)
	}
	if part.Total == 0 {
		return takeQuotesPlaceAway(ctx, l)
	}
	run.Steps = withQuotes(run.Steps, part.Total)
	databaseID, err := l.Database(ctx, stepQuotesDatabase, stepHomepage, notion.NewDatabase{
		Title: m.Subject.QuotesTitle(), Icon: report.QuotesIcon, Schema: tree.QuotesSchema(part.Categories, part.Sentiments, part.Themes),
	})
	if err != nil {
		return err
	}
	last := lastRows(part.Quotes)
	for i := run.Step(stepQuotes).Done - part.Offset; i < len(part.Quotes); i++ {
		if err := writeQuote(ctx, l, databaseID, part, i, last); err != nil {
			return err
		}
	}
	if !run.Step(stepQuotes).Finished() {
		return nil // the rest comes with the next part
	}
	return l.Replace(ctx, stepQuotesSection, stepHomepage, madeWith(run), tree.QuotesSection(databaseID, part.Total, part.Posts))
}

// expectQuotesAgain takes back that the run has ended without quotes: because they were
// late, or because none were expected.
func expectQuotesAgain(ctx context.Context, l *ledger.Ledger) error {
	run := l.Run
	if run.Status == runs.Complete { // or the rest of them would be dropped
		run.Status, run.EndedAt = runs.Published, time.Time{}
	}
	if !slices.Contains(run.Warnings, noQuotesInTime) {
		return nil
	}
	if err := takeQuotesPlaceAway(ctx, l); err != nil { // the timer may have been interrupted in it
		return err
	}
	run.Steps = without(run.Steps, stepQuotesSection)
	delete(run.Places, stepQuotesSection)
	run.Warnings = slices.DeleteFunc(run.Warnings, func(w string) bool { return w == noQuotesInTime })
	return nil
}

func quotesSteps(total int) []runs.Step {
	return []runs.Step{{Name: stepQuotesDatabase, Total: 1}, {Name: stepQuotes, Total: total}, {Name: stepQuotesSection, Total: 2}}
}

// withQuotes brings the steps in line with how many quotes have come: none may
// have come where some were expected, and some where none were.
func withQuotes(steps []runs.Step, total int) []runs.Step {
	section := slices.IndexFunc(steps, func(s runs.Step) bool { return s.Name == stepQuotesSection })
	switch {
	case total == 0 && section >= 0:
		steps[section].Total = 1
		return slices.DeleteFunc(steps, func(s runs.Step) bool { return s.Name == stepQuotesDatabase || s.Name == stepQuotes })
	case total > 0 && section < 0:
		added := quotesSteps(total)
		added[len(added)-1].Total = 1 // there is no placeholder to take away
		return append(steps, added...)
	}
	for i := range steps {
		if steps[i].Name == stepQuotes {
			steps[i].Total = total
		}
	}
	return steps
}

// row is what tells one quote's row from another's when it is looked for.
type row struct{ title, url string }

func rowOf(q report.Quote) row { return row{tree.QuoteTitle(q), q.URL} }

// lastRows is which quote of a part is the last one with such a row.
func lastRows(quotes []report.Quote) map[row]int {
	last := make(map[row]int, len(quotes))
	for i, q := range quotes {
		last[rowOf(q)] = i
	}
	return last
}

// writeQuote writes the row of quote i of a part.
func writeQuote(ctx context.Context, l *ledger.Ledger, databaseID string, part *queue.QuotesPart, i int, last map[row]int) error {
	q := part.Quotes[i]
	step := l.Run.Step(stepQuotes)
	values, content := tree.QuoteRow(q)
	return l.Row(ctx, ledger.Row{
		Step: stepQuotes, Index: part.Offset + i, DatabaseID: databaseID, Database: stepQuotesDatabase,
		Values: values, Content: content, Title: tree.QuoteTitle(q),
		Match: map[string]string{tree.RedditLink: q.URL},
		Mine:  func(_ context.Context, id string) (bool, error) { return !slices.Contains(step.Twins, id), nil },
		Commit: func(id string) {
			if last[rowOf(q)] > i { // a twin is still to be written
				step.Twins = append(step.Twins, id)
			}
		},
	})
}
