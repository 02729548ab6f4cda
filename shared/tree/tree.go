// Package tree is what a client sees: the pages of a run, from the row in the
// reports database down to the last quote, as blocks, properties and schemas.
// It is pure. It neither knows in which order the pages are written nor how:
// that is the business of functions/publisher/publish and shared/ledger.
//
//	row in the reports database        Row, RowPage
//	└── homepage                       Homepage, then Link and QuotesPlace
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

// Columns are the names of the properties of the reports database besides its
// title, which has the same id in every database, whatever people call it.
type Columns struct {
	ReportType   string // of the type rich_text
	ContactEmail string // of the type email
}

// StandardColumns are the names where nobody says otherwise.
var StandardColumns = Columns{ReportType: "Report Type", ContactEmail: "Contact Email"}

// Row is the run's row in the reports database. It always has the three
// properties; an unknown e-mail address is null.
func Row(c Columns, s report.Subject, email string, accepted time.Time) property.Values {
	return property.Values{
		"title":        property.Title(s.RowTitle(accepted)),
		c.ReportType:   property.RichText(s.Type),
		c.ContactEmail: property.Email(email),
	}
}

// RowPage is the content of the row's own page.
func RowPage(homepageID string) []block.Block {
	return []block.Block{leadsTo("Click here to view your report", homepageID)}
}

// Homepage is what a homepage is made with: above the report pages, which Notion
// lists where they were created. The page's title is its heading. The last block
// is the standard introduction, a single one, so that a better one can take its
// place at once.
func Homepage(s report.Subject, n *report.Statistics, kinds []report.Kind) []block.Block {
	blocks := []block.Block{
		paragraph("Hey " + s.Contact + " and the rest of the " + s.Company + " team!"),
		{Kind: block.Divider},
	}
	if n != nil {
		blocks = append(blocks, callout("📈", fmt.Sprintf("Analysis Summary: We reviewed %d posts and extracted %d valuable quotes for this research.", n.Posts, n.Quotes)))
	}
	return append(blocks, introduction(s, kinds))
}

// introduction says what was analysed, what is below, and how to use it.
func introduction(s report.Subject, kinds []report.Kind) block.Block {
	text := []block.Text{{Content: "We analysed what people say about the topics that matter to " + s.Company +
		", in their own words, and condensed it into the pages below.\n\nWhat you will find here:\n"}}
	for _, k := range kinds {
		text = append(text, block.Text{Content: "• "}, block.Text{Content: k.Title, Bold: true}, block.Text{Content: ": " + k.Holds + "\n"})
	}
	text = append(text, block.Text{Content: "\nUse it for landing pages, content ideas and sales scripts: the wording of real people is the strongest copy there is.\n\n" +
		"P.S. Upload the full report to your favourite AI assistant and ask it anything about your market."})
	return block.Block{Kind: block.Paragraph, Text: block.Chunks(text)[0]}
}

// QuotesPlace stands on the homepage while quotes are on their way.
func QuotesPlace() block.Block {
	return callout("⏳", "Processing quotes database...")
}

// Link is a line of the homepage that leads to a report's page.
func Link(d report.Document, pageID string) block.Block {
	return leadsTo("View "+d.Title, pageID)
}

// Introduction is an introduction in markdown as blocks of one request. Markdown with
// more structure than a request can carry keeps its text as paragraphs.
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

// pageURL is the address of a page as people share it.
func pageURL(id string) string {
	return "https://notion.so/" + strings.ReplaceAll(id, "-", "")
}

func leadsTo(text, pageID string) block.Block {
	return block.Block{Kind: block.Paragraph, Text: []block.Text{{Content: text, Link: pageURL(pageID)}}}
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
