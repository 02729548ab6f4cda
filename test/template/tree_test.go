package template_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// tree is a value of the template: a map, a list or a scalar, with the short
// forms of functions (!Ref, !Sub) as their long ones.
type tree struct{ value any }

func readTemplate(t *testing.T) tree {
	t.Helper()
	text, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	return tree{plain(t, document.Content[0])}
}

func plain(t *testing.T, n *yaml.Node) any {
	t.Helper()
	if name, ok := strings.CutPrefix(n.Tag, "!"); ok && !strings.HasPrefix(name, "!") {
		function := *n
		function.Tag = ""
		value := plain(t, &function)
		if name == "GetAtt" {
			id, attribute, _ := strings.Cut(value.(string), ".")
			value = []any{id, attribute}
		}
		if name != "Ref" {
			name = "Fn::" + name
		}
		return map[string]any{name: value}
	}
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			m[n.Content[i].Value] = plain(t, n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, item := range n.Content {
			list[i] = plain(t, item)
		}
		return list
	}
	var scalar any
	if err := n.Decode(&scalar); err != nil {
		t.Fatal(err)
	}
	return scalar
}

// properties and environment are where a resource's properties and a function's
// variables are.
func properties(id string) string { return "Resources." + id + ".Properties" }

func environment(function string) string { return properties(function) + ".Environment.Variables" }

// at is the value at a path of keys and positions, written one by one or joined
// by dots; a tree without a value when there is none.
func (t tree) at(path ...string) tree {
	value := t.value
	for key := range strings.SplitSeq(strings.Join(path, "."), ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(v) {
				return tree{}
			}
			value = v[i]
		default:
			return tree{}
		}
	}
	return tree{value}
}

// child is the value at a key that may have dots in it.
func (t tree) child(key string) tree {
	m, _ := t.value.(map[string]any)
	return tree{m[key]}
}

// text is a string, empty when there is none.
func (t tree) text(path ...string) string {
	s, _ := t.at(path...).value.(string)
	return s
}

// number is -1 when there is none.
func (t tree) number(path ...string) float64 {
	switch n := t.at(path...).value.(type) {
	case int:
		return float64(n)
	case float64:
		return n
	}
	return -1
}

// list is a list's items; a value by itself is a list of one, as in a policy.
func (t tree) list() []tree {
	items, ok := t.value.([]any)
	if !ok && t.value != nil {
		return []tree{t}
	}
	all := make([]tree, len(items))
	for i, item := range items {
		all[i] = tree{item}
	}
	return all
}

func (t tree) texts() (all []string) {
	for _, item := range t.list() {
		all = append(all, fmt.Sprint(item.value))
	}
	return all
}

func (t tree) keys() []string {
	m, _ := t.value.(map[string]any)
	return slices.Sorted(maps.Keys(m))
}

// ofType are the logical ids of the resources of a type.
func (t tree) ofType(kind string) (ids []string) {
	for _, id := range t.at("Resources").keys() {
		if t.text("Resources", id, "Type") == kind {
			ids = append(ids, id)
		}
	}
	return ids
}

// attributeOf is the resource whose attribute a value is.
func attributeOf(value tree, attribute string) string {
	if value.text("Fn::GetAtt.1") != attribute {
		return ""
	}
	return value.text("Fn::GetAtt.0")
}

// set changes a copy of the template; nil removes.
func (t tree) set(path string, value any) tree {
	key, rest, nested := strings.Cut(path, ".")
	if nested {
		value = t.at(key).set(rest, value).value
	}
	if list, ok := t.value.([]any); ok {
		i, err := strconv.Atoi(key)
		if err != nil {
			panic(err)
		}
		list = slices.Clone(list)
		list[i] = value
		return tree{list}
	}
	m, _ := t.value.(map[string]any)
	m = maps.Clone(m)
	if m == nil {
		m = map[string]any{}
	}
	if m[key] = value; value == nil {
		delete(m, key)
	}
	return tree{m}
}
