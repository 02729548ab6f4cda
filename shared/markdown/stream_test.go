package markdown_test

import (
	"errors"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"notionrelay/shared/block"
	"notionrelay/shared/markdown"
)

// A document that is too much is given up in the middle of its parse, of which
// nothing goes on.
//
//nolint:paralleltest // it looks at what all tests have going on
func TestAParseIsGivenUpWithItsDocument(t *testing.T) {
	before := goleak.IgnoreCurrent()
	_, err := markdown.Measure(strings.Repeat("- *a*\n", 2*markdown.MaxBlocks))
	if _, tooComplex := errors.AsType[*markdown.TooComplexError](err); !tooComplex {
		t.Errorf("got %v", err)
	}
	goleak.VerifyNone(t, before)
}

// Of a block with very many inlines the first are converted before the last are
// parsed, unless a delimiter or bracket may still take them in.
func TestInlinesOfLongBlocksAreAllWritten(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{
		"a\n", "a`b` ", "a@b.co ", "&amp;\\* <b>a</b> ", "(https://a.co/) ", "![a](https://a.co/a.png) ", "[a](https://a.co) ", "a_b ", "a*b* ", "[a ", "[^1]", "`a` [ ] ",
	} {
		for _, source := range []string{
			strings.Repeat(unit, 3000), "# " + strings.Repeat(unit, 3000), "- " + strings.Repeat(unit, 3000), "- [ ] " + strings.Repeat(unit, 3000), "> [!NOTE]\n> " + strings.Repeat(unit, 3000),
			"[^1]: " + strings.Repeat(unit, 3000) + "\n\n" + strings.Repeat(unit, 3000), "|a|\n|-|\n|" + strings.Repeat(strings.TrimSpace(unit)+" ", 3000) + "|",
		} {
			checkDocument(t, source)
		}
	}
}

// Where a long document is divided, nothing is lost, however many blocks stand before.
func TestSectionsAreAllWritten(t *testing.T) {
	t.Parallel()
	code := "```\n" + strings.Repeat(strings.Repeat("a", 100)+"\n", 1000) + "```\n\n"
	for before := range 210 {
		blocks := markdown.Blocks(strings.Repeat("a\n\n", before) + code + "the *end*\n\n" + code + "> - of it\n")
		if last := blocks[len(blocks)-1]; last.Kind != block.Quote || len(last.Children) != 1 || last.Children[0].Plain() != "of it" {
			t.Errorf("with %d paragraphs before it, the end is %+v", before, last)
		}
	}
	checkDocument(t, strings.Repeat(read(t, "testdata/golden/lists-numbered.md")+"\n\n"+code, 5))
}

// Footnotes are written when all is parsed, wherever the last batch of blocks ends.
func TestADocumentEndsWhereABatchDoes(t *testing.T) {
	t.Parallel()
	for n := range 250 {
		if blocks := markdown.Blocks(strings.Repeat("a\n\n", n) + "[^1]: b"); len(blocks) != n+2 { // a divider, too
			t.Errorf("%d paragraphs and a footnote are %d blocks", n, len(blocks))
		}
	}
}

// Nothing is lost where the last batch of a section ends with it.
func TestASectionEndsWhereABatchDoes(t *testing.T) {
	t.Parallel()
	const long = 2500 // of 32 bytes: more than a section
	for short := range 120 {
		source := strings.Repeat("a\n\n", short) + strings.Repeat(strings.Repeat("b", 30)+"\n\n", long)
		if blocks := markdown.Blocks(source); len(blocks) != short+long {
			t.Errorf("%d paragraphs are %d blocks", short+long, len(blocks))
		}
	}
}
