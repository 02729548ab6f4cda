package publish

import (
	"notionrelay/shared/block"
	"notionrelay/shared/markdown"
	"notionrelay/shared/report"
)

// link is a paragraph that leads to a page.
type link struct{ text, pageID string }

func (l link) block() block.Block {
	return block.Block{Kind: block.Paragraph, Text: []block.Text{{Content: l.text, Link: pageURL(l.pageID)}}}
}

func rowLink(homepageID string) []block.Block {
	return []block.Block{link{"Click here to view your report", homepageID}.block()}
}

// homepageContent is what a client reads first, in its fixed order. The page
// title is the heading.
func homepageContent(s report.Subject, documents []report.Document, links []link) []block.Block {
	blocks := []block.Block{
		paragraph("Hey " + s.Contact + " and the rest of the " + s.Company + " team!"),
		{Kind: block.Divider},
	}
	blocks = append(blocks, markdown.Blocks(s.Introduction(documents))...)
	for _, l := range links {
		blocks = append(blocks, l.block())
	}
	return blocks
}

func paragraph(text string) block.Block {
	return block.Block{Kind: block.Paragraph, Text: []block.Text{{Content: text}}}
}
