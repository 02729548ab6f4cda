package block

import (
	"slices"
	"sort"
)

// Path is the position of a block in a page's content: its index among the
// page's blocks, then among that block's children, and so on. The empty path
// is the page itself.
type Path []int

// Append is a request that adds children at the end of a block or page.
type Append struct {
	Parent Path
	// Offset is how many children of this plan the parent has when the request
	// is made. Those of the request follow them.
	Offset   int
	Children []Block
}

// Plan is the requests that write blocks as a page's content: Create goes into
// the creation of the page, then the appends are made in order. When a request
// is made, everything that it refers to was written by requests before it, and
// children are only ever added behind those that are there. So a publisher can
// stop after any request and go on later, with no more knowledge than how many
// are done: it finds the block of a Path by listing children level by level.
type Plan struct {
	Create  []Block
	Appends []Append
}

// NewPlan plans the fewest requests that write the blocks within Notion's
// limits. Each block must be within those on a single block (see Chunks); one
// that is not is planned all the same, so that nothing is silently left out,
// and Notion will refuse it. The plan shares the blocks that it is given.
//
// # What a request costs
//
// A page's creation costs one request, and so does each append. Appending to a
// block needs its id. The answer to an append holds the ids of the blocks on
// its first level: they cost nothing. The answer to a page's creation holds no
// ids of blocks: one read lists the (at most 100) blocks that were created
// with it. An id from any deeper level would cost a read for each parent.
//
// # How the blocks are cut
//
// A block that fits into one request with all that is below it is never cut:
// cutting it would cost a request, and can save at most one. Any other block
// must receive children later, so it costs at least one append; written on a
// first level its id costs nothing, and its children are then on a first level
// in turn. Cutting further down would need as many appends, and reads as well.
// Such a block takes its first children along when that saves an append.
// Requests are filled in the order of the blocks, which for a sequence that
// must stay in order gives the fewest.
//
// That leaves one choice: a creation that holds a block to be continued costs a
// read; it is worth ending the creation before that block if this does not cost
// an append instead.
func NewPlan(blocks []Block) Plan {
	nodes := measureAll(blocks)
	plan := planFrom(blocks, nodes, len(nodes))
	if first := plan.firstContinued(); first < len(plan.Create) {
		if shorter := planFrom(blocks, nodes, first); shorter.Requests() < plan.Requests() {
			return shorter
		}
	}
	return plan
}

// Requests is how many requests carrying out the plan takes, the page's
// creation and the read that may be needed after it included.
func (p Plan) Requests() int {
	n := 1 + len(p.Appends)
	if p.firstContinued() < len(p.Create) {
		n++
	}
	return n
}

// firstContinued is the index of the first block of the creation to which an
// append adds children, or len(p.Create).
func (p Plan) firstContinued() int {
	first := len(p.Create)
	for _, a := range p.Appends {
		if len(a.Parent) == 1 {
			first = min(first, a.Parent[0])
		}
	}
	return first
}

// node is a block with what it takes to send it, in few bytes: a page may have 50,000.
type node struct {
	block    *Block
	children []node
	height   int32 // levels below it
	elements int32 // blocks, itself included
	bytes    int32 // of JSON
	own      int32 // bytes without the children
	whole    bool  // fits into one request with all that is below it
}

func measureAll(blocks []Block) []node {
	if len(blocks) == 0 {
		return nil
	}
	nodes := make([]node, len(blocks))
	for i := range blocks {
		nodes[i] = measure(&blocks[i])
	}
	return nodes
}

func measure(b *Block) node {
	own := int32(b.size()) //nolint:gosec // of a report
	n := node{block: b, children: measureAll(b.Children), elements: 1, own: own, whole: len(b.Children) <= MaxChildren}
	n.bytes = n.own
	for i := range n.children {
		child := &n.children[i]
		n.height = max(n.height, child.height+1)
		n.elements += child.elements
		n.bytes += child.bytes
		n.whole = n.whole && child.whole
	}
	n.whole = n.whole && n.height <= MaxDepth && n.elements <= MaxElements && n.bytes <= MaxRequestBytes
	return n
}

// planFrom makes the plan whose creation holds at most the first limit blocks.
func planFrom(blocks []Block, nodes []node, limit int) Plan {
	var p planner
	create, continued := fill(blocks[:limit], nodes)
	p.appendRest(nil, 0, continued)
	p.append(nil, len(create), blocks[len(create):], nodes[len(create):])
	return Plan{Create: create, Appends: p.appends}
}

type planner struct{ appends []Append }

