package markdown

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// Parsing takes time and memory in proportion to the source, but for some
// inputs that nobody writes by accident. A document has a budget for each of
// those; what goes beyond it stays text, so that nothing of it is lost.
const (
	// maxOpenBlocks is how deep containers nest. A list takes two levels, one
	// for itself and one for its item.
	maxOpenBlocks = 200

	// maxBlankLines is how often a container may go on over a blank line,
	// summed over lines and nested containers: goldmark looks at each such pair.
	maxBlankLines = 1 << 20

	// maxIndents is how many bytes of white space lines may begin with, summed
	// over lines and nested containers: goldmark looks at them for each.
	maxIndents = 1 << 26

	// maxInlineWork is how many steps may be spent on searching for the ends of
	// emphasis, code spans, links and URLs beyond one pass over the text.
	maxInlineWork = 100 << 20

	// maxEscapedPipes is how many escaped pipes tables may have: each of them
	// in a code span is compared with all others.
	maxEscapedPipes = 4000

	// maxFootnotes is how many definitions of footnotes are recognised: each
	// reference compares its label with all of them.
	maxFootnotes = 1000

	// maxFootnoteMarks is how many references there are to footnotes: goldmark keeps a
	// list of them.
	maxFootnoteMarks = 20_000

	// maxReferences is the number of lines of a paragraph in which definitions
	// of link references are looked for: each definition found moves all lines
	// behind it.
	maxReferences = 2000

	// maxLabels is how many labels of definitions are looked for in the document.
	maxLabels = 100

	// maxReferable is how many bytes of URLs references to link definitions may
	// become in all: a long URL can be referred to by three characters.
	maxReferable = 4 << 20
)

// Budgets of what takes memory, of a document of a megabyte or less. A longer one has
// more in proportion.
const (
	// maxCells is how many rows and cells tables may have. A megabyte of tables
	// reaches it when cells have less than ten characters on average, or when
	// short rows are filled up with far more cells than they have.
	maxCells = 90_000

	// maxLines is how many lines a paragraph has; it goes on in another. Each is a
	// segment of 32 bytes while it is read.
	maxLines = 1 << 16

	// maxInlines is how many lines and marks a paragraph may have if there are
	// formats or links in it: goldmark keeps nodes of 170 bytes for all of them until
	// its end.
	maxInlines = 1 << 16

	// maxFormats is how many pieces of text have a format. What is behind them is
	// written without.
	maxFormats = 1 << 16

	// maxPieces is how many pieces the text of a block may have for one of them to have
	// a format, or an address in it to be a link.
	maxPieces = 1 << 15
)

// inProportion is a budget for a document.
func inProportion(budget int, source []byte) int { return max(budget, budget*len(source)>>20) }

// bounds is what is left of a document's budgets.
type bounds struct {
	limits
	batch

	blankLines int
	indents    int
	inlineWork int
	cells      int
	escapes    int
	footnotes  int
	noteMarks  int
	labels     int    // that may be looked for
	lower      []byte // the document in small letters, once it is asked for
	lines      int    // of each paragraph
	inlines    int    // of each block

	block   ast.Node // the block whose inlines are being parsed
	plain   bool     // its inlines would cost more than is left
	hasURLs bool     // it may have URLs or addresses without brackets
}

var boundsKey = parser.NewContextKey()

// newContext is the context in which a document is parsed.
func newContext(source []byte) parser.Context {
	pc := parser.NewContext()
	pc.Set(boundsKey, &bounds{
		blankLines: maxBlankLines,
		indents:    maxIndents,
		inlineWork: maxInlineWork,
		escapes:    maxEscapedPipes,
		footnotes:  maxFootnotes,
		noteMarks:  maxFootnoteMarks,
		labels:     maxLabels,
		cells:      inProportion(maxCells, source),
		lines:      inProportion(maxLines, source),
		inlines:    inProportion(maxInlines, source),
	})
	return pc
}

func boundsOf(pc parser.Context) *bounds { return pc.Get(boundsKey).(*bounds) }

