package notionsim

import (
	"cmp"
	"slices"
	"strings"
)

var direction = must("direction", among("ascending", "descending"))

var newQuery = object(
	may("filter", anything), // judged by readFilter
	may("sorts", array(anything, 0)),
	may("start_cursor", identifier), may("page_size", pageSize))

func queryDatabase(w *workspace, q *request) (*outcome, error) {
	n := w.nodes[q.id]
	if n == nil || n.Object != objectDatabase || w.archived(n) {
		return nil, notFound("database", q.id)
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
	order, err := readSorts(n.Schema, q.body["sorts"])
	if err != nil {
		return nil, err
	}
	ids := slices.Clone(w.children[n.ID])
	slices.SortStableFunc(ids, func(a, b string) int { return order(w.nodes[a], w.nodes[b]) })
	matches := func(id string) bool { return !w.nodes[id].Archived && keep(w.nodes[id]) }
	cursor, _ := q.body["start_cursor"].(string)
	page, err := paginate(ids, matches, root("body"), cursor, q.body["page_size"])
	if err != nil {
		return nil, err
	}
	render := func(id string) map[string]any { return w.renderPage(w.nodes[id]) }
	return &outcome{reply: func() map[string]any { return page.list("page_or_database", render) }}, nil
}

type ordering func(a, b *node) int

// readSorts is the order that "sorts" asks for; the order of creation decides
// where it does not.
func readSorts(schema []property, v any) (ordering, error) {
	given, _ := v.([]any)
	var orders []ordering
	for i, s := range given {
		o, err := readSort(root("body").field("sorts").element(i), schema, s)
		if err != nil {
			return nil, err
		}
		orders = append(orders, o)
	}
	return func(a, b *node) int {
		for _, o := range orders {
			if c := o(a, b); c != 0 {
				return c
			}
		}
		return 0
	}, nil
}

func readSort(at *place, schema []property, v any) (ordering, error) {
	s, _ := v.(map[string]any)
	key := func(n *node) any { return stamp(n.Created) }
	if name, ok := s["property"].(string); ok {
		if err := object(must("property", text(maxText)), direction)(at, v); err != nil {
			return nil, err
		}
		p, err := findProperty(schema, name)
		if err != nil {
			return nil, err
		}
		key = func(n *node) any { return sortKey(n, p) }
	} else {
		if err := object(must("timestamp", among("created_time", "last_edited_time")), direction)(at, v); err != nil {
			return nil, err
		}
		if s["timestamp"] == "last_edited_time" {
			key = func(n *node) any { return stamp(n.Edited) }
		}
	}
	sign := 1
	if s["direction"] == "descending" {
		sign = -1
	}
	return func(a, b *node) int { return sign * compareKeys(key(a), key(b)) }, nil
}

func findProperty(schema []property, name string) (property, error) {
	for _, p := range schema {
		if p.Name == name || p.ID == name {
			return p, nil
		}
	}
	return property{}, invalid("Could not find property with name or id: %s", name)
}

// sortKey is a page's value of a property as a string, a number, a boolean
// or nil.
func sortKey(n *node, p property) any {
	switch v := renderValue(n, p).(type) {
	case []any:
		if p.Type == "title" || p.Type == "rich_text" {
			return plainText(v)
		}
		return float64(len(v))
	case map[string]any:
		if p.Type == "date" {
			return v["start"]
		}
		return v["name"]
	default:
		return v
	}
}

// compareKeys puts what is missing last.
func compareKeys(a, b any) int {
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(x, y)
		}
	case float64:
		if y, ok := b.(float64); ok {
			return cmp.Compare(x, y)
		}
	case bool:
		if y, ok := b.(bool); ok && x != y {
			if x {
				return 1
			}
			return -1
		}
		return 0
	}
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	default:
		return -1
	}
}
