package markdown

import (
	"slices"

	"notionrelay/shared/block"
)

// page collects the blocks of a page: those of the page itself, and of each
// container that is being written.
type page struct {
	limits

	text  textBuffer
	cells int        // that tables of HTML may have, and that may fill up rows
	kind  block.Kind // of the blocks that text becomes
	open  []element  // outermost first; the first is the page itself
}

// element is a container that is being written. Markdown opens and closes its
// own; those of HTML go on up to the closing tag, or to the end of the container
// of markdown around them.
type element struct {
	tag    string // its name in HTML, or empty for one of markdown
	holds  holding
	end    func(*page, *element) // gives what was collected to the element around it
	block  block.Block           // what it becomes, with the blocks below it
	own    []block.Text          // the text of that block
	hasOwn bool
	items  int              // how many numbered items its blocks end with
	number int              // ol: of its next item
	rows   [][][]block.Text // table: text by row and cell
	cells  [][]block.Text   // tr
}

// holding is what may stand in an element.
type holding int

const (
	anyBlocks      holding = iota // a page, a toggle: blocks
	textThenBlocks                // a list item: text, and blocks behind it
	passesOn                      // ul, h1: what stands in it belongs to the element around
	tableParts                    // a table or its row: the parts of a table
	cellText                      // a cell: text, into which blocks dissolve
	textOnly                      // a summary, pre, and all within these and cells: likewise
)

// maxDepth is how deep the elements of HTML nest, with markdown's around them.
const maxDepth = maxOpenBlocks

func (p *page) top() *element { return &p.open[len(p.open)-1] }

// container is the element to which blocks are added.
func (p *page) container() *element {
	i := len(p.open) - 1
	for p.open[i].holds == passesOn {
		i--
	}
	return &p.open[i]
}

// onlyText tells whether nothing but text can be added here.
func (p *page) onlyText() bool { return p.top().holds >= cellText }

// push opens an element. Below one that only takes text it is nothing but text.
func (p *page) push(e element) {
	p.flush()
	if p.top().tag == "summary" && e.tag == "" {
		p.pop() // markdown's blocks are not in a summary
	}
	if e.holds != tableParts && e.holds != cellText {
		p.leaveTable()
	}
	if p.onlyText() {
		e.holds, e.end = textOnly, nil
	}
	p.open = append(p.open, e)
}

// pop closes the innermost element.
func (p *page) pop() {
	p.flush()
	e := p.top()
	p.open = p.open[:len(p.open)-1]
	if e.end != nil {
		e.end(p, e) // which opens none, so that e stays
	}
	*e = element{}
}

// popTo closes elements until there are n.
func (p *page) popTo(n int) {
	for len(p.open) > n {
		p.pop()
	}
}

// leaveTable closes the table to which something comes that is in no cell.
func (p *page) leaveTable() {
	for p.container().holds == tableParts {
		p.pop()
	}
}

// flush turns the text written so far into a block, or into the text of the
// container. In an element that takes only text it ends a line.
func (p *page) flush() {
	if p.onlyText() {
		p.text.breakLine()
		return
	}
	texts := p.text.take()
	if len(texts) == 0 {
		return
	}
	p.leaveTable()
	kind := p.kind
	if e := p.top(); e.holds == passesOn && e.block.Kind != "" {
		kind = e.block.Kind
	}
	if e := p.container(); kind == block.Paragraph && e.holds == textThenBlocks && !e.hasOwn && len(e.block.Children) == 0 {
		e.own, e.hasOwn = texts, true
		return
	}
	p.addText(block.Block{Kind: kind}, texts)
}

// addText adds a block with text of any length: what one block cannot hold
// continues in the next of its kind, and the last has the children.
func (p *page) addText(b block.Block, texts []block.Text) {
	chunks := block.Chunks(texts)
	if len(chunks) == 0 {
		p.add(b)
		return
	}
	children := b.Children
	for i, chunk := range chunks {
		b.Text, b.Children = chunk, nil
		if i == len(chunks)-1 {
			b.Children = children
		}
		p.add(b)
	}
}

// add adds a block. Of what is added where only text can be, the text remains.
func (p *page) add(b block.Block) {
	p.flush()
	if p.top().tag == "summary" {
		p.pop()
	}
	if p.onlyText() {
		for _, t := range append(b.Text, block.Text{Content: b.Expression}) {
			p.text.write(t.Content, t)
		}
		p.flush()
		return
	}
	p.leaveTable()
	p.blocks.take(1)
	e := p.container()
	e.block.Children = append(e.block.Children, b)
	e.items++
	if b.Kind != block.NumberedListItem {
		e.items = 0
	}
}

// grow makes room for n more blocks.
func (p *page) grow(n int) {
	e := p.container()
	e.block.Children = slices.Grow(e.block.Children, n)
}

// innermost is the index of the innermost element with a tag that the same tag
// can close from here, or -1. The end of a container of markdown is the end of
// all in it; cells and lists likewise keep theirs.
func (p *page) innermost(tag string) int {
	for i := len(p.open) - 1; p.open[i].tag != ""; i-- {
		switch around := p.open[i].tag; {
		case around == tag:
			return i
		case tag == "li" && (around == "ul" || around == "ol"),
			(tag == "tr" || tag == "td") && around == "table",
			tag != "tr" && tag != "table" && around == "td":
			return -1
		}
	}
	return -1
}

// closeTag closes the innermost element with the tag, and all in it.
func (p *page) closeTag(tag string) {
	p.flush()
	if i := p.innermost(tag); i >= 0 {
		p.popTo(i)
	}
}

// What elements give to the one around them at their end.

func endBlock(p *page, e *element) { p.addText(e.block, e.own) }

func endSummary(p *page, _ *element) { p.top().own = p.text.take() }

func endCode(p *page, e *element) {
	p.addText(e.block, []block.Text{{Content: p.text.takeCode()}})
}

func endCell(p *page, _ *element) {
	row := p.top()
	row.cells = append(row.cells, p.text.take())
}

func endRow(p *page, e *element) {
	table := p.top()
	table.rows = append(table.rows, e.cells)
}

// emptyCells is how many cells that only fill up a row take the memory of one with text.
const emptyCells = 2

func endTable(p *page, e *element) {
	width := p.tableWidth(e.rows)
	if width == 0 {
		return
	}
	p.blocks.take(len(e.rows))
	e.block.Children = tableBlocks(e.rows, width)
	p.blocks.take(len(e.block.Children) - len(e.rows))
	p.add(e.block)
}