// counted returns block parsers that count what they open.
func counted(parsers ...util.PrioritizedValue) []util.PrioritizedValue {
	for i := range parsers {
		parsers[i].Value = countedParser{parsers[i].Value.(parser.BlockParser)}
	}
	return parsers
}

type countedParser struct{ parser.BlockParser }

func (p countedParser) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	node, state := p.BlockParser.Open(parent, reader, pc)
	if node != nil {
		boundsOf(pc).parts.take(1)
	}
	return node, state
}

// Continue ends a section before the line if the document can be divided there.
func (p countedParser) Continue(node ast.Node, reader text.Reader, pc parser.Context) parser.State {
	if s, ok := reader.(*sections); ok && s.isLong && s.endsBefore(node) {
		return parser.Close
	}
	return p.BlockParser.Continue(node, reader, pc)
}

// container bounds the nesting of a block that holds other blocks.
type container struct{ parser.BlockParser }

// Open opens no container below maxOpenBlocks; the line is then a paragraph.
func (c container) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	depth := 0
	for n := parent; n.Parent() != nil; n = n.Parent() {
		if depth++; depth == maxOpenBlocks {
			return nil, parser.NoChildren
		}
	}
	node, state := c.BlockParser.Open(parent, reader, pc)
	if list, ok := node.(*ast.List); ok && parent.Parent() == nil {
		if s, ok := reader.(*sections); ok {
			s.continueList(list)
		}
	}
	return node, state
}

// Continue ends the container when the budget for blank lines or for indents is
// spent; what follows begins anew.
func (c container) Continue(node ast.Node, reader text.Reader, pc parser.Context) parser.State {
	b := boundsOf(pc)
	line, _ := reader.PeekLine()
	indent := len(line) - len(bytes.TrimLeft(line, whiteSpace))
	b.indents -= indent
	if indent == len(line) {
		b.blankLines--
	}
	if b.blankLines < 0 && indent == len(line) || b.indents < 0 {
		return parser.Close
	}
	return c.BlockParser.Continue(node, reader, pc)
}

// fence keeps the lines of a fenced code block together.
type fence struct{ parser.BlockParser }

// Continue joins the line that it takes to those before it.
func (f fence) Continue(node ast.Node, reader text.Reader, pc parser.Context) parser.State {
	state := f.BlockParser.Continue(node, reader, pc)
	join(node.Lines())
	return state
}

// join makes one segment of the last line and those before it where they follow on each
// other, as all do that are in no other block. A segment takes 32 bytes.
func join(lines *text.Segments) {
	if n := lines.Len(); n > 1 {
		before, line := lines.At(n-2), lines.At(n-1)
		if line.Start == before.Stop && line.Padding == 0 {
			before.Stop = line.Stop
			lines.Set(n-2, before)
			lines.SetSliced(0, n-1)
		}
	}
}

// footnotes bounds the number of definitions.
type footnotes struct{ container }

// Open leaves a definition beyond maxFootnotes as text.
func (f footnotes) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	b := boundsOf(pc)
	if b.footnotes == 0 {
		return nil, parser.NoChildren
	}
	node, state := f.container.Open(parent, reader, pc)
	if node != nil {
		b.footnotes--
	}
	return node, state
}

// footnoteMarks bounds the number of references to footnotes.
type footnoteMarks struct{ parser.InlineParser }

// Parse leaves a reference beyond maxFootnoteMarks as text.
func (f footnoteMarks) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	b := boundsOf(pc)
	if b.noteMarks == 0 {
		return nil
	}
	node := f.InlineParser.Parse(parent, block, pc)
	if node != nil {
		b.noteMarks--
	}
	return node
}

// references bounds the paragraphs in which link references are defined.
type references struct{ parser.ParagraphTransformer }

// Transform leaves a paragraph of more than maxReferences lines as it is, and one
// whose definitions nothing refers to: it is a list of sources for a reader. The nodes
// of definitions are of no more use, but that the first may be what a block begins with.
func (r references) Transform(node *ast.Paragraph, reader text.Reader, pc parser.Context) {
	if node.Lines().Len() > maxReferences || boundsOf(pc).isForReaders(node, reader.Source()) {
		return
	}
	parent, before := node.Parent(), node.PreviousSibling()
	r.ParagraphTransformer.Transform(node, reader, pc)
	if before == nil {
		before = parent.FirstChild()
	}
	for n := before.NextSibling(); n != nil && n.Kind() == ast.KindLinkReferenceDefinition; n = before.NextSibling() {
		parent.RemoveChild(parent, n)
	}
}

