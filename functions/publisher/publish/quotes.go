package publish

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"notionrelay/shared/block"
	"notionrelay/shared/notion"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
)

// quotes writes the quotes of the message: the database, one row per quote,
// and after the last one the section on the homepage. Without any it only
// takes the placeholder away.
func (d *delivery) quotes(ctx context.Context) error {
	part := d.message.Quotes
	if d.run.QuotesAsked == "" {
		d.run.QuotesAsked = d.message.Asked
	}
	for _, warning := range part.Warnings {
		d.run.Warn(warning)
	}
	d.declareQuotes(part.Total)
	if part.Total == 0 {
		if d.run.Step(stepQuotesSection) == nil {
			return nil
		}
		return d.replace(ctx, stepQuotesSection, nil)
	}
	ctx = notion.WithBulk(ctx)
	databaseID, err := d.quotesDatabase(ctx, part)
	if err != nil {
		return err
	}
	for i := d.run.Step(stepQuotes).Done - part.Offset; i < len(part.Quotes); i++ {
		if err := d.quote(ctx, databaseID, part, i); err != nil {
			return err
		}
	}
	if !d.run.Step(stepQuotes).Finished() {
		return nil // the rest comes with the next part
	}
	return d.replace(ctx, stepQuotesSection, d.quotesSection(databaseID, part))
}

// ofAnotherAnswer tells whether the message has quotes, and those of an answer to
// another question are being written.
func (d *delivery) ofAnotherAnswer() bool {
	return d.message.Kind == queue.Quotes && d.run.QuotesAsked != "" && d.run.QuotesAsked != d.message.Asked
}

// awaitsPart tells whether the message is a part of the quotes and the one
// before it is not written yet.
func (d *delivery) awaitsPart() bool {
	if d.message.Kind != queue.Quotes || d.message.Quotes.Offset == 0 {
		return false
	}
	step := d.run.Step(stepQuotes)
	return step == nil || step.Done < d.message.Quotes.Offset
}

func quotesSteps(total int) []runs.Step {
	return []runs.Step{{Name: stepQuotesDatabase, Total: 1}, {Name: stepQuotes, Total: total}, {Name: stepQuotesSection, Total: 2}}
}

// declareQuotes brings the plan in line with how many quotes have come: none
// may have come where some were expected, and some where none were.
func (d *delivery) declareQuotes(total int) {
	section := d.run.Step(stepQuotesSection)
	switch {
	case total == 0 && section == nil:
	case total == 0:
		section.Total = 1
		d.run.Steps = slices.DeleteFunc(d.run.Steps, func(s runs.Step) bool { return s.Name == stepQuotesDatabase || s.Name == stepQuotes })
	case section == nil:
		d.run.Steps = append(d.run.Steps, quotesSteps(total)...)
		d.run.Step(stepQuotesSection).Total = 1 // no placeholder to take away
	default:
		d.run.Step(stepQuotes).Total = total
	}
}

// The options that every quotes database has, with their colours.
var (
	categories = []notion.Option{{Name: "user_needs", Color: "blue"}, {Name: "user_language", Color: "green"}, {Name: "current_solutions", Color: "yellow"},
		{Name: "feature_signals", Color: "purple"}, {Name: "general", Color: "gray"}, {Name: "extracted_text", Color: "orange"},
		{Name: "sentence_extract", Color: "pink"}, {Name: "unstructured", Color: "red"}}
	sentiments = []notion.Option{{Name: "positive", Color: "green"}, {Name: "negative", Color: "red"}, {Name: "neutral", Color: "gray"},
		{Name: "frustrated", Color: "orange"}, {Name: "excited", Color: "blue"}, {Name: "confused", Color: "yellow"}}
	themes = []notion.Option{{Name: "general", Color: "gray"}, {Name: "user_feedback", Color: "blue"}, {Name: "feature_request", Color: "green"},
		{Name: "pain_point", Color: "red"}, {Name: "workflow", Color: "purple"}, {Name: "comparison", Color: "yellow"},
		{Name: "pricing", Color: "orange"}, {Name: "organization", Color: "pink"}}
)

// quotesDatabase makes the run's quotes database with every option that its
// rows use.
func (d *delivery) quotesDatabase(ctx context.Context, part *queue.QuotesPart) (string, error) {
	if s := d.run.Step(stepQuotesDatabase); s.Finished() {
		return s.ID, nil
	}
	homepageID, title := d.run.Step(stepHomepage).ID, d.message.Subject.QuotesTitle()
	database, err := perform(ctx, d, request[notion.Page]{step: stepQuotesDatabase, once: notion.Once[notion.Page]{
		Send: func(ctx context.Context) (notion.Page, error) {
			return d.Notion.CreateDatabase(ctx, notion.NewDatabase{PageID: homepageID, Title: title, Icon: report.QuotesIcon, Properties: map[string]notion.Schema{
				"Quote":           notion.PropertyOf("title"),
				"Category":        notion.SelectOf(withNames(categories, part.Categories)),
				"Sentiment":       notion.SelectOf(withNames(sentiments, part.Sentiments)),
				"Theme":           notion.SelectOf(withNames(themes, part.Themes)),
				"Reddit Link":     notion.PropertyOf("url"),
				"Relevance Score": notion.PropertyOf("number"),
				"Justification":   notion.PropertyOf("rich_text"),
				"Date Added":      notion.PropertyOf("date"),
				"Post ID":         notion.PropertyOf("rich_text"),
			}})
		},
		Find: func(ctx context.Context, committedID string) (notion.Page, bool, error) {
			if committedID != "" {
				return notion.Page{ID: committedID}, true, nil
			}
			return d.findChild(ctx, homepageID, block.ChildDatabase, title)
		},
	}})
	if err != nil {
		return "", err
	}
	d.run.Step(stepQuotesDatabase).ID = database.ID
	return database.ID, nil
}

