package block_test

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"
	"pgregory.net/rapid"

	"notionrelay/shared/block"
)

const family = "👩‍👩‍👧‍👦" // one grapheme cluster of 11 UTF-16 units

func TestChunks(t *testing.T) {
	t.Parallel()
	x := func(n int) string { return strings.Repeat("x", n) }
	for _, test := range []struct {
		name string
		text string
		want []string // the pieces
	}{
		{"nothing", "", nil},
		{"as long as a piece may be", x(2000), []string{x(2000)}},
		{"one character more", x(2001), []string{x(2000), "x"}},
		{"a space at the very end", x(1999) + " x", []string{x(1999) + " ", "x"}},
		{"a space behind the end", x(2000) + " x", []string{x(2000), " x"}},
		{"an early space", "a " + x(2000), []string{"a ", x(2000)}},
		{"a line end", x(10) + "\n" + x(1999), []string{x(10) + "\n", x(1999)}},
		{"three bytes to a unit", strings.Repeat("語", 2001), []string{strings.Repeat("語", 2000), "語"}},
		{"two units to a character", strings.Repeat("😀", 1001), []string{strings.Repeat("😀", 1000), "😀"}},
		{"a surrogate pair across the end", x(1999) + "😀", []string{x(1999), "😀"}},
		{"a family across the end", x(1995) + family + "y", []string{x(1995), family + "y"}},
		{"a family up to the end", x(1989) + family + "y", []string{x(1989) + family, "y"}},
		{"an accent across the end", x(1999) + "e\u0301", []string{x(1999), "e\u0301"}},
		{"a flag across the end", x(1998) + "🇩🇪", []string{x(1998), "🇩🇪"}},
		{"flags", strings.Repeat("🇩🇪", 501), []string{strings.Repeat("🇩🇪", 500), "🇩🇪"}},
		{"an accent on a space", x(1000) + " \u0301" + x(1998), []string{x(1000) + " \u0301" + x(998), x(1000)}},
		{"one cluster that is too long", "a" + strings.Repeat("\u0301", 2000), []string{"a" + strings.Repeat("\u0301", 1999), "\u0301"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, chunk := range block.Chunks([]block.Text{{Content: test.text}}) {
				for _, piece := range chunk {
					got = append(got, piece.Content)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("pieces (-want +got):\n%s", diff)
			}
		})
	}
}

func TestChunksFillArrays(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		texts []block.Text
		want  []int // lengths of the arrays
	}{
		{"no text", nil, nil},
		{"only empty text", []block.Text{{}, {Bold: true}}, nil},
		{"an empty text between others", []block.Text{{Content: "a"}, {}, {Content: "b"}}, []int{2}},
		{"a hundred", pieces(100, "a"), []int{100}},
		{"a hundred and one", pieces(101, "a"), []int{100, 1}},
		{"250 pieces of one text", []block.Text{{Content: strings.Repeat("x", 500_000)}}, []int{100, 100, 50}},
		{"more bytes than a block can have", pieces(100, strings.Repeat("語", 2000)), []int{66, 34}},
		{"characters of six bytes in JSON", pieces(100, strings.Repeat("\x01", 2000)), []int{33, 33, 33, 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got []int
			for _, chunk := range block.Chunks(test.texts) {
				got = append(got, len(chunk))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("lengths (-want +got):\n%s", diff)
			}
		})
	}
}

func pieces(n int, content string) []block.Text {
	var texts []block.Text
	for range n {
		texts = append(texts, block.Text{Content: content})
	}
	return texts
}

func TestChunksKeepEverythingAndEveryLimit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(text(), 0, 12).Draw(t, "texts")
		if rapid.IntRange(0, 9).Draw(t, "many") == 0 {
			texts = append(texts, pieces(rapid.IntRange(80, 220).Draw(t, "pieces"), "a")...)
		}
		var joined []block.Text
		for _, chunk := range block.Chunks(texts) {
			checkChunk(t, chunk)
			joined = append(joined, chunk...)
		}
		if diff := cmp.Diff(merge(texts), merge(joined)); diff != "" {
			t.Fatalf("text (-want +got):\n%s", diff)
		}
		checkCuts(t, texts, joined)
	})
}

// text generates text that is often long, of what is hard to cut.
func text() *rapid.Generator[block.Text] {
	return rapid.Custom(func(t *rapid.T) block.Text {
		var content strings.Builder
		for range rapid.IntRange(0, 5).Draw(t, "runs") {
			unit := rapid.SampledFrom([]string{
				"a", " ", "\n", "\t", "word ", "é", "e\u0301", " \u0301", "語", "😀", family, "👍🏽", "🇩🇪", "🇩",
				"각", "\u1100", "\u1161", "\u200d", "\u0600", "\r\n", "\u00a0", "\x01", "\"", "\u0301",
			}).Draw(t, "unit")
			content.WriteString(strings.Repeat(unit, rapid.IntRange(1, 2500).Draw(t, "times")))
		}
		return block.Text{
			Content: content.String(),
			Link:    rapid.SampledFrom([]string{"", "https://example.com/" + strings.Repeat("a", 1900)}).Draw(t, "link"),
			Bold:    rapid.Bool().Draw(t, "bold"),
		}
	})
}

func checkChunk(t *rapid.T, chunk []block.Text) {
	if n := len(chunk); n < 1 || n > 100 {
		t.Fatalf("array of %d", n)
	}
	for _, piece := range chunk {
		if n := len(utf16.Encode([]rune(piece.Content))); n < 1 || n > 2000 || n != block.Units(piece.Content) {
			t.Fatalf("piece of %d units, by our count %d", n, block.Units(piece.Content))
		}
	}
	if n := len(encode(block.Block{Kind: block.Paragraph, Text: chunk})); n > block.MaxBlockBytes+100 {
		t.Fatalf("array of %d bytes", n)
	}
}

// merge joins neighbours of one format.
func merge(texts []block.Text) []block.Text {
	var merged []block.Text
	for _, text := range texts {
		if text.Content == "" {
			continue
		}
		if n := len(merged); n > 0 {
			last := merged[n-1]
			last.Content = text.Content
			if last == text {
				merged[n-1].Content += text.Content
				continue
			}
		}
		merged = append(merged, text)
	}
	return merged
}

// checkCuts fails the test unless each text is cut between grapheme clusters
// only, but for clusters that are themselves too long.
func checkCuts(t *rapid.T, texts, pieces []block.Text) {
	for _, text := range texts {
		cuts := map[int]bool{}
		for at := 0; at < len(text.Content); pieces = pieces[1:] {
			at += len(pieces[0].Content)
			cuts[at] = true
		}
		clusters := uniseg.NewGraphemes(text.Content)
		for clusters.Next() {
			from, to := clusters.Positions()
			for at := from + 1; at < to; at++ {
				if cuts[at] && block.Units(clusters.Str()) <= 2000 && !remainder(text.Content[:from]) {
					t.Fatalf("%q is cut at %d", clusters.Str(), at-from)
				}
			}
		}
	}
}

// remainder tells whether text ends in a cluster that was too long: where that
// is cut, clusters are counted anew.
func remainder(text string) bool {
	for clusters := uniseg.NewGraphemes(text); clusters.Next(); {
		if block.Units(clusters.Str()) > 2000 {
			return true
		}
	}
	return false
}
