package publish

import (
	"context"
	"fmt"
	"strings"

	"notionrelay/shared/block"
)

// waiting marks a block that later content replaces.
const waiting = "⏳"

// link is a paragraph that leads to a page.
type link struct{ text, pageID string }

func (l link) block() block.Block {
	return block.Block{Kind: block.Paragraph, Text: []block.Text{{Content: l.text, Link: pageURL(l.pageID)}}}
}

// pageURL is the address of a page as people share it.
func pageURL(id string) string {
	return "https://notion.so/" + strings.ReplaceAll(id, "-", "")
}

func rowLink(homepageID string) []block.Block {
	return []block.Block{link{"Click here to view your report", homepageID}.block()}
}

// homepageContent writes what a client reads first, in its fixed order, and
// remembers the ids of the placeholders. The page's title is the heading.
func (d *delivery) homepageContent(ctx context.Context, homepageID string, links []link) error {
	s := d.run.Subject
	blocks := []block.Block{
		paragraph("Hey " + s.Contact + " and the rest of the " + s.Company + " team!"),
		{Kind: block.Divider},
	}
	if n := d.run.Statistics; n != nil {
		blocks = append(blocks, callout("📈", fmt.Sprintf("Analysis Summary: We reviewed %d posts and extracted %d valuable quotes for this research.", n.Posts, n.Quotes)))
	}
	places := map[string]int{stepIntroduction: len(blocks)}
	blocks = append(blocks, callout(waiting, "Generating personalized introduction..."))
	for _, l := range links {
		blocks = append(blocks, l.block())
	}
	if d.run.Step(stepQuotesSection) != nil {
		places[stepQuotesSection] = len(blocks)
		blocks = append(blocks, callout(waiting, "Processing quotes database..."))
	}
	written, err := d.content(ctx, stepContent, homepageID, blocks)
	if err != nil || written == nil {
		return err
	}
	d.run.Placeholders = map[string]string{}
	for step, i := range places {
		d.run.Placeholders[step] = written[i].ID
	}
	return nil
}

func paragraph(text string) block.Block {
	return block.Block{Kind: block.Paragraph, Text: plainText(text)}
}

func callout(icon, text string) block.Block {
	return block.Block{Kind: block.Callout, Icon: icon, Text: plainText(text)}
}

// plainText is text within Notion's limits. What is longer than a block can
// be is no sentence of ours but a name in it, and is cut.
func plainText(text string) []block.Text {
	return block.Chunks([]block.Text{{Content: text}})[0]
}
