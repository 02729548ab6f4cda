package block_test

import (
	"os"
	"testing"

	"notionrelay/shared/block"
	"notionrelay/shared/markdown"
)

func BenchmarkPlan(b *testing.B) {
	source, err := os.ReadFile("../markdown/testdata/report.md")
	if err != nil {
		b.Fatal(err)
	}
	blocks := markdown.Blocks(string(source))
	b.ReportAllocs()
	for b.Loop() {
		block.NewPlan(blocks)
	}
}