// isForReaders tells whether a paragraph defines links that nothing refers to. One to
// # alone is how people write a comment: [//]: # (a comment).
func (b *bounds) isForReaders(node *ast.Paragraph, source []byte) bool {
	defines := false
	for i := range node.Lines().Len() {
		line := node.Lines().At(i)
		definition := bytes.TrimLeft(line.Value(source), " ")
		if !bytes.HasPrefix(definition, []byte("[")) { // as most lines do not
			continue
		}
		label, rest, ok := bytes.Cut(definition, []byte("]:"))
		if !ok || blank(rest) || isComment(rest) {
			continue
		}
		if defines = true; b.labels == 0 || b.isReferredTo(string(label)+"]", source) {
			return false
		}
		b.labels--
	}
	return defines
}

func isComment(destination []byte) bool {
	first, _, _ := bytes.Cut(bytes.TrimLeft(destination, " \t"), []byte(" "))
	first = bytes.TrimSpace(first)
	return string(first) == "#" || string(first) == "<#>"
}

// isReferredTo tells whether a label in its brackets stands anywhere but before a
// definition. Case makes no difference to labels.
func (b *bounds) isReferredTo(label string, source []byte) bool {
	if b.lower == nil {
		b.lower = bytes.ToLower(source)
	}
	sought := bytes.ToLower([]byte(label))
	for rest := b.lower; ; {
		i := bytes.Index(rest, sought)
		if i < 0 {
			return false
		}
		if rest = rest[i+len(sought):]; !bytes.HasPrefix(rest, []byte(":")) {
			return true
		}
	}
}

// affordTable pays for a table if there is enough left.
func (b *bounds) affordTable(cells, escapes int) bool {
	if cells > b.cells || escapes > b.escapes {
		return false
	}
	b.cells -= cells
	b.escapes -= escapes
	return true
}

// bounded returns a parser of inlines that leaves blocks alone for which the
// budget is too small.
func bounded(p parser.InlineParser) parser.InlineParser {
	b := boundedParser{p}
	if closer, ok := p.(parser.CloseBlocker); ok {
		return boundedCloser{b, closer}
	}
	return b
}

type boundedParser struct{ parser.InlineParser }

func (p boundedParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	if b := boundsOf(pc); !b.affordable(parent, block.Source(), pc) {
		return nil
	}
	return p.InlineParser.Parse(parent, block, pc)
}

// charged is a parser of inlines that is fast for any input. What it finds counts.
type charged struct{ parser.InlineParser }

func (p charged) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	boundsOf(pc).affordable(parent, block.Source(), pc)
	return p.InlineParser.Parse(parent, block, pc)
}

// urlParser leaves blocks alone that have no URLs or addresses without brackets. It
// would be asked for each word.
type urlParser struct{ boundedParser }

func (p urlParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	if b := boundsOf(pc); !b.affordable(parent, block.Source(), pc) || !b.hasURLs {
		return nil
	}
	return p.InlineParser.Parse(parent, block, pc)
}

type boundedCloser struct {
	boundedParser
	parser.CloseBlocker
}

// affordable tells whether the block's inlines are parsed. The first call for a
// block pays for it.
func (b *bounds) affordable(block ast.Node, source []byte, pc parser.Context) bool {
	b.begin(block, pc)
	if block != b.block {
		s := scanned(block.Lines(), source)
		b.parts.take(s.labels + s.marks)
		b.block, b.hasURLs = block, s.urls > 0
		b.plain = s.cost > b.inlineWork || s.delimiters+s.labels > 0 && s.marks+s.labels+block.Lines().Len() > b.inlines
		if !b.plain {
			b.inlineWork -= s.cost
		}
	}
	return !b.plain
}

