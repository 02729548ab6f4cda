package markdown_test

import (
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
			body = bodies(body, source)
		}
	})
}

// bodies makes the body of each request that a document takes, one after the
// other in the same buffer, as a publisher does.
func bodies(buffer []byte, source string) []byte {
	plan := block.NewPlan(markdown.Blocks(source))
	buffer = block.AppendJSON(buffer[:0], plan.Create)
	for _, a := range plan.Appends {
		buffer = block.AppendJSON(buffer[:0], a.Children)
	}
	return buffer
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
		"instruction lines":            fill("a<?\n"),
		"declaration lines":            fill("a<!A\n"),
		"CDATA lines":                  fill("a<![CDATA[\n"),
		"inline comment lines":         fill("a<!--\n"),
		"tag lines without end":        fill("a<a\n"),
		"attribute lines":              fill("a<a b='\n"),
		"closed comments":              fill("<!---->"),
		"comment with hyphens":         "<!--" + fill("-"),
		"nested details":               half("<details>\n", "</details>\n"),
		"details in list":              fill("- <details>\n"),
		"details in details in list":   fill("- <details><details><details>\n\n  - "),
		"closing details":              fill("</details>"),
		"one tag":                      "<a " + fill("b ") + ">",
		"one name":                     "<" + fill("a") + ">",
		"brackets on lines":            fill("[\n"),
		"bracket pairs on lines":       fill("[a\n]"),
		"image openers":                fill("!["),
		"image openers on lines":       fill("![\n"),
		"images that match":            half("![", "]"),
		"empty links":                  fill("[](a)"),
		"long destination":             "[a](" + fill("b") + ")",
		"long destinations":            fill("[a](" + strings.Repeat("b", 1000) + ")"),
		"parentheses in destination":   "[a](" + half("(", ")") + ")",
		"escapes in destinations":      fill("[a](\\"),
		"titles on lines":              fill("[a](b \"\n"),
		"references of lines":          fill("[a\n]: b\n"),
		"references in paragraphs":     fill("[a]: b\n\n"),
		"references without end":       fill("[a]: b 'c\n\n"),
		"reference titles":             fill("[a]: b 'c\n"),
		"long reference":               "[a]: " + fill("b") + "\n\n[a]",
		"uses of a long reference":     "[a]: " + strings.Repeat("b", size/2) + "\n\n" + fill("[a]")[:size/2],
		"long title":                   "[a](b '" + fill("c") + "')",
		"wide table":                   "|" + fill("a|")[:size/2] + "\n|" + fill("-|")[:size/2] + "\n",
		"tables of one row":            fill("a|b\n-|-\n\n"),
		"headers of tables":            fill("a|b\n-|-\n"),
		"delimiter rows":               fill("|-|-\n"),
		"long delimiter row":           "a\n" + fill("-|"),
		"escaped pipes in code":        "|a|\n|-|\n|" + fill("`\\|`") + "|",
		"rows of escaped pipes":        "|a|\n|-|\n" + fill("|`\\|`|\n"),
		"rows of long cells":           "|a|\n|-|\n" + fill("|"+strings.Repeat("b", 1000)+"|\n"),
		"numeric entities":             fill("&#65;"),
		"entities without end":         fill("&#"),
		"unknown entities":             fill("&CounterClockwiseContourIntegrals;"),
		"nested strong":                half("**a ", "b** "),
		"mixed emphasis":               fill("*_**__***___~~"),
		"triple stars":                 fill("***a***"),
		"long runs of stars":           fill(strings.Repeat("*", 1000) + "a"),
		"tildes":                       fill("~a~~"),
		"strikethrough in paragraphs":  fill("~~a\n\n"),
		"emphasis in paragraphs":       fill("*a _b\n\n"),
		"emphasis in items":            fill("- *a\n"),
		"emphasis over lines":          fill("*a\n"),
		"rising and falling lists":     fill("- a\n  - b\n    - c\n      - d\n"),
		"numbered items":               fill("1. a\n"),
		"items of two kinds":           fill("- a\n+ b\n"),
		"to-dos":                       fill("- [ ] a\n"),
		"numbers without order":        fill("1) a\n2. b\n"),
		"quoted lists":                 fill("> - a\n"),
		"lazy lines":                   strings.Repeat("> ", 10_000) + "a\n" + fill("b\n"),
		"list, then lazy lines":        strings.Repeat("- ", 10_000) + "a\n" + fill("b\n"),
		"indented code":                fill("    a\n\n"),
		"one fence":                    "```\n" + fill("a\n"),
		"empty fences":                 fill("```\n```\n"),
		"quoted fences":                fill("> ```\n"),
		"long fences":                  fill(strings.Repeat("`", 1000) + "\n"),
		"fence with a long language":   "```" + fill("a") + "\n",
		"equations":                    fill("$$a$$\n"),
		"equation of lines":            "$$\n" + fill("a\n") + "$$",
		"alerts":                       fill("> [!NOTE]\n\n"),
		"rules":                        fill("---\n"),
		"almost rules":                 fill("- - "),
		"equal signs":                  "a\n" + fill("="),
		"paragraphs":                   fill("a\n\n"),
		"lines":                        fill("a\n"),
		"hard breaks":                  fill("a\\\n"),
		"line ends of two bytes":       fill("a\r\n"),
		"line breaks":                  fill("<br>"),
		"footnote definitions":         fill("[^a]: b\n"),
		"footnotes in footnotes":       fill("[^a]: b\n\n    "),
		"one footnote":                 "[^a]: b\n\n" + fill("[^a]"),
		"addresses in brackets":        fill("<a@b.c>"),
		"addresses in text":            fill("a@b.co "),
		"long address":                 fill("a.") + "@b.co",
		"long host":                    "http://" + fill("a."),
		"hosts in text":                fill("www.a.co "),
		"URLs with parentheses":        fill("http://a.co/(((((( "),
		"URL with a long tail":         "http://a.co/" + fill(")"),
		"URL with entities":            "http://a.co/" + fill("&a;"),
		"colons":                       fill(":"),
		"at signs":                     fill("a@"),
	}
}

// BenchmarkWorst reports how much memory a megabyte of the worst takes from the
// system, next to the time.
func BenchmarkWorst(b *testing.B) {
	documents := worst()
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		b.Run(name, func(b *testing.B) {
			debug.FreeOSMemory()
			b.ReportAllocs()
			var body []byte
			for b.Loop() {
				body = bodies(body, documents[name])
			}
			var memory runtime.MemStats
			runtime.ReadMemStats(&memory)
			b.ReportMetric(float64(memory.HeapSys-memory.HeapReleased)/(1<<20), "MB-heap")
		})
	}
}
