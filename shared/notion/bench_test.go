package notion_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/jomei/notionapi"

	"notionrelay/shared/block"
	"notionrelay/shared/markdown"
	"notionrelay/shared/notion"
)

// BenchmarkRequestBodies encodes the blocks of the realistic report as the
// client sends them: through the library's request and encoding/json.
func BenchmarkRequestBodies(b *testing.B) {
	source, err := os.ReadFile("../markdown/testdata/report.md")
	if err != nil {
		b.Fatal(err)
	}
	plan := block.NewPlan(markdown.Blocks(string(source)))
	requests := [][]block.Block{plan.Create}
	for _, a := range plan.Appends {
		requests = append(requests, a.Children)
	}
	b.SetBytes(int64(len(source)))
	b.ReportAllocs()
	for b.Loop() {
		for _, blocks := range requests {
			if _, err := json.Marshal(&notionapi.AppendBlockChildrenRequest{Children: notion.Wire(blocks)}); err != nil {
				b.Fatal(err)
			}
		}
	}
}
