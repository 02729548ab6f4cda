package markdown

import "github.com/yuin/goldmark/ast"

// Parse is exported to tests, which walk the tree by another way.
func Parse(source []byte) ast.Node { return parse(source, limits{}) }

// Clean is exported to tests, for the source that positions in the tree refer to.
var Clean = clean
