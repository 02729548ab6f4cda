package markdown_test

import (
	"fmt"
	"strings"

	"notionrelay/shared/block"
)

// outline shows blocks as indented lines, for golden files and for comparison:
// each has all of the block that is not zero. Two trees have one outline if and
// only if they are equal, ids left out.
func outline(blocks []block.Block) string {
	var b strings.Builder
	writeOutline(&b, blocks, 0)
	return b.String()
}

func writeOutline(w *strings.Builder, blocks []block.Block, depth int) {
	for _, b := range blocks {
		fmt.Fprintf(w, "%s%s", strings.Repeat("  ", depth), b.Kind)
		if b.Kind == block.ToDo {
			fmt.Fprintf(w, " checked=%t", b.Checked)
		}
		if b.Kind == block.Table {
			fmt.Fprintf(w, " header=%t", b.HeaderRow)
		}
		for _, field := range []struct{ name, value string }{
			{"language", b.Language}, {"url", b.URL}, {"expression", b.Expression}, {"icon", b.Icon}, {"title", b.Title},
		} {
			if field.value != "" {
				fmt.Fprintf(w, " %s=%q", field.name, field.value)
			}
		}
		writeTexts(w, b.Text)
		for _, cell := range b.Cells {
			w.WriteString(" |")
			writeTexts(w, cell)
		}
		w.WriteByte('\n')
		writeOutline(w, b.Children, depth+1)
	}
}

func writeTexts(w *strings.Builder, texts []block.Text) {
	for _, t := range texts {
		fmt.Fprintf(w, " %q", t.Content)
		for _, mark := range []struct {
			set  bool
			name string
		}{{t.Bold, "+bold"}, {t.Italic, "+italic"}, {t.Strikethrough, "+strike"}, {t.Underline, "+underline"}, {t.Code, "+code"}} {
			if mark.set {
				w.WriteString(mark.name)
			}
		}
		if t.Link != "" {
			fmt.Fprintf(w, "+link(%s)", t.Link)
		}
	}
}
