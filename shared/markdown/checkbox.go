package markdown

import (
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// checkBoxParser parses the check box of a to-do. goldmark takes one for what
// GFM, which wants white space behind it, takes for a link: [x](https://…).
type checkBoxParser struct{ parser.InlineParser }

func (p checkBoxParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	const box = len("[ ]")
	if line, _ := block.PeekLine(); len(line) > box && !blank(line[box:box+1]) {
		return nil
	}
	return p.InlineParser.Parse(parent, block, pc)
}
