package publish

import (
	"context"
	"slices"

	"notionrelay/shared/block"
	"notionrelay/shared/notion"
)

// replace puts blocks in the place of a step's placeholder on the homepage:
// they are written behind it, then it is deleted, so that a reader always sees
// one or the other. Should a person have deleted the placeholder, the blocks
// go to the end of the page.
func (d *delivery) replace(ctx context.Context, step string, blocks []block.Block) error {
	s := d.run.Step(step)
	if len(blocks) > 0 && s.Done == 0 {
		if err := d.insert(ctx, step, blocks); err != nil {
			return err
		}
	}
	if d.run.Step(step).Finished() {
		return nil
	}
	placeholder := d.run.Placeholders[step]
	_, err := perform(ctx, d, request[struct{}]{step: step, index: s.Total - 1, once: notion.Once[struct{}]{
		Send: func(ctx context.Context) (struct{}, error) { return struct{}{}, d.Notion.DeleteBlock(ctx, placeholder) },
	}})
	return err
}

// insert writes the blocks behind the placeholder. It looks at the page first
// in any case: the placeholder may have gone, and Notion refuses to append
// behind what is not there.
func (d *delivery) insert(ctx context.Context, step string, blocks []block.Block) error {
	homepageID := d.run.Step(stepHomepage).ID
	var after string
	var there []block.Block
	_, err := perform(ctx, d, request[struct{}]{step: step, once: notion.Once[struct{}]{
		Look: true,
		Find: func(ctx context.Context, _ string) (none struct{}, done bool, err error) {
			children, err := d.Notion.Children(ctx, homepageID)
			if err != nil {
				return none, false, err
			}
			after, there = d.around(step, withoutPages(children), blocks)
			return none, len(there) == len(blocks), nil
		},
		Send: func(ctx context.Context) (struct{}, error) {
			_, err := d.Notion.AppendBlocks(ctx, homepageID, after, blocks[len(there):])
			return struct{}{}, err
		},
	}})
	return err
}

// around looks at the place where a step's blocks belong: how many of them are
// there, and the id of the block behind which the rest goes, or empty for the
// end of the page.
func (d *delivery) around(step string, children, blocks []block.Block) (after string, there []block.Block) {
	i := slices.IndexFunc(children, func(b block.Block) bool { return b.ID == d.run.Placeholders[step] })
	if i < 0 {
		there = present(children, 0, blocks)
	} else {
		after = children[i].ID
		there = leading(children[i+1:], blocks)
	}
	if len(there) > 0 {
		after = there[len(there)-1].ID
	}
	return after, there
}

// leading are the first children as far as they are the first of those planned.
func leading(children, planned []block.Block) []block.Block {
	n := 0
	for n < min(len(children), len(planned)) && block.Same(planned[n], children[n]) {
		n++
	}
	return children[:n]
}
