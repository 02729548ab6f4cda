package publish

import (
	"context"
	"fmt"
	"slices"
	"time"

	"notionrelay/shared/block"
	"notionrelay/shared/markdown"
	"notionrelay/shared/notion"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
)

// The steps of a run, besides one step per report named after it.
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

// basePages writes the tree that a reader is waiting for: the row, the
// homepage, the reports, and the homepage's content that links to them. The
// enricher is asked first, so that it thinks meanwhile.
func (d *delivery) basePages(ctx context.Context) error {
	payload := d.message.Payload
	documents := payload.Documents()
	plans := make([]block.Plan, len(documents))
	for i, doc := range documents {
		plans[i] = block.NewPlan(markdown.Blocks(doc.Markdown))
	}
	if len(d.run.Steps) == 0 {
		d.settleSubject(ctx)
		d.declare(documents, plans)
	}
	if err := d.askEnricher(ctx); err != nil {
		return err
	}
	subject := *d.run.Subject
	rowID, err := d.row(ctx, subject, payload.Email)
	if err != nil {
		return err
	}
	homepageID, err := d.homepage(ctx, subject, rowID)
	if err != nil {
		return err
	}
	if _, err := d.content(ctx, stepRowLink, rowID, rowLink(homepageID)); err != nil {
		return err
	}
	links := make([]link, len(documents))
	for i, doc := range documents {
		pageID, err := d.document(ctx, subject, doc, plans[i], homepageID)
		if err != nil {
			return err
		}
		links[i] = link{text: "View " + doc.Title, pageID: pageID}
	}
	return d.homepageContent(ctx, homepageID, links)
}

// declare writes the plan into a new record: the steps in their order and how
// many requests each makes. What quotes take is known only when they come.
func (d *delivery) declare(documents []report.Document, plans []block.Plan) {
	steps := []runs.Step{{Name: stepRow, Total: 1}, {Name: stepHomepage, Total: 1}, {Name: stepRowLink, Total: 1}}
	for i, doc := range documents {
		steps = append(steps, runs.Step{Name: doc.Name, Title: doc.Title, Total: 1 + len(plans[i].Appends)})
	}
	steps = append(steps, runs.Step{Name: stepContent, Total: 1}, runs.Step{Name: stepTitle, Total: 1}, runs.Step{Name: stepIntroduction, Total: 2})
	if d.expectsQuotes() {
		steps = append(steps, quotesSteps(0)...)
	}
	d.run.Steps = steps
}

// expectsQuotes tells whether the homepage keeps a place for quotes: where the
// payload or the research database has some, or the latter could not say.
func (d *delivery) expectsQuotes() bool {
	if len(d.message.Payload.Quotes) > 0 || d.Research == nil {
		return len(d.message.Payload.Quotes) > 0
	}
	return d.run.Statistics == nil && d.message.Payload.RunID != "" || d.run.Statistics != nil && d.run.Statistics.Quotes > 0
}

// askAgain is when the enricher is asked once more for what has not come.
const askAgain = 15 * time.Minute

// askEnricher sends the report to the enricher. Asking twice does no harm: of two
// answers the first one is written.
func (d *delivery) askEnricher(ctx context.Context) error {
	if time.Since(d.run.EnrichedAt) < askAgain {
		return nil
	}
	now := time.Now()
	body, err := queue.Encode(queue.Message{
		Kind: queue.Enrich, ReportID: d.run.ReportID, Asked: now.UTC().Format(time.RFC3339Nano), Payload: d.message.Payload, Subject: d.run.Subject,
	})
	if err != nil {
		return err
	}
	if err := d.EnrichQueue.Send(ctx, queue.Outgoing{Body: body}); err != nil {
		return fmt.Errorf("ask enricher for %s: %w", d.run.ReportID, err)
	}
	d.run.EnrichedAt = now
	return nil
}

