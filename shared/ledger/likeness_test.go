package ledger

import (
	"math"
	"testing"

	"notionrelay/shared/block"
	"notionrelay/shared/notion"
)

func TestLikeness(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want float64
	}{
		{"", "", 0},
		{"", "a", 0},
		{"a", "b", 0},
		{"a", "a", 1},
		{"ab", "ba", 0},
		{"ab", "abab", 6.0 / 8}, // "ab" from its beginning to its end is in the other once
		{"aaa", "aa", 6.0 / 7},  // a pair counts as often as both have it
		{"Зачем", "Зачем?", 10.0 / 13},
		{"one two three", "three two one", 24.0 / 28},
	} {
		if got := likeness(pairsOf(tt.a), pairsOf(tt.b)); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("%q and %q: got %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

// Whatever resembles is worth less than one block that is unchanged.
func TestAnUnchangedBlockOutweighsAllThatResemble(t *testing.T) {
	t.Parallel()
	words := func(texts ...string) (all []block.Block) {
		for _, text := range texts {
			all = append(all, block.Block{Kind: block.Paragraph, Text: []block.Text{{Content: text}}})
		}
		return all
	}
	var candidates []notion.Child
	for _, b := range words("plan b!", "plan c!", "plan a") {
		candidates = append(candidates, notion.Child{Block: b})
	}
	got := match(words("plan a", "plan b", "plan c"), candidates)
	if want := []int{2, -1, -1}; got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("got %v, want %v", got, want)
	}
	if l := likenesses(words("plan b"), candidates[:1])[0][0]; l < leastLikeness || l >= 1 {
		t.Errorf("a block that was corrected is alike by %v", l)
	}
	if l := likenesses(words("a--a--a"), []notion.Child{{Block: words("a")[0]}})[0][0]; l != 0 {
		t.Errorf("a block with less than half in common is alike by %v", l)
	}
	if l := likenesses(words("a---a"), []notion.Child{{Block: words("a")[0]}})[0][0]; l != leastLikeness {
		t.Errorf("a block with half in common is alike by %v", l)
	}
	if l := likenesses(words("another"), candidates[:1])[0][0]; l != 0 {
		t.Errorf("a block that is another is alike by %v", l)
	}
}
