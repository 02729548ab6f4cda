package markdown

import "github.com/yuin/goldmark/ast"

// Parse is exported to tests, which walk the tree by another way.
func Parse(source []byte) ast.Node { return parse(source, limits{}) }

// Clean is exported to tests, for the source that positions in the tree refer to.
var Clean = clean

// AtMost is what a document's lines show that it can be, if they do.
func AtMost(source string) (size Size, known bool) {
	var a atMost
	a.read([]byte(clean(source)))
	return Size{Blocks: a.blocks(), Requests: a.requests(1)}, !a.unknown
}
