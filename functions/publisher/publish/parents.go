package publish

import (
	"context"
	"fmt"
	"slices"

	"notionrelay/shared/block"
	"notionrelay/shared/notion"
)

// parentIDs finds the ids of the blocks that later requests of a plan append
// to: from the answers of earlier ones, else by listing the page level by level.
type parentIDs struct {
	notion *notion.Client
	pageID string
	known  map[string]string // by path
}

func (p *parentIDs) of(ctx context.Context, path block.Path) (string, error) {
	if len(path) == 0 {
		return p.pageID, nil
	}
	if id, ok := p.known[key(path)]; ok {
		return id, nil
	}
	parent := path[:len(path)-1]
	parentID, err := p.of(ctx, parent)
	if err != nil {
		return "", err
	}
	children, err := p.notion.Children(ctx, parentID)
	if err != nil {
		return "", err
	}
	p.learn(block.Append{Parent: parent}, withoutPages(children))
	id, ok := p.known[key(path)]
	if !ok {
		return "", fmt.Errorf("find block %v of page %s: %w", path, p.pageID, errGone)
	}
	return id, nil
}

// learn takes down the ids of blocks that an append has made.
func (p *parentIDs) learn(a block.Append, added []block.Block) {
	for i, b := range added {
		p.known[key(append(slices.Clip(a.Parent), a.Offset+i))] = b.ID
	}
}

func key(path block.Path) string { return fmt.Sprint([]int(path)) }
