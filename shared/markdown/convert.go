package markdown

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"

	"notionrelay/shared/block"
)

// converter walks goldmark's tree and writes blocks.
type converter struct {
	page
	*stream
	source    []byte
	footnotes []*extast.Footnote
	anchor    anchor // the link of HTML that is open
	referable int    // bytes of URLs that may still be referred to
	inCell    bool   // of a table of markdown
}

func convert(source []byte, l limits, most batchSize) []block.Block {
	s, stop := parse(source, l, most)
	defer stop()
	c := converter{stream: s, source: source, referable: maxReferable, page: page{kind: block.Paragraph, open: []element{{}}, limits: l}}
	c.text.formats, c.text.most, c.cells = inProportion(maxFormats, source), inProportion(maxPieces, source), inProportion(maxCells, source)
	for root := s.section(); root != nil; root = s.section() {
		c.growBySection(root.ChildCount())
		c.each(root, c.block)
		c.await(root)
	}
	c.popTo(1)
	c.allFootnotes()
	return c.open[0].block.Children
}

// growBySection makes room for the blocks of a section and, judging by it and those
// before, for the others, as far as there may be so many.
func (c *converter) growBySection(blocks int) {
	children := c.open[0].block.Children
	all := len(children) + blocks
	if all <= cap(children) {
		return
	}
	estimate := all * len(c.source) / max(1, c.sections.at())
	c.grow(max(all, min(estimate, MaxBlocks)) - len(children))
}

// children converts the children of a container.
func (c *converter) children(parent ast.Node) {
	c.grow(parent.ChildCount())
	c.each(parent, c.block)
}

func (c *converter) block(n ast.Node) {
	switch n := n.(type) {
	case *ast.Heading:
		c.flush()
		c.flow(n, headings[min(n.Level, len(headings))-1])
	case *ast.Paragraph, *ast.TextBlock, *longParagraph:
		c.flow(n, block.Paragraph)
	case *ast.List:
		c.list(n)
	case *ast.Blockquote:
		c.quote(n)
	case *ast.FencedCodeBlock:
		c.code(n, language(n.Language(c.source)))
	case *ast.CodeBlock:
		c.code(n, plainText)
	case *ast.HTMLBlock:
		c.htmlBlock(n)
	case *ast.ThematicBreak:
		c.add(block.Block{Kind: block.Divider})
	case *extast.Table:
		c.table(n)
	case *extast.FootnoteList:
		for f := n.FirstChild(); f != nil; f = f.NextSibling() {
			c.footnotes = append(c.footnotes, f.(*extast.Footnote))
		}
	case *equation:
		c.equation(n)
	case *contents:
		c.add(block.Block{Kind: block.TableOfContents})
	case *tagLine:
		c.tagLine(n)
	case *comment, *ast.LinkReferenceDefinition:
		// Nothing of these is text.
	default:
		c.children(n)
	}
}

var headings = [...]block.Kind{block.Heading1, block.Heading2, block.Heading3}

// list converts a list.
func (c *converter) list(list *ast.List) {
	number := list.Start
	c.grow(list.ChildCount())
	c.each(list, func(n ast.Node) {
		item, prefix := block.Block{Kind: block.BulletedListItem}, ""
		if box := c.checkBox(n); box != nil {
			item.Kind, item.Checked = block.ToDo, box.IsChecked
		} else if list.IsOrdered() {
			item, prefix = c.numberedItem(number)
		}
		c.item(n, item, prefix)
		number++
	})
}

// numberedItem is the block of an item with a number, and what its text begins
// with. Notion numbers neighbouring numbered items by itself, from 1: an item
// keeps its kind while that gives its number, and is otherwise a paragraph that
// begins with the number. (The request schema of numbered_list_item has no
// start; list_start_index is only in answers.)
func (c *converter) numberedItem(number int) (item block.Block, prefix string) {
	if !c.onlyText() && c.container().items+1 == number {
		return block.Block{Kind: block.NumberedListItem}, ""
	}
	return block.Block{Kind: block.Paragraph}, strconv.Itoa(number) + ". "
}

// checkBox is the check box with which a list item begins, or nil.
func (c *converter) checkBox(item ast.Node) *extast.TaskCheckBox {
	switch first := item.FirstChild().(type) {
	case *ast.Heading, *ast.Paragraph, *ast.TextBlock, *longParagraph:
		c.await(first)
		box, _ := first.FirstChild().(*extast.TaskCheckBox)
		return box
	}
	return nil
}

