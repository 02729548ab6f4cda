package markdown_test

import (
	"reflect"
	"regexp"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"notionrelay/shared/block"
	"notionrelay/shared/markdown"
)

// checkDocument fails the test unless the blocks of a document have its text
// and keep the limits on single blocks. It returns them.
func checkDocument(t failer, source string) []block.Block {
	t.Helper()
	blocks := markdown.Blocks(source)
	want, got := referenceText(source), blockText(blocks)
	if listTag.MatchString(source) { // the reference does not number the items of HTML
		want, got = number.ReplaceAllString(want, ""), number.ReplaceAllString(got, "")
	}
	if want = settled(want, got); got != want {
		same := 0
		for same < min(len(got), len(want)) && got[same] == want[same] {
			same++
		}
		from := max(0, same-200)
		t.Fatalf("text of %.2000q\nfrom byte %d on\n got %.400q\nwant %.400q", source, from, got[from:], want[from:])
	}
	checkBlocks(t, blocks)
	checkBatches(t, source, blocks)
	return blocks
}

// checkBatches wants the same blocks however much is parsed at a time. The worst of
// the large documents take too long for that.
func checkBatches(t failer, source string, want []block.Block) {
	t.Helper()
	if len(source) > 50_000 {
		return
	}
	for name, convert := range map[string]func(string) []block.Block{"all at once": markdown.AllAtOnce, "one at a time": markdown.OneAtATime} {
		got := convert(source)
		if reflect.DeepEqual(want, got) { // the quick way, to which an empty slice is not nil
			continue
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%.2000q parsed %s (-usual +then):\n%s", source, name, diff)
		}
	}
}

var (
	listTag = regexp.MustCompile(`(?i)<[ou]l|<li`)
	number  = regexp.MustCompile(`[0-9.()]`) // behind one, an address stands in brackets
)

// failer is what of *testing.T and *rapid.T is needed here.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func checkBlocks(t failer, blocks []block.Block) {
	t.Helper()
	for _, b := range blocks {
		checkTexts(t, b.Kind, b.Text)
		if size := len(encode([]block.Block{{Kind: b.Kind, Text: b.Text, Cells: b.Cells}})); size > 450_000 {
			t.Fatalf("%s has %d bytes without its children", b.Kind, size)
		}
		switch b.Kind {
		case block.Table:
			checkTable(t, b)
		case block.Equation:
			if units := block.Units(b.Expression); units == 0 || units > block.MaxEquation {
				t.Fatalf("equation of %d units", units)
			}
		case block.Image:
			if !block.ValidImage(b.URL) {
				t.Fatalf("image with URL %q", b.URL)
			}
		}
		if len(b.Children) > 0 && !parents[b.Kind] {
			t.Fatalf("%s with children", b.Kind)
		}
		checkBlocks(t, b.Children)
	}
}

var parents = map[block.Kind]bool{
	block.Paragraph: true, block.BulletedListItem: true, block.NumberedListItem: true, block.ToDo: true,
	block.Toggle: true, block.Quote: true, block.Callout: true, block.Table: true,
}

func checkTexts(t failer, kind block.Kind, texts []block.Text) {
	t.Helper()
	if len(texts) > block.MaxRichTexts {
		t.Fatalf("%s with %d rich texts", kind, len(texts))
	}
	for _, text := range texts {
		if n := block.Units(text.Content); n == 0 || n > block.MaxText {
			t.Fatalf("%s with a text of %d units", kind, n)
		}
		if !utf8.ValidString(text.Content) {
			t.Fatalf("%s with text %q", kind, text.Content)
		}
		if text.Link != "" && !block.ValidLink(text.Link) {
			t.Fatalf("%s with link %q", kind, text.Link)
		}
	}
}

func checkTable(t failer, table block.Block) {
	t.Helper()
	if n := len(table.Children); n < 1 {
		t.Fatalf("table of %d rows", n)
	}
	for _, row := range table.Children {
		if got, want := len(row.Cells), len(table.Children[0].Cells); got != want || got > block.MaxCells {
			t.Fatalf("row of %d cells in a table of %d columns", got, want)
		}
		for _, cell := range row.Cells {
			checkTexts(t, row.Kind, cell)
		}
	}
}

// checkPlan fails the test unless the plan, carried out in memory, gives the
// blocks, and every request keeps Notion's limits.
func checkPlan(t failer, blocks []block.Block) {
	t.Helper()
	plan := block.NewPlan(blocks)
	checkRequest(t, plan.Create)
	page := block.Block{Children: clone(plan.Create)}
	for i, a := range plan.Appends {
		checkRequest(t, a.Children)
		parent := &page
		for _, index := range a.Parent {
			if index >= len(parent.Children) {
				t.Fatalf("append %d goes to %v, which is not there yet", i, a.Parent)
			}
			parent = &parent.Children[index]
		}
		if len(a.Children) == 0 || len(parent.Children) != a.Offset {
			t.Fatalf("append %d of %d children to %v has offset %d, and there are %d", i, len(a.Children), a.Parent, a.Offset, len(parent.Children))
		}
		parent.Children = append(parent.Children, clone(a.Children)...)
	}
	if diff := cmp.Diff(outline(blocks), outline(page.Children)); diff != "" {
		t.Fatalf("what the plan writes (-want +got):\n%s", diff)
	}
}

func checkRequest(t failer, blocks []block.Block) {
	t.Helper()
	elements := 0
	var count func(blocks []block.Block, depth int)
	count = func(blocks []block.Block, depth int) {
		elements += len(blocks)
		if len(blocks) > block.MaxChildren || len(blocks) > 0 && depth > block.MaxDepth {
			t.Fatalf("%d blocks on level %d of a request", len(blocks), depth)
		}
		for _, b := range blocks {
			if b.Kind == block.Table && len(b.Children) == 0 {
				t.Fatalf("table without a row")
			}
			count(b.Children, depth+1)
		}
	}
	count(blocks, 0)
	if size := len(encode(blocks)); elements > block.MaxElements || size > block.MaxRequestBytes {
		t.Fatalf("request of %d blocks and %d bytes", elements, size)
	}
}

// clone copies blocks so that appending to one's children changes no other.
func clone(blocks []block.Block) []block.Block {
	blocks = slices.Clone(blocks)
	for i := range blocks {
		blocks[i].Children = clone(blocks[i].Children)
	}
	return blocks
}

func FuzzText(f *testing.F) {
	for _, source := range seeds(f) {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		blocks := checkDocument(t, source)
		checkPlan(t, blocks)
		checkSize(t, source, blocks)
	})
}
