package notionsim

import (
	"slices"
	"strings"
	"time"
)

// predicate tells whether a row is among those that a filter keeps.
type predicate func(row *node) bool

// readFilter reads a filter: a group of filters, or a condition on a property
// or on a timestamp.
func readFilter(at *place, schema []property, v any, nesting int) (predicate, error) {
	o, ok := v.(map[string]any)
	if !ok {
		return nil, at.refuse("should be an object", v)
	}
	for _, word := range []string{"and", "or"} {
		if _, ok := o[word]; ok {
			return readGroup(at, schema, word, v, nesting)
		}
	}
	if _, ok := o["timestamp"]; ok {
		return readTimestamp(at, v)
	}
	return readCondition(at, schema, v)
}

func readGroup(at *place, schema []property, word string, v any, nesting int) (predicate, error) {
	if nesting == 0 {
		return nil, at.field(word).refuse("should be not present", v.(map[string]any)[word])
	}
	if err := object(must(word, array(anything, 0)))(at, v); err != nil {
		return nil, err
	}
	var parts []predicate
	for i, f := range v.(map[string]any)[word].([]any) {
		p, err := readFilter(at.field(word).element(i), schema, f, nesting-1)
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	if word == "and" {
		return func(n *node) bool {
			return !slices.ContainsFunc(parts, func(p predicate) bool { return !p(n) })
		}, nil
	}
	return func(n *node) bool {
		return slices.ContainsFunc(parts, func(p predicate) bool { return p(n) })
	}, nil
}

func readTimestamp(at *place, v any) (predicate, error) {
	o := v.(map[string]any)
	name, _ := o["timestamp"].(string)
	if err := among("created_time", "last_edited_time")(at.field("timestamp"), o["timestamp"]); err != nil {
		return nil, err
	}
	if err := object(must("timestamp", anything), must(name, anything), may("type", exactly(name)))(at, v); err != nil {
		return nil, err
	}
	test, err := readOperator(at.field(name), "date", o[name])
	if err != nil {
		return nil, err
	}
	return func(n *node) bool {
		if name == "created_time" {
			return test(stamp(n.Created))
		}
		return test(stamp(n.Edited))
	}, nil
}

func readCondition(at *place, schema []property, v any) (predicate, error) {
	o := v.(map[string]any)
	name, ok := o["property"].(string)
	if !ok {
		return nil, at.field("property").refuse("should be a string", orUndefined(o, "property"))
	}
	i := slices.IndexFunc(schema, func(p property) bool { return p.Name == name || p.ID == name })
	if i < 0 {
		return nil, invalid("Could not find property with name or id: %s", name)
	}
	p := schema[i]
	if !slices.Contains(textTypes, p.Type) {
		return nil, invalid("Filters on %s properties are not supported by this simulator.", p.Type)
	}
	if _, ok := o[p.Type]; !ok {
		return nil, invalid("database property %s does not match filter %s", p.Type, strings.Join(otherKeys(o), ", "))
	}
	if err := object(must("property", anything), must(p.Type, anything), may("type", exactly(p.Type)))(at, v); err != nil {
		return nil, err
	}
	test, err := readOperator(at.field(p.Type), "text", o[p.Type])
	if err != nil {
		return nil, err
	}
	return func(n *node) bool { return test(textOf(renderValue(n, p))) }, nil
}

// textTypes are the properties that can be filtered on: those whose values are
// text.
var textTypes = []string{"title", "rich_text", "url", "email", "phone_number"}

// textOf is a value of one of textTypes as plain text.
func textOf(v any) string {
	if items, ok := v.([]any); ok {
		return plainText(items)
	}
	s, _ := v.(string)
	return s
}

func orUndefined(o map[string]any, name string) any {
	if v, ok := o[name]; ok {
		return v
	}
	return undefined{}
}

func otherKeys(o map[string]any) []string {
	return slices.DeleteFunc(sortedKeys(o), func(k string) bool { return k == "property" || k == "type" })
}

// operators are the tests that filters can ask for, by what they compare: the
// rule for the operand, and the test of a row's value against it.
var operators = map[string]map[string]struct {
	operand shape
	test    func(value string, operand any) bool
}{
	// Text is compared without regard to case: callers that need more must look
	// at what they get.
	"text": {
		"equals":           {text(maxText), sameText},
		"does_not_equal":   {text(maxText), not(sameText)},
		"contains":         {text(maxText), textTest(strings.Contains)},
		"does_not_contain": {text(maxText), not(textTest(strings.Contains))},
		"starts_with":      {text(maxText), textTest(strings.HasPrefix)},
		"ends_with":        {text(maxText), textTest(strings.HasSuffix)},
		"is_empty":         {exactly(true), empty},
		"is_not_empty":     {exactly(true), not(empty)},
	},
	"date": {
		"equals":       {moment, dateTest(func(c int) bool { return c == 0 })},
		"before":       {moment, dateTest(func(c int) bool { return c < 0 })},
		"after":        {moment, dateTest(func(c int) bool { return c > 0 })},
		"on_or_before": {moment, dateTest(func(c int) bool { return c <= 0 })},
		"on_or_after":  {moment, dateTest(func(c int) bool { return c >= 0 })},
	},
}

// readOperator reads a condition such as {"contains": "x"}, which has exactly
// one operator.
func readOperator(at *place, kind string, v any) (func(value string) bool, error) {
	o, ok := v.(map[string]any)
	if !ok {
		return nil, at.refuse("should be an object", v)
	}
	if len(o) != 1 {
		return nil, at.refuse("should have one of "+alternatives(sortedKeys(operators[kind])), v)
	}
	name := sortedKeys(o)[0]
	operator, ok := operators[kind][name]
	if !ok {
		return nil, at.refuse("should have one of "+alternatives(sortedKeys(operators[kind])), v)
	}
	if err := operator.operand(at.field(name), o[name]); err != nil {
		return nil, err
	}
	return func(value string) bool { return operator.test(value, o[name]) }, nil
}

func not(test func(value string, operand any) bool) func(value string, operand any) bool {
	return func(value string, operand any) bool { return !test(value, operand) }
}

func empty(value string, _ any) bool { return value == "" }

func sameText(value string, operand any) bool { return strings.EqualFold(value, operand.(string)) }

func textTest(test func(s, part string) bool) func(value string, operand any) bool {
	return func(value string, operand any) bool {
		return test(strings.ToLower(value), strings.ToLower(operand.(string)))
	}
}

// dateTest compares days when the operand is a day, else instants.
func dateTest(test func(comparison int) bool) func(value string, operand any) bool {
	return func(value string, operand any) bool {
		at, _, err := parseMoment(value)
		if err != nil {
			return false
		}
		limit, day, _ := parseMoment(operand.(string))
		if day {
			at = at.UTC().Truncate(24 * time.Hour)
		}
		return test(at.Compare(limit))
	}
}
