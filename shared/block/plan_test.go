package block_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"notionrelay/shared/block"
	"notionrelay/test/notionschema"
)

// leaves is n paragraphs.
func leaves(n int) []block.Block {
	blocks := make([]block.Block, n)
	for i := range blocks {
		blocks[i] = block.Block{Kind: block.Paragraph, Text: []block.Text{{Content: fmt.Sprint(i)}}}
	}
	return blocks
}

// item is a list item with what is below it.
func item(children ...block.Block) block.Block {
	return block.Block{Kind: block.BulletedListItem, Text: []block.Text{{Content: "item"}}, Children: children}
}

// chain is items of which each is below the one before it.
func chain(levels int) block.Block {
	if levels == 1 {
		return item()
	}
	return item(chain(levels - 1))
}

// heavy is a block of about n bytes of JSON.
func heavy(n int) block.Block {
	var texts []block.Text
	for ; n > 0; n -= 2000 {
		texts = append(texts, block.Text{Content: strings.Repeat("x", min(n, 2000))})
	}
	return block.Block{Kind: block.Paragraph, Text: texts}
}

func repeat(n int, b block.Block) []block.Block { return slices.Repeat([]block.Block{b}, n) }

func TestPlanTakesTheFewestRequests(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		blocks []block.Block
		want   int // requests, the page's creation and reads included
	}{
		{"an empty page", nil, 1},
		{"one array of blocks", leaves(100), 1},
		{"one block more", leaves(101), 2},
		{"three arrays", leaves(250), 3},
		{"three levels", []block.Block{chain(3)}, 1},
		{"a thousand blocks in all", repeat(10, item(leaves(99)...)), 1},
		{"a block more than a thousand", append(repeat(10, item(leaves(99)...)), leaves(1)...), 2},
		{"490 KB", repeat(9, heavy(50_000)), 1},
		{"more than 500 KB", repeat(12, heavy(50_000)), 2},
		{"four levels", []block.Block{chain(4)}, 3},                   // empty creation, the top, what is below it
		{"four levels behind others", append(leaves(3), chain(4)), 3}, // others, the top, what is below it
		{"six levels", []block.Block{chain(6)}, 5},                    // one for each level above the lowest three
		{"children that take two requests", []block.Block{item(leaves(150)...)}, 3},
		{"children that take three requests", []block.Block{item(leaves(250)...)}, 4},
		{"a long table", []block.Block{{Kind: block.Table, Children: repeat(100, row())}}, 1},
		{"a longer table", []block.Block{{Kind: block.Table, Children: repeat(101, row())}}, 3},
		{"a very long table behind others", append(leaves(3), block.Block{Kind: block.Table, Children: repeat(350, row())}), 5},
		{"a long table below an item", []block.Block{item(block.Block{Kind: block.Table, Children: repeat(250, row())})}, 5},
		{"children along with many neighbours", append([]block.Block{item(leaves(150)...)}, repeat(94, item(leaves(9)...))...), 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			checkPlan(t, test.blocks)
			if got := block.NewPlan(test.blocks).Requests(); got != test.want {
				t.Errorf("%d requests, want %d", got, test.want)
			}
		})
	}
}

func row() block.Block {
	return block.Block{Kind: block.TableRow, Cells: [][]block.Text{{{Content: "cell"}}}}
}

// TestTableIsCreatedWithARow: Notion refuses a table without one, so that a
// table whose rows do not fit is the one block that is never bare.
func TestTableIsCreatedWithARow(t *testing.T) {
	t.Parallel()
	wide := block.Block{Kind: block.TableRow, Cells: [][]block.Text{heavy(60_000).Text}}
	table := block.Block{Kind: block.Table, Children: repeat(20, wide)}
	checkPlan(t, []block.Block{item(item(table)), table})
}

