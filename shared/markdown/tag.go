package markdown

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// tag is an HTML or XML-like tag, or a comment, declaration or processing
// instruction, which have no name.
type tag struct {
	name    string // in lower case
	closing bool
	bare    bool // has an attribute without a value
	length  int  // bytes, from < to >
}

// scanTag reads the tag with which line begins. The grammar is CommonMark's
// (section 6.6), within one line.
func scanTag(line []byte) (tag, bool) {
	switch {
	case len(line) < 3 || line[0] != '<':
		return tag{}, false
	case bytes.HasPrefix(line, []byte("<!--")):
		return scanUntil(line, 2, "-->") // <!--> is a comment, too
	case line[1] == '?':
		return scanUntil(line, 2, "?>")
	case line[1] == '!' && line[2] >= 'A' && line[2] <= 'Z':
		return scanUntil(line, 2, ">")
	default:
		return scanNamed(line)
	}
}

// scanNamed reads an opening or closing tag. Its name may have underscores and
// letters of any script besides what CommonMark allows, as language models
// write them: <executive_summary_and_answer>.
func scanNamed(line []byte) (tag, bool) {
	if len(line) < 3 || line[0] != '<' {
		return tag{}, false
	}
	t := tag{closing: line[1] == '/'}
	i := 1
	if t.closing {
		i = 2
	}
	n := nameLength(line[i:])
	if n == 0 {
		return tag{}, false
	}
	t.name = strings.ToLower(string(line[i : i+n]))
	i += n
	for {
		n, bare := attributeLength(line[i:])
		if n == 0 {
			break
		}
		t.bare = t.bare || bare
		i += n
	}
	i += spaces(line[i:])
	if !t.closing && i < len(line) && line[i] == '/' {
		i++
	}
	if i >= len(line) || line[i] != '>' {
		return tag{}, false
	}
	t.length = i + 1
	return t, true
}

func scanUntil(line []byte, from int, end string) (tag, bool) {
	i := bytes.Index(line[from:], []byte(end))
	return tag{length: from + i + len(end)}, i >= 0
}

// nameLength is the length of the tag name that s begins with, or 0.
func nameLength(s []byte) int {
	n := 0
	for n < len(s) {
		r, size := utf8.DecodeRune(s[n:])
		letter := unicode.IsLetter(r)
		if !letter && (n == 0 || r != '-' && r != '_' && !unicode.IsDigit(r)) {
			break
		}
		n += size
	}
	return n
}

// attributeLength is the length of the attribute that s begins with, white
// space before it included, or 0.
func attributeLength(s []byte) (n int, bare bool) {
	i := spaces(s)
	start := i
	for i < len(s) && attributeByte(s[i], i == start) {
		i++
	}
	if start == 0 || i == start {
		return 0, false
	}
	value := i + spaces(s[i:])
	if value >= len(s) || s[value] != '=' {
		return i, true
	}
	value++
	value += spaces(s[value:])
	if value >= len(s) {
		return 0, false
	}
	if quote := s[value]; quote == '"' || quote == '\'' {
		end := bytes.IndexByte(s[value+1:], quote)
		if end < 0 {
			return 0, false
		}
		return value + 1 + end + 1, false
	}
	end := value
	for end < len(s) && s[end] > ' ' && !strings.ContainsRune("\"'=<>`", rune(s[end])) {
		end++
	}
	if end == value {
		return 0, false
	}
	return end, false
}

func attributeByte(c byte, first bool) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == ':':
		return true
	default:
		return !first && (c >= '0' && c <= '9' || c == '.' || c == '-')
	}
}

func spaces(s []byte) int {
	n := 0
	for n < len(s) && (s[n] == ' ' || s[n] == '\t') {
		n++
	}
	return n
}

// inline tells whether the tag is one that HTML uses inside a sentence.
func (t tag) inline() bool {
	switch t.name {
	case "a", "abbr", "b", "bdi", "bdo", "big", "br", "button", "cite", "code", "data", "del", "dfn", "em",
		"font", "i", "img", "input", "ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span",
		"strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr":
		return true
	}
	return false
}

// breaks tells whether the tag is one at which HTML begins a new line.
func (t tag) breaks() bool {
	switch t.name {
	case "address", "article", "aside", "blockquote", "caption", "center", "dd", "div", "dl", "dt", "fieldset",
		"figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main",
		"nav", "ol", "p", "pre", "section", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul":
		return true
	}
	return false
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
	if pc.BlockOffset() < 0 {
		return nil, parser.NoChildren
	}
	above, below := parent.LastChild().(*tagLine)
	below = below && above.number == number-1
	if pc.BlockIndent() > 3 && !below {
		return nil, parser.NoChildren // indented code
	}
	if !onlyTags(line) {
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

// onlyTags tells whether a line is made of tags, none of which is of the kind
// that belongs to a sentence.
func onlyTags(line []byte) bool {
	found := false
	for line = bytes.TrimSpace(line); len(line) > 0; line = bytes.TrimLeft(line, " \t") {
		t, ok := scanTag(line)
		if !ok || t.inline() {
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

// rawTag is the tag of raw HTML, which may reach over several lines.
func rawTag(raw []byte) tag {
	if t, ok := scanTag(raw); ok {
		return t
	}
	t := tag{closing: len(raw) > 1 && raw[1] == '/'}
	name := util.TrimLeft(raw, []byte("</"))
	t.name = strings.ToLower(string(name[:nameLength(name)]))
	return t
}
