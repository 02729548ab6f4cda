package markdown

import (
	"bytes"
	"iter"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

var kindEquation = ast.NewNodeKind("Equation")

// equation is a block between $$ and $$; its lines are what is between them.
type equation struct {
	ast.BaseBlock
	whole  text.Segments // the lines with the dollars
	closed bool
}

func (*equation) Kind() ast.NodeKind              { return kindEquation }
func (*equation) IsRaw() bool                     { return true }
func (n *equation) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

func (n *equation) add(line text.Segment, last bool) {
	n.whole.Append(line)
	join(&n.whole)
	n.closed = last
}

// equationParser parses block equations: $$ at the start of a line, and the
// next $$ at the end of that or a later line, with no blank line between. Every
// other $ is prose.
type equationParser struct{}

var dollars = []byte("$$")

func (equationParser) Trigger() []byte { return []byte{'$'} }

func (equationParser) Open(_ ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	start := pc.BlockOffset()
	if start < 0 || !bytes.HasPrefix(line[start:], dollars) || bytes.HasPrefix(line[start:], []byte("$$$")) {
		return nil, parser.NoChildren
	}
	start += len(dollars)
	node := &equation{}
	if end := bytes.Index(line[start:], dollars); end >= 0 {
		if !blank(line[start+end+len(dollars):]) || blank(line[start:start+end]) {
			return nil, parser.NoChildren
		}
		node.Lines().Append(between(segment, start, start+end))
		node.add(segment, true)
		reader.AdvanceToEOL()
		return node, parser.NoChildren
	}
	if !closesEquation(reader.Source()[segment.Stop:], blank(line[start:])) {
		return nil, parser.NoChildren
	}
	node.Lines().Append(between(segment, start, len(line)))
	node.add(segment, false)
	reader.AdvanceToEOL()
	return node, parser.Continue | parser.NoChildren
}

func (equationParser) Continue(node ast.Node, reader text.Reader, _ parser.Context) parser.State {
	n := node.(*equation)
	if n.closed {
		return parser.Close // goldmark asks once more
	}
	line, segment := reader.PeekLine()
	end := bytes.Index(line, dollars)
	n.add(segment, end >= 0)
	reader.AdvanceToEOL()
	if end >= 0 {
		n.Lines().Append(between(segment, 0, end))
		return parser.Close
	}
	n.Lines().Append(segment)
	join(n.Lines())
	return parser.Continue | parser.NoChildren
}

// Close makes a paragraph of an equation that ended with the container around
// it, before its closing dollars, or that has nothing in it.
func (equationParser) Close(node ast.Node, reader text.Reader, pc parser.Context) {
	n := node.(*equation)
	if n.closed && !blank(n.Lines().Value(reader.Source())) {
		return
	}
	paragraph := ast.NewParagraph()
	for line := range n.wholeLines(reader.Source()) {
		if line = line.TrimLeftSpace(reader.Source()); !line.IsEmpty() {
			paragraph.Lines().Append(line)
		}
	}
	n.Parent().ReplaceChild(n.Parent(), n, paragraph)
	longParagraphs{}.Transform(paragraph, reader, pc)
}

// wholeLines are the lines with the dollars, each for itself.
func (n *equation) wholeLines(source []byte) iter.Seq[text.Segment] {
	return func(yield func(text.Segment) bool) {
		for i := range n.whole.Len() {
			for lines := n.whole.At(i); !lines.IsEmpty(); {
				line := lines
				line.Stop = min(lines.Stop, lines.Start+lineLength(source[lines.Start:])+1)
				if lines = text.NewSegment(line.Stop, lines.Stop); !yield(line) {
					return
				}
			}
		}
	}
}

func (equationParser) CanInterruptParagraph() bool { return true }
func (equationParser) CanAcceptIndentedLine() bool { return false }

// closesEquation tells whether an equation that was begun ends in rest. Empty
// says that there is nothing of it yet.
func closesEquation(rest []byte, empty bool) bool {
	inside, behind, found := bytes.Cut(rest, dollars)
	if !found {
		return false
	}
	after, _, _ := bytes.Cut(behind, []byte("\n"))
	if !blank(after) || empty && blank(inside) {
		return false
	}
	for line := range bytes.Lines(inside) {
		if blank(line) && line[len(line)-1] == '\n' {
			return false
		}
	}
	return true
}

// between is the part of a line's segment from one position in the line to
// another. The line may begin with padding, which is not in the source.
func between(segment text.Segment, from, to int) text.Segment {
	start := segment.Start - segment.Padding
	return text.NewSegment(max(start+from, segment.Start), max(start+to, segment.Start))
}

func blank(line []byte) bool { return len(bytes.TrimSpace(line)) == 0 }
