package ledger

import (
	"slices"

	"notionrelay/shared/block"
	"notionrelay/shared/notion"
)

// leastLikeness is from which on a block counts as another one that a person has
// corrected. Sentences of one language that have nothing to do with each other come to
// a tenth, long paragraphs to two fifths.
const leastLikeness = 0.5

// likenesses says how much each candidate is like each planned block: 0 where it is
// another one, up to 1 where it may have been corrected, and more than all of those
// together where it is unchanged.
func likenesses(planned []block.Block, candidates []notion.Child) [][]float64 {
	unchanged := float64(min(len(planned), len(candidates)) + 1)
	read := make([][]pair, len(candidates))
	for j, c := range candidates {
		read[j] = pairsOf(c.Plain())
	}
	all := make([][]float64, len(planned))
	for i, p := range planned {
		all[i] = make([]float64, len(candidates))
		pairs := pairsOf(p.Plain())
		for j, c := range candidates {
			if block.Same(p, c.Block) {
				all[i][j] = unchanged
			} else if l := likeness(pairs, read[j]); l >= leastLikeness {
				all[i][j] = l
			}
		}
	}
	return all
}

// pair is two characters that follow one another in a text, or its end and one.
type pair [2]rune

// pairsOf are the pairs of a text in order of their characters; none of no text.
func pairsOf(text string) []pair {
	if text == "" {
		return nil
	}
	pairs, last := make([]pair, 0, len(text)+1), rune(0)
	for _, r := range text {
		pairs, last = append(pairs, pair{last, r}), r
	}
	pairs = append(pairs, pair{last, 0})
	slices.SortFunc(pairs, comparePairs)
	return pairs
}

func comparePairs(a, b pair) int { return slices.Compare(a[:], b[:]) }

// likeness is the share of their pairs that two texts have in common (the coefficient
// of Sørensen and Dice). Words that were added, taken away or moved leave the pairs of
// all others.
func likeness(a, b []pair) float64 {
	common := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch c := comparePairs(a[i], b[j]); {
		case c < 0:
			i++
		case c > 0:
			j++
		default:
			i, j, common = i+1, j+1, common+1
		}
	}
	return 2 * float64(common) / float64(max(1, len(a)+len(b)))
}
