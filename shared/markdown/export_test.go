package markdown

import (
	"math"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	"notionrelay/shared/block"
)

// Parse is the whole tree at once, for tests that walk it by another way, with
// goldmark's own rule for pipes in code.
func Parse(source []byte) ast.Node {
	pc := newContext(source)
	reader := text.NewReader(source)
	root := markdownParser().Parse(reader, parser.WithContext(pc))
	extension.NewTableASTTransformer().Transform(root.(*ast.Document), reader, pc)
	return root
}

// Clean is exported to tests, for the source that positions in the tree refer to.
var Clean = clean

// AllAtOnce converts a document that was parsed as a whole before.
func AllAtOnce(source string) []block.Block {
	return convert([]byte(clean(source)), limits{}, batchSize{math.MaxInt, math.MaxInt, math.MaxInt, math.MaxInt, math.MaxInt})
}

// OneAtATime divides a document wherever that can be done, and converts each block,
// and each inline of it that can stand for itself, as soon as it was parsed.
func OneAtATime(source string) []block.Block {
	return convert([]byte(clean(source)), limits{}, batchSize{1, 0, 1, 1, 2})
}

// AtMost is what a document's lines show that it can be, if they do.
func AtMost(source string) (size Size, known bool) {
	var a atMost
	a.read([]byte(clean(source)))
	return Size{Blocks: a.blocks(), Requests: a.requests(1)}, !a.unknown
}
