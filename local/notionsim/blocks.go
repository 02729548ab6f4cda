package notionsim

import (
	"maps"
	"slices"

	"github.com/google/uuid"
)

func getBlock(w *workspace, q *request) (*outcome, error) {
	n := w.shared(q.id)
	if n == nil {
		return nil, notFound("block", q.id)
	}
	return &outcome{reply: func() map[string]any { return w.renderBlock(n) }}, nil
}

func listChildren(w *workspace, q *request) (*outcome, error) {
	n := w.shared(q.id)
	if n == nil || n.Object == objectDatabase || w.archived(n) {
		return nil, notFound("block", q.id)
	}
	page, err := paginate(w.children[q.id], func(id string) bool { return !w.nodes[id].Archived && !w.nodes[id].Unshared }, root("query"), q.query["start_cursor"], queryPageSize(q))
	if err != nil {
		return nil, err
	}
	return &outcome{reply: func() map[string]any { return page.list("block", w.renderBlockID) }}, nil
}

func appendChildren(w *workspace, q *request) (*outcome, error) {
	n := w.established(q, q.id)
	if n == nil {
		return nil, notFound("block", q.id)
	}
	if err := object(must("children", anything), may("after", identifier))(root("body"), q.body); err != nil {
		return nil, err
	}
	if err := checkBlocks(q.body["children"], 1); err != nil {
		return nil, err
	}
	children := q.body["children"].([]any)
	if err := w.acceptsChildren(n, children); err != nil {
		return nil, err
	}
	after, err := w.sibling(n, q.body["after"])
	if err != nil {
		return nil, err
	}

	made := newCreation(q)
	ids := made.add(n, children)
	made.change.Insert[0].After = after
	made.change.Touch = append(made.change.Touch, touched(n, w.page(n))...)
	reply := func() map[string]any {
		return (&listing{ids: ids}).list("block", w.renderBlockID)
	}
	return &outcome{change: made.change, parent: n.ID, created: ids, reply: reply}, nil
}

// acceptsChildren refuses blocks that cannot stand below n.
func (w *workspace) acceptsChildren(n *node, children []any) error {
	if err := w.editable(n); err != nil {
		return err
	}
	if !n.parental() {
		return invalid("Block does not support children.")
	}
	if err := placed(n.Type, children); err != nil {
		return err
	}
	if n.Type != "table" {
		return nil
	}
	for _, row := range children {
		_, content := kindOf(row)
		if err := fitsTable(content, n.Content["table_width"]); err != nil {
			return err
		}
	}
	return nil
}

// parental tells whether blocks can be appended to a node. Of headings, only
// those that can be toggled take any.
func (n *node) parental() bool {
	if isHeading(n.Type) {
		return n.Content["is_toggleable"] == true
	}
	return n.Object == objectPage || slices.Contains(parentalTypes, n.Type)
}

// sibling is the block behind which new ones go, or "" for the end.
func (w *workspace) sibling(parent *node, after any) (string, error) {
	if after == nil {
		return "", nil
	}
	id, _ := parseID(after.(string))
	if n := w.nodes[id]; n == nil || n.Archived || !slices.Contains(w.children[parent.ID], id) {
		return "", invalid("Block to append children after is not parented by %s: %s", parent.ID, id)
	}
	return id, nil
}

// editable refuses a node that is in the trash. The words are the same where
// only something above it is: they do not say that it was deleted itself.
func (w *workspace) editable(n *node) error {
	if w.archived(n) {
		return invalid("Can't edit block that is archived. You must unarchive the block before editing.")
	}
	return nil
}

// archived tells whether a node or anything above it is in the trash.
func (w *workspace) archived(n *node) bool {
	for ; n != nil; n = w.nodes[n.Parent.ID] {
		if n.Archived {
			return true
		}
	}
	return false
}

// deleteBlock moves a block, page or database to the trash. Deleting what is
// there already is refused like any other edit of it, as Notion's reference
// says of archived blocks; a block that never was is answered 404.
func deleteBlock(w *workspace, q *request) (*outcome, error) {
	n := w.shared(q.id)
	if n == nil {
		return nil, notFound("block", q.id)
	}
	if err := w.editable(n); err != nil {
		return nil, err
	}
	deleted := edited(n, q)
	deleted.Archived = true
	return replacement(w, deleted, w.renderBlock), nil
}

