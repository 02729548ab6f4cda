package block_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"notionrelay/shared/block"
)

func TestWithoutURLs(t *testing.T) {
	t.Parallel()
	const good, bad = "https://example.com/good.png", "https://example.com/bad.png"
	text := func(content string) block.Text { return block.Text{Content: content} }
	link := func(content, url string) block.Text { return block.Text{Content: content, Link: url} }
	paragraph := func(texts ...block.Text) block.Block { return block.Block{Kind: block.Paragraph, Text: texts} }
	image := func(url string, caption ...block.Text) block.Block {
		return block.Block{Kind: block.Image, URL: url, Text: caption}
	}
	with := func(b block.Block, children ...block.Block) block.Block { b.Children = children; return b }
	table := func(cell ...block.Text) block.Block {
		return block.Block{Kind: block.Table, Children: []block.Block{{Kind: block.TableRow, Cells: [][]block.Text{nil, cell}}}}
	}
	full := slices.Repeat([]block.Text{text("a")}, block.MaxRichTexts-1)
	long := strings.Repeat("a", block.MaxText)
	veryBad := bad + strings.Repeat("g", block.MaxURL-len(bad))

	for _, test := range []struct {
		name       string
		give, want block.Block
		urls       []string
	}{
		{"nothing bad", paragraph(link("a", good), text(bad)), paragraph(link("a", good), text(bad)), nil},
		{"a good image", image(good, link("a", good)), image(good, link("a", good)), nil},
		{"an image", image(bad, text("a")), paragraph(text("a"), text(" ("+bad+")")), []string{bad}},
		{"an image without a caption", image(bad), paragraph(text(bad)), []string{bad}},
		{"an image that links to itself", image(bad, link("a", bad)), paragraph(text("a"), text(" ("+bad+")")), []string{bad}},
		{"an image that links elsewhere", image(bad, link("a", good)), paragraph(link("a", good), text(" ("+bad+")")), []string{bad}},
		{"an image with a bad link", image(good, link("a", bad)), image(good, text("a"), text(" ("+bad+")")), []string{bad}},
		{"a link", paragraph(text("a "), link("b", bad), text(" c")), paragraph(text("a "), text("b"), text(" ("+bad+")"), text(" c")), []string{bad}},
		{"a link that is its own text", paragraph(link(bad, bad)), paragraph(text(bad)), []string{bad}},
		{"a link in two formats", paragraph(link("a", bad), block.Text{Content: "b", Link: bad, Bold: true}), paragraph(text("a"), block.Text{Content: "b", Bold: true}, text(" ("+bad+")")), []string{bad}},
		{"two links", paragraph(link("a", bad), text(" "), link("b", bad)), paragraph(text("a"), text(" ("+bad+")"), text(" "), text("b"), text(" ("+bad+")")), []string{bad}},
		{"among the last pieces", paragraph(slices.Concat(full, []block.Text{link("b", bad)})...), paragraph(slices.Concat(full, []block.Text{text("b (" + bad + ")")})...), []string{bad}},
		{"the last piece is full", paragraph(slices.Concat(full, []block.Text{link(long, bad)})...), paragraph(slices.Concat(full, []block.Text{text(long)})...), []string{bad}},
		{"a URL as long as a piece", image(veryBad, text("a")), paragraph(text("a"), text(" "), text("("+veryBad[:block.MaxText-1]), text(veryBad[block.MaxText-1:]+")")), []string{veryBad}},
		{"in a table", table(text("a "), link("b", bad)), table(text("a "), text("b"), text(" ("+bad+")")), []string{bad}},
		{"below others", with(paragraph(text("a")), with(paragraph(link("b", bad)), image(veryBad))), with(paragraph(text("a")), with(paragraph(text("b"), text(" ("+bad+")")), paragraph(text(veryBad)))), []string{bad, veryBad}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			before := contents([]block.Block{test.give})
			got, urls := block.WithoutURLs([]block.Block{test.give}, func(url string) bool { return strings.HasPrefix(url, bad) })
			if diff := cmp.Diff(contents([]block.Block{test.want}), contents(got)); diff != "" {
				t.Errorf("blocks (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.urls, urls); diff != "" {
				t.Errorf("URLs (-want +got):\n%s", diff)
			}
			if after := contents([]block.Block{test.give}); after != before {
				t.Errorf("what was given is now\n%s", after)
			}
		})
	}
}

// TestWithoutURLsKeepsEverythingElse takes random URLs out of random trees: none
// of them is left, each text is, every block has its place, and each request keeps
// Notion's limits.
func TestWithoutURLsKeepsEverythingElse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		linked := func(n int) []block.Text {
			texts := make([]block.Text, n)
			for i := range texts {
				texts[i] = block.Text{Content: fmt.Sprint("t", i, " "), Link: rapid.SampledFrom([]string{"", "https://a.co", "https://b.co"}).Draw(t, "link")}
			}
			return texts
		}
		var give []block.Block
		for range rapid.IntRange(0, 5).Draw(t, "blocks") {
			b := item(block.Block{Kind: block.Image, URL: rapid.SampledFrom([]string{"https://a.co/a.png", "https://b.co/b.png"}).Draw(t, "image"), Text: linked(rapid.IntRange(0, 100).Draw(t, "caption"))})
			b.Text = linked(rapid.IntRange(0, 100).Draw(t, "texts"))
			give = append(give, b)
		}
		got, _ := block.WithoutURLs(give, func(url string) bool { return strings.HasPrefix(url, "https://a.co") })
		if err := withinLimits(got); err != nil {
			t.Fatalf("%v", err)
		}
		same(t, give, got)
	})
}

func same(t testingT, give, got []block.Block) {
	t.Helper()
	if len(give) != len(got) {
		t.Fatalf("%d blocks in place of %d", len(got), len(give))
	}
	for i := range give {
		if n := len(got[i].Text); n > block.MaxRichTexts {
			t.Fatalf("%d rich texts", n)
		}
		if strings.HasPrefix(got[i].URL, "https://a.co") {
			t.Fatalf("an image of %s", got[i].URL)
		}
		rest := got[i].Plain()
		for _, text := range give[i].Text {
			before, behind, found := strings.Cut(rest, text.Content)
			if !found || strings.Contains(before, "t") && !strings.Contains(before, "https") {
				t.Fatalf("%q is not in %q", text.Content, rest)
			}
			rest = behind
		}
		for _, text := range got[i].Text {
			if strings.HasPrefix(text.Link, "https://a.co") {
				t.Fatalf("a link to %s", text.Link)
			}
		}
		same(t, give[i].Children, got[i].Children)
	}
}
