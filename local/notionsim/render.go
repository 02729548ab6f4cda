package notionsim

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
)

// stamp is a time as Notion shows it: cut to the minute.
func stamp(t time.Time) string {
	return t.UTC().Truncate(time.Minute).Format("2006-01-02T15:04:05.000Z")
}

// rendered is what all objects have in common.
func (w *workspace) rendered(n *node, object string) map[string]any {
	return map[string]any{
		"object": object, "id": n.ID, "parent": renderParent(n.Parent),
		"created_time": stamp(n.Created), "last_edited_time": stamp(n.Edited),
		"created_by": user(n.CreateBy), "last_edited_by": user(n.EditBy),
		"archived": n.Archived, "in_trash": n.Archived,
	}
}

func renderParent(p parentRef) map[string]any {
	if p.Type == "workspace" {
		return map[string]any{"type": "workspace", "workspace": true}
	}
	return map[string]any{"type": p.Type, p.Type: p.ID}
}

func (w *workspace) renderBlockID(id string) map[string]any { return w.renderBlock(w.nodes[id]) }

// render shows a node as what it is.
func (w *workspace) render(n *node) map[string]any {
	switch n.Object {
	case objectPage:
		return w.renderPage(n)
	case objectDatabase:
		return w.renderDatabase(n)
	default:
		return w.renderBlock(n)
	}
}

// partial is an answer with nothing of its objects but their kind and id.
func partial(o map[string]any) map[string]any {
	results, ok := o["results"].([]any)
	if !ok {
		return map[string]any{"object": o["object"], "id": o["id"]}
	}
	list := maps.Clone(o)
	bare := make([]any, len(results))
	for i, r := range results {
		bare[i] = partial(r.(map[string]any))
	}
	list["results"] = bare
	return list
}

// renderBlock shows a block; a page or database as the block that stands for it
// on the page above.
func (w *workspace) renderBlock(n *node) map[string]any {
	o := w.rendered(n, objectBlock)
	kind := blockType(n)
	o["type"] = kind
	o["has_children"] = n.Object != objectDatabase && len(w.live(n.ID)) > 0
	if n.Object == objectBlock {
		o[kind] = n.Content
	} else {
		o[kind] = map[string]any{"title": n.title()}
	}
	return o
}

func blockType(n *node) string {
	if n.Object == objectBlock {
		return n.Type
	}
	return "child_" + n.Object
}

func (w *workspace) renderPage(n *node) map[string]any {
	o := w.rendered(n, objectPage)
	properties := map[string]any{}
	for _, p := range w.schemaOf(n) {
		properties[p.Name] = map[string]any{"id": p.ID, "type": p.Type, p.Type: renderValue(n, p)}
	}
	o["properties"] = properties
	addFace(o, n)
	return o
}

// addFace adds what pages and databases show of themselves.
func addFace(o map[string]any, n *node) {
	o["icon"], o["cover"] = nil, nil
	if n.Icon != nil {
		o["icon"] = n.Icon
	}
	if n.Cover != nil {
		o["cover"] = n.Cover
	}
	o["url"], o["public_url"] = pageURL(n), nil
}

func renderValue(n *node, p property) any {
	v := n.Values[p.ID]
	switch p.Type {
	case "title", "rich_text":
		if v == nil {
			return []any{}
		}
	case "checkbox":
		return v == true
	case "select":
		if id, ok := v.(string); ok {
			return renderOption(p, id)
		}
		return nil
	case "multi_select":
		ids, _ := v.([]any)
		options := []any{}
		for _, id := range ids {
			if o := renderOption(p, id.(string)); o != nil {
				options = append(options, o)
			}
		}
		return options
	case "date":
		if d, ok := v.(map[string]any); ok {
			return map[string]any{"start": d["start"], "end": d["end"], "time_zone": d["time_zone"]}
		}
	}
	return v
}

// renderOption shows an option, or nil for one that is no longer in the schema.
func renderOption(p property, id string) any {
	i := slices.IndexFunc(p.Options, func(o option) bool { return o.ID == id })
	if i < 0 {
		return nil
	}
	o := p.Options[i]
	return map[string]any{"id": o.ID, "name": o.Name, "color": o.Color}
}

func (w *workspace) renderDatabase(n *node) map[string]any {
	o := w.rendered(n, objectDatabase)
	o["title"], o["description"], o["is_inline"] = append([]any{}, n.Title...), []any{}, false
	properties := map[string]any{}
	for _, p := range n.Schema {
		properties[p.Name] = renderProperty(p)
	}
	o["properties"] = properties
	addFace(o, n)
	return o
}

func renderProperty(p property) map[string]any {
	config := map[string]any{}
	switch p.Type {
	case "number":
		config["format"] = "number"
		if p.Format != "" {
			config["format"] = p.Format
		}
	case "select", "multi_select":
		options := []any{}
		for _, o := range p.Options {
			options = append(options, renderOption(p, o.ID))
		}
		config["options"] = options
	}
	return map[string]any{"id": p.ID, "name": p.Name, "type": p.Type, p.Type: config}
}

// pageURL is the address under which Notion shows a page: its title in letters
// and digits, and its id. That of a database is the id alone.
func pageURL(n *node) string {
	const site = "https://www.notion.so/"
	words := strings.FieldsFunc(n.title(), func(r rune) bool {
		return r > unicode.MaxASCII || (!unicode.IsLetter(r) && !unicode.IsDigit(r))
	})
	if n.Object == objectDatabase || len(words) == 0 {
		return site + undashed(n.ID)
	}
	return site + strings.Join(words, "-") + "-" + undashed(n.ID)
}
