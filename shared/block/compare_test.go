package block_test

import (
	"testing"

	"notionrelay/shared/block"
)

func TestSame(t *testing.T) {
	t.Parallel()
	text := func(contents ...string) []block.Text {
		var texts []block.Text
		for _, c := range contents {
			texts = append(texts, block.Text{Content: c})
		}
		return texts
	}
	for _, test := range []struct {
		name          string
		planned, read block.Block
		want          bool
	}{
		{"equal", block.Block{Kind: block.Quote, Text: text("a")}, block.Block{ID: "b1", Kind: block.Quote, Text: text("a")}, true},
		{"text in other pieces", block.Block{Kind: block.Quote, Text: text("a", "b")}, block.Block{Kind: block.Quote, Text: text("ab")}, true},
		{"a ticked box", block.Block{Kind: block.ToDo, Text: text("a")}, block.Block{Kind: block.ToDo, Text: text("a"), Checked: true}, true},
		{"other children", block.Block{Kind: block.Quote, Children: leaves(1)}, block.Block{Kind: block.Quote}, true},
		{"another kind", block.Block{Kind: block.Quote, Text: text("a")}, block.Block{Kind: block.Paragraph, Text: text("a")}, false},
		{"other text", block.Block{Kind: block.Quote, Text: text("a")}, block.Block{Kind: block.Quote, Text: text("a ")}, false},
		{"another image", block.Block{Kind: block.Image, URL: "https://a.example"}, block.Block{Kind: block.Image, URL: "https://b.example"}, false},
		{"another equation", block.Block{Kind: block.Equation, Expression: "x"}, block.Block{Kind: block.Equation, Expression: "y"}, false},
		{
			"text in another cell",
			block.Block{Kind: block.TableRow, Cells: [][]block.Text{text("a"), nil}},
			block.Block{Kind: block.TableRow, Cells: [][]block.Text{nil, text("a")}}, false,
		},
		{"another page", block.Block{Kind: block.ChildPage, Title: "a"}, block.Block{Kind: block.ChildPage, Title: "b"}, false},
	} {
		if got := block.Same(test.planned, test.read); got != test.want {
			t.Errorf("%s: Same is %t, want %t", test.name, got, test.want)
		}
	}
}
