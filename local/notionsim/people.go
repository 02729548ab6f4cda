package notionsim

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
)

// personID is the user in whose name people edit.
const personID = "5eed0000-0000-4000-8000-000000000003"

// People are those who work in the workspace beside the integration: what they
// do needs no request, costs no budget and is created and last edited by
// another user. An edit while a write to the same page is in flight collides
// with it.
//
// Each method panics when nothing has the id that it is given, or it is not of
// a kind that this can be done to.
type People struct{ sim *Sim }

// People are the hands of a person in the workspace.
func (s *Sim) People() People { return People{s} }

// Insert writes a paragraph below a page or block, or a row with one text below
// a table, and returns its id. at is its place among what is there: 0 is the
// top, a number beyond the last the end.
func (p People) Insert(parent string, at int, text string) (id string) {
	p.edit(parent, func(w *workspace, n *node, made *creation) {
		block := map[string]any{"paragraph": map[string]any{"rich_text": newText(text)}}
		if width, ok := n.Content["table_width"].(float64); ok {
			cells := append([]any{newText(text)}, slices.Repeat([]any{[]any{}}, int(width)-1)...)
			block = map[string]any{"table_row": map[string]any{"cells": cells}}
		} else if !n.parental() {
			panic("nothing can be inserted below a " + blockType(n))
		}
		id = made.add(n, []any{block})[0]
		switch siblings := w.live(n.ID); {
		case at <= 0:
			made.change.Insert[0].First = true
		case at < len(siblings):
			made.change.Insert[0].After = siblings[at-1].ID
		}
	})
	return id
}

// NewPage makes a page below a page, or a row of a database, and returns its
// id.
func (p People) NewPage(parent, title string) (id string) {
	p.edit(parent, func(_ *workspace, n *node, made *creation) {
		if n.Object == objectBlock {
			panic("no page can be made below a " + n.Type)
		}
		page := made.node(objectPage, parentRef{Type: n.Object + "_id", ID: n.ID})
		page.Values = map[string]any{"title": storedRichText(newText(title))}
		made.change.Insert = []insertion{{Parent: n.ID, IDs: []string{page.ID}}}
		id = page.ID
	})
	return id
}

// Edit changes the text of a block, or that of a table row's first cell.
func (p People) Edit(block, text string) {
	p.change(block, func(n *node) {
		content := maps.Clone(n.Content)
		switch {
		case n.Content["rich_text"] != nil:
			content["rich_text"] = storedRichText(newText(text))
		case n.Type == "table_row":
			cells := slices.Clone(n.Content["cells"].([]any))
			cells[0] = storedRichText(newText(text))
			content["cells"] = cells
		default:
			panic("a " + blockType(n) + " has no text to edit")
		}
		n.Content = content
	})
}

// Rename changes the title of a page, a row or a database.
func (p People) Rename(id, title string) {
	p.change(id, func(n *node) {
		switch n.Object {
		case objectPage:
			n.Values = maps.Clone(n.Values)
			n.Values["title"] = storedRichText(newText(title))
		case objectDatabase:
			n.Title = storedRichText(newText(title))
		default:
			panic("a " + n.Type + " has no title")
		}
	})
}

// Trash deletes a block, page or database, with what is below it.
func (p People) Trash(id string) { p.change(id, func(n *node) { n.Archived = true }) }

// Restore takes out of the trash what was put there by itself.
func (p People) Restore(id string) { p.change(id, func(n *node) { n.Archived = false }) }

// Unshare takes a page, database or block away from all integrations, with what
// is below it: it is answered 404, as if it had been deleted for good.
func (p People) Unshare(id string) { p.change(id, func(n *node) { n.Unshared = true }) }

// Share undoes Unshare.
func (p People) Share(id string) { p.change(id, func(n *node) { n.Unshared = false }) }

// RenameColumn gives a database's property another name. Its id stays.
func (p People) RenameColumn(database, name, to string) {
	p.column(database, name, func(c *property) { c.Name = to })
}

// RetypeColumn makes a database's property one of another type, such as
// rich_text, without values.
func (p People) RetypeColumn(database, name, to string) {
	p.column(database, name, func(c *property) { *c = property{ID: newPropertyID(), Name: name, Type: to} })
}

