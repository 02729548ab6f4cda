package markdown

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

var kindEquation = ast.NewNodeKind("Equation")

// equation is a block between $$ and $$; its lines are what is between them.
type equation struct {
	ast.BaseBlock
	closed bool
}

func (*equation) Kind() ast.NodeKind              { return kindEquation }
func (*equation) IsRaw() bool                     { return true }
func (n *equation) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

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
		node.closed = true
		reader.AdvanceToEOL()
		return node, parser.NoChildren
	}
	if !closesEquation(reader.Source()[segment.Stop:], blank(line[start:])) {
		return nil, parser.NoChildren
	}
	node.Lines().Append(between(segment, start, len(line)))
	reader.AdvanceToEOL()
	return node, parser.Continue | parser.NoChildren
}

func (equationParser) Continue(node ast.Node, reader text.Reader, _ parser.Context) parser.State {
	if node.(*equation).closed {
		return parser.Close // goldmark asks once more
	}
	line, segment := reader.PeekLine()
	if end := bytes.Index(line, dollars); end >= 0 {
		node.Lines().Append(between(segment, 0, end))
		reader.AdvanceToEOL()
		return parser.Close
	}
	node.Lines().Append(segment)
	reader.AdvanceToEOL()
	return parser.Continue | parser.NoChildren
}

func (equationParser) Close(ast.Node, text.Reader, parser.Context) {}
func (equationParser) CanInterruptParagraph() bool                 { return true }
func (equationParser) CanAcceptIndentedLine() bool                 { return false }

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
