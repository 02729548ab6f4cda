package markdown_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"notionrelay/shared/block"
	"notionrelay/shared/markdown"
)

// BenchmarkReport compares, for the realistic report, goldmark's parse of GFM
// alone with the whole way from markdown to the bodies of requests.
func BenchmarkReport(b *testing.B) {
	source := read(b, "testdata/report.md")
	b.Run("goldmark parse alone", func(b *testing.B) {
		parser := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser()
		b.SetBytes(int64(len(source)))
		b.ReportAllocs()
		for b.Loop() {
			parser.Parse(text.NewReader([]byte(source)))
		}
	})
	b.Run("markdown to request bodies", func(b *testing.B) {
		b.SetBytes(int64(len(source)))
		b.ReportAllocs()
		var body []byte
		for b.Loop() {
			body = bodies(body[:0], source)
		}
	})
}

// bodies appends the blocks of all requests that a document takes.
func bodies(dst []byte, source string) []byte {
	plan := block.NewPlan(markdown.Blocks(source))
	dst = block.AppendJSON(dst, plan.Create)
	for _, a := range plan.Appends {
		dst = block.AppendJSON(dst, a.Children)
	}
	return dst
}

// worst is megabytes of what makes markdown parsers slow.
func worst() map[string]string {
	const size = 1 << 20
	fill := func(unit string) string { return strings.Repeat(unit, size/len(unit)) }
	nested := func(unit, end string, depth int) string {
		return fill(strings.Repeat(unit, depth) + end)
	}
	half := func(first, second string) string { return fill(first)[:size/2] + fill(second)[:size/2] }
	var lengths, indented, references, footnotes strings.Builder
	for n := 1; lengths.Len() < size; n++ {
		lengths.WriteString("a" + strings.Repeat("`", n))
	}
	for n := 0; indented.Len() < size; n++ {
		indented.WriteString(strings.Repeat("  ", n) + "- a\n")
	}
	for n := 0; references.Len() < size; n++ {
		fmt.Fprintf(&references, "[%d]: u\n", n)
	}
	for n := 0; footnotes.Len() < size/2; n++ {
		fmt.Fprintf(&footnotes, "[^%d]: a\n", n)
	}
	wide := "|" + strings.Repeat("a|", 100_000) + "\n|" + strings.Repeat("-|", 100_000) + "\n"
	return map[string]string{
		"10,000 nested quotes":         nested("> ", "a\n", 10_000),
		"quotes without spaces":        fill(">"),
		"quotes, then blank lines":     strings.Repeat(">", 10_000) + "a" + fill("\n"),
		"lists on one line":            fill("- "),
		"lists, then blank lines":      strings.Repeat("- ", 10_000) + "a" + fill("\n"),
		"lists, then quoted blanks":    "> " + strings.Repeat("- ", 10_000) + "a\n" + fill(">\n"),
		"lists and a fence, blanks":    strings.Repeat("- ", 90) + "```\n" + fill("\n"),
		"deep list":                    indented.String(),
		"list of blank items":          fill("-\n"),
		"stars":                        fill("*"),
		"stars and letters":            fill("*a"),
		"stars with spaces":            fill("* a"),
		"spaced stars":                 fill("a **b"),
		"openers and other closers":    half("*a ", "a_ "),
		"nested emphasis":              half("*a **a ", "b** b*"),
		"one line":                     fill("a"),
		"one line of words":            fill("word "),
		"one line of spaces":           "a" + fill(" ") + "b",
		"one line of emoji":            fill("👩‍👩‍👧‍👦"),
		"one endless cluster":          "a" + fill("\u0301"),
		"brackets":                     fill("["),
		"brackets that match":          half("[", "]"),
		"brackets in groups":           nested("[", strings.Repeat("]", 450), 450),
		"links without end":            fill("[a](b"),
		"links in angles without end":  fill("[a](<b"),
		"links in links":               half("[", "](a)"),
		"images in images":             half("![", "](a)"),
		"images in brackets":           strings.Repeat("[", 400) + half("![a](b)", "]"),
		"titles without end":           fill("[a](b \""),
		"less-than signs":              fill("<"),
		"tags without end":             fill("<a "),
		"tags with endless attributes": fill("<a b='"),
		"comments without end":         fill("<!--"),
		"comment lines without end":    fill("<!--\n"),
		"quoted comments":              fill("> <!--\n\n") + "-->",
		"instructions without end":     fill("<?"),
		"CDATA without end":            fill("<![CDATA["),
		"details":                      fill("<details>"),
		"details on lines":             fill("<details>\n"),
		"summaries":                    fill("<details><summary>a"),
		"backticks":                    fill("`"),
		"backticks of all lengths":     lengths.String(),
		"backtick pairs":               fill("`a``"),
		"fences":                       fill("```\n~~~\n"),
		"dollars":                      fill("$$"),
		"dollar lines":                 fill("$$a\n"),
		"entities":                     fill("&amp;"),
		"ampersands":                   fill("&"),
		"backslashes":                  fill("\\"),
		"references":                   references.String(),
		"uses of a reference":          "[a]: u\n\n" + fill("[a]"),
		"footnotes":                    footnotes.String() + fill("[^1]")[:size/2],
		"nested footnotes":             fill("[^a]: "),
		"footnote marks":               fill("[^"),
		"wide table with short rows":   wide + fill("a\n")[:size-len(wide)],
		"many small tables":            fill("|a|b|c|d|e|f|g|h|\n|-|-|-|-|-|-|-|-|\na\nb\nc\n\n"),
		"table of pipes":               "|a|b|\n|-|-|\n" + fill("||||||||||||||||||||\n"),
		"table with a huge header":     "|" + strings.Repeat("h", size/2) + "|\n|-|\n" + fill("a\n")[:size/2],
		"almost tables":                fill("a\n-:\n"),
		"hosts":                        fill("_www."),
		"URLs":                         fill("(http://a"),
		"short URLs in paragraphs":     fill(strings.Repeat("_www.", 40) + "\n\n"),
		"addresses":                    fill("_a@a."),
		"headings":                     fill("# a\n"),
		"underlined headings":          fill("a\n=\n"),
		"control characters":           fill("\x01"),
		"NUL characters":               fill("\x00"),
		"bytes that are no UTF-8":      fill("\xff"),
		"three-byte characters":        fill("語"),
		"carriage returns":             fill("a\r"),
		"tabs":                         fill("-\t"),
	}
}

// BenchmarkWorst reports how much memory a megabyte of the worst needs at most,
// next to the time.
func BenchmarkWorst(b *testing.B) {
	for name, source := range worst() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var body []byte
			for b.Loop() {
				body = bodies(body[:0], source)
			}
			var memory runtime.MemStats
			runtime.ReadMemStats(&memory)
			b.ReportMetric(float64(memory.HeapSys)/(1<<20), "MB-heap")
		})
	}
}
