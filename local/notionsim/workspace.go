package notionsim

import (
	"slices"
	"strings"
	"time"
)

// The kinds of node, as Notion names them in "object".
const (
	objectPage     = "page"
	objectDatabase = "database"
	objectBlock    = "block"
)

// reportsDatabaseID is constant, so that a configuration that names the
// database outlives the simulator's state.
const reportsDatabaseID = "5eed0000-0000-4000-8000-000000000001"

// workspace is all pages, databases and blocks. It changes only by apply;
// nodes in it are never modified in place.
type workspace struct {
	nodes    map[string]*node
	children map[string][]string // ids in order, archived ones included; a database's are its rows
	roots    []string            // top-level databases and pages
}

// node is a page, a database or a block.
type node struct {
	ID       string    `json:"id"`
	Object   string    `json:"object"`
	Parent   parentRef `json:"parent"`
	Created  time.Time `json:"created"`
	Edited   time.Time `json:"edited"`
	CreateBy string    `json:"createdBy"`
	EditBy   string    `json:"editedBy"`
	Archived bool      `json:"archived,omitempty"`
	Unshared bool      `json:"unshared,omitempty"` // neither it nor what is below can be reached by integrations

	// Of a block: its type, and its content as Notion sends it.
	Type    string         `json:"type,omitempty"`
	Content map[string]any `json:"content,omitzero"`

	// Of a page: its values by property id. Options of selects are kept as ids.
	Values map[string]any `json:"values,omitempty"`

	// Of a database.
	Title  []any      `json:"title,omitempty"`
	Schema []property `json:"schema,omitempty"`
	Source string     `json:"source,omitempty"` // id of a second data source
	Full   bool       `json:"full,omitempty"`   // it takes no more rows

	// Of pages and databases, as Notion sends them.
	Icon  map[string]any `json:"icon,omitempty"`
	Cover map[string]any `json:"cover,omitempty"`
}

// parentRef is what a node hangs below. Type is as in Notion's "parent":
// page_id, database_id, block_id or workspace.
type parentRef struct {
	Type string `json:"type"`
	ID   string `json:"id,omitempty"`
}

// property is a column of a database.
type property struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Type    string   `json:"type"`
	Format  string   `json:"format,omitempty"`  // of a number
	Options []option `json:"options,omitempty"` // of a select or multi_select
}

type option struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Color string `json:"color"`
}

// change is the effect of one request: one line of the journal.
type change struct {
	At     time.Time   `json:"at"`
	By     string      `json:"by"`               // the bot
	Put    []*node     `json:"put,omitempty"`    // nodes that are new or replaced
	Insert []insertion `json:"insert,omitempty"` // nodes that get a place among their siblings
	Touch  []string    `json:"touch,omitempty"`  // nodes that count as edited, because what is below them changed
	Forget string      `json:"forget,omitempty"` // a row that is given up for the room it takes
}

// insertion puts nodes behind the sibling After, or at the end. The parent ""
// is the workspace itself.
type insertion struct {
	Parent string   `json:"parent,omitempty"`
	First  bool     `json:"first,omitempty"` // at the beginning
	After  string   `json:"after,omitempty"`
	IDs    []string `json:"ids"`
}

func newWorkspace() *workspace {
	return &workspace{nodes: map[string]*node{}, children: map[string][]string{}}
}

func (w *workspace) apply(c change) {
	if n := w.nodes[c.Forget]; n != nil {
		siblings := w.children[n.Parent.ID]
		i := slices.Index(siblings, n.ID)
		w.children[n.Parent.ID] = slices.Delete(siblings, i, i+1)
		w.remove(n.ID)
	}
	for _, n := range c.Put {
		w.nodes[n.ID] = n
	}
	for _, id := range c.Touch {
		touched := *w.nodes[id]
		touched.Edited, touched.EditBy = c.At, c.By
		w.nodes[id] = &touched
	}
	for _, in := range c.Insert {
		if in.Parent == "" {
			w.roots = append(w.roots, in.IDs...)
			continue
		}
		siblings := w.children[in.Parent]
		at := len(siblings)
		if in.First {
			at = 0
		} else if i := slices.Index(siblings, in.After); i >= 0 {
			at = i + 1
		}
		w.children[in.Parent] = slices.Insert(siblings, at, in.IDs...)
	}
}

// shared is the node with an id, or nil when there is none that an integration
// can reach.
func (w *workspace) shared(id string) *node {
	for up := w.nodes[id]; up != nil; up = w.nodes[up.Parent.ID] {
		if up.Unshared {
			return nil
		}
	}
	return w.nodes[id]
}

// live lists what is below a node and not archived.
func (w *workspace) live(parent string) []*node {
	return w.withoutArchived(w.children[parent])
}

func (w *workspace) withoutArchived(ids []string) []*node {
	nodes := make([]*node, 0, len(ids))
	for _, id := range ids {
		if n := w.nodes[id]; !n.Archived {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// page is the page that a node is on, or the node itself if it is a page or
// database.
func (w *workspace) page(n *node) *node {
	for n.Object == objectBlock {
		n = w.nodes[n.Parent.ID]
	}
	return n
}

// schemaOf is the schema of the database that a page is a row of, or that of a
// page elsewhere, which has nothing but a title.
func (w *workspace) schemaOf(page *node) []property {
	if page.Parent.Type == "database_id" {
		return w.nodes[page.Parent.ID].Schema
	}
	return []property{{ID: "title", Name: "title", Type: "title"}}
}

// title is a page's or database's title without its formatting.
func (n *node) title() string {
	if n.Object == objectDatabase {
		return plainText(n.Title)
	}
	value, _ := n.Values["title"].([]any) // a database's title property has this id too
	return plainText(value)
}

// seed is the change that makes an empty workspace.
func seed(now time.Time) change {
	return change{
		At: now,
		Put: []*node{{
			ID: reportsDatabaseID, Object: objectDatabase, Parent: parentRef{Type: "workspace"},
			Created: now, Edited: now, CreateBy: ownerID, EditBy: ownerID,
			Title: storedRichText(newText("Reports")),
			Icon:  map[string]any{"type": "emoji", "emoji": "🗂️"},
			Schema: []property{
				{ID: "title", Name: "Company", Type: "title"},
				{ID: newPropertyID(), Name: "Contact Email", Type: "email"},
				{ID: newPropertyID(), Name: "Report Type", Type: "rich_text"},
			},
		}},
		Insert: []insertion{{IDs: []string{reportsDatabaseID}}},
	}
}

// undashed is an id as Notion writes it in URLs.
func undashed(id string) string { return strings.ReplaceAll(id, "-", "") }
