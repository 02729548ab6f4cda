package notionsim

import "strings"

// Top lists the pages and databases at the top of the workspace that are not in
// the trash, as Notion sends them.
func (s *Sim) Top() []map[string]any {
	s.lock()
	defer s.mu.Unlock()
	return s.space.objects(s.space.withoutArchived(s.space.roots))
}

// Object is the page, database or block with an id, as Notion sends it; nil
// when there is none, or it or something above it is in the trash.
func (s *Sim) Object(id string) map[string]any {
	s.lock()
	defer s.mu.Unlock()
	if s.reach(id) != nil {
		return nil
	}
	n := s.space.nodes[id]
	if n == nil || s.space.archived(n) {
		return nil
	}
	return s.space.render(n)
}

// Children lists what is below an id and not in the trash, as Notion sends it:
// the blocks of a page or block, the rows of a database.
func (s *Sim) Children(id string) []map[string]any {
	s.lock()
	defer s.mu.Unlock()
	if s.reach(id) != nil {
		return nil
	}
	n := s.space.nodes[id]
	if n != nil && n.Object == objectDatabase {
		return s.space.objects(s.space.live(id))
	}
	var blocks []map[string]any
	for _, child := range s.space.live(id) {
		blocks = append(blocks, s.space.renderBlock(child))
	}
	return blocks
}

// Find is the id of the first page, database or block, in the order of Tree,
// that has text in its title or its own text; empty when there is none.
func (s *Sim) Find(text string) (id string) {
	s.lock()
	defer s.mu.Unlock()
	return s.space.find(s.space.roots, text)
}

func (w *workspace) find(ids []string, text string) string {
	for _, n := range w.withoutArchived(ids) {
		if strings.Contains(n.text(), text) {
			return n.ID
		}
		if id := w.find(w.children[n.ID], text); id != "" {
			return id
		}
	}
	return ""
}

// text is what can be read of a node without what is below it.
func (n *node) text() string {
	if n.Object != objectBlock {
		return n.title()
	}
	var all []any
	for _, name := range []string{"rich_text", "caption"} {
		items, _ := n.Content[name].([]any)
		all = append(all, items...)
	}
	cells, _ := n.Content["cells"].([]any)
	for _, c := range cells {
		all = append(all, c.([]any)...)
	}
	return plainText(all)
}

func (w *workspace) objects(nodes []*node) []map[string]any {
	var all []map[string]any
	for _, n := range nodes {
		all = append(all, w.render(n))
	}
	return all
}
