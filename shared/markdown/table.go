package markdown

import (
	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"

	"notionrelay/shared/block"
)

// table converts a table of markdown.
func (c *converter) table(n *extast.Table) {
	c.push(element{holds: tableParts, end: endTable, block: block.Block{Kind: block.Table, HeaderRow: true}})
	c.each(n, func(row ast.Node) {
		c.push(element{holds: tableParts, end: endRow, cells: make([][]block.Text, 0, row.ChildCount())})
		column := 0
		c.each(row, func(cell ast.Node) {
			around := len(c.open)
			c.push(element{holds: cellText, end: endCell})
			c.inCell = column < len(n.Alignments) // behind the last column stands what is no cell
			c.flow(cell, block.Paragraph)
			c.inCell = false
			c.popTo(around) // the cell may have left a <details> open
			column++
		})
		c.pop()
	})
	c.pop()
}

// tableWidth is that of the widest row, within Notion's limit, or less where filling up
// the others would take too many cells.
func (p *page) tableWidth(rows [][][]block.Text) int {
	width, cells := 0, 0
	for _, row := range rows {
		width = max(width, min(len(row), block.MaxCells))
		cells += len(row)
	}
	if most := cells + emptyCells*p.cells; len(rows)*width > most {
		width = max(1, most/len(rows))
	}
	p.cells -= max(0, len(rows)*width-cells) / emptyCells
	return width
}

// tableBlocks makes the rows of a table.
func tableBlocks(rows [][][]block.Text, width int) []block.Block {
	blocks := make([]block.Block, 0, len(rows))
	for i := range rows {
		blocks = appendRow(blocks, rows[i], width)
		rows[i] = nil // it takes as much memory as the block
	}
	return blocks
}

// appendRow appends a row as one block, padded to the table's width. What a block
// cannot hold continues in the next, so that the text keeps its order: cells
// beyond the hundredth from its first column on, the rest of a cell that is too
// long in the same column.
func appendRow(rows []block.Block, texts [][]block.Text, width int) []block.Block {
	cells := make([][]block.Text, 0, width)
	size := 0
	end := func() { rows = append(rows, block.Block{Kind: block.TableRow, Cells: padded(cells, width)}) }
	next := func(column int) {
		end()
		cells = make([][]block.Text, column, width)
		size = 0
	}
	for _, text := range texts {
		if len(cells) == width {
			next(0)
		}
		chunks := block.Chunks(text)
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
	end()
	return rows
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
