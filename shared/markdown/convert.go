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
	source    []byte
	out       []block.Block
	text      textBuffer
	footnotes []*extast.Footnote
	depth     int // toggles and containers that are open
	referable int // bytes of URLs that may still be referred to
}

func (c *converter) document(root ast.Node) {
	var top siblings
	c.children(root, &top)
	c.allFootnotes(&top)
	c.out = top.close(c)
}

// children converts the children of a container. They leave the tree one by
// one, so that a big document is not in memory twice.
func (c *converter) children(parent ast.Node, out *siblings) {
	out.grow(parent.ChildCount())
	for n := parent.FirstChild(); n != nil; n = parent.FirstChild() {
		parent.RemoveChild(parent, n)
		c.block(n, out)
	}
}

func (c *converter) block(n ast.Node, out *siblings) {
	switch n := n.(type) {
	case *ast.Heading:
		c.flow(n, &flow{out: out, kind: headings[min(n.Level, len(headings))-1], images: true})
	case *ast.Paragraph, *ast.TextBlock:
		c.flow(n, &flow{out: out, kind: block.Paragraph, images: true})
	case *ast.List:
		c.list(n, out)
	case *ast.Blockquote:
		c.quote(n, out)
	case *ast.FencedCodeBlock:
		c.code(n, language(n.Language(c.source)), out)
	case *ast.CodeBlock:
		c.code(n, plainText, out)
	case *ast.ThematicBreak:
		out.add(block.Block{Kind: block.Divider})
	case *extast.Table:
		c.table(n, out)
	case *extast.FootnoteList:
		for f := n.FirstChild(); f != nil; f = f.NextSibling() {
			c.footnotes = append(c.footnotes, f.(*extast.Footnote))
		}
	case *equation:
		c.equation(n, out)
	case *tagLine:
		c.tagLine(n, out)
	case *comment, *ast.LinkReferenceDefinition:
		// Nothing of these is text.
	default:
		c.children(n, out)
	}
}

var headings = [...]block.Kind{block.Heading1, block.Heading2, block.Heading3}

// list converts a list. Notion numbers neighbouring numbered items by itself,
// from 1: an item keeps its kind while that gives its number, and is otherwise
// a paragraph that begins with the number. (The request schema of
// numbered_list_item has no start; list_start_index is only in answers.)
func (c *converter) list(list *ast.List, out *siblings) {
	number := list.Start
	out.grow(list.ChildCount())
	for n := list.FirstChild(); n != nil; n = list.FirstChild() {
		list.RemoveChild(list, n)
		item := block.Block{Kind: block.BulletedListItem}
		prefix := ""
		if box := checkBox(n); box != nil {
			item.Kind, item.Checked = block.ToDo, box.IsChecked
		} else if list.IsOrdered() {
			item.Kind = block.NumberedListItem
			if out.nextNumber() != number {
				item.Kind = block.Paragraph
				prefix = strconv.Itoa(number) + ". "
			}
		}
		c.item(n, item, prefix, out)
		number++
	}
}

// checkBox is the check box with which a list item begins, or nil.
func checkBox(item ast.Node) *extast.TaskCheckBox {
	if first := item.FirstChild(); first != nil {
		if box, ok := first.FirstChild().(*extast.TaskCheckBox); ok {
			return box
		}
	}
	return nil
}

// item converts a container whose first paragraph is the text of a block, with
// prefix before it, and whose other children are children of that block.
func (c *converter) item(n ast.Node, proto block.Block, prefix string, out *siblings) {
	c.depth++
	defer func() { c.depth-- }()
	var inner siblings
	own := ownText{empty: true}
	c.text.write(prefix, block.Text{})
	child := n.FirstChild()
	if isParagraph(child) {
		c.flow(child, &flow{out: &inner, kind: block.Paragraph, own: &own, images: true})
		child = child.NextSibling()
	} else {
		own.set(c.text.take())
	}
	for ; child != nil; child = child.NextSibling() {
		c.block(child, &inner)
	}
	out.addText(proto, own.chunks, inner.close(c))
}

func isParagraph(n ast.Node) bool {
	switch n.(type) {
	case *ast.Paragraph, *ast.TextBlock:
		return true
	}
	return false
}

// quote converts a block quote, or GitHub's alert, which is one that begins
// with a line like [!NOTE].
func (c *converter) quote(n *ast.Blockquote, out *siblings) {
	if icon, ok := alert(n, c.source); ok {
		c.item(n, block.Block{Kind: block.Callout, Icon: icon}, "", out)
		return
	}
	c.item(n, block.Block{Kind: block.Quote}, "", out)
}

// alert takes the marker out of an alert and returns the alert's icon.
func alert(n *ast.Blockquote, source []byte) (icon string, ok bool) {
	first, ok := n.FirstChild().(*ast.Paragraph)
	if !ok || first.Lines().Len() == 0 {
		return "", false
	}
	line := first.Lines().At(0)
	icon, ok = alertIcons[string(bytes.ToUpper(bytes.TrimSpace(line.Value(source))))]
	if !ok {
		return "", false
	}
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

func (c *converter) code(n ast.Node, language string, out *siblings) {
	content := strings.TrimSuffix(c.lines(n), "\n")
	var chunks [][]block.Text
	if content != "" {
		chunks = block.Chunks([]block.Text{{Content: content}})
	}
	out.addText(block.Block{Kind: block.Code, Language: language}, chunks, nil)
}

// equation converts a block equation. What is too long for one is LaTeX code.
func (c *converter) equation(n *equation, out *siblings) {
	expression := strings.TrimSpace(c.lines(n))
	if block.Units(expression) <= block.MaxEquation {
		out.add(block.Block{Kind: block.Equation, Expression: expression})
		return
	}
	chunks := block.Chunks([]block.Text{{Content: expression}})
	out.addText(block.Block{Kind: block.Code, Language: "latex"}, chunks, nil)
}

// lines is the raw text of a block.
func (c *converter) lines(n ast.Node) string {
	var b strings.Builder
	lines := n.Lines()
	for i := range lines.Len() {
		line := lines.At(i)
		b.Write(line.Value(c.source))
	}
	return b.String()
}

// tagLine obeys the tags of a line that has nothing else.
func (c *converter) tagLine(n *tagLine, out *siblings) {
	segment := n.Lines().At(0)
	line := bytes.TrimSpace(segment.Value(c.source))
	for len(line) > 0 {
		t, ok := scanTag(line)
		if !ok {
			return
		}
		c.tag(t, &flow{out: out, kind: block.Paragraph})
		line = bytes.TrimLeft(line[t.length:], " \t")
	}
}

// allFootnotes writes the footnotes at the end of the page: those that are
// referred to in the order of their numbers, then the others.
func (c *converter) allFootnotes(out *siblings) {
	if len(c.footnotes) == 0 {
		return
	}
	out.end(c)
	out.add(block.Block{Kind: block.Divider})
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
		c.item(f, block.Block{Kind: block.Paragraph}, footnoteMark(f.Index)+" ", out)
	}
}

func footnoteMark(index int) string { return "[" + strconv.Itoa(index) + "]" }

// ownText is the text of a container, which is the first text in it.
type ownText struct {
	chunks [][]block.Text
	empty  bool
}

func (o *ownText) set(texts []block.Text) {
	o.chunks = block.Chunks(texts)
	o.empty = false
}
