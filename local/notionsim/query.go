package notionsim

import (
	"slices"
	"strings"
)

var newQuery = object(
	may("filter", anything), // judged by readFilter
	may("sorts", array(sorting, 0)),
	may("start_cursor", identifier), may("page_size", pageSize))

// sorting is the rule for an element of "sorts", of which the simulator has
// those by time.
var sorting = object(
	must("timestamp", among("created_time", "last_edited_time")),
	must("direction", among("ascending", "descending")))

func queryDatabase(w *workspace, q *request) (*outcome, error) {
	n := w.established(q, q.id)
	if n == nil || n.Object != objectDatabase || w.archived(n) {
		return nil, notFound("database", q.id)
	}
	if err := oneSource(n); err != nil {
		return nil, err
	}
	if err := newQuery(root("body"), q.body); err != nil {
		return nil, err
	}
	keep := predicate(func(*node) bool { return true })
	if given, ok := q.body["filter"]; ok {
		var err error
		if keep, err = readFilter(root("body").field("filter"), n.Schema, given, maxFilterNesting); err != nil {
			return nil, err
		}
	}
	ids := slices.Clone(w.children[n.ID])
	slices.SortStableFunc(ids, func(a, b string) int { return inOrder(q.body["sorts"], w.nodes[a], w.nodes[b]) })
	matches := func(id string) bool {
		row := w.nodes[id]
		return !row.Archived && !row.Unshared && q.now.Sub(row.Created) >= q.indexLag && keep(row)
	}
	cursor, _ := q.body["start_cursor"].(string)
	page, err := paginate(ids, matches, root("body"), cursor, q.body["page_size"])
	if err != nil {
		return nil, err
	}
	render := func(id string) map[string]any { return w.renderPage(w.nodes[id]) }
	return &outcome{reply: func() map[string]any { return page.list("page_or_database", render) }}, nil
}

// inOrder compares two rows as "sorts" asks for; rows that it leaves equal stay
// in the order of their creation.
func inOrder(sorts any, a, b *node) int {
	given, _ := sorts.([]any)
	for _, s := range given {
		s := s.(map[string]any)
		c := strings.Compare(stamp(a.Created), stamp(b.Created))
		if s["timestamp"] == "last_edited_time" {
			c = strings.Compare(stamp(a.Edited), stamp(b.Edited))
		}
		if s["direction"] == "descending" {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return 0
}
