package publish

import (
	"context"

	"notionrelay/shared/block"
	"notionrelay/shared/markdown"
	"notionrelay/shared/notion"
)

// texts writes the title and the introduction that the enricher has found.
func (d *delivery) texts(ctx context.Context) error {
	found := d.message.Texts
	for _, warning := range found.Warnings {
		d.run.Warn(warning)
	}
	if err := d.title(ctx, found.Title); err != nil {
		return err
	}
	return d.replace(ctx, stepIntroduction, introduction(found.Introduction))
}

func (d *delivery) title(ctx context.Context, title string) error {
	if d.run.Step(stepTitle).Finished() {
		return nil
	}
	homepageID := d.run.Step(stepHomepage).ID
	_, err := perform(ctx, d, request[struct{}]{step: stepTitle, once: notion.Once[struct{}]{
		Send: func(ctx context.Context) (struct{}, error) {
			return struct{}{}, d.Notion.RenamePage(ctx, homepageID, title)
		},
	}})
	return err
}

// introduction is the markdown as blocks of one request. One with more
// structure than a request can carry keeps its text as paragraphs.
func introduction(source string) []block.Block {
	blocks := markdown.Blocks(source)
	if plan := block.NewPlan(blocks); len(plan.Appends) == 0 {
		return plan.Create
	}
	var paragraphs []block.Block
	for _, chunk := range block.Chunks([]block.Text{{Content: source}}) {
		paragraphs = append(paragraphs, block.Block{Kind: block.Paragraph, Text: chunk})
	}
	return paragraphs
}
