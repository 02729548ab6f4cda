package block_test

import "notionrelay/shared/block"

// fewest is the least number of requests that write a small tree, by trying
// everything: the creation of the page, appends to blocks whose ids are known,
// and reads. The tree must be small enough that only the depth of a request
// is limited, not its size.
func fewest(blocks []block.Block) int {
	s := search{children: [][]int{nil}}
	s.index(0, blocks)
	all := uint(1)<<len(s.children) - 1
	page := uint(1)
	// The creation answers with the page's id, and with none of its blocks.
	level := map[state]bool{}
	for _, written := range s.append(page, 0) {
		level[state{written: written, known: page}] = true
	}
	for requests := 1; ; requests++ {
		next := map[state]bool{}
		for at := range level {
			if at.written == all {
				return requests
			}
			s.step(at, next)
		}
		level = next
	}
}

// search has the nodes of a tree by number, in which 0 is the page.
type search struct{ children [][]int }

// state is which nodes were written, and of which the ids are known: bits.
type state struct{ written, known uint }

func (s *search) index(parent int, blocks []block.Block) {
	for _, b := range blocks {
		n := len(s.children)
		s.children = append(s.children, nil)
		s.children[parent] = append(s.children[parent], n)
		s.index(n, b.Children)
	}
}

// step adds what one more request can lead to.
func (s *search) step(at state, next map[state]bool) {
	for parent := range s.children {
		if at.known&(1<<parent) == 0 {
			continue
		}
		firsts := uint(0)
		for _, child := range s.children[parent] {
			firsts |= 1 << child
		}
		if read := (state{at.written, at.known | firsts&at.written}); read != at {
			next[read] = true
		}
		for _, written := range s.append(at.written, parent) {
			// An append answers with the ids of its first level.
			next[state{written, at.known | firsts&written&^at.written}] = true
		}
	}
}

// append is what can be written after one append to a parent.
func (s *search) append(written uint, parent int) []uint {
	rest := s.children[parent]
	for len(rest) > 0 && written&(1<<rest[0]) != 0 {
		rest = rest[1:]
	}
	return s.prefixes([]uint{written}, rest, 0)
}

// prefixes adds to each of the sets each beginning of a sequence of nodes, with
// each beginning of what is below them, down to the depth that requests have.
func (s *search) prefixes(sets []uint, nodes []int, depth int) []uint {
	all := sets
	for _, n := range nodes {
		var with []uint
		for _, set := range sets {
			with = append(with, set|1<<n)
		}
		if depth < block.MaxDepth {
			with = s.prefixes(with, s.children[n], depth+1)
		}
		all = append(all, with...)
		sets = with
	}
	return all
}
