package notionsim

import (
	"maps"
	"net/http"
)

func getPage(w *workspace, q *request) (*outcome, error) {
	n := w.shared(q.id)
	if n == nil || n.Object != objectPage {
		return nil, notFound("page", q.id)
	}
	return &outcome{reply: func() map[string]any { return w.renderPage(n) }}, nil
}

var newPage = object(
	must("parent", oneOf(map[string]shape{"page_id": identifier, "database_id": identifier})),
	must("properties", anything), // judged by the parent's schema
	may("children", anything),    // judged by checkBlocks
	may("icon", orNull(icon)), may("cover", orNull(cover)))

func createPage(w *workspace, q *request) (*outcome, error) {
	if err := newPage(root("body"), q.body); err != nil {
		return nil, err
	}
	parent, err := w.parent(q)
	if err != nil {
		return nil, err
	}
	schema := []property{{ID: "title", Name: "title", Type: "title"}}
	if parent.Object == objectDatabase {
		schema = parent.Schema
	}
	values, err := readValues(q.body["properties"], schema)
	if err != nil {
		return nil, err
	}
	children, err := newChildren(q.body)
	if err != nil {
		return nil, err
	}

	made := newCreation(q)
	page := made.node(objectPage, parentRef{Type: parent.Object + "_id", ID: parent.ID})
	page.Values = values.byID
	page.Icon, page.Cover = storedFile(q.body["icon"]), storedFile(q.body["cover"])
	made.change.Insert = []insertion{{Parent: parent.ID, IDs: []string{page.ID}}}
	blocks := made.add(page, children)
	if values.newOptions > 0 {
		made.change.Put = append(made.change.Put, withSchema(parent, values.schema, q))
	}
	made.change.Touch = []string{parent.ID}
	return &outcome{
		change: made.change, parent: parent.ID, newOptions: values.newOptions,
		created: append([]string{page.ID}, blocks...),
		reply:   func() map[string]any { return w.renderPage(page) },
	}, nil
}

// parent finds what a new page or database is to be put below.
func (w *workspace) parent(q *request) (*node, error) {
	ref := q.body["parent"].(map[string]any)
	for kind, object := range map[string]string{"page_id": objectPage, "database_id": objectDatabase} {
		given, ok := ref[kind].(string)
		if !ok {
			continue
		}
		id, _ := parseID(given)
		n := w.established(q, id)
		if n == nil || n.Object != object {
			return nil, notFound(object, id)
		}
		if err := oneSource(n); err != nil {
			return nil, err
		}
		if n.Full {
			return nil, &apiError{status: http.StatusConflict, code: "row_limit_exceeded", message: "This database has reached its limit of rows."}
		}
		return n, w.editable(n)
	}
	return nil, invalid("body failed validation: body.parent should be a page or a database.")
}

// established is the node with an id, or nil when there is none that an integration
// can reach, or that is there for long enough to have something put below it.
func (w *workspace) established(q *request, id string) *node {
	n := w.shared(id)
	if n != nil && n.CreateBy == q.bot && q.now.Sub(n.Created) < q.parentLag {
		return nil
	}
	return n
}

// newChildren are the blocks of a request that creates a page.
func newChildren(body map[string]any) ([]any, error) {
	given, ok := body["children"]
	if !ok {
		return nil, nil
	}
	if err := checkBlocks(given, 0); err != nil {
		return nil, err
	}
	children := given.([]any)
	return children, placed("child_page", children)
}

// withSchema is a database with another schema.
func withSchema(database *node, schema []property, q *request) *node {
	n := edited(database, q)
	n.Schema = schema
	return n
}

var pageUpdate = object(
	may("properties", anything), may("icon", orNull(icon)), may("cover", orNull(cover)),
	may("archived", boolean), may("in_trash", boolean))

func updatePage(w *workspace, q *request) (*outcome, error) {
	n := w.shared(q.id)
	if n == nil || n.Object != objectPage {
		return nil, notFound("page", q.id)
	}
	if err := pageUpdate(root("body"), q.body); err != nil {
		return nil, err
	}
	updated, err := w.update(n, q)
	if err != nil {
		return nil, err
	}
	if v, ok := q.body["icon"]; ok {
		updated.Icon = storedFile(v)
	}
	if v, ok := q.body["cover"]; ok {
		updated.Cover = storedFile(v)
	}
	out := replacement(w, updated, w.renderPage)
	if err := updateValues(w, q, updated, out); err != nil {
		return nil, err
	}
	return out, nil
}

// updateValues puts the values of a request over those of a page.
func updateValues(w *workspace, q *request, page *node, out *outcome) error {
	given, ok := q.body["properties"]
	if !ok {
		return nil
	}
	values, err := readValues(given, w.schemaOf(page))
	if err != nil {
		return err
	}
	merged := maps.Clone(page.Values)
	maps.Copy(merged, values.byID)
	page.Values = merged
	if values.newOptions > 0 {
		out.newOptions = values.newOptions
		out.change.Put = append(out.change.Put, withSchema(w.nodes[page.Parent.ID], values.schema, q))
	}
	return nil
}
