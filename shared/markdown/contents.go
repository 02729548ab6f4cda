package markdown

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

var kindContents = ast.NewNodeKind("Contents")

// contents is the place of a table of contents.
type contents struct{ ast.BaseBlock }

func (*contents) Kind() ast.NodeKind              { return kindContents }
func (*contents) IsRaw() bool                     { return true }
func (n *contents) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

// contentsParser parses [TOC] and [[_TOC_]], each alone on a line.
type contentsParser struct{}

func (contentsParser) Trigger() []byte { return []byte{'['} }

func (contentsParser) Open(_ ast.Node, reader text.Reader, _ parser.Context) (ast.Node, parser.State) {
	line, _ := reader.PeekLine()
	line = bytes.TrimSpace(line)
	if !bytes.EqualFold(line, []byte("[TOC]")) && !bytes.EqualFold(line, []byte("[[_TOC_]]")) {
		return nil, parser.NoChildren
	}
	reader.AdvanceToEOL()
	return &contents{}, parser.NoChildren
}

func (contentsParser) Continue(ast.Node, text.Reader, parser.Context) parser.State {
	return parser.Close
}
func (contentsParser) Close(ast.Node, text.Reader, parser.Context) {}
func (contentsParser) CanInterruptParagraph() bool                 { return true }
func (contentsParser) CanAcceptIndentedLine() bool                 { return false }