// withNames adds the options that a run uses besides the standard ones.
func withNames(standard []notion.Option, names []string) []notion.Option {
	all := slices.Clone(standard)
	for _, name := range names {
		if !slices.ContainsFunc(all, func(o notion.Option) bool { return strings.EqualFold(o.Name, name) }) {
			all = append(all, notion.Option{Name: name})
		}
	}
	return all
}

// quote writes one row.
func (d *delivery) quote(ctx context.Context, databaseID string, part *queue.QuotesPart, i int) error {
	step := d.run.Step(stepQuotes)
	r := request[notion.Page]{step: stepQuotes, index: part.Offset + i, once: notion.Once[notion.Page]{Fresh: step.Done == 0}}
	rowID, err := d.create(ctx, r, quoteRow(databaseID, part.Quotes[i]), func(ctx context.Context) (notion.Page, bool, error) {
		return d.findQuote(ctx, databaseID, part.Quotes, i)
	})
	step.ID = rowID
	return err
}

// quoteRow is a quote as a row: what its properties cannot hold of its text and
// justification goes onto its page.
func quoteRow(databaseID string, q report.Quote) notion.NewPage {
	title, rest := divide(q.Text, 1)
	justification, more := divide(q.Justification, block.MaxRichTexts)
	postID, _ := divide(q.PostID, 1) // a longer one is cut: it names no post
	properties := notion.Properties{
		"Quote":         notion.Title(title[0]),
		"Category":      notion.Select(q.Category),
		"Sentiment":     notion.Select(q.Sentiment),
		"Theme":         notion.Select(q.Theme),
		"Justification": notion.RichText(justification...),
		"Post ID":       notion.RichText(postID...),
	}
	if q.URL != "" {
		properties["Reddit Link"] = notion.URL(q.URL)
	}
	if q.RelevanceScore != nil {
		properties["Relevance Score"] = notion.Number(q.RelevanceScore)
	}
	if q.Date != "" {
		properties["Date Added"] = notion.Date(q.Date)
	}
	return notion.NewPage{DatabaseID: databaseID, Properties: properties, Children: append(rest, more...)}
}

// divide divides a text into the pieces of a property, at most so many, and
// paragraphs for what is behind them.
func divide(text string, pieces int) (property []string, rest []block.Block) {
	for i, chunk := range block.Chunks([]block.Text{{Content: text}}) {
		for i == 0 && len(chunk) > 0 && len(property) < pieces {
			property, chunk = append(property, chunk[0].Content), chunk[1:]
		}
		if len(chunk) > 0 {
			rest = append(rest, block.Block{Kind: block.Paragraph, Text: chunk})
		}
	}
	return property, rest
}

// findQuote looks for the row of quote i: it exists if there are more rows of
// its title and link than the quotes before it account for.
func (d *delivery) findQuote(ctx context.Context, databaseID string, quotes []report.Quote, i int) (notion.Page, bool, error) {
	rows, err := d.Notion.RowsSince(ctx, databaseID, d.run.Step(stepQuotesDatabase).At.Add(-clockSkew))
	if e, ok := errors.AsType[*notion.Error](err); ok && e.Status == http.StatusNotFound {
		return notion.Page{}, false, nil // the database is not ready yet, so it has no rows
	}
	if err != nil {
		return notion.Page{}, false, err
	}
	url, title := quotes[i].URL, titleOf(quotes[i])
	before := 0
	for _, q := range quotes[:i] {
		if q.URL == url && titleOf(q) == title {
			before++
		}
	}
	for _, row := range rows {
		if row.Properties["Quote"] != title || row.Properties["Reddit Link"] != url {
			continue
		}
		if before == 0 {
			return row.Page, true, nil
		}
		before--
	}
	return notion.Page{}, false, nil
}

func titleOf(q report.Quote) string {
	title, _ := divide(q.Text, 1)
	return title[0]
}

// quotesSection leads from the homepage to the quotes.
func (d *delivery) quotesSection(databaseID string, part *queue.QuotesPart) []block.Block {
	found := fmt.Sprintf("We extracted %d valuable quotes from this research. ", part.Total)
	if part.Posts > 0 {
		found = fmt.Sprintf("We analyzed %d posts and extracted %d valuable quotes from this research. ", part.Posts, part.Total)
	}
	return []block.Block{
		{Kind: block.Divider},
		{Kind: block.Heading2, Text: plainText("📊 Extracted Quotes & Insights")},
		{Kind: block.Paragraph, Text: []block.Text{
			{Content: found},
			{Content: "View the complete quotes database", Link: pageURL(databaseID)},
			{Content: " to explore all insights, filter by category or sentiment, and analyze patterns."},
		}},
		callout("💡", "Tip: group the views of the database by Category or Sentiment to see the patterns at a glance."),
	}
}
