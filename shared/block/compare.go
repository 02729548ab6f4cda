package block

import "strings"

// Plain returns the block's own text without its formatting: the rich text,
// the expression of an equation, the cells of a row with a tab between them,
// the title of a child page or database. Children are left out.
func (b Block) Plain() string {
	switch b.Kind {
	case Equation:
		return b.Expression
	case TableRow:
		cells := make([]string, len(b.Cells))
		for i, cell := range b.Cells {
			cells[i] = contents(cell)
		}
		return strings.Join(cells, "\t")
	case ChildPage, ChildDatabase:
		return b.Title
	default:
		return contents(b.Text)
	}
}

// Same tells whether a block that was read from Notion is the one that was
// planned. It compares what Notion surely gives back unchanged: the kind and
// the text, and an image's URL. Runs of one formatting may come back merged or
// split, URLs normalised, and a reader may have ticked a to-do meanwhile: none
// of that makes it another block. Children are not compared.
func Same(planned, read Block) bool {
	if planned.Kind != read.Kind || planned.Plain() != read.Plain() {
		return false
	}
	return planned.Kind != Image || planned.URL == read.URL
}

func contents(texts []Text) string {
	if len(texts) == 1 {
		return texts[0].Content
	}
	var s strings.Builder
	for i := range texts {
		s.WriteString(texts[i].Content)
	}
	return s.String()
}
