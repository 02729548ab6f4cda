package markdown_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notionrelay/shared/markdown"
)

// regressions is what once went wrong, under the name of its fault.
var regressions = []struct{ fault, source, want string }{
	{
		"an equation on one line swallowed what follows",
		"$$a$$\ntext\n\n$$\nb\n$$\n",
		"equation expression=\"a\"\nparagraph \"text\"\nequation expression=\"b\"\n",
	},
	{
		"an equation that its list cut short lost its dollars",
		"* $$\n0$$\n",
		"bulleted_list_item \"$$\"\nparagraph \"0$$\"\n",
	},
	{
		"an equation of blank lines was empty",
		"> $$\n>\n> $$\n",
		"quote \"$$\\n$$\"\n",
	},
	{
		"mailto without an address was a link, which Notion refuses",
		"<mAilto:0>0\n",
		"paragraph \"mAilto:00\"\n",
	},
	{
		"a link at the start of an item was a check box",
		"- [x](https://example.com)\n- [ ]none\n- [x] done\n",
		"bulleted_list_item \"x\"+link(https://example.com)\nbulleted_list_item \"[ ]none\"\nto_do checked=true \"done\"\n",
	},
	{
		"an image in the text of another was the whole of it to the reference",
		"![![](http://0)](http://00)",
		"paragraph \"http://00\"+link(http://00) \" (http://0)\"+link(http://0)\n",
	},
	{
		"code kept the carriage returns of its line ends",
		"```\r\na\r\nb\r\n```\r\n",
		"code language=\"plain text\" \"a\\nb\"\n",
	},
	{
		"what looks like a closing tag with attributes was left out",
		"</a href=\"foo\"> text\n\n<p>more</p id=1></p>\n",
		"paragraph \"</a href=\\\"foo\\\"> text\"\nparagraph \"more</p id=1>\"\n",
	},
	{
		"a bare URL kept its entities",
		"https://example.com/?q=1&amp;r=2\n",
		"paragraph \"https://example.com/?q=1&r=2\"+link(https://example.com/?q=1&r=2)\n",
	},
	{
		"the check box of a heading was looked for before its inlines were parsed",
		"- [ ] a\n  ===\n",
		"to_do checked=false\n  heading_1 \"a\"\n",
	},
	{
		"a toggle that is nothing but its summary had room for children, or none, as it was parsed",
		"\x00<detAils>000000000\n\n<detAils>\n<summArY>0",
		"paragraph \"\ufffd\"\ntoggle\n  paragraph \"000000000\"\n  toggle \"0\"\n",
	},
	{
		"a closing tag that is none to CommonMark was one to the reference of the tests",
		"<td </A/>",
		"paragraph \"<td </A/>\"\n",
	},
	{
		"an image around another that alone can be shown was not in the reference of the tests",
		"a![![](https://b.example/c.svg)](https://b.example)",
		"paragraph \"a\"\nimage url=\"https://b.example/c.svg\" \"https://b.example\"+link(https://b.example)\n",
	},
	{
		"a link that no text followed was lost where a block ended, or in brackets",
		"a <a href='https://b.example'><p>\n\nc <a href=d><p>\n\n<h1><a href='https://e.example'><style>\n",
		"paragraph \"a\"\nparagraph \"https://b.example\"+link(https://b.example)\nparagraph \"c\"\nparagraph \"d\"\n" +
			"code language=\"css\"\nheading_1 \"https://e.example\"+link(https://e.example)\n",
	},
	{
		"a link without text had the number of an item for its text",
		"<td><ol><a href='https://b.example'><li>",
		"table header=false\n  table_row | \"1. https://b.example\"+link(https://b.example)\n",
	},
	{
		"a toggle that a cell left open took all later rows with it",
		"|<details><summary>a</summary>b|c|\n|-|-|\n|d|<details>e|\n|f|g|\n",
		"table header=true\n  table_row | \"a\\nb\" | \"c\"\n  table_row | \"d\" | \"e\"\n  table_row | \"f\" | \"g\"\n",
	},
	{
		"a comment in the form of a definition is nothing",
		"a\n\n[//]: # (b)\n\n[comment]: <#> \"c\"\n[d]: #\n\ne\n",
		"paragraph \"a\"\nparagraph \"e\"\n",
	},
}

func TestRegressions(t *testing.T) {
	t.Parallel()
	for _, test := range regressions {
		t.Run(strings.ReplaceAll(test.fault, " ", "_"), func(t *testing.T) {
			t.Parallel()
			checkDocument(t, test.source)
			if diff := cmp.Diff(test.want, outline(markdown.Blocks(test.source))); diff != "" {
				t.Errorf("blocks of %q (-want +got):\n%s", test.source, diff)
			}
		})
	}
}

