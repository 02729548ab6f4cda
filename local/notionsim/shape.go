package notionsim

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// shape is a rule for a JSON value. It returns an *apiError in Notion's words
// for a value that breaks it.
type shape func(at *place, v any) error

// place is where in a request a value stands, for messages.
type place struct {
	up    *place
	key   string
	index int // instead of key, when up is an array: -1 else
}

func root(name string) *place             { return &place{key: name, index: -1} }
func (p *place) field(name string) *place { return &place{up: p, key: name, index: -1} }
func (p *place) element(i int) *place     { return &place{up: p, index: i} }
func (p *place) refuse(f string, v any) error {
	return invalid("%s failed validation: %s "+f+", instead was `%s`.", p.top(), p, shown(v))
}

func (p *place) String() string {
	switch {
	case p.up == nil:
		return p.key
	case p.index >= 0:
		return p.up.String() + "[" + strconv.Itoa(p.index) + "]"
	default:
		return p.up.String() + "." + p.key
	}
}

func (p *place) top() string {
	for p.up != nil {
		p = p.up
	}
	return p.key
}

// undefined stands for a field that is not there.
type undefined struct{}

// shown is a value as Notion quotes it in a message, cut where it gets long.
func shown(v any) string {
	if _, ok := v.(undefined); ok {
		return "undefined"
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if s := string(b); len(s) > 100 {
		return strings.ToValidUTF8(s[:100], "") + "..."
	}
	return string(b)
}

// member is a field of an object.
type member struct {
	name     string
	shape    shape
	required bool
}

func must(name string, s shape) member { return member{name, s, true} }
func may(name string, s shape) member  { return member{name, s, false} }

// object allows these fields and no other.
func object(members ...member) shape {
	return func(at *place, v any) error {
		o, ok := v.(map[string]any)
		if !ok {
			return at.refuse("should be an object", v)
		}
		known := 0
		for _, m := range members {
			value, present := o[m.name]
			if !present {
				if m.required {
					return at.field(m.name).refuse("should be defined", undefined{})
				}
				continue
			}
			known++
			if err := m.shape(at.field(m.name), value); err != nil {
				return err
			}
		}
		if known < len(o) {
			return refuseUnknown(at, o, members)
		}
		return nil
	}
}

func refuseUnknown(at *place, o map[string]any, members []member) error {
	for _, name := range sortedKeys(o) {
		if !slices.ContainsFunc(members, func(m member) bool { return m.name == name }) {
			return at.field(name).refuse("should be not present", o[name])
		}
	}
	return nil
}

// oneOf allows an object that has exactly one of the variants' fields, a "type"
// that names it if there is one, and the common fields.
func oneOf(variants map[string]shape, common ...member) shape {
	names := sortedKeys(variants)
	whole := make(map[string]shape, len(variants))
	for name, content := range variants {
		whole[name] = object(append([]member{must(name, content), may("type", exactly(name))}, common...)...)
	}
	return func(at *place, v any) error {
		o, ok := v.(map[string]any)
		if !ok {
			return at.refuse("should be an object", v)
		}
		name, err := chosen(at, o, names)
		if err != nil {
			return err
		}
		return whole[name](at, o)
	}
}

// chosen is the one of names that is a field of o.
func chosen(at *place, o map[string]any, names []string) (string, error) {
	if kind, ok := o["type"].(string); ok && slices.Contains(names, kind) {
		if _, present := o[kind]; !present {
			return "", at.field(kind).refuse("should be defined", undefined{})
		}
		return kind, nil
	}
	if kind, ok := o["type"]; ok {
		return "", at.field("type").refuse("should be "+alternatives(names), kind)
	}
	for _, name := range names {
		if _, ok := o[name]; ok {
			return name, nil
		}
	}
	return "", at.refuse("should have one of "+alternatives(names), o)
}

func alternatives(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = "`\"" + name + "\"`"
	}
	return strings.Join(quoted, " or ")
}

