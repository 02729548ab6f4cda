package notionsim

import (
	"slices"
	"strings"
)

var newSearch = object(
	may("query", text(maxText)),
	may("filter", object(must("property", exactly("object")), must("value", among(objectPage, objectDatabase)))),
	may("sort", object(must("timestamp", exactly("last_edited_time")), direction)),
	may("start_cursor", identifier), may("page_size", pageSize))

// search finds pages and databases by title, the last edited first.
func search(w *workspace, q *request) (*outcome, error) {
	if err := newSearch(root("body"), q.body); err != nil {
		return nil, err
	}
	query, _ := q.body["query"].(string)
	filter, _ := q.body["filter"].(map[string]any)
	var found []*node
	for _, n := range w.nodes {
		wanted := n.Object != objectBlock && !w.archived(n) && (filter == nil || filter["value"] == n.Object)
		if wanted && strings.Contains(strings.ToLower(n.title()), strings.ToLower(query)) {
			found = append(found, n)
		}
	}
	sign := -1
	if s, ok := q.body["sort"].(map[string]any); ok && s["direction"] == "ascending" {
		sign = 1
	}
	slices.SortFunc(found, func(a, b *node) int {
		if c := a.Edited.Compare(b.Edited); c != 0 {
			return sign * c
		}
		return strings.Compare(a.ID, b.ID)
	})
	ids := make([]string, len(found))
	for i, n := range found {
		ids[i] = n.ID
	}
	cursor, _ := q.body["start_cursor"].(string)
	page, err := paginate(ids, func(string) bool { return true }, root("body"), cursor, q.body["page_size"])
	if err != nil {
		return nil, err
	}
	render := func(id string) map[string]any {
		if n := w.nodes[id]; n.Object == objectDatabase {
			return w.renderDatabase(n)
		}
		return w.renderPage(w.nodes[id])
	}
	return &outcome{reply: func() map[string]any { return page.list("page_or_database", render) }}, nil
}
