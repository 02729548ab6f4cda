package markdown

import (
	"slices"

	"notionrelay/shared/block"
)

// siblings collects the blocks of one container. <details> makes a container
// of what follows it, up to </details> or the end of the container around it.
type siblings struct {
	sequence
	toggles []toggle // open ones, outermost first
}

type toggle struct {
	sequence
	summary   []block.Text
	inSummary bool
}

// sequence is blocks that follow each other.
type sequence struct {
	blocks   []block.Block
	numbered int // how many numbered items it ends with
}

func (s *sequence) append(b block.Block) {
	s.blocks = append(s.blocks, b)
	if b.Kind == block.NumberedListItem {
		s.numbered++
	} else {
		s.numbered = 0
	}
}

// grow makes room for n more blocks.
func (s *siblings) grow(n int) {
	if len(s.toggles) == 0 {
		s.blocks = slices.Grow(s.blocks, n)
	}
}

// add appends a block.
func (s *siblings) add(b block.Block) {
	if len(s.toggles) == 0 {
		s.append(b)
		return
	}
	t := &s.toggles[len(s.toggles)-1]
	t.inSummary = false // a summary has no blocks
	t.append(b)
}

// addText appends a block with text of any length: what one block cannot hold
// continues in the next of its kind, and the last has the children.
func (s *siblings) addText(proto block.Block, chunks [][]block.Text, children []block.Block) {
	if len(chunks) == 0 {
		proto.Children = children
		s.add(proto)
		return
	}
	for i, chunk := range chunks {
		b := proto
		b.Text = chunk
		if i == len(chunks)-1 {
			b.Children = children
		}
		s.add(b)
	}
}

// nextNumber is the number that Notion would give to a numbered item here.
func (s *siblings) nextNumber() int {
	if len(s.toggles) > 0 {
		return s.toggles[len(s.toggles)-1].numbered + 1
	}
	return s.numbered + 1
}

// summary is the toggle whose summary is being read, or nil.
func (s *siblings) summary() *toggle {
	if len(s.toggles) == 0 || !s.toggles[len(s.toggles)-1].inSummary {
		return nil
	}
	return &s.toggles[len(s.toggles)-1]
}

func (s *siblings) openToggle() { s.toggles = append(s.toggles, toggle{}) }

func (s *siblings) closeToggle() {
	t := s.toggles[len(s.toggles)-1]
	s.toggles = s.toggles[:len(s.toggles)-1]
	s.addText(block.Block{Kind: block.Toggle}, block.Chunks(t.summary), t.blocks)
}

// openSummary begins the summary of the innermost toggle, which comes before
// everything else in it.
func (s *siblings) openSummary() {
	if len(s.toggles) == 0 {
		return
	}
	if t := &s.toggles[len(s.toggles)-1]; len(t.blocks) == 0 && len(t.summary) == 0 {
		t.inSummary = true
	}
}

func (s *siblings) closeSummary() {
	if t := s.summary(); t != nil {
		t.inSummary = false
	}
}

// end closes the toggles that are still open.
func (s *siblings) end(c *converter) {
	for len(s.toggles) > 0 {
		s.closeToggle()
		c.depth--
	}
}

// close ends the container and returns its blocks.
func (s *siblings) close(c *converter) []block.Block {
	s.end(c)
	return s.blocks
}
