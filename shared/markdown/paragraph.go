package markdown

import (
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// paragraphs bounds the lines of a paragraph.
type paragraphs struct{ parser.BlockParser }

// Continue begins another paragraph when this one is full.
func (p paragraphs) Continue(node ast.Node, reader text.Reader, pc parser.Context) parser.State {
	if node.Lines().Len() < boundsOf(pc).lines {
		return p.BlockParser.Continue(node, reader, pc)
	}
	next, _ := p.Open(node.Parent(), reader, pc)
	if next == nil {
		return parser.Close
	}
	node.Parent().AppendChild(node.Parent(), next)
	open := pc.OpenedBlocks()
	open[len(open)-1].Node = next
	longParagraphs{}.Transform(node.(*ast.Paragraph), reader, pc)
	return parser.Continue | parser.NoChildren
}

// longParagraph is a paragraph of many lines, which may be a log. It keeps them in 8
// bytes each until its inlines are parsed, and has those converted while others are
// still to come: goldmark makes a node of 170 bytes for a line.
type longParagraph struct {
	ast.Paragraph
	pc     parser.Context
	packed []uint32 // where each line starts and ends
}

// Lines unpacks the lines when they are first asked for.
func (n *longParagraph) Lines() *text.Segments {
	lines := n.Paragraph.Lines()
	if n.packed != nil {
		all := make([]text.Segment, len(n.packed)/2)
		for i := range all {
			all[i] = text.NewSegment(int(n.packed[2*i]), int(n.packed[2*i+1]))
		}
		n.packed = nil
		lines.AppendAll(all)
	}
	return lines
}

// AppendChild is what goldmark calls with each inline.
func (n *longParagraph) AppendChild(self, inline ast.Node) {
	n.Paragraph.AppendChild(self, inline)
	boundsOf(n.pc).begin(n, n.pc)
}

// longParagraphs makes a longParagraph of each paragraph that is one.
type longParagraphs struct{}

// Transform does what goldmark does at the end of a paragraph: it takes the white space
// from around its lines. Where that was done before, the paragraph becomes a heading.
func (longParagraphs) Transform(node *ast.Paragraph, reader text.Reader, pc parser.Context) {
	lines, source := node.Lines(), reader.Source()
	n := lines.Len()
	if n < usual.inlines || len(source) > 1<<32-1 {
		return
	}
	if end := lines.At(n - 1).Stop; end < len(source) && source[end-1] != '\n' {
		return
	}
	long := &longParagraph{pc: pc, packed: make([]uint32, 0, 2*n)}
	for i := range n {
		line := lines.At(i)
		line = line.TrimLeftSpace(source)
		if i == n-1 {
			line = line.TrimRightSpace(source)
		}
		long.packed = append(long.packed, uint32(line.Start), uint32(line.Stop)) //nolint:gosec // the source is shorter
	}
	long.SetPos(node.Pos())
	node.Parent().ReplaceChild(node.Parent(), node, long)
}
