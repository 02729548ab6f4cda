package markdown

import (
	"bytes"
	"errors"
	"iter"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// stream is a document that is parsed while it is converted, a section after the
// other. goldmark parses the inlines, which take most of the memory of its tree, block
// by block in the order of the text when it knows all blocks of a section. It is held
// up whenever there are some, until they have been converted and forgotten.
type stream struct {
	*batch

	sections *sections
	more     func() ([]ast.Node, bool)
	parsed   []ast.Node // blocks whose inlines are there, which nobody has awaited
	last     ast.Node   // the one before them
	walked   bool       // goldmark has done with the section
}

// parse begins to parse, so much at a time. What it returns has to be stopped.
func parse(source []byte, l limits, most batchSize) (s *stream, stop func()) {
	pc := newContext(source)
	b := boundsOf(pc)
	b.limits, b.most = l, most
	s = &stream{batch: &b.batch, sections: newSections(source, most, pc)}
	s.more, stop = iter.Pull(func(yield func([]ast.Node) bool) {
		defer func() {
			if r := recover(); r != nil && r != any(errStopped) {
				panic(r)
			}
		}()
		s.yield = yield
		for s.sections.next() {
			markdownParser().Parse(s.sections, parser.WithContext(pc))
			s.flush()
		}
	})
	return s, stop
}

// section is the root of the next section, or nil behind the last. Nothing of the one
// before it is left.
func (s *stream) section() ast.Node {
	if !s.next() {
		return nil
	}
	root := s.parsed[0]
	for root.Parent() != nil {
		root = root.Parent()
	}
	return root
}

// await parses on until there are inlines of a block: the first of them if they are
// very many, else all. It is asked for blocks in the order of the text. Only
// footnotes stand before what was asked for already; then all has been parsed.
func (s *stream) await(n ast.Node) {
	for s.last != n {
		if len(s.parsed) == 0 && !s.next() {
			return
		}
		s.last, s.parsed = s.parsed[0], s.parsed[1:]
	}
}

// each calls do for the children of a node. Those that goldmark has left behind
// leave the tree.
func (s *stream) each(parent ast.Node, do func(ast.Node)) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		before := s.last
		do(n)
		for (s.last != before || s.walked) && n.PreviousSibling() != nil {
			parent.RemoveChild(parent, n.PreviousSibling())
		}
	}
}

// next parses until there are more inlines, or nothing is left.
func (s *stream) next() bool {
	var more bool
	if s.parsed, more = s.more(); more {
		s.walked = s.parsed[len(s.parsed)-1].Parent() == nil
	}
	return more
}

// eachInline does the same for the inlines of a block that was awaited. The last that
// is there may still grow, until all are there.
func (s *stream) eachInline(n ast.Node, do func(ast.Node)) {
	for s.begun == n {
		for first := n.FirstChild(); first != n.LastChild(); first = n.FirstChild() {
			do(first)
			n.RemoveChild(n, first)
		}
		s.last = nil
		s.await(n)
	}
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		do(child)
	}
}

// sections reads a document up to where it can be divided. The tree of its blocks
// is large where they are many.
type sections struct {
	text.Reader
	pause

	length int  // the least of a section, in bytes
	start  int  // of the section
	begun  bool // it has a block
	isLong bool // it has that length
	ended  bool // it ends before the line that is read
	number int  // of the item with which the next one begins, if a list goes on in it
}

// newSections leaves a document whole that may have definitions of references or of
// footnotes, to which all of it can refer.
func newSections(source []byte, most batchSize, pc parser.Context) *sections {
	s := &sections{Reader: text.NewReader(source), pause: pause{pc: pc, most: most.notes}, length: most.section, start: -1}
	if bytes.Contains(source, []byte("]:")) {
		s.length = len(source)
	}
	return s
}

// next begins another section, if there is one.
func (s *sections) next() bool {
	_, _, more := s.Reader.SkipBlankLines()
	start := s.at()
	if !more || start == s.start { // goldmark read nothing of it
		return false
	}
	s.start, s.begun, s.isLong = start, false, false
	return true
}

// SkipBlankLines is what goldmark calls where no block is open. It tells of an end of
// the document where a section may end.
func (s *sections) SkipBlankLines() (text.Segment, int, bool) {
	if s.paused() {
		return text.Segment{}, 0, true
	}
	segment, lines, more := s.Reader.SkipBlankLines()
	if s.begun && s.at()-s.start >= s.length {
		more = false
	}
	s.begun = true
	return segment, lines, more
}

// endsBefore tells whether a section ends before the line that is read, in which the
// outermost block ends, or of a list an item. Then there is nothing more on this line
// for goldmark, and the next section begins with it.
func (s *sections) endsBefore(node ast.Node) bool {
	if node.Parent().Parent() != nil {
		return false
	}
	line, _ := s.PeekLine()
	indent, at := util.IndentWidth(line, s.LineOffset())
	if line == nil || indent > 3 {
		return false
	}
	switch n := node.(type) {
	case *ast.Heading, *ast.ThematicBreak, *contents, *tagLine:
		s.ended = true
	case *ast.List:
		const longest = len("123456789.")
		mark := listMark(line[at:])
		if mark == 0 || mark > longest || indent >= n.LastChild().(*ast.ListItem).Offset {
			return false
		}
		s.ended = true
		if n.IsOrdered() && n.CanContinue(line[at+mark-1], mark > 1) {
			s.number = n.Start + n.ChildCount()
		}
	}
	return s.ended
}

