package notionsim

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// Tree is the whole workspace as indented text, for comparison with another
// one: ids are replaced by positions ("#3" is the third thing in the tree, also
// where a link names it), times and authors are left out, and so is what is in
// the trash.
func (s *Sim) Tree() string {
	s.lock()
	defer s.mu.Unlock()
	return s.space.tree(s.space.roots)
}

// TreeBelow is the part of the tree that begins at a page, database or block,
// with positions of its own; empty when there is none with that id, or it is in
// the trash.
func (s *Sim) TreeBelow(id string) string {
	s.lock()
	defer s.mu.Unlock()
	if s.space.nodes[id] == nil {
		return ""
	}
	return s.space.tree([]string{id})
}

func (w *workspace) tree(ids []string) string {
	t := &treeWriter{space: w}
	for _, n := range w.withoutArchived(ids) {
		t.node(n, 0)
	}
	return strings.NewReplacer(t.names...).Replace(t.out.String())
}

// treeWriter writes a tree and collects the names that stand for ids in it.
type treeWriter struct {
	space *workspace
	out   strings.Builder
	names []string // id, name, id without dashes, name, ...
}

func (t *treeWriter) linef(depth int, format string, args ...any) {
	t.out.WriteString(strings.Repeat("  ", depth))
	fmt.Fprintf(&t.out, format, args...)
	t.out.WriteByte('\n')
}

func (t *treeWriter) node(n *node, depth int) {
	name := fmt.Sprintf("#%d", len(t.names)/4+1)
	t.names = append(t.names, n.ID, name, undashed(n.ID), name)
	switch n.Object {
	case objectDatabase:
		t.linef(depth, "%s database %s", name, showRichText(n.Title))
		t.face(n, depth+1)
		t.schema(n, depth+1)
	case objectPage:
		t.linef(depth, "%s page", name)
		t.face(n, depth+1)
		t.values(n, depth+1)
	default:
		t.linef(depth, "%s %s%s", name, n.Type, showContent(n))
	}
	for _, child := range t.space.live(n.ID) {
		t.node(child, depth+1)
	}
}

func (t *treeWriter) face(n *node, depth int) {
	if n.Icon != nil {
		t.linef(depth, "icon %s", showPicture(n.Icon))
	}
	if n.Cover != nil {
		t.linef(depth, "cover %s", showPicture(n.Cover))
	}
}

func (t *treeWriter) schema(n *node, depth int) {
	for _, p := range n.Schema {
		t.linef(depth, "property %q %s%s", p.Name, p.Type, showConfig(p))
	}
}

func showConfig(p property) string {
	var b strings.Builder
	if p.Format != "" {
		fmt.Fprintf(&b, " format=%s", p.Format)
	}
	for _, o := range p.Options {
		fmt.Fprintf(&b, " %q=%s", o.Name, o.Color)
	}
	return b.String()
}

func (t *treeWriter) values(n *node, depth int) {
	for _, p := range t.space.schemaOf(n) {
		t.linef(depth, "%s: %s", p.Name, showValue(renderValue(n, p), p.Type))
	}
}

func showValue(v any, kind string) string {
	switch kind {
	case "title", "rich_text":
		return showRichText(v.([]any))
	case "select":
		if o, ok := v.(map[string]any); ok {
			return showJSON(o["name"])
		}
	case "multi_select":
		names := []any{}
		for _, o := range v.([]any) {
			names = append(names, o.(map[string]any)["name"])
		}
		return showJSON(names)
	}
	return showJSON(v)
}

// showContent is a block's content without what is as it is by default.
func showContent(n *node) string {
	usual := defaultContent(n.Type)
	var b strings.Builder
	for _, name := range sortedKeys(n.Content) {
		v := n.Content[name]
		if old, ok := usual[name]; ok && reflect.DeepEqual(old, v) {
			continue
		}
		fmt.Fprintf(&b, " %s=%s", name, showField(name, v))
	}
	return b.String()
}

func showField(name string, v any) string {
	switch name {
	case "rich_text", "caption":
		return showRichText(v.([]any))
	case "icon":
		return showPicture(v)
	case "cells":
		cells := v.([]any)
		shown := make([]string, len(cells))
		for i, c := range cells {
			shown[i] = showRichText(c.([]any))
		}
		return "[" + strings.Join(shown, " | ") + "]"
	default:
		return showJSON(v)
	}
}

// showRichText is rich text as quoted strings, each followed by its formatting.
func showRichText(items []any) string {
	if len(items) == 0 {
		return `""`
	}
	shown := make([]string, len(items))
	for i, item := range items {
		shown[i] = showItem(item.(map[string]any))
	}
	return strings.Join(shown, " + ")
}

func showItem(item map[string]any) string {
	var marks []string
	annotations := item["annotations"].(map[string]any)
	for _, name := range sortedKeys(annotations) {
		switch v := annotations[name]; v {
		case false, "default":
		case true:
			marks = append(marks, name)
		default:
			marks = append(marks, fmt.Sprint(v))
		}
	}
	if kind := item["type"].(string); kind != "text" {
		marks = append(marks, kind+" "+showJSON(item[kind]))
	}
	if href, ok := item["href"].(string); ok {
		marks = append(marks, "link "+href)
	}
	s := showJSON(item["plain_text"])
	if len(marks) > 0 {
		s += "(" + strings.Join(marks, ", ") + ")"
	}
	return s
}

// showPicture is an icon or a cover as its emoji or its address.
func showPicture(v any) string {
	picture, _ := v.(map[string]any)
	if emoji, ok := picture["emoji"].(string); ok {
		return emoji
	}
	if external, ok := picture["external"].(map[string]any); ok {
		return fmt.Sprint(external["url"])
	}
	return showJSON(v)
}

func showJSON(v any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // people read it
	if err := encoder.Encode(v); err != nil {
		return fmt.Sprintf("%v", v)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