// append plans the requests that add the blocks to a parent that has offset
// children already. What is below a block follows directly on the request that
// holds it, so that a page grows from its top to its end.
func (p *planner) append(parent Path, offset int, blocks []Block, nodes []node) {
	for len(blocks) > 0 {
		children, continued := fill(blocks, nodes)
		p.appends = append(p.appends, Append{Parent: parent, Offset: offset, Children: children})
		p.appendRest(parent, offset, continued)
		n := len(children)
		offset, blocks, nodes = offset+n, blocks[n:], nodes[n:]
	}
}

// appendRest plans the rest of the nodes that a request holds only in part.
// That request's nodes stand from offset on.
func (p *planner) appendRest(parent Path, offset int, nodes []partial) {
	for _, n := range nodes {
		path := append(slices.Clone(parent), offset+n.index)
		p.append(path, n.sent, n.block.Children[n.sent:], n.children[n.sent:])
	}
}

// partial is a node of which a request holds only the first children.
type partial struct {
	*node
	index int // in the request
	sent  int // children that the request holds
}

// fill takes as many of the blocks as one request can hold on its first level,
// and at least one.
func fill(blocks []Block, nodes []node) (request []Block, continued []partial) {
	room := fullRoom()
	n := 0
	for ; n < len(blocks); n++ {
		node := &nodes[n]
		sent := room.take(node)
		if sent < 0 {
			if n > 0 {
				break
			}
			sent = node.leastChildren() // more than any request can hold: Notion shall say so
		}
		if sent < len(node.children) {
			continued = append(continued, partial{node: node, index: n, sent: sent})
		}
	}
	request = blocks[:n:n]
	if len(continued) > 0 {
		request = slices.Clone(request)
	}
	for _, c := range continued {
		request[c.index].Children = c.block.Children[:c.sent:c.sent]
	}
	return request, continued
}

// room is what a request can still hold.
type room struct{ first, elements, bytes int }

func fullRoom() room {
	return room{first: MaxChildren, elements: MaxElements, bytes: MaxRequestBytes - len("[]")}
}

// take makes room for a node and tells how many of its children come along, or
// -1 if there is no room for it. A whole node comes with all of them. Another
// one comes with as few as save the append that can be saved: the others would
// only take room from the nodes behind it.
func (r *room) take(n *node) (sent int) {
	if n.whole {
		if !r.reserve(int(n.elements), int(n.bytes)) {
			return -1
		}
		return len(n.children)
	}
	least := n.leastChildren()
	most := max(least, r.childrenAlong(n))
	saved := requests(n.children[most:])
	sent = least + sort.Search(most-least, func(i int) bool { return requests(n.children[least+i:]) == saved })
	if !r.reserve(n.size(sent)) {
		return -1
	}
	return sent
}

// childrenAlong is how many of the first children of a node there is room for.
func (r room) childrenAlong(n *node) int {
	elements, bytes := n.size(0)
	for i := range n.children[:min(len(n.children), MaxChildren)] {
		child := &n.children[i]
		elements += int(child.elements)
		bytes += int(child.bytes)
		if !child.whole || child.height > MaxDepth-1 || elements > r.elements || bytes > r.bytes {
			return i
		}
	}
	return min(len(n.children), MaxChildren)
}

// reserve makes room for one more block on the first level, if there is any.
func (r *room) reserve(elements, bytes int) bool {
	if r.first < 1 || r.elements < elements || r.bytes < bytes {
		return false
	}
	r.first--
	r.elements -= elements
	r.bytes -= bytes
	return true
}

// leastChildren is how many children a node cannot be created without.
func (n *node) leastChildren() int {
	if n.block.Kind == Table { // Notion refuses a table without a row
		return min(1, len(n.children))
	}
	return 0
}

// size is what the node takes with its first children only.
func (n *node) size(children int) (elements, bytes int) {
	elements, bytes = 1, int(n.own)
	for i := range n.children[:children] {
		elements += int(n.children[i].elements)
		bytes += int(n.children[i].bytes)
	}
	return elements, bytes
}

// requests is how many appends it takes to write the nodes under one parent,
// not counting what continues a node among them.
func requests(nodes []node) int {
	n := 0
	room := room{}
	for i := range nodes {
		elements, bytes := int(nodes[i].elements), int(nodes[i].bytes)
		if !nodes[i].whole {
			elements, bytes = nodes[i].size(nodes[i].leastChildren())
		}
		if !room.reserve(elements, bytes) {
			n++
			room = fullRoom()
			room.reserve(elements, bytes)
		}
	}
	return n
}