// TestLongReportsKeepTheirForm: no bound is so low that anybody's report meets it.
func TestLongReportsKeepTheirForm(t *testing.T) {
	t.Parallel()
	row := strings.Repeat("|a cell", 40) + "|\n"
	for _, test := range []struct {
		name, source, sign string
		times              int
	}{
		{"a table of 40 columns and 2,000 rows", strings.Replace(row, "cell", "head", 1) + strings.Repeat("|-", 40) + "|\n" + strings.Repeat(row, 2000), "  table_row", 2001},
		{"3,000 links in a paragraph", strings.Repeat("see [this](https://example.com/a) ", 3000), "+link", 3000},
		{"an array of JSON in a paragraph", "[" + strings.Repeat("[1,2],", 170_000) + "[]]", "1", 170_000},
		{"5,000 lines of formats", strings.Repeat("12:00 **ok**\n", 5000), "+bold", 5000},
		{"a log of 100,000 lines", strings.Repeat("12:00 [INFO] ok\n", 100_000), "[INFO] ok", 100_000},
		{"a list of 30,000 items", strings.Repeat("1. an *item*\n", 30_000), "numbered_list_item \"an \" \"item\"+italic", 30_000},
		{"a list of six levels", strings.Repeat("- a\n  - b\n    - c\n      - d\n        - e\n          - f\n", 4000), "          bulleted_list_item \"f\"", 4000},
		{"a list in a quote", strings.Repeat("> - an item\n", 20_000), "  bulleted_list_item", 20_000},
		{"a footnote of 1,000 lines", "[^1]\n\n[^1]: a\n" + strings.Repeat("    *b*\n", 1000), "+italic", 1000},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if _, err := markdown.Measure(test.source); err != nil && !strings.Contains(err.Error(), "requests") {
				t.Error(err)
			}
			if got := strings.Count(outline(markdown.Blocks(test.source)), test.sign); got != test.times {
				t.Errorf("%q is there %d times, want %d", test.sign, got, test.times)
			}
		})
	}
}

// TestBounds: what is beyond a bound stays text, and what is within is not.
func TestBounds(t *testing.T) {
	t.Parallel()
	rows := func(n int) string { return "|a|\n|-|\n" + strings.Repeat("|b|\n", n) }
	escapes := func(n int) string { return "|a|\n|-|\n" + strings.Repeat("|`\\|`|\n", n) }
	uses := func(n int) string {
		return "[a]: https://b.example/" + strings.Repeat("c", 1000) + "\n\n" + strings.Repeat("[a]\n", n)
	}
	for _, test := range []struct {
		name, source, sign string
		want               bool
	}{
		{"cells of tables", rows(1000), "table header=true", true},
		{"too many cells", rows(90_000), "table header=true", false},
		{"escaped pipes in code", escapes(500), "table header=true", true},
		{"too many escaped pipes", escapes(4001), "table header=true", false},
		{"uses of a URL", uses(500), `\na\na`, false},
		{"too many uses of a URL", uses(4200), `\na\na`, true},
		{"formats of a block", strings.Repeat("a `b` ", 16_000) + "`c`", "\"c\"+code", true},
		{"too many formats of a block", strings.Repeat("a `b` ", 16_500) + "`c`", "\"c\"+code", false},
		{"too many formats", strings.Repeat(strings.Repeat("a `b` ", 100)+"\n\n", 700) + "`c`", "\"c\"+code", false},
		{"too many links of a block", strings.Repeat("a@b.co ", 17_000) + "c@d.co", "(mailto:c@d.co)", false},
		{"too many delimiters of a block", strings.Repeat("*a* ", 40_000), "+italic", false},
		{"lines of a paragraph", strings.Repeat("a\n", 60_000), "\nparagraph", false},
		{"too many lines of a paragraph", strings.Repeat("a\n", 70_000), "\nparagraph", true},
		{"references to a footnote", strings.Repeat("[^1] ", 19_000) + "\n\n[^1]: a", "[^1]", false},
		{"too many references to a footnote", strings.Repeat("[^1] ", 21_000) + "\n\n[^1]: a", "[^1]", true},
		{"cells of HTML", "<table><tr>" + strings.Repeat("<td>a", 80_000), " | \"a\" | \"a\"", true},
		{"too many cells of HTML", "<table><tr>" + strings.Repeat("<td>a", 91_000), "a\\na", true},
		{"cells that fill up rows of HTML", "<table><tr>" + strings.Repeat("<td>a", 100) + strings.Repeat("<tr><td>a", 1000), strings.Repeat(" | \"a\"", 100), true},
		{"too many cells that fill up rows of HTML", "<table><tr>" + strings.Repeat("<td>a", 100) + strings.Repeat("<tr><td>a", 10_000), strings.Repeat(" | \"a\"", 100), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := strings.Contains(outline(checkDocument(t, test.source)), test.sign); got != test.want {
				t.Errorf("%q is in the blocks: %t, want %t", test.sign, got, test.want)
			}
		})
	}
}
