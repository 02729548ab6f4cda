package markdown

import (
	"bytes"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// inlineTags are those that HTML uses inside a sentence.
var inlineTags = set(
	"a", "abbr", "b", "bdi", "bdo", "big", "br", "button", "cite", "code", "data", "del", "dfn", "em",
	"font", "i", "img", "input", "ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span",
	"strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
)

// layoutTags are those that HTML uses to lay out a page. All other names, those
// that HTML does not know and those of sections of a document, stand around
// markdown: <section>, <summary>, <key_findings>.
var layoutTags = set(
	"blockquote", "caption", "center", "colgroup", "dd", "div", "dl", "dt", "fieldset", "figcaption", "figure", "form",
	"h1", "h2", "h3", "h4", "h5", "h6", "iframe", "legend", "li", "ol", "p", "table", "tbody",
	"td", "tfoot", "th", "thead", "tr", "ul",
)

// voidTags have no content.
var voidTags = set("br", "img", "input", "wbr")

// htmlParser parses blocks of HTML as CommonMark has them (section 4.6), but only
// those that a tag of HTML's own begins.
type htmlParser struct{ parser.BlockParser }

// Open opens no block at other tags, comments, declarations and instructions. A
// block that goes on to a closing tag must have one: without, it would take the
// rest of the document.
func (p htmlParser) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	name := bytes.TrimPrefix(bytes.TrimLeft(line, " \t"), []byte("<"))
	name = bytes.TrimPrefix(name, []byte("/"))
	name = bytes.ToLower(name[:nameLength(name)])
	switch {
	case rawTags[string(name)]:
		end, known := pc.Get(rawEndKey).(int)
		if !known {
			end = lastRawEnd(reader.Source())
			pc.Set(rawEndKey, end)
		}
		if segment.Start > end {
			return nil, parser.NoChildren
		}
	case !layoutTags[string(name)] && (!inlineTags[string(name)] || voidTags[string(name)]):
		return nil, parser.NoChildren
	}
	return p.BlockParser.Open(parent, reader, pc)
}

// rawTags begin blocks that go on to a closing tag of one of them.
var rawTags = set("pre", "script", "style", "textarea")

var rawEndKey = parser.NewContextKey() // position of the last closing tag of one of rawTags, an int

func lastRawEnd(source []byte) int {
	for end := bytes.LastIndex(source, []byte("</")); end >= 0; end = bytes.LastIndex(source[:end], []byte("</")) {
		if t, ok := scanNamed(source[end:]); ok && rawTags[t.name] && t.length == len("</>")+len(t.name) {
			return end
		}
	}
	return -1
}

// tagParser parses tags inside text: goldmark's raw HTML, and tags whose names
// HTML would not allow.
type tagParser struct{ parser.InlineParser }

func (p tagParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, segment := block.PeekLine()
	before := block.PrecendingCharacter()
	t, ok := scanNamed(line)
	if ok && t.bare && !t.closing && (unicode.IsLetter(before) || unicode.IsDigit(before)) {
		return nil // "if CAC<LTV and LTV>3x" compares
	}
	if ok && isFillIn(t, block.Source(), pc) {
		return nil
	}
	if node := p.InlineParser.Parse(parent, block, pc); node != nil {
		return node
	}
	if !ok {
		return nil
	}
	node := ast.NewRawHTML()
	node.Segments.Append(segment.WithStop(segment.Start + t.length))
	block.Advance(t.length)
	return node
}

// lonelyTags are those of HTML, beside inlineTags, layoutTags and breaks, that may
// do without their end.
var lonelyTags = set(
	"area", "base", "body", "col", "details", "embed", "frame", "head", "hr", "html", "link", "meta", "nobr",
	"optgroup", "option", "param", "pre", "rp", "rt", "script", "source", "style", "summary", "textarea", "track",
)

// isFillIn tells whether a tag stands for what a reader fills in: "Hi <first
// name>". HTML does not know it, and the document does not close it. One word on a
// line of its own is not asked for, since sections begin like that.
func isFillIn(t tag, source []byte, pc parser.Context) bool {
	if t.name == "" || t.closing || t.empty || bytes.IndexByte(t.attributes, '=') >= 0 ||
		inlineTags[t.name] || layoutTags[t.name] || breaks[t.name] || lonelyTags[t.name] {
		return false
	}
	closed, known := pc.Get(closedKey).(map[string]bool)
	if !known {
		closed = closedNames(source)
		pc.Set(closedKey, closed)
	}
	return !closed[t.name] && len(closed) < maxClosed
}

var closedKey = parser.NewContextKey() // the result of closedNames

// maxClosed is how many names of closing tags are kept of a document. In one with
// more, all tags are tags.
const maxClosed = 1000

// closedNames are the names of the closing tags of a document.
func closedNames(source []byte) map[string]bool {
	closed := map[string]bool{}
	for rest := source; len(closed) < maxClosed; {
		i := bytes.Index(rest, []byte("</"))
		if i < 0 {
			break
		}
		rest = rest[i+len("</"):]
		if name := rest[:nameLength(rest)]; !closed[string(name)] {
			closed[strings.ToLower(string(name))] = true
		}
	}
	return closed
}

