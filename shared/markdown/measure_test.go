package markdown_test

import (
	"errors"
	"strings"
	"testing"

	"notionrelay/shared/block"
	"notionrelay/shared/markdown"
)

func TestMeasure(t *testing.T) {
	t.Parallel()
	const tooLong = 1<<22 + 1
	for _, test := range []struct {
		name      string
		documents []string
		want      markdown.Size
		err       string // or empty
	}{
		{"nothing", nil, markdown.Size{}, ""},
		{"an empty document", []string{""}, markdown.Size{Requests: 1}, ""},
		{"a paragraph", []string{"a"}, markdown.Size{Blocks: 1, Requests: 1}, ""},
		{"two documents", []string{"a\n\nb", "- c\n  - d"}, markdown.Size{Blocks: 4, Requests: 2}, ""},
		{"a table", []string{"|a|\n|-|\n|b|"}, markdown.Size{Blocks: 3, Requests: 1}, ""},
		{"a table of HTML", []string{"<table><tr><td>a<td>b<tr></table>"}, markdown.Size{Blocks: 3, Requests: 1}, ""},
		{"a table of nothing", []string{"<table><tr></table>"}, markdown.Size{Requests: 1}, ""},
		{"a wide row", []string{"|" + strings.Repeat("a|", 150) + "\n|" + strings.Repeat("-|", 150)}, markdown.Size{Blocks: 3, Requests: 1}, ""},
		{"as many blocks as there may be", []string{strings.Repeat("a\n\n", markdown.MaxBlocks)}, markdown.Size{Blocks: markdown.MaxBlocks, Requests: 500}, ""},
		{"a block more", []string{strings.Repeat("a\n\n", markdown.MaxBlocks), "a"}, markdown.Size{}, "more than 50,000 blocks"},
		{"too many rows", []string{"a|b\n-|-\n" + strings.Repeat(strings.Repeat("a", 30)+"\n", markdown.MaxBlocks)}, markdown.Size{}, "more than 50,000 blocks"},
		{"too many rows of HTML", []string{"<table>" + strings.Repeat("<tr><td>a", markdown.MaxBlocks)}, markdown.Size{}, "more than 50,000 blocks"},
		{"too many requests", []string{strings.Repeat(strings.Repeat("- ", 6)+"a\n", 350)}, markdown.Size{}, "requests to Notion, and 1,000 are the most"},
		{"too many lines", []string{strings.Repeat("\n", 500_001)}, markdown.Size{}, "more than 500,000 lines"},
		{"too many lines of two documents", []string{strings.Repeat("\n", 250_001), strings.Repeat("\n", 250_001)}, markdown.Size{}, "more than 500,000 lines"},
		{"too many marks", []string{strings.Repeat(strings.Repeat("*a* ", 400)+"\n\n", 650)}, markdown.Size{}, "marks of formatting"},
		{"too many tags", []string{strings.Repeat("<a@b.co> ", 260_000)}, markdown.Size{}, "marks of formatting"},
		{"too many tags of HTML", []string{"<p>" + strings.Repeat("<b>a", 510_000)}, markdown.Size{}, "marks of formatting"},
		{"too many cells", []string{"|a|b|\n|-|-|\n" + strings.Repeat(strings.Repeat("|a", 10)+"|\n", 40_000)}, markdown.Size{}, "cells"},
		{"too much in footnotes", []string{"[^1]\n\n[^1]: a\n" + strings.Repeat("b\n", 40_000)}, markdown.Size{}, "in footnotes"},
		{"too many lines that are no blocks", []string{strings.Repeat("<a_tag>\n", 250_001)}, markdown.Size{}, "lines"},
		{"lists of 99 levels, and blank lines", []string{strings.Repeat(strings.Repeat("- ", 99)+"a\n"+strings.Repeat("\n", 200), tooLong/400)}, markdown.Size{}, "too complex"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := markdown.Measure(test.documents...)
			_, tooComplex := errors.AsType[*markdown.TooComplexError](err)
			switch {
			case test.err == "" && (err != nil || got != test.want):
				t.Errorf("%+v, %v, want %+v", got, err, test.want)
			case test.err != "" && (!tooComplex || !strings.Contains(err.Error(), test.err)):
				t.Errorf("error %v, want %q", err, test.err)
			}
		})
	}
}

// TestMeasureCountsWhatIsWritten: what the webhook measures is what the publisher
// makes.
func TestMeasureCountsWhatIsWritten(t *testing.T) {
	t.Parallel()
	for _, source := range append(seeds(t), read(t, "testdata/report.md")) {
		checkSize(t, source, markdown.Blocks(source))
	}
}

// checkSize fails the test unless a document, which is no big one, measures what its
// blocks are.
func checkSize(t failer, source string, blocks []block.Block) {
	t.Helper()
	want := markdown.Size{Blocks: count(blocks), Requests: block.NewPlan(blocks).Requests()}
	if got, err := markdown.Measure(source); err != nil || got != want {
		t.Fatalf("%+v, %v, want %+v for %q", got, err, want, source)
	}
}
