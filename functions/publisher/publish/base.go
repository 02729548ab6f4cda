package publish

import (
	"context"
	"fmt"
	"time"

	"notionrelay/shared/block"
	"notionrelay/shared/ledger"
	"notionrelay/shared/markdown"
	"notionrelay/shared/notion"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
	"notionrelay/shared/tree"
)

// The steps of a run, besides one step per report named after its kind.
const (
	stepRow            = "row"
	stepHomepage       = "homepage"
	stepRowLink        = "row-link"
	stepContent        = "homepage-content"
	stepTitle          = "title"
	stepIntroduction   = "introduction"
	stepQuotesDatabase = "quotes-database"
	stepQuotes         = "quotes"
	stepQuotesSection  = "quotes-section"
)

// document is a report of the run with the plan of its page.
type document struct {
	report.Document

	plan block.Plan
}

// writeBase writes the tree that a reader is waiting for: the row, the homepage,
// the reports, and the homepage's content that links to them. The enricher is
// asked first, so that it thinks meanwhile.
func (d *delivery) writeBase(ctx context.Context) error {
	run, payload := d.ledger.Run, d.message.Payload
	var documents []document
	for _, doc := range payload.Documents() {
		documents = append(documents, document{doc, block.NewPlan(markdown.Blocks(doc.Markdown))})
	}
	if len(run.Steps) == 0 {
		settleSubject(ctx, run, payload, d.Research, d.Log)
		run.Steps = baseSteps(documents, d.expectsQuotes())
	}
	if err := d.askEnricher(ctx); err != nil {
		return err
	}
	if err := writeRow(ctx, d.ledger, d.DatabaseID, payload.Email); err != nil {
		return err
	}
	return writePages(ctx, d.ledger, documents, d.CoverURL)
}

// baseSteps are the steps of a new run in their order, and how many requests
// each makes. What quotes take is known only when they come.
func baseSteps(documents []document, quotes bool) []runs.Step {
	steps := []runs.Step{{Name: stepRow, Total: 1}, {Name: stepHomepage, Total: 1}, {Name: stepRowLink, Total: 1}}
	for _, doc := range documents {
		steps = append(steps, runs.Step{Name: doc.Name, Title: doc.Title, Total: 1 + len(doc.plan.Appends)})
	}
	steps = append(steps, runs.Step{Name: stepContent, Total: 1}, runs.Step{Name: stepTitle, Total: 1}, runs.Step{Name: stepIntroduction, Total: 2})
	if quotes {
		steps = append(steps, quotesSteps(0)...)
	}
	return steps
}

// expectsQuotes tells whether the homepage keeps a place for quotes: where the
// payload or the research database has some, or the latter could not say.
func (d *delivery) expectsQuotes() bool {
	payload, statistics := d.message.Payload, d.ledger.Run.Statistics
	switch {
	case len(payload.Quotes) > 0:
		return true
	case d.Research == nil:
		return false
	case statistics == nil:
		return payload.RunID != ""
	}
	return statistics.Quotes > 0
}

// askAgain is when the enricher is asked once more for what has not come.
const askAgain = 15 * time.Minute

// askEnricher sends the report to the enricher. Asking twice does no harm: of two
// answers the first one is written.
func (d *delivery) askEnricher(ctx context.Context) error {
	run := d.ledger.Run
	if time.Since(run.EnricherAskedAt) < askAgain {
		return nil
	}
	now := time.Now()
	body, err := queue.Encode(queue.Message{
		Kind: queue.Enrich, ReportID: run.ReportID, Asked: now.UTC().Format(time.RFC3339Nano), Payload: d.message.Payload, Subject: run.Subject,
	})
	if err != nil {
		return err
	}
	if err := d.EnrichQueue.Send(ctx, queue.Outgoing{Body: body}); err != nil {
		return fmt.Errorf("ask enricher for %s: %w", run.ReportID, err)
	}
	run.EnricherAskedAt = now
	return nil
}

func writeRow(ctx context.Context, l *ledger.Ledger, databaseID, email string) error {
	run := l.Run
	if run.Step(stepRow).Finished() {
		return nil
	}
	subject, title := *run.Subject, run.Subject.RowTitle(run.AcceptedAt)
	return l.Row(ctx, ledger.Row{
		Step: stepRow, DatabaseID: databaseID, Values: tree.Row(subject, email, run.AcceptedAt), Title: title,
		Match: map[string]string{tree.Company: title, tree.ReportType: subject.Type, tree.ContactEmail: email},
		Mine: func(ctx context.Context, id string) (bool, error) {
			owner, err := l.Store.OwnerOf(ctx, id)
			return owner == "" || owner == run.ReportID, err
		},
		Commit: func(id string) { run.RowID = id },
	})
}

// writePages writes everything below the row.
func writePages(ctx context.Context, l *ledger.Ledger, documents []document, coverURL string) error {
	subject := *l.Run.Subject
	homepageID, err := l.Page(ctx, stepHomepage, stepRow, subject.HomepageTitle(), notion.NewPage{Icon: report.HomepageIcon, Cover: coverURL})
	if err != nil {
		return err
	}
	if err := l.Append(ctx, stepRowLink, stepRow, tree.RowPage(homepageID), nil); err != nil {
		return err
	}
	var links []block.Block
	for _, doc := range documents {
		pageID, err := l.Document(ctx, doc.Name, stepHomepage, subject.DocumentTitle(doc.Document), notion.NewPage{Icon: doc.Icon}, doc.plan)
		if err != nil {
			return err
		}
		links = append(links, tree.Link(doc.Document, pageID))
	}
	return writeHomepage(ctx, l, links)
}

// writeHomepage writes what a client reads first, and takes down where later
// content goes.
func writeHomepage(ctx context.Context, l *ledger.Ledger, links []block.Block) error {
	run := l.Run
	blocks := tree.Greeting(*run.Subject, run.Statistics)
	places := map[string]int{stepIntroduction: len(blocks)}
	blocks = append(append(blocks, tree.IntroductionPlace()), links...)
	if run.Step(stepQuotesSection) != nil {
		places[stepQuotesSection] = len(blocks)
		blocks = append(blocks, tree.QuotesPlace())
	}
	return l.Append(ctx, stepContent, stepHomepage, blocks, func(_ *runs.Step, ids []string) {
		run.Homepage, run.Placeholders = ids, map[string]string{}
		for step, i := range places {
			run.Placeholders[step] = ids[i]
		}
	})
}
