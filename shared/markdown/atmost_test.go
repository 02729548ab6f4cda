package markdown_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"notionrelay/shared/markdown"
	"notionrelay/test/worstmarkdown"
)

// checkAtMost fails the test when a document is more than its lines show.
func checkAtMost(t failer, source string) {
	t.Helper()
	most, known := markdown.AtMost(source)
	if !known {
		return
	}
	size, err := markdown.Measure(source)
	if err == nil && (size.Blocks > most.Blocks || size.Requests > most.Requests) {
		t.Fatalf("%+v, and its lines show at most %+v, of %.3000q", size, most, source)
	}
	if checked := markdown.Check(source); fmt.Sprint(checked) != fmt.Sprint(err) {
		t.Fatalf("checked: %v, measured: %v, of %.3000q", checked, err, source)
	}
}

func TestLinesShowHowMuchThereCanBe(t *testing.T) {
	t.Parallel()
	sources := append(seeds(t), read(t, "testdata/report.md"), "- a\n  - b\n    - c\n      - d\n", "> - |a|\n>   |-|\n>   |b|\n", "- >|a|b|\n|-|-|\n", strings.Repeat("- ", 40)+"a")
	for _, source := range sources {
		for _, times := range []int{1, 10} {
			checkAtMost(t, strings.Repeat(source+"\n", times))
		}
	}
	for _, size := range []int{100, 1_000, 3_000} {
		for _, d := range worstmarkdown.Documents(size) {
			checkAtMost(t, d.String())
		}
	}
}

// TestLinesOfGeneratedDocumentsDo repeats parts of such documents, so that their
// numbers are near the limits and their nesting is of every kind.
func TestLinesOfGeneratedDocumentsDo(t *testing.T) {
	t.Parallel()
	pieces := []string{
		"- ", "* ", "+ ", "-", "1. ", "12) ", "> ", ">", "  ", "    ", "\t", "a", "b c", "\n", "\n\n", "|", "|a|b|\n|-|-|\n", "a|b\n-|-\n", "a\n:-\n", "-:|\n", "---\n", "# ",
		"**a** ", "*a", "`a` ", "~~a~~", "![a](https://example.com/a.png)", "[a](https://example.com)", "$a$", "$$a$$", "$$\na\n$$\n", "```\na\n```\n", "- [ ] ", "https://example.com ", "a@b.co ",
		"[a][b]", "[^1] ", "\\", "&amp;", strings.Repeat("word ", 500), strings.Repeat("|a", 120) + "|\n" + strings.Repeat("|-", 120) + "|\n",
	}
	rapid.Check(t, func(t *rapid.T) {
		g := generator{T: t}
		var unit strings.Builder
		for range rapid.IntRange(1, 12).Draw(t, "pieces") {
			if rapid.IntRange(0, 9).Draw(t, "generated") == 0 {
				unit.WriteString(strings.Join(g.blocks(2), "\n"))
				continue
			}
			unit.WriteString(rapid.SampledFrom(pieces).Draw(t, "piece"))
		}
		times := rapid.SampledFrom([]int{1, 2, 10, 60, 300, 1500}).Draw(t, "times")
		checkAtMost(t, strings.Repeat(unit.String(), min(times, 1+30_000/unit.Len())))
	})
}

// Most reports are so small that their lines show it. This one has tags and a
// footnote, which only parsing tells the size of.
func TestLinesOfAReportShowThatItIsSmall(t *testing.T) {
	t.Parallel()
	report := read(t, "testdata/report.md")
	if _, known := markdown.AtMost(report); known {
		t.Error("its lines show what its tags are")
	}
	report = regexp.MustCompile(`<[^>]*>|(?m)^\[.*$`).ReplaceAllString(report, "")
	if most, known := markdown.AtMost(report); !known || most.Requests > markdown.MaxRequests || most.Blocks > markdown.MaxBlocks {
		t.Errorf("its lines show %+v, %t, for %d bytes", most, known, len(report))
	}
	checkAtMost(t, report)
}
