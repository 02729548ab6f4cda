package tree

import (
	"fmt"

	"notionrelay/shared/block"
	"notionrelay/shared/property"
	"notionrelay/shared/quotes"
	"notionrelay/shared/report"
)

// RedditLink is the property of a quotes database that tells rows of one title apart.
const RedditLink = "Reddit Link"

// QuotesSchema is the schema of the quotes database with every option that its
// rows use: the standard ones, and those that the run names besides.
func QuotesSchema(categories, sentiments, themes []string) property.Schema {
	return property.Schema{
		"Quote":           property.Plain("title"),
		"Category":        property.Selection(quotes.Categories.With(categories)),
		"Sentiment":       property.Selection(quotes.Sentiments.With(sentiments)),
		"Theme":           property.Selection(quotes.Themes.With(themes)),
		RedditLink:        property.Plain("url"),
		"Relevance Score": property.Plain("number"),
		"Justification":   property.Plain("rich_text"),
		"Date Added":      property.Plain("date"),
		"Post ID":         property.Plain("rich_text"),
	}
}

// QuoteRow is a quote as a row: its properties, and as content of its page what
// the properties cannot hold of its text and justification.
func QuoteRow(q report.Quote) (property.Values, []block.Block) {
	title, rest := divide(q.Text, 1)
	justification, more := divide(q.Justification, block.MaxRichTexts)
	postID, _ := divide(q.PostID, 1) // a longer one is cut: it names no post
	values := property.Values{
		"Quote":         property.Title(title[0]),
		"Category":      property.Select(q.Category),
		"Sentiment":     property.Select(q.Sentiment),
		"Theme":         property.Select(q.Theme),
		"Justification": property.RichText(justification...),
		"Post ID":       property.RichText(postID...),
	}
	if q.URL != "" {
		values[RedditLink] = property.URL(q.URL)
	}
	if q.RelevanceScore != nil {
		values["Relevance Score"] = property.Number(q.RelevanceScore)
	}
	if q.Date != "" {
		values["Date Added"] = property.Date(q.Date)
	}
	return values, append(rest, more...)
}

// QuoteTitle is the title of a quote's row: its text, as far as a title holds it.
func QuoteTitle(q report.Quote) string {
	title, _ := divide(q.Text, 1)
	return title[0]
}

// QuotesSection leads from the homepage to the quotes. Posts is how many were
// analysed, 0 when unknown.
func QuotesSection(databaseID string, total, posts int) []block.Block {
	found := fmt.Sprintf("We extracted %d valuable quotes from this research. ", total)
	if posts > 0 {
		found = fmt.Sprintf("We analyzed %d posts and extracted %d valuable quotes from this research. ", posts, total)
	}
	return []block.Block{
		{Kind: block.Divider},
		{Kind: block.Heading2, Text: sentence("📊 Extracted Quotes & Insights")},
		{Kind: block.Paragraph, Text: []block.Text{
			{Content: found},
			{Content: "View the complete quotes database", Link: pageURL(databaseID)},
			{Content: " to explore all insights, filter by category or sentiment, and analyze patterns."},
		}},
		callout("💡", "Tip: group the views of the database by Category or Sentiment to see the patterns at a glance."),
	}
}

// divide divides a text into the pieces of a property, at most so many, and
// paragraphs for what is behind them.
func divide(text string, pieces int) (inProperty []string, rest []block.Block) {
	for i, chunk := range block.Chunks([]block.Text{{Content: text}}) {
		for i == 0 && len(chunk) > 0 && len(inProperty) < pieces {
			inProperty, chunk = append(inProperty, chunk[0].Content), chunk[1:]
		}
		if len(chunk) > 0 {
			rest = append(rest, block.Block{Kind: block.Paragraph, Text: chunk})
		}
	}
	return inProperty, rest
}
