package markdown

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// tables parses tables as goldmark does, with two differences: what would be
// too many cells stays text, and cells beyond the last column, which GFM drops,
// are kept.
type tables struct{ parser.ParagraphTransformer }

// Transform turns the lines of a paragraph from a table's header on into a table.
func (t tables) Transform(node *ast.Paragraph, reader text.Reader, pc parser.Context) {
	cells, escapes := tableSize(node.Lines(), reader.Source())
	b := boundsOf(pc)
	b.parts.take(cells)
	if cells == 0 || !b.affordTable(cells, escapes) {
		return
	}
	parent, before := node.Parent(), node.PreviousSibling()
	t.ParagraphTransformer.Transform(node, reader, pc)
	for n := after(parent, before); n != nil; n = n.NextSibling() {
		if table, ok := n.(*extast.Table); ok {
			keepExcess(table, reader.Source())
		}
	}
}

// tableSize is how many rows and cells a table in these lines can have at most,
// those included that fill up short rows, and how many escaped pipes. There are
// no cells if there is no table, for want of a line that separates a header from
// rows.
func tableSize(lines *text.Segments, source []byte) (cells, escapes int) {
	columns, pipes := 0, 0
	for i := range lines.Len() {
		line := lines.At(i)
		value := source[line.Start:line.Stop]
		n := bytes.Count(value, []byte("|"))
		pipes += n
		escapes += bytes.Count(value, []byte(`\|`))
		if i > 0 && len(bytes.Trim(value, "|:- \t\r\n")) == 0 {
			columns = max(columns, n+1)
		}
	}
	if columns == 0 {
		return 0, 0
	}
	return lines.Len()*(1+columns) + pipes, escapes
}

func after(parent, sibling ast.Node) ast.Node {
	if sibling == nil {
		return parent.FirstChild()
	}
	return sibling.NextSibling()
}

// keepExcess adds to each row the cells that it has beyond the last column.
func keepExcess(table *extast.Table, source []byte) {
	for row := table.FirstChild(); row != nil; row = row.NextSibling() {
		last := row.LastChild()
		if last == nil || last.Lines().Len() == 0 {
			continue // a padded row has no excess
		}
		start := last.Lines().At(0).Stop
		end := start + lineLength(source[start:])
		for start < end {
			start += pipe(source[start:end]) + 1 // behind the pipe that ends the cell before
			if start >= end || blank(source[start:end]) {
				break
			}
			cell := text.NewSegment(start, start+pipe(source[start:end]))
			node := extast.NewTableCell()
			node.SetPos(start)
			start = cell.Stop
			cell = cell.TrimLeftSpace(source)
			node.Lines().Append(cell.TrimRightSpace(source))
			row.AppendChild(row, node)
		}
	}
}

func lineLength(s []byte) int {
	if i := bytes.IndexByte(s, '\n'); i >= 0 {
		return i
	}
	return len(s)
}

// pipe is the position of the first pipe that no backslash escapes, or len(s).
func pipe(s []byte) int {
	for i, c := range s {
		if c == '|' && (i == 0 || s[i-1] != '\\') {
			return i
		}
	}
	return len(s)
}