// array allows elements of one shape, at least so many and at most as many as
// Notion takes in any array.
func array(item shape, least int) shape {
	return func(at *place, v any) error {
		list, ok := v.([]any)
		switch {
		case !ok:
			return at.refuse("should be an array", v)
		case len(list) > maxArray:
			return at.field("length").refuse(fmt.Sprintf("should be ≤ `%d`", maxArray), len(list))
		case len(list) < least:
			return at.field("length").refuse(fmt.Sprintf("should be ≥ `%d`", least), len(list))
		}
		for i, e := range list {
			if err := item(at.element(i), e); err != nil {
				return err
			}
		}
		return nil
	}
}

// text allows a string of at most so many UTF-16 units.
func text(most int) shape {
	return func(at *place, v any) error {
		s, ok := v.(string)
		if !ok {
			return at.refuse("should be a string", v)
		}
		if n := utf16Len(s); n > most {
			return at.field("length").refuse(fmt.Sprintf("should be ≤ `%d`", most), n)
		}
		return nil
	}
}

// populated allows a string that is not empty: Notion wants null, or the field
// left out, where there is nothing to say.
func populated(most int) shape {
	return func(at *place, v any) error {
		if v == "" {
			return invalid("body failed validation: %s should be populated, instead was \"\".", at)
		}
		return text(most)(at, v)
	}
}

// populatedOrNull is populated where null is allowed too.
func populatedOrNull(most int) shape {
	return func(at *place, v any) error {
		switch v {
		case nil:
			return nil
		case "":
			return invalid("body failed validation: %s should be populated or null, instead was \"\".", at)
		}
		return text(most)(at, v)
	}
}

func orNull(s shape) shape {
	return func(at *place, v any) error {
		if v == nil {
			return nil
		}
		return s(at, v)
	}
}

func exactly(want any) shape {
	return func(at *place, v any) error {
		if v != want {
			return at.refuse("should be `"+shown(want)+"`", v)
		}
		return nil
	}
}

func among(names ...string) shape {
	return func(at *place, v any) error {
		if s, ok := v.(string); !ok || !slices.Contains(names, s) {
			return at.refuse("should be "+alternatives(names), v)
		}
		return nil
	}
}

func boolean(at *place, v any) error {
	if _, ok := v.(bool); !ok {
		return at.refuse("should be a boolean", v)
	}
	return nil
}

func number(at *place, v any) error {
	if _, ok := v.(float64); !ok {
		return at.refuse("should be a number", v)
	}
	return nil
}

func positiveInteger(at *place, v any) error {
	if n, ok := v.(float64); !ok || n < 1 || n != math.Trunc(n) {
		return at.refuse("should be an integer ≥ `1`", v)
	}
	return nil
}

func identifier(at *place, v any) error {
	s, _ := v.(string)
	if _, err := parseID(s); err != nil {
		return at.refuse("should be a valid uuid", v)
	}
	return nil
}

// webAddress allows an absolute http or https URL.
func webAddress(at *place, v any) error {
	if err := populated(maxURL)(at, v); err != nil {
		return err
	}
	if !absoluteURL(v.(string), "http", "https") {
		return badURL(at, "", "Invalid URL.")
	}
	return nil
}

// imageAddress allows the URL of an image that is hosted directly, which Notion
// tells by the end of its path.
func imageAddress(at *place, v any) error {
	if err := populated(maxURL)(at, v); err != nil {
		return err
	}
	s := v.(string)
	if u, err := url.Parse(s); err != nil || !absoluteURL(s, "http", "https") ||
		!slices.Contains(imageExtensions, strings.ToLower(strings.TrimPrefix(path.Ext(u.Path), "."))) {
		return badURL(at, creationFailed, "Invalid image url.")
	}
	return nil
}

var imageExtensions = []string{"bmp", "gif", "heic", "jpeg", "jpg", "png", "svg", "tif", "tiff"}

// absoluteURL tells whether Notion takes s for a link: one of the schemes, a
// host (for mailto an address), and no white space.
func absoluteURL(s string, schemes ...string) bool {
	u, err := url.Parse(s)
	if err != nil || strings.ContainsAny(s, " \t\r\n") || !slices.Contains(schemes, u.Scheme) {
		return false
	}
	if u.Scheme == "mailto" {
		return strings.Contains(u.Opaque, "@")
	}
	return u.Hostname() != ""
}

// utf16Len is a string's length as JavaScript, and so Notion, counts it.
func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
