package markdown_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"notionrelay/shared/block"
	"notionrelay/shared/markdown"
	"notionrelay/test/processor"
	"notionrelay/test/worstmarkdown"
)

// BenchmarkReport compares, for the realistic report, goldmark's parse of GFM
// alone with the way from markdown to blocks, and with the whole way to the bodies of
// requests.
func BenchmarkReport(b *testing.B) {
	source := read(b, "testdata/report.md")
	parser := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser()
	for _, way := range []struct {
		name string
		take func()
	}{
		{"goldmark parse alone", func() { parser.Parse(text.NewReader([]byte(source))) }},
		{"markdown to blocks", func() { markdown.Blocks(source) }},
		{"markdown to request bodies", func() { bodies(source) }},
	} {
		b.Run(way.name, func(b *testing.B) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := processor.Used(b)
			for b.Loop() {
				way.take()
			}
			took := processor.Used(b) - began
			runtime.ReadMemStats(&after)
			megabytes := float64(b.N*len(source)) / 1e6
			b.SetBytes(int64(len(source)))
			b.ReportMetric(megabytes/took.Seconds(), "MB/cpu-s")
			b.ReportMetric(float64(after.Mallocs-before.Mallocs)/megabytes, "allocs/MB")
			b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/1e6/megabytes, "MB-allocated/MB")
		})
	}
}

// BenchmarkMemory reports how much memory the way from markdown to the bodies of
// requests takes from the system, as a multiple of a report of 1 MB.
func BenchmarkMemory(b *testing.B) {
	source := read(b, "testdata/report.md")
	source = strings.Repeat(source, 1<<20/len(source))
	most := 0.0
	for b.Loop() {
		debug.FreeOSMemory()
		before := heap()
		bodies(source)
		most = max(most, heap()-before)
	}
	b.ReportMetric(most/float64(len(source)), "heap/input")
}

// heap is what the program has of the system, in bytes, before any of it is given back.
func heap() float64 {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return float64(memory.HeapSys - memory.HeapReleased)
}

// bodies makes the body of each request that a document takes, one after the
// other, as a publisher does.
func bodies(source string) {
	plan := block.NewPlan(markdown.Blocks(source))
	encode(plan.Create)
	for _, a := range plan.Appends {
		encode(a.Children)
	}
}

// encode is the JSON array of the blocks as a request has it.
func encode(blocks []block.Block) []byte {
	array := make([]*block.JSON, len(blocks))
	for i := range blocks {
		array[i] = blocks[i].JSON()
	}
	data, err := json.Marshal(array)
	if err != nil {
		panic(err)
	}
	return data
}

// BenchmarkWorst reports how much memory the worst takes from the system, next
// to the time. Of some, a smaller amount is worse: a bound lies between.
func BenchmarkWorst(b *testing.B) {
	for _, size := range []int{1 << 20, 1 << 18} {
		documents := worstmarkdown.Documents(size)
		for _, name := range slices.Sorted(maps.Keys(documents)) {
			b.Run(fmt.Sprintf("%d KB/%s", size>>10, name), func(b *testing.B) {
				source := documents[name].String()
				debug.FreeOSMemory()
				b.ReportAllocs()
				for b.Loop() {
					bodies(source)
				}
				b.ReportMetric(heap()/(1<<20), "MB-heap")
			})
		}
	}
}
