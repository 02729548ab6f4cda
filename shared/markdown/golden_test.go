package markdown_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"notionrelay/shared/block"
	"notionrelay/test/golden"
)

// TestGolden shows what becomes of every construct, and of a whole report: the
// blocks, and how the requests write them.
func TestGolden(t *testing.T) {
	t.Parallel()
	documents, err := filepath.Glob("testdata/golden/*.md")
	if err != nil || len(documents) == 0 {
		t.Fatalf("%d documents, error %v", len(documents), err)
	}
	for _, path := range append(documents, "testdata/report.md") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			blocks := checkDocument(t, read(t, path))
			checkPlan(t, blocks)
			got := outline(blocks) + "\n" + requests(block.NewPlan(blocks))
			golden.Compare(t, strings.TrimSuffix(path, ".md")+".txt", got)
		})
	}
}

// requests shows a plan: what each request adds, to what, behind what.
func requests(plan block.Plan) string {
	var b strings.Builder
	fmt.Fprintf(&b, "create the page with %s\n", amount(plan.Create))
	for _, a := range plan.Appends {
		parent := "the page"
		if len(a.Parent) > 0 {
			parent = "block " + strings.Trim(strings.ReplaceAll(fmt.Sprint([]int(a.Parent)), " ", "."), "[]")
		}
		fmt.Fprintf(&b, "append to %s, behind %d, %s\n", parent, a.Offset, amount(a.Children))
	}
	fmt.Fprintf(&b, "%d requests with the reads\n", plan.Requests())
	return b.String()
}

// amount is the number of blocks on the first level and in all.
func amount(blocks []block.Block) string {
	return fmt.Sprintf("%d blocks (%d in all)", len(blocks), count(blocks))
}

func count(blocks []block.Block) int {
	n := len(blocks)
	for _, b := range blocks {
		n += count(b.Children)
	}
	return n
}
