package markdown

import (
	"slices"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"

	"notionrelay/shared/block"
)

// maxRepeatedHeader is how long a header may be, in bytes, to be repeated in
// each part of a long table: a huge one would be multiplied by its rows.
const maxRepeatedHeader = 8 << 10

// table converts a table. A block's children are at most 100, so that a longer
// table becomes several, each with the header again.
func (c *converter) table(n *extast.Table, out *siblings) {
	width := tableWidth(n)
	t := block.Block{Kind: block.Table, HeaderRow: true}
	var repeated []block.Block
	for row := n.FirstChild(); row != nil; row = n.FirstChild() {
		n.RemoveChild(n, row)
		rows := c.row(row, width)
		if _, ok := row.(*extast.TableHeader); ok && len(rows) == 1 && len(rows[0].Plain()) <= maxRepeatedHeader {
			repeated = rows
		}
		for _, r := range rows {
			if len(t.Children) == block.MaxChildren {
				out.add(t)
				t = block.Block{Kind: block.Table, HeaderRow: len(repeated) > 0, Children: slices.Clone(repeated)}
			}
			t.Children = append(t.Children, r)
		}
	}
	out.add(t)
}

// tableWidth is the number of columns of the widest row, within Notion's limit.
func tableWidth(n *extast.Table) int {
	width := len(n.Alignments)
	for row := n.FirstChild(); row != nil; row = row.NextSibling() {
		width = max(width, row.ChildCount())
	}
	return min(width, block.MaxCells)
}

// row converts a row into one block, padded to the table's width. What a block
// cannot hold continues in the next, so that the text keeps its order: cells
// beyond the hundredth from its first column on, the rest of a cell that is too
// long in the same column.
func (c *converter) row(n ast.Node, width int) []block.Block {
	var rows []block.Block
	cells := make([][]block.Text, 0, width)
	size := 0
	next := func(column int) {
		rows = append(rows, block.Block{Kind: block.TableRow, Cells: padded(cells, width)})
		cells = make([][]block.Text, column, width)
		size = 0
	}
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		if len(cells) == width {
			next(0)
		}
		chunks := block.Chunks(c.cell(child))
		if len(chunks) == 0 {
			cells = append(cells, nil)
			continue
		}
		for i, chunk := range chunks {
			length := textSize(chunk)
			if i > 0 {
				next(len(cells) - 1)
			} else if size > 0 && size+length > block.MaxBlockBytes {
				next(len(cells))
			}
			cells = append(cells, chunk)
			size += length
		}
	}
	next(0)
	return rows
}

func (c *converter) cell(n ast.Node) []block.Text {
	c.inlines(n, block.Text{}, &flow{})
	return c.text.take()
}

func padded(cells [][]block.Text, width int) [][]block.Text {
	for len(cells) < width {
		cells = append(cells, nil)
	}
	return cells
}

// textSize is more than the JSON of the texts can take: six bytes is the most
// that one byte becomes.
func textSize(texts []block.Text) int {
	n := 0
	for i := range texts {
		n += 200 + 6*(len(texts[i].Content)+len(texts[i].Link))
	}
	return n
}
