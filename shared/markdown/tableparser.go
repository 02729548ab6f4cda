package markdown

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// tables parses tables as goldmark does, with three differences: what would be
// too many cells stays text; cells beyond the last column, which GFM drops, are kept;
// and of a long table most rows are parsed when they are asked for.
type tables struct{ parser.ParagraphTransformer }

// Transform turns the lines of a paragraph from a table's header on into a table.
func (t tables) Transform(node *ast.Paragraph, reader text.Reader, pc parser.Context) {
	lines := node.Lines()
	cells, escapes := tableSize(lines, reader.Source())
	b := boundsOf(pc)
	b.parts.take(cells)
	if cells == 0 || !b.affordTable(cells, escapes) {
		return
	}
	header := headerLine(lines, reader.Source())
	if header < 0 {
		return
	}
	rows := &rows{tables: t, header: lines.Sliced(header, header+2), left: lines.Sliced(header+2, lines.Len()), reader: reader, pc: pc}
	table := rows.next()
	if table == nil {
		return
	}
	rows.follow(table)
	table.SetPos(node.Pos())
	parent := node.Parent()
	parent.InsertAfter(parent, node, table)
	lines.SetSliced(0, header)
	if header == 0 {
		parent.RemoveChild(parent, node)
		return
	}
	last := lines.At(header - 1)
	last.Stop-- // the line end
	lines.Set(header-1, last)
}

// headerLine is the index of the line above the first that separates a header from
// rows, or -1.
func headerLine(lines *text.Segments, source []byte) int {
	for i := 1; i < lines.Len(); i++ {
		line := lines.At(i)
		if separatesHeader(line.Value(source)) {
			return i - 1
		}
	}
	return -1
}

// separatesHeader tells whether a line has nothing but cells of hyphens, each with a
// colon at its ends or none.
func separatesHeader(line []byte) bool {
	if indent, _ := util.IndentWidth(line, 0); indent > 3 || len(bytes.Trim(line, "-")) == 0 {
		return false
	}
	columns := bytes.Split(line, []byte("|"))
	if blank(columns[0]) {
		columns = columns[1:]
	}
	if n := len(columns); n > 0 && blank(columns[n-1]) {
		columns = columns[:n-1]
	}
	for _, column := range columns {
		column = bytes.TrimPrefix(bytes.Trim(column, " \t\n\f\r"), []byte(":"))
		column = bytes.TrimSuffix(column, []byte(":"))
		if len(column) == 0 || len(bytes.Trim(column, "-")) > 0 {
			return false
		}
	}
	return len(columns) > 0
}

// rows is the lines of a table from which no rows have been made. A cell that is one of
// goldmark's nodes takes 200 bytes.
type rows struct {
	tables
	header []text.Segment // and the line below it
	left   []text.Segment
	reader text.Reader
	pc     parser.Context
}

// rowsAtATime is so many that parsing the header each time takes little.
const rowsAtATime = 50

// next makes a table of the header and the next rows, or nil if it is none.
func (r *rows) next() *extast.Table {
	n := min(len(r.left), rowsAtATime)
	paragraph, around := ast.NewParagraph(), ast.NewDocument()
	paragraph.Lines().AppendAll(r.header)
	paragraph.Lines().AppendAll(r.left[:n])
	around.AppendChild(around, paragraph)
	r.ParagraphTransformer.Transform(paragraph, r.reader, r.pc)
	table, ok := around.FirstChild().(*extast.Table)
	if !ok {
		return nil
	}
	keepExcess(table, r.reader.Source())
	r.left = r.left[n:]
	return table
}

// follow makes the last row of a table bring on those that are left.
func (r *rows) follow(table ast.Node) {
	if len(r.left) == 0 {
		return
	}
	row, last := table.LastChild(), &lastRow{}
	for cell := row.FirstChild(); cell != nil; cell = row.FirstChild() {
		last.AppendChild(last, cell)
	}
	table.ReplaceChild(table, row, last)
	last.rows = r
}

// lastRow is the last row that has been made so far.
type lastRow struct {
	extast.TableRow
	rows *rows // behind it
}

// NextSibling makes more rows.
func (r *lastRow) NextSibling() ast.Node {
	if more := r.rows; more != nil {
		r.rows = nil
		table, next := r.Parent(), more.next()
		for row := next.FirstChild().NextSibling(); row != nil; row = next.FirstChild().NextSibling() {
			table.AppendChild(table, row)
		}
		more.follow(table)
	}
	return r.TableRow.NextSibling()
}

// tableSize is how many rows and cells a table in these lines can have at most, and how
// many escaped pipes. Four cells that fill up a short row take the memory of one. There
// are no cells if there is no table, for want of a line that separates a header from
// rows.
func tableSize(lines *text.Segments, source []byte) (cells, escapes int) {
	columns, pipes, counted := 0, 0, 0
	for i := range lines.Len() {
		line := lines.At(i)
		value := source[line.Start:line.Stop]
		n := bytes.Count(value, []byte("|"))
		escapes += bytes.Count(value, []byte(`\|`))
		if i > 0 && len(bytes.Trim(value, "|:- \t\r\n")) == 0 {
			columns = max(columns, n+1)
		}
		pipes += n
		counted += min(n+1, columns)
	}
	if columns == 0 {
		return 0, 0
	}
	const row = 2 // and the cell behind the last pipe
	return row*lines.Len() + pipes + max(0, lines.Len()*columns-counted)/emptyCells, escapes
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