// RemoveColumn takes a property out of a database.
func (p People) RemoveColumn(database, name string) {
	p.column(database, name, func(c *property) { c.Name = "" })
}

func (p People) column(database, name string, change func(*property)) {
	p.change(database, func(n *node) {
		n.Schema = slices.Clone(n.Schema)
		i := slices.IndexFunc(n.Schema, func(c property) bool { return c.Name == name })
		if i < 0 {
			panic("the database has no property " + name)
		}
		isTitle := n.Schema[i].Type == "title"
		change(&n.Schema[i])
		if isTitle != (n.Schema[i].Type == "title" && n.Schema[i].Name != "") {
			panic("a database has exactly one title")
		}
		n.Schema = slices.DeleteFunc(n.Schema, func(c property) bool { return c.Name == "" })
	})
}

// AddDataSource makes a database one with two data sources, which this version
// of the API can do nothing with.
func (p People) AddDataSource(database string) {
	p.change(database, func(n *node) { n.Source = uuid.NewString() })
}

// RemoveDataSource undoes AddDataSource.
func (p People) RemoveDataSource(database string) {
	p.change(database, func(n *node) { n.Source = "" })
}

// Fill brings a database to its limit of rows: another one is answered 409, and
// no waiting mends that.
func (p People) Fill(database string) { p.change(database, func(n *node) { n.Full = true }) }

// MakeRoom undoes Fill.
func (p People) MakeRoom(database string) { p.change(database, func(n *node) { n.Full = false }) }

// UseUpBlocks brings a free workspace to the end of its thousand blocks: what
// would create more is answered 403, the rest goes on.
func (p People) UseUpBlocks() { p.allow(func(a *access) { a.usedUp = true }) }

// Upgrade takes a plan that undoes UseUpBlocks.
func (p People) Upgrade() { p.allow(func(a *access) { a.usedUp = false }) }

// Bar is done by Notion's staff: every request of an integration is answered
// 429, with the reason that says that repeating does not help.
func (p People) Bar() { p.allow(func(a *access) { a.barred = true }) }

// Unbar undoes Bar.
func (p People) Unbar() { p.allow(func(a *access) { a.barred = false }) }

// RevokeToken makes a token invalid: 401.
func (p People) RevokeToken(token string) {
	p.allow(func(a *access) { a.revoked[token] = true })
}

// RenewToken revokes a token and makes another one valid in its place, for the
// same integration.
func (p People) RenewToken(old, renewed string) {
	p.allow(func(a *access) {
		a.revoked[old], a.revoked[renewed] = true, false
		a.first[renewed] = a.integration(old)
	})
}

// Withhold takes a capability from all integrations. Requests that need it are
// answered 403; without ReadContent the answers to writes hold partial objects.
func (p People) Withhold(c Capability) { p.allow(func(a *access) { a.withheld[c] = true }) }

// Grant undoes Withhold.
func (p People) Grant(c Capability) { p.allow(func(a *access) { delete(a.withheld, c) }) }

// allow changes who may do what.
func (p People) allow(change func(*access)) {
	p.sim.lock()
	defer p.sim.mu.Unlock()
	change(&p.sim.access)
}

// change replaces a node by a changed copy.
func (p People) change(id string, change func(*node)) {
	p.edit(id, func(_ *workspace, n *node, made *creation) {
		changed := edited(n, made.request)
		change(changed)
		made.change.Put = append(made.change.Put, changed)
	})
}

// edit makes what act puts together, on the page of the node with an id.
func (p People) edit(id string, act func(w *workspace, n *node, made *creation)) {
	s := p.sim
	s.lock()
	defer s.mu.Unlock()
	n := s.space.nodes[id]
	if n == nil {
		panic(fmt.Sprintf("there is no page, database or block with the id %q", id))
	}
	made := newCreation(&request{now: time.Now(), bot: personID})
	act(s.space, n, made)
	made.change.Touch = touched(s.space.page(n))
	if err := s.commit(made.change); err != nil {
		panic(err)
	}
	s.gate.collide(n.ID, made.request.now)
	s.gate.collide(n.Parent.ID, made.request.now)
}

// newText is rich text as a request has it.
func newText(content string) []any {
	return []any{map[string]any{"text": map[string]any{"content": content}}}
}