// closed is told of each block whose inlines have been parsed.
func (b *bounds) closed(n ast.Node) {
	if b.footnotes < maxFootnotes && n.HasChildren() && inFootnote(n) {
		b.notes.take(n.ChildCount())
	}
	b.close(n)
}

func inFootnote(n ast.Node) bool {
	for n != nil && n.Kind() != extast.KindFootnote {
		n = n.Parent()
	}
	return n != nil
}

// scanned looks through the inlines of a block in one pass.
func scanned(lines *text.Segments, source []byte) scan {
	var s scan
	for i := range lines.Len() {
		line := lines.At(i)
		s.line(source[line.Start:line.Stop])
	}
	// A closing delimiter may be compared with every one before it, a run of
	// backticks without its like is looked for up to the block's end, and the
	// line of a label is looked for from the last one on.
	s.cost += s.delimiters*s.delimiters/4 + s.backticks*s.length + s.labels*lines.Len()
	return s
}

// scan is what a block's inlines may cost and are at most.
type scan struct {
	cost       int // an upper bound of the steps that goldmark takes beyond one pass
	length     int
	delimiters int      // runs of * _ ~
	backticks  int      // different lengths of runs of `
	seen       [64]bool // lengths of runs of ` that were counted; each longer one counts
	brackets   int      // [ that may still be closed
	labels     int      // [ and ]
	urls       int      // hosts and addresses without brackets, at most
	marks      int      // other bytes that can begin or end an inline
}

// bareURL is how many marks a URL or address without brackets counts for, by the
// memory that it takes.
const bareURL = 3

// Weights of steps that are not a comparison of bytes.
const (
	labelWeight = 8 // normalising a link label
	urlWeight   = 8 // a state of the automaton that matches URLs
)

func (s *scan) line(line []byte) {
	s.length += len(line)
	destinations, angles := 0, 0 // link destinations that may reach to here, bare and in <>
	for i := 0; i < len(line); i++ {
		weight := destinations + angles + labelWeight*min(s.brackets, 1000)
		s.cost += weight
		for !scannedBytes[line[i]] {
			if i++; i == len(line) {
				return
			}
			s.cost += weight
		}
		switch c := line[i]; c {
		case '*', '_', '~':
			n := run(line[i:])
			i += n - 1
			s.delimiters++
			s.marks += (n + 1) / 2 // **** can be two formats
		case '`':
			n := run(line[i:])
			i += n - 1
			s.marks++
			if n >= len(s.seen) || !s.seen[n] {
				s.backticks++
			}
			if n < len(s.seen) {
				s.seen[n] = true
			}
		case '[':
			s.brackets++
			s.labels++
		case ']':
			s.brackets = max(0, s.brackets-1)
			s.labels++
			switch {
			case bytes.HasPrefix(line[i:], []byte("](<")):
				angles++
			case bytes.HasPrefix(line[i:], []byte("](")):
				destinations++
			}
		case ' ', '\t':
			destinations = 0
		case '>':
			angles = 0
		case '<', '!':
			s.marks++
		case '@':
			s.urls++
			s.marks += bareURL
		case 'w', ':':
			if cost := urlCost(line[i:]); cost > 0 {
				s.cost += cost
				s.urls++
				s.marks += bareURL
			}
		}
	}
}

// scannedBytes are those that count, each for itself.
var scannedBytes = func() (is [256]bool) {
	for _, b := range []byte("*_~`[] \t><!@w:") {
		is[b] = true
	}
	return is
}()

// run is the length of the run of equal bytes that s begins with.
func run(s []byte) int {
	n := 1
	for n < len(s) && s[n] == s[0] {
		n++
	}
	return n
}

// urlCost is what matching the host of a bare URL costs if one begins here: as
// many states as the host has characters, for each of them.
func urlCost(s []byte) int {
	rest, ok := bytes.CutPrefix(s, []byte("www."))
	if !ok {
		if rest, ok = bytes.CutPrefix(s, []byte("://")); !ok {
			return 0
		}
	}
	n := 0
	for n < min(len(rest), 256) && rest[n] != '/' && rest[n] > ' ' {
		n++
	}
	return urlWeight * n * n
}