// replacement is the outcome of putting a changed node in the place of the old.
func replacement(w *workspace, n *node, render func(*node) map[string]any) *outcome {
	c := change{At: n.Edited, By: n.EditBy, Put: []*node{n}}
	if page := w.page(n); page.ID != n.ID {
		c.Touch = []string{page.ID}
	}
	return &outcome{change: c, parent: n.Parent.ID, reply: func() map[string]any { return render(n) }}
}

// update is a copy of a node for a request to change, with what the request says
// of the trash. What is in the trash cannot be changed but by taking it out.
func (w *workspace) update(n *node, q *request) (*node, error) {
	archived, trashes := trashed(q.body)
	takesOut := n.Archived && trashes && !archived
	if !takesOut {
		if err := w.editable(n); err != nil {
			return nil, err
		}
	}
	updated := edited(n, q)
	if trashes {
		updated.Archived = archived
	}
	return updated, nil
}

// edited is a copy of a node that counts as edited by a request.
func edited(n *node, q *request) *node {
	c := *n
	c.Edited, c.EditBy = q.now, q.bot
	return &c
}

// trashed reads "archived" or "in_trash", its newer name.
func trashed(body map[string]any) (archived, present bool) {
	for _, name := range []string{"archived", "in_trash"} {
		if v, ok := body[name].(bool); ok {
			return v, true
		}
	}
	return false, false
}

func touched(nodes ...*node) []string {
	var ids []string
	for _, n := range nodes {
		if !slices.Contains(ids, n.ID) {
			ids = append(ids, n.ID)
		}
	}
	return ids
}

// creation collects the nodes that a request creates.
type creation struct {
	request *request
	change  change
}

func newCreation(q *request) *creation {
	return &creation{request: q, change: change{At: q.now, By: q.bot}}
}

// node adds a new node below a parent, without a place among its siblings.
func (c *creation) node(object string, parent parentRef) *node {
	n := &node{
		ID: uuid.NewString(), Object: object, Parent: parent,
		Created: c.request.now, Edited: c.request.now, CreateBy: c.request.bot, EditBy: c.request.bot,
	}
	c.change.Put = append(c.change.Put, n)
	return n
}

// add creates the blocks of a request below parent, with all that is below
// them, and returns the ids of the topmost.
func (c *creation) add(parent *node, blocks []any) []string {
	if len(blocks) == 0 {
		return nil
	}
	at := len(c.change.Insert)
	c.change.Insert = append(c.change.Insert, insertion{Parent: parent.ID})
	ids := make([]string, len(blocks))
	for i, b := range blocks {
		n := c.node(objectBlock, parentRef{Type: parent.Object + "_id", ID: parent.ID})
		kind, given := kindOf(b)
		n.Type, n.Content = kind, mergedContent(defaultContent(kind), given)
		ids[i] = n.ID
		c.add(n, childrenOf(b))
	}
	c.change.Insert[at].IDs = ids
	return ids
}

// mergedContent is a block's content with that of a request over it.
func mergedContent(old, given map[string]any) map[string]any {
	merged := maps.Clone(old)
	for name, v := range given {
		switch name {
		case "children":
		case "rich_text", "caption":
			merged[name] = storedRichText(v)
		case "cells":
			merged[name] = storedCells(v.([]any))
		case "icon":
			merged[name] = storedFile(v)
		case "external":
			merged["type"], merged[name] = name, v
		default:
			merged[name] = v
		}
	}
	return merged
}

func storedCells(cells []any) []any {
	stored := make([]any, len(cells))
	for i, c := range cells {
		stored[i] = storedRichText(c)
	}
	return stored
}

// defaultContent is what a block of a kind has where a request says nothing.
func defaultContent(kind string) map[string]any {
	switch kind {
	case "heading_1", "heading_2", "heading_3":
		return map[string]any{"color": "default", "is_toggleable": false}
	case "to_do":
		return map[string]any{"color": "default", "checked": false}
	case "callout":
		return map[string]any{"color": "default", "icon": map[string]any{"type": "emoji", "emoji": "💡"}}
	case "paragraph", "bulleted_list_item", "numbered_list_item", "quote", "toggle", "table_of_contents":
		return map[string]any{"color": "default"}
	case "code", "image":
		return map[string]any{"caption": []any{}}
	case "table":
		return map[string]any{"has_column_header": false, "has_row_header": false}
	default:
		return map[string]any{}
	}
}