// TestTooMuchForAnyRequestIsPlanned: nothing is silently left out.
func TestTooMuchForAnyRequestIsPlanned(t *testing.T) {
	t.Parallel()
	huge := heavy(600_000)
	plan := block.NewPlan([]block.Block{huge, item(), huge})
	if got, want := contents(carriedOut(t, plan)), contents([]block.Block{huge, item(), huge}); got != want {
		t.Error("the plan leaves something out")
	}
}

// TestPlanOfSmallTreesIsTheShortest compares the plans of all trees of up to
// eight blocks with the shortest of all ways to write them.
func TestPlanOfSmallTreesIsTheShortest(t *testing.T) {
	t.Parallel()
	for n := range 9 {
		for _, blocks := range forests(n) {
			checkPlan(t, blocks)
			got, want := block.NewPlan(blocks).Requests(), fewest(blocks)
			if got != want {
				t.Errorf("%d requests, and %d are enough for\n%s", got, want, contents(blocks))
			}
		}
	}
}

// forests is all ordered forests of n blocks.
func forests(n int) [][]block.Block {
	if n == 0 {
		return [][]block.Block{nil}
	}
	var all [][]block.Block
	for below := range n {
		for _, children := range forests(below) {
			for _, rest := range forests(n - 1 - below) {
				all = append(all, append([]block.Block{item(children...)}, rest...))
			}
		}
	}
	return all
}

// TestPlanOfFlatBlocksIsTheShortest compares plans with the best division of a
// sequence, found by dynamic programming.
func TestPlanOfFlatBlocksIsTheShortest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		blocks := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) block.Block {
			if rapid.IntRange(0, 9).Draw(t, "weight") == 0 {
				return heavy(rapid.IntRange(1, 150_000).Draw(t, "bytes"))
			}
			return item(leaves(rapid.IntRange(0, 60).Draw(t, "children"))...)
		}), 0, 300).Draw(t, "blocks")
		checkPlan(t, blocks)
		if got, want := block.NewPlan(blocks).Requests(), max(1, divisions(blocks)); got != want {
			t.Fatalf("%d requests for %d blocks, and %d are enough", got, len(blocks), want)
		}
	})
}

// divisions is into how many requests a sequence must be divided at least.
func divisions(blocks []block.Block) int {
	best := make([]int, len(blocks)+1)
	for end := 1; end <= len(blocks); end++ {
		best[end] = end
		for start := end - 1; start >= 0 && withinLimits(blocks[start:end]) == nil; start-- {
			best[end] = min(best[end], best[start]+1)
		}
	}
	return best[len(blocks)]
}

func TestPlanWritesEverythingOnceInOrder(t *testing.T) {
	t.Parallel()
	schema := notionschema.Official(t)
	rapid.Check(t, func(t *rapid.T) {
		blocks := tree(6).Draw(t, "blocks")
		plan := checkPlan(t, blocks)
		validate(t, schema, plan)
	})
}

// tree generates blocks of up to the given number of levels.
func tree(levels int) *rapid.Generator[[]block.Block] {
	return rapid.Custom(func(t *rapid.T) []block.Block {
		blocks := rapid.SliceOfN(anyBlock(levels), 0, 3).Draw(t, "blocks")
		if rapid.IntRange(0, 5).Draw(t, "many") == 0 {
			blocks = append(blocks, leaves(rapid.IntRange(90, 230).Draw(t, "more"))...)
		}
		return blocks
	})
}

func anyBlock(levels int) *rapid.Generator[block.Block] {
	return rapid.Custom(func(t *rapid.T) block.Block {
		kind := rapid.SampledFrom([]block.Kind{
			block.Paragraph, block.BulletedListItem, block.NumberedListItem, block.ToDo, block.Toggle, block.Quote,
			block.Callout, block.Divider, block.Code, block.Heading1, block.Table,
		}).Draw(t, "kind")
		b := block.Block{Kind: kind}
		switch kind {
		case block.Divider:
			return b
		case block.Table:
			b.Children = repeat(rapid.IntRange(1, 250).Draw(t, "rows"), row())
			return b
		case block.Code:
			b.Language = "plain text"
		case block.Callout:
			b.Icon = "💡"
		}
		b.Text = []block.Text{{Content: rapid.StringN(1, 20, 100).Draw(t, "text")}}
		if levels > 1 && kind != block.Code && kind != block.Heading1 {
			b.Children = tree(levels-1).Draw(t, "children")
		}
		return b
	})
}