// continueList numbers a list that was divided.
func (s *sections) continueList(list *ast.List) {
	if s.number > 0 {
		list.Start, s.number = s.number, 0
	}
}

// PeekLine is the line that is read, or during a pause the one that ends it.
func (s *sections) PeekLine() ([]byte, text.Segment) {
	switch {
	case s.paused():
		return resumption, text.Segment{}
	case s.ended:
		return noLine, text.Segment{}
	}
	return s.Reader.PeekLine()
}

// AdvanceLine is what goldmark calls when it has done with a line.
func (s *sections) AdvanceLine() {
	if s.paused() {
		s.resume()
		return
	}
	if s.ended {
		s.ended = false
		return
	}
	s.Reader.AdvanceLine()
	s.isLong = s.at()-s.start >= s.length
	s.note()
}

var noLine = []byte("\n")

// at is how much has been read.
func (s *sections) at() int {
	_, position := s.Position()
	return position.Start
}

// pause makes goldmark forget its notes. For each line it notes which of the blocks
// that are open go on, in 24 bytes for each, until none is open. It looks only at those
// of the line before, which tell it whether there is a blank line between the items of
// a list; that is nothing to us. So when there are many, we have it believe for a
// moment that no block is open: it begins anew, with one that we open and that is gone
// before the next line, when the others are back.
type pause struct {
	pc    parser.Context
	most  int            // notes
	notes int            // that there are, at most
	open  []parser.Block // during a pause, the blocks that will be open again
}

func (p *pause) paused() bool { return p.open != nil }

// note counts those of a line, and begins a pause.
func (p *pause) note() {
	open := p.pc.OpenedBlocks()
	if p.notes += len(open); len(open) == 0 {
		p.notes = 0
	} else if p.notes > p.most {
		p.open = open
		p.pc.SetOpenedBlocks(nil)
	}
}

func (p *pause) resume() {
	node := p.pc.LastOpenedBlock().Node
	node.Parent().RemoveChild(node.Parent(), node)
	p.pc.SetOpenedBlocks(p.open)
	p.open, p.notes = nil, 0
}

// resumption is the line that ends a pause, as no document has it: clean replaces
// this character.
var resumption = []byte("\x00")

// resumptionParser opens the block that ends a pause.
type resumptionParser struct{ parser.BlockParser }

func (resumptionParser) Trigger() []byte { return resumption }

func (resumptionParser) Open(ast.Node, text.Reader, parser.Context) (ast.Node, parser.State) {
	return ast.NewTextBlock(), parser.NoChildren
}

// batch is blocks whose inlines have been parsed since the conversion had its turn.
type batch struct {
	most   batchSize
	yield  func([]ast.Node) bool
	blocks []ast.Node
	bytes  int      // that they have in the source
	begun  ast.Node // the last of them, if more inlines of it will come
}

// batchSize is how much is parsed at a time: the bytes of a section at least, how many
// notes of goldmark's, and how many bytes, blocks, and inlines of one block before they
// are converted.
type batchSize struct{ section, notes, bytes, blocks, inlines int }

// usual is little enough for its tree to be small, and enough for changing turns not
// to show in the time.
var usual = batchSize{section: 8 << 10, notes: 4096, bytes: 8 << 10, blocks: 100, inlines: 1000}

// close adds a block of which all inlines are there.
func (b *batch) close(n ast.Node) {
	if b.yield == nil {
		return // a test parses all at once
	}
	b.blocks = append(b.blocks, n)
	if lines := n.Lines(); lines.Len() > 0 {
		b.bytes += lines.At(lines.Len()-1).Stop - lines.At(0).Start
	}
	if b.bytes >= b.most.bytes || len(b.blocks) >= b.most.blocks {
		b.flush()
	}
}

// begin adds a block in the middle of its inlines when they are many, and none of
// them may become part of another one.
func (b *batch) begin(n ast.Node, pc parser.Context) {
	if b.yield == nil || n.ChildCount() < b.most.inlines || pc.LastDelimiter() != nil || pc.IsInLinkLabel() {
		return
	}
	b.blocks, b.begun = append(b.blocks, n), n
	b.flush()
	b.begun = nil
}

// flush has what is there converted. A batch has at least one block.
func (b *batch) flush() {
	if len(b.blocks) > 0 && !b.yield(b.blocks) {
		panic(errStopped)
	}
	b.blocks, b.bytes = b.blocks[:0], 0
}

// errStopped ends a parse that nobody wants any more. goldmark knows no other way.
var errStopped = errors.New("stopped")

// closer tells of each block whose inlines have been parsed. It parses nothing.
type closer struct{}

func (closer) Trigger() []byte                                         { return nil }
func (closer) Parse(ast.Node, text.Reader, parser.Context) ast.Node    { return nil }
func (closer) CloseBlock(n ast.Node, _ text.Reader, pc parser.Context) { boundsOf(pc).closed(n) }
