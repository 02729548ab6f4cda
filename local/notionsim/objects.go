package notionsim

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

func (w *workspace) objects(nodes []*node) []map[string]any {
	var all []map[string]any
	for _, n := range nodes {
		all = append(all, w.render(n))
	}
	return all
}