func (d *delivery) row(ctx context.Context, s report.Subject, email string) (string, error) {
	title := s.RowTitle(d.run.AcceptedAt)
	id, err := d.page(ctx, stepRow, notion.NewPage{
		DatabaseID: d.DatabaseID,
		Properties: notion.Properties{
			"Company":       notion.Title(title),
			"Report Type":   notion.RichText(s.Type),
			"Contact Email": notion.Email(email),
		},
	}, func(ctx context.Context) (notion.Page, bool, error) {
		return d.findRow(ctx, map[string]string{"Company": title, "Report Type": s.Type, "Contact Email": email})
	})
	d.run.RowID = id
	return id, err
}

// clockSkew is how far Notion's clock may be behind ours.
const clockSkew = 5 * time.Minute

// findRow looks for a row that this integration has made since the intent,
// with the same properties and with no other run as its owner.
func (d *delivery) findRow(ctx context.Context, properties map[string]string) (notion.Page, bool, error) {
	me, err := d.Notion.Me(ctx)
	if err != nil {
		return notion.Page{}, false, err
	}
	rows, err := d.Notion.RowsSince(ctx, d.DatabaseID, d.run.Step(stepRow).IntendedAt.Add(-clockSkew))
	if err != nil {
		return notion.Page{}, false, err
	}
	for _, row := range rows {
		if row.CreatedBy != me || !holds(row.Properties, properties) {
			continue
		}
		owner, err := d.Runs.OwnerOf(ctx, row.ID)
		if err != nil {
			return notion.Page{}, false, err
		}
		if owner == "" || owner == d.run.ReportID {
			return row.Page, true, nil
		}
	}
	return notion.Page{}, false, nil
}

func holds(have, want map[string]string) bool {
	for name, value := range want {
		if have[name] != value {
			return false
		}
	}
	return true
}

func (d *delivery) homepage(ctx context.Context, s report.Subject, rowID string) (string, error) {
	return d.childPage(ctx, stepHomepage, notion.NewPage{PageID: rowID, Icon: report.HomepageIcon, Cover: d.CoverURL}, s.HomepageTitle())
}

// document makes a report's page with as much of its content as one request
// takes, and appends the rest.
func (d *delivery) document(ctx context.Context, s report.Subject, doc report.Document, plan block.Plan, homepageID string) (string, error) {
	pageID, err := d.childPage(ctx, doc.Name, notion.NewPage{PageID: homepageID, Icon: doc.Icon, Children: plan.Create}, s.DocumentTitle(doc))
	if err != nil {
		return "", err
	}
	parents := parentIDs{notion: d.Notion, pageID: pageID, known: map[string]string{}}
	for i := d.run.Step(doc.Name).Done - 1; i < len(plan.Appends); i++ {
		a := plan.Appends[i]
		parentID, err := parents.of(ctx, a.Parent)
		if err != nil {
			return "", err
		}
		added, err := d.appendBlocks(ctx, doc.Name, i+1, parentID, a.Offset, a.Children)
		if err != nil {
			return "", err
		}
		parents.learn(a, added)
	}
	return pageID, nil
}

func (d *delivery) childPage(ctx context.Context, step string, p notion.NewPage, title string) (string, error) {
	p.Properties = notion.Properties{"title": notion.Title(title)}
	return d.page(ctx, step, p, func(ctx context.Context) (notion.Page, bool, error) {
		return d.findChild(ctx, p.PageID, block.ChildPage, title)
	})
}

// findChild looks below a page for a page or database by its title.
func (d *delivery) findChild(ctx context.Context, parentID string, kind block.Kind, title string) (notion.Page, bool, error) {
	children, err := d.Notion.Children(ctx, parentID)
	i := slices.IndexFunc(children, func(b block.Block) bool { return b.Kind == kind && b.Title == title })
	if i < 0 {
		return notion.Page{}, false, err
	}
	return notion.Page{ID: children[i].ID}, true, err
}

// content writes the content of a step that takes one append; it returns no
// blocks when that was done before.
func (d *delivery) content(ctx context.Context, step, parentID string, blocks []block.Block) ([]block.Block, error) {
	if d.run.Step(step).Finished() {
		return nil, nil
	}
	return d.appendBlocks(ctx, step, 0, parentID, 0, blocks)
}
