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
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := strings.Contains(outline(checkDocument(t, test.source)), test.sign); got != test.want {
				t.Errorf("%q is in the blocks: %t, want %t", test.sign, got, test.want)
			}
		})
	}
}
