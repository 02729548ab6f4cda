// Package tree is what a client sees: the pages of a run, from the row in the
// reports database down to the last quote, as blocks, properties and schemas.
// It is pure. It neither knows in which order the pages are written nor how:
// that is the business of functions/publisher/publish and shared/ledger.
//
//	row in the reports database        Row, RowPage
//	└── homepage                       Greeting, Links, QuotesPlace
//	    ├── a page per report          its markdown
//	    └── quotes database            QuotesSchema
//	        └── a row per quote        QuoteRow
//
// A test in functions/publisher/publish pins every word of it in one file.
package tree

import (
	"fmt"
	"strings"
	"time"

	"notionrelay/shared/block"
	"notionrelay/shared/markdown"
	"notionrelay/shared/property"
	"notionrelay/shared/report"
)

// The properties of the reports database.
const (
	Company      = "Company" // the title
	ReportType   = "Report Type"
	ContactEmail = "Contact Email"
)

// Row is the run's row in the reports database. It always has the three
// properties; an unknown e-mail address is null.
func Row(s report.Subject, email string, accepted time.Time) property.Values {
	return property.Values{
		Company:      property.Title(s.RowTitle(accepted)),
		ReportType:   property.RichText(s.Type),
		ContactEmail: property.Email(email),
	}
}

// RowPage is the content of the row's own page.
func RowPage(homepageID string) []block.Block {
	return []block.Block{leadsTo("Click here to view your report", homepageID)}
}

// Greeting is the top of the homepage. The page's title is its heading.
func Greeting(s report.Subject, n *report.Statistics) []block.Block {
	blocks := []block.Block{
		paragraph("Hey " + s.Contact + " and the rest of the " + s.Company + " team!"),
		{Kind: block.Divider},
	}
	if n != nil {
		blocks = append(blocks, callout("📈", fmt.Sprintf("Analysis Summary: We reviewed %d posts and extracted %d valuable quotes for this research.", n.Posts, n.Quotes)))
	}
	return blocks
}

// placeholderIcon marks a block that later content replaces.
const placeholderIcon = "⏳"

// IntroductionPlace stands on the homepage until the introduction has come.
func IntroductionPlace() block.Block {
	return callout(placeholderIcon, "Generating personalized introduction...")
}

// QuotesPlace stands on the homepage until the quotes have come.
func QuotesPlace() block.Block {
	return callout(placeholderIcon, "Processing quotes database...")
}

// Link is a line of the homepage that leads to a report's page.
func Link(d report.Document, pageID string) block.Block {
	return leadsTo("View "+d.Title, pageID)
}

// Introduction is markdown as blocks of one request. Markdown with more
// structure than a request can carry keeps its text as paragraphs.
func Introduction(source string) []block.Block {
	if plan := block.NewPlan(markdown.Blocks(source)); len(plan.Appends) == 0 {
		return plan.Create
	}
	var paragraphs []block.Block
	for _, chunk := range block.Chunks([]block.Text{{Content: source}}) {
		paragraphs = append(paragraphs, block.Block{Kind: block.Paragraph, Text: chunk})
	}
	return paragraphs
}

// PageURL is the address of a page as people share it.
func PageURL(id string) string {
	return "https://notion.so/" + strings.ReplaceAll(id, "-", "")
}

func leadsTo(text, pageID string) block.Block {
	return block.Block{Kind: block.Paragraph, Text: []block.Text{{Content: text, Link: PageURL(pageID)}}}
}

func paragraph(text string) block.Block {
	return block.Block{Kind: block.Paragraph, Text: sentence(text)}
}

func callout(icon, text string) block.Block {
	return block.Block{Kind: block.Callout, Icon: icon, Text: sentence(text)}
}

// sentence is a text of ours. Ours are short; only a long company name can
// exceed a block, so what exceeds it is cut.
func sentence(text string) []block.Text {
	return block.Chunks([]block.Text{{Content: text}})[0]
}
