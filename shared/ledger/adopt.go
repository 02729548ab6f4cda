package ledger

import (
	"context"
	"slices"

	"notionrelay/shared/block"
	"notionrelay/shared/notion"
)

// place is where the blocks of a request belong below a parent.
type place struct {
	parentID string
	fresh    bool

	// anchor is the last block of ours before them. Where it is not known, or a
	// person has deleted it, before are the blocks of ours that are there already.
	anchor string
	before func() []block.Block

	// inserts says that the blocks go behind a block in the middle: behind the
	// one at stands of ours, whose ids are in their order on the page. Locate finds
	// these ids among the children of the page.
	inserts bool
	locate  func(ctx context.Context, children []notion.Child) error
	ours    []string
	stands  int
	fence   string // the next of ours behind them that is there
}

// settle finds the blocks that an insertion stands between. What a person has
// deleted is no landmark; its neighbour is.
func (p *place) settle(children []notion.Child) {
	if !p.inserts {
		return
	}
	before := slices.Clone(p.ours[:p.stands+1])
	slices.Reverse(before)
	p.anchor = firstThere(before, children)
	p.fence = firstThere(p.ours[p.stands+1:], children)
}

// firstThere is the first of these ids that a child has; empty when none has.
func firstThere(ids []string, children []notion.Child) string {
	there := func(id string) bool {
		return slices.ContainsFunc(children, func(c notion.Child) bool { return c.ID == id })
	}
	if i := slices.IndexFunc(ids, there); i >= 0 {
		return ids[i]
	}
	return ""
}

// behind is the block that Notion is asked to append behind, when the first of
// the blocks are there with these ids; empty for the end of the parent.
func (p *place) behind(ids []string) string {
	if !p.inserts {
		return ""
	}
	if last := lastOf(ids); last != "" {
		return last
	}
	return p.anchor
}

// adopt finds how much of a request has happened: it returns the ids of the
// first blocks that are there, an empty one where a person has deleted a block
// since. None means that the request had no effect.
//
// Candidates are the children between the anchor and the fence that this
// integration may have made. They are matched with what is planned, in order: those
// with the same kind and text, and then those that a person may have corrected, by
// how much their texts resemble. What resembles nothing counts as the block in whose
// place it stands. When there is no anchor, the blocks that were there before are
// matched as well: only what is matched behind them, or exceeds their number, is of
// the request.
//
// Notion applies a request as a whole, so a missing end is one that a person
// has deleted or one that never came: text is not lost, so it counts as never
// written. A missing middle was deleted.
//
// This cannot be exact in every case. Where a person has rewritten a block from its
// first word to its last and deleted the one before it, the page is the same as if the
// other had been rewritten and the end had never come. Of the two, a block that is
// there twice does less harm than one that is lost: a reader sees it, and can delete
// it.
func adopt(children []notion.Child, p place, planned []block.Block, me string) []string {
	candidates, anchored := p.candidates(children, me)
	known, surplus := 0, 0
	sequence := planned
	if !anchored {
		var before []block.Block
		if p.before != nil {
			before = p.before()
		}
		surplus = len(candidates) - len(before)
		before = before[max(0, len(before)-tail):]
		candidates = candidates[max(0, len(candidates)-len(before)-len(planned)):]
		known, sequence = len(before), append(slices.Clone(before), planned...)
	}
	matched := match(sequence, candidates)
	last, unchanged := -1, -1
	for i, c := range matched {
		if c < 0 {
			continue
		}
		last = i
		if block.Same(sequence[i], candidates[c].Block) {
			unchanged = i
		}
	}
	certain := anchored && slices.ContainsFunc(candidates, func(c notion.Child) bool { return c.CreatedBy == me })
	if unchanged < known && !certain && (anchored || surplus <= 0) {
		return nil
	}
	ids := make([]string, len(sequence))
	for i, c := range matched {
		if c >= 0 {
			ids[i] = candidates[c].ID
		}
	}
	end := fillGaps(ids, matched, candidates, last)
	if anchored && certain && len(candidates) >= len(planned) {
		end = len(sequence)
	}
	if end <= known {
		return nil
	}
	return ids[known:end]
}

// tail bounds how many of the blocks before a request are compared when their
// ids are not known: a page is made with 100 at most.
const tail = block.MaxChildren

// candidates are the children that can be of the request. Anchored says that
// all that stands before them is known not to be.
func (p place) candidates(children []notion.Child, me string) (own []notion.Child, anchored bool) {
	at := slices.IndexFunc(children, func(c notion.Child) bool { return c.ID == p.anchor })
	for _, c := range children[at+1:] {
		if c.ID == p.fence {
			break
		}
		if c.Kind != block.ChildPage && c.Kind != block.ChildDatabase && madeBy(c, me) {
			own = append(own, c)
		}
	}
	return own, at >= 0 || p.anchor == "" && p.before == nil && !p.inserts
}

// fillGaps gives the planned blocks without a match the ids of the candidates
// that stand in their place, where as many stand there, and those at the end as
// far as there are any. It returns how many planned blocks are accounted for.
func fillGaps(ids []string, matched []int, candidates []notion.Child, last int) (end int) {
	previous := -1 // candidate matched last
	for i := 0; i <= last; {
		if matched[i] >= 0 {
			previous = matched[i]
			i++
			continue
		}
		gap := i
		for matched[gap] < 0 {
			gap++
		}
		if between := matched[gap] - previous - 1; between == gap-i {
			for k := range between {
				ids[i+k] = candidates[previous+1+k].ID
			}
		}
		i = gap
	}
	end = last + 1
	for c := previous + 1; c < len(candidates) && end < len(ids); c++ {
		ids[end] = candidates[c].ID
		end++
	}
	return end
}

// match finds for each planned block the candidate that is it, or -1: in order, as
// many unchanged ones as possible, then those that resemble most, the earliest where
// there is a choice.
func match(planned []block.Block, candidates []notion.Child) []int {
	n, m := len(planned), len(candidates)
	likeness := likenesses(planned, candidates)
	best := make([][]float64, n+1) // sums of what planned[i:] and candidates[j:] have in common
	for i := range best {
		best[i] = make([]float64, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			best[i][j] = max(best[i+1][j], best[i][j+1], best[i+1][j+1]+likeness[i][j])
		}
	}
	matched := make([]int, n)
	for i, j := 0, 0; i < n; i++ {
		matched[i] = -1
		for k := j; k < m; k++ {
			if likeness[i][k] > 0 && best[i+1][k+1]+likeness[i][k] == best[i][j] {
				matched[i], j = k, k+1
				break
			}
		}
	}
	return matched
}