// checkPlan fails the test unless the plan of the blocks, carried out, gives
// them, and every request keeps Notion's limits. It returns the plan.
func checkPlan(t testingT, blocks []block.Block) block.Plan {
	t.Helper()
	plan := block.NewPlan(blocks)
	for i, request := range requests(plan) {
		if err := withinLimits(request); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
	}
	if diff := cmp.Diff(contents(blocks), contents(carriedOut(t, plan))); diff != "" {
		t.Fatalf("what the plan writes (-want +got):\n%s", diff)
	}
	return plan
}

// testingT is what *testing.T and *rapid.T have in common.
type testingT interface {
	Helper()
	Fatalf(format string, args ...any)
}

func requests(plan block.Plan) [][]block.Block {
	all := [][]block.Block{plan.Create}
	for _, a := range plan.Appends {
		all = append(all, a.Children)
	}
	return all
}

// withinLimits tells which limit a request breaks.
func withinLimits(blocks []block.Block) error {
	elements := 0
	var walk func(blocks []block.Block, depth int) error
	walk = func(blocks []block.Block, depth int) error {
		elements += len(blocks)
		if len(blocks) > 100 {
			return fmt.Errorf("%d blocks in one array", len(blocks))
		}
		if len(blocks) > 0 && depth > 2 {
			return fmt.Errorf("blocks on level %d", depth)
		}
		for _, b := range blocks {
			if b.Kind == block.Table && len(b.Children) == 0 {
				return fmt.Errorf("a table without a row")
			}
			if err := walk(b.Children, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(blocks, 0); err != nil {
		return err
	}
	if elements > 1000 {
		return fmt.Errorf("%d blocks", elements)
	}
	if size := len(encode(blocks...)); size > block.MaxRequestBytes {
		return fmt.Errorf("%d bytes", size)
	}
	return nil
}

// carriedOut is the page that a plan writes.
func carriedOut(t testingT, plan block.Plan) []block.Block {
	t.Helper()
	page := block.Block{Children: clone(plan.Create)}
	for i, a := range plan.Appends {
		parent := &page
		for _, index := range a.Parent {
			if index >= len(parent.Children) {
				t.Fatalf("append %d to %v, which is not there yet", i, a.Parent)
			}
			parent = &parent.Children[index]
		}
		if a.Offset != len(parent.Children) || len(a.Children) == 0 {
			t.Fatalf("append %d of %d blocks to %v behind %d, and there are %d", i, len(a.Children), a.Parent, a.Offset, len(parent.Children))
		}
		parent.Children = append(parent.Children, clone(a.Children)...)
	}
	return page.Children
}

// clone copies blocks so that appending to one's children changes no other.
func clone(blocks []block.Block) []block.Block {
	blocks = slices.Clone(blocks)
	for i := range blocks {
		blocks[i].Children = clone(blocks[i].Children)
	}
	return blocks
}

// contents shows all of the blocks, one a line.
func contents(blocks []block.Block) string {
	var b strings.Builder
	var write func(blocks []block.Block, depth int)
	write = func(blocks []block.Block, depth int) {
		for _, bl := range blocks {
			children := bl.Children
			bl.Children = nil
			b.WriteString(strings.Repeat("  ", depth))
			b.Write(encode(bl))
			b.WriteByte('\n')
			write(children, depth+1)
		}
	}
	write(blocks, 0)
	return b.String()
}