var kindTagLine = ast.NewNodeKind("TagLine")

// tagLine is a line that has nothing but tags in it. It takes the place of
// CommonMark's HTML blocks, which would swallow the markdown up to the next
// blank line or further.
type tagLine struct {
	ast.BaseBlock
	number int // of the line in the source
}

func (*tagLine) Kind() ast.NodeKind              { return kindTagLine }
func (*tagLine) IsRaw() bool                     { return true }
func (n *tagLine) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

// tagLineParser parses tag lines. It has the parser of paragraphs for lines
// that are indented below a tag, which are not code.
type tagLineParser struct{ paragraphs parser.BlockParser }

func (tagLineParser) Trigger() []byte { return []byte{'<'} }

func (p tagLineParser) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	number, _ := reader.Position()
	if pc.BlockOffset() < 0 || awaitsDestination(pc.LastOpenedBlock().Node, reader.Source()) {
		return nil, parser.NoChildren
	}
	above, below := parent.LastChild().(*tagLine)
	below = below && above.number == number-1
	if pc.BlockIndent() > 3 && !below {
		return nil, parser.NoChildren // indented code
	}
	if !onlyTags(line, reader.Source(), pc) {
		if pc.BlockIndent() > 3 {
			return p.paragraphs.Open(parent, reader, pc)
		}
		return nil, parser.NoChildren
	}
	node := &tagLine{number: number}
	node.Lines().Append(segment)
	reader.AdvanceToEOL()
	return node, parser.NoChildren
}

func (p tagLineParser) Continue(node ast.Node, reader text.Reader, pc parser.Context) parser.State {
	if ast.IsParagraph(node) {
		return p.paragraphs.Continue(node, reader, pc)
	}
	return parser.Close
}

func (p tagLineParser) Close(node ast.Node, reader text.Reader, pc parser.Context) {
	if ast.IsParagraph(node) {
		p.paragraphs.Close(node, reader, pc)
	}
}

func (tagLineParser) CanInterruptParagraph() bool { return true }
func (tagLineParser) CanAcceptIndentedLine() bool { return true }

// awaitsDestination tells whether a paragraph ends like a definition of a link
// whose destination is on the next line, which may be one in <>.
func awaitsDestination(n ast.Node, source []byte) bool {
	if n == nil || !ast.IsParagraph(n) || n.Lines().Len() == 0 {
		return false
	}
	last := n.Lines().At(n.Lines().Len() - 1)
	return bytes.HasSuffix(bytes.TrimSpace(last.Value(source)), []byte("]:"))
}

// onlyTags tells whether a line is made of tags, none of which is of the kind
// that belongs to a sentence.
func onlyTags(line, source []byte, pc parser.Context) bool {
	found := false
	for line = bytes.TrimSpace(line); len(line) > 0; line = bytes.TrimLeft(line, " \t") {
		t, ok := scanTag(line, nil)
		if !ok || inlineTags[t.name] || t.bare && isFillIn(t, source, pc) {
			return false
		}
		found = true
		line = line[t.length:]
	}
	return found
}

var kindComment = ast.NewNodeKind("Comment")

// comment is a comment of several lines, between which there can be blank ones.
type comment struct{ ast.BaseBlock }

func (*comment) Kind() ast.NodeKind              { return kindComment }
func (*comment) IsRaw() bool                     { return true }
func (n *comment) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

// commentParser parses comments that begin a line and end on a later one. One
// that never ends is text.
type commentParser struct{}

var (
	commentStart  = []byte("<!--")
	commentEnd    = []byte("-->")
	commentEndKey = parser.NewContextKey() // position of the next commentEnd known, an int
)

func (commentParser) Trigger() []byte { return []byte{'<'} }

func (commentParser) Open(_ ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	start := pc.BlockOffset()
	if start < 0 || !bytes.HasPrefix(line[start:], commentStart) || bytes.Contains(line[start+2:], commentEnd) {
		return nil, parser.NoChildren
	}
	end, known := pc.Get(commentEndKey).(int)
	if !known || end < segment.Stop {
		end = len(reader.Source())
		if i := bytes.Index(reader.Source()[segment.Stop:], commentEnd); i >= 0 {
			end = segment.Stop + i
		}
		pc.Set(commentEndKey, end)
	}
	if end == len(reader.Source()) {
		return nil, parser.NoChildren
	}
	reader.AdvanceToEOL()
	return &comment{}, parser.NoChildren
}

func (commentParser) Continue(_ ast.Node, reader text.Reader, _ parser.Context) parser.State {
	line, _ := reader.PeekLine()
	if end := bytes.Index(line, commentEnd); end >= 0 {
		reader.Advance(end + len(commentEnd)) // what follows on the line is markdown
		return parser.Close
	}
	reader.AdvanceToEOL()
	return parser.Continue | parser.NoChildren
}

func (commentParser) Close(ast.Node, text.Reader, parser.Context) {}
func (commentParser) CanInterruptParagraph() bool                 { return true }
func (commentParser) CanAcceptIndentedLine() bool                 { return false }
