package notionsim

import "slices"

// keeper knows how much of the journal each page at the top, or row of a
// database at the top, takes with all that is below it.
type keeper struct {
	rows  map[string]kept
	total int64
	now   int // counts changes
}

type kept struct {
	bytes int64
	last  int // when it was last changed, as keeper.now
}

func newKeeper() keeper { return keeper{rows: map[string]kept{}} }

// count adds the size of a change to the row that it belongs to.
func (k *keeper) count(row string, bytes int64) {
	if row == "" {
		return
	}
	k.now++
	k.total += bytes
	k.rows[row] = kept{bytes: k.rows[row].bytes + bytes, last: k.now}
}

// resize corrects the size of a row, which does not count as a change of it.
func (k *keeper) resize(row string, bytes int64) {
	if row == "" {
		return
	}
	k.total += bytes - k.rows[row].bytes
	k.rows[row] = kept{bytes: bytes, last: k.rows[row].last}
}

func (k *keeper) forget(row string) {
	k.total -= k.rows[row].bytes
	delete(k.rows, row)
}

// oldest is the row that was not changed for longest; empty when there is but the one
// that was changed last.
func (k *keeper) oldest() (row string) {
	if len(k.rows) < 2 {
		return ""
	}
	for id, r := range k.rows {
		if row == "" || r.last < k.rows[row].last {
			row = id
		}
	}
	return row
}

// rowOf is the row, or page at the top, that a change belongs to; empty for one
// of the top itself.
func (w *workspace) rowOf(c change) string {
	var id string
	switch {
	case len(c.Insert) > 0:
		id = c.Insert[0].IDs[0]
	case len(c.Put) > 0:
		id = c.Put[0].ID
	}
	for n := w.nodes[id]; n != nil; n = w.nodes[n.Parent.ID] {
		if up := w.nodes[n.Parent.ID]; up != nil && up.Parent.Type == "workspace" {
			return n.ID
		}
	}
	return ""
}

// remove takes a node and all that is below it out of the workspace.
func (w *workspace) remove(id string) {
	for _, child := range w.children[id] {
		w.remove(child)
	}
	delete(w.children, id)
	delete(w.nodes, id)
}

// snapshot is the whole workspace as changes, one for each row and one before
// them for the top.
func (w *workspace) snapshot() []change {
	top := change{}
	var rows []change
	for _, root := range w.roots {
		top.Put = append(top.Put, w.nodes[root])
		for _, id := range w.children[root] {
			rows = append(rows, w.row(id))
		}
	}
	top.Insert = []insertion{{IDs: w.roots}}
	return append([]change{top}, rows...)
}

// row is a row as a change that brings it with all that is below it.
func (w *workspace) row(id string) change {
	c := change{Insert: []insertion{{Parent: w.nodes[id].Parent.ID, IDs: []string{id}}}}
	w.collect(id, &c)
	return c
}

// inItsPlace puts a row where it was among its siblings, which is in the order in
// which they were made.
func (w *workspace) inItsPlace(c change) insertion {
	in := c.Insert[0]
	for _, id := range slices.Backward(w.children[in.Parent]) {
		if !w.nodes[id].Created.After(c.Put[0].Created) {
			in.After = id
			return in
		}
	}
	in.First = true
	return in
}

func (w *workspace) collect(id string, c *change) {
	c.Put = append(c.Put, w.nodes[id])
	if children := w.children[id]; len(children) > 0 {
		c.Insert = append(c.Insert, insertion{Parent: id, IDs: children})
		for _, child := range children {
			w.collect(child, c)
		}
	}
}
