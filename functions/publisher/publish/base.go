package publish

import (
	"context"
	"slices"
	"time"

	"notionrelay/shared/block"
	"notionrelay/shared/ledger"
	"notionrelay/shared/markdown"
	"notionrelay/shared/notion"
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
// asked first, so that it thinks meanwhile. A timer looks after its answers.
func (d *delivery) writeBase(ctx context.Context) error {
	run, payload, convert := d.ledger.Run, d.message.Payload, d.convert
	if convert == nil {
		convert = markdown.Blocks
	}
	var documents []document
	for _, doc := range payload.Documents() {
		documents = append(documents, document{doc, block.NewPlan(convert(doc.Markdown))})
	}
	if len(run.Steps) == 0 {
		settleSubject(ctx, run, payload, d.Research, d.Log)
		run.Steps = baseSteps(documents, d.expectsQuotes())
	}
	if run.Asked == 0 {
		d.askEnricher(ctx)
	}
	if err := writeRow(ctx, d.ledger, d.Database, payload.Email); err != nil {
		return err
	}
	if err := writePages(ctx, d.ledger, documents, d.CoverURL); err != nil {
		return err
	}
	if run.PublishedAt.IsZero() {
		run.PublishedAt = time.Now()
	}
	return d.setTimer(ctx)
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

func writeRow(ctx context.Context, l *ledger.Ledger, database Database, email string) error {
	run := l.Run
	if run.Step(stepRow).Finished() {
		return nil
	}
	subject, title := *run.Subject, run.Subject.RowTitle(run.AcceptedAt)
	return l.Row(ctx, ledger.Row{
		Step: stepRow, DatabaseID: database.ID, Values: tree.Row(database.Columns, subject, email, run.AcceptedAt), Title: title,
		Match: map[string]string{database.Columns.ReportType: subject.Type, database.Columns.ContactEmail: email},
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
	made := madeWith(l.Run)
	homepageID, err := writeHomepage(ctx, l, made, coverURL)
	if err != nil {
		return err
	}
	if err := l.Append(ctx, stepRowLink, stepRow, nil, tree.RowPage(homepageID), nil); err != nil {
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
	return writeContent(ctx, l, made, links)
}

// noBanner is taken back where it was not the banner that Notion refused.
const noBanner = "Notion refused the homepage with the banner of HOMEPAGE_COVER_URL, so it has none."

// writeHomepage makes the homepage, without its banner if Notion refuses it with one.
func writeHomepage(ctx context.Context, l *ledger.Ledger, made []block.Block, coverURL string) (id string, err error) {
	run, page := l.Run, notion.NewPage{Icon: report.HomepageIcon, Cover: coverURL, Children: made}
	if slices.Contains(run.Warnings, noBanner) {
		page.Cover = ""
	}
	id, err = l.Page(ctx, stepHomepage, stepRow, run.Subject.HomepageTitle(), page)
	if ledger.Refused(err) && page.Cover != "" {
		run.Warn(noBanner)
		page.Cover = ""
		id, err = l.Page(ctx, stepHomepage, stepRow, run.Subject.HomepageTitle(), page)
	}
	if ledger.Refused(err) {
		run.Warnings = slices.DeleteFunc(run.Warnings, func(w string) bool { return w == noBanner })
	}
	return id, err
}

// madeWith is what the run's homepage is made with. Another version may have made it
// with more blocks or fewer: then it is as many, the introduction still the last.
func madeWith(run *runs.Run) []block.Block {
	kinds := slices.DeleteFunc(slices.Clone(report.Kinds), func(k report.Kind) bool { return run.Step(k.Name) == nil })
	made := tree.Homepage(*run.Subject, run.Statistics, kinds)
	before, introduction := made[:len(made)-1], made[len(made)-1]
	if at, known := run.Places[stepIntroduction]; known {
		before = slices.Concat(before, make([]block.Block, at))[:at]
	}
	return append(before, introduction)
}

// writeContent writes what follows on the homepage behind the report pages, and
// takes down which blocks later content replaces.
func writeContent(ctx context.Context, l *ledger.Ledger, made, links []block.Block) error {
	run, blocks := l.Run, links
	places := map[string]int{stepIntroduction: len(made) - 1}
	if run.Step(stepQuotesSection) != nil {
		places[stepQuotesSection] = len(made) + len(links)
		blocks = append(blocks, tree.QuotesPlace())
	}
	return l.Append(ctx, stepContent, stepHomepage, made, blocks, func(_ *runs.Step, ids []string) {
		run.Homepage = append(make([]string, len(made)), ids...)
		run.Places = places
	})
}