// item converts a container whose first paragraph is the text of a block, with
// prefix before it, and whose other children are children of that block.
func (c *converter) item(n ast.Node, item block.Block, prefix string) {
	c.push(element{holds: textThenBlocks, end: endBlock, block: item})
	depth := len(c.open)
	c.text.write(prefix, block.Text{})
	if children := n.ChildCount(); children >= manyChildren {
		c.grow(children)
	}
	c.each(n, c.block)
	c.popTo(depth - 1)
}

// manyChildren is so many that growing by and by would take as much memory again.
const manyChildren = 100

// quote converts a block quote, or GitHub's alert, which is one that begins
// with a line like [!NOTE].
func (c *converter) quote(n *ast.Blockquote) {
	if icon, ok := c.alert(n); ok {
		c.item(n, block.Block{Kind: block.Callout, Icon: icon}, "")
		return
	}
	c.item(n, block.Block{Kind: block.Quote}, "")
}

// alert takes the marker out of an alert and returns the alert's icon.
func (c *converter) alert(n *ast.Blockquote) (icon string, ok bool) {
	first := n.FirstChild()
	if first == nil || first.Kind() != ast.KindParagraph || first.Lines().Len() == 0 {
		return "", false
	}
	line := first.Lines().At(0)
	icon, ok = alertIcons[string(bytes.ToUpper(bytes.TrimSpace(line.Value(c.source))))]
	if !ok {
		return "", false
	}
	c.await(first)
	for marker := first.FirstChild(); marker != nil; marker = first.FirstChild() {
		text, ok := marker.(*ast.Text)
		if !ok || text.Segment.Start >= line.Stop {
			break
		}
		first.RemoveChild(first, marker)
	}
	return icon, true
}

var alertIcons = map[string]string{
	"[!NOTE]":      "ℹ️",
	"[!TIP]":       "💡",
	"[!IMPORTANT]": "❗",
	"[!WARNING]":   "⚠️",
	"[!CAUTION]":   "🛑",
}

func (c *converter) code(n ast.Node, language string) {
	content := strings.TrimSuffix(c.lines(n), "\n")
	c.addText(block.Block{Kind: block.Code, Language: language}, []block.Text{{Content: content}})
}

// equation converts a block equation. What is too long for one is LaTeX code.
func (c *converter) equation(n *equation) {
	expression := strings.TrimSpace(c.lines(n))
	if block.Units(expression) <= block.MaxEquation {
		c.add(block.Block{Kind: block.Equation, Expression: expression})
		return
	}
	c.addText(block.Block{Kind: block.Code, Language: "latex"}, []block.Text{{Content: expression}})
}

// lines is the raw text of a block.
func (c *converter) lines(n ast.Node) string { return string(c.rawLines(n)) }

// rawLines is the same as bytes, those of the source where they follow on each other.
func (c *converter) rawLines(n ast.Node) []byte {
	lines := n.Lines()
	if lines.Len() == 1 {
		line := lines.At(0)
		return slices.Clip(line.Value(c.source))
	}
	length := 0
	for i := range lines.Len() {
		line := lines.At(i)
		length += line.Len()
	}
	raw := make([]byte, 0, length)
	for i := range lines.Len() {
		line := lines.At(i)
		raw = append(raw, line.Value(c.source)...)
	}
	return raw
}

// tagLine obeys the tags of a line that has nothing else.
func (c *converter) tagLine(n *tagLine) {
	segment := n.Lines().At(0)
	line := bytes.TrimSpace(segment.Value(c.source))
	for len(line) > 0 {
		t, ok := scanTag(line, nil)
		if !ok {
			return
		}
		c.tag(t)
		line = bytes.TrimLeft(line[t.length:], " \t")
	}
}

// allFootnotes writes the footnotes at the end of the page: those that are
// referred to in the order of their numbers, then the others.
func (c *converter) allFootnotes() {
	if len(c.footnotes) == 0 {
		return
	}
	c.add(block.Block{Kind: block.Divider})
	number := 0
	for _, f := range c.footnotes {
		number = max(number, f.Index)
	}
	for _, f := range c.footnotes {
		if f.Index < 0 {
			number++
			f.Index = number
		}
	}
	slices.SortStableFunc(c.footnotes, func(a, b *extast.Footnote) int { return a.Index - b.Index })
	for i := 0; i < len(c.footnotes); i++ { //nolint:intrange // a footnote can bring up others
		f := c.footnotes[i]
		c.item(f, block.Block{Kind: block.Paragraph}, footnoteMark(f.Index)+" ")
	}
}

func footnoteMark(index int) string { return "[" + strconv.Itoa(index) + "]" }
