// Package property is what Notion's pages and databases hold besides blocks:
// the values of a page's properties and the schema of a database's, as JSON.
// It does no I/O.
//
// Notion answers 400 for an empty string in an e-mail, a link or a select, and
// for a null in place of a list of texts. So an unknown value is null where
// that is allowed, an empty list where it is not, and never left out.
package property

import "encoding/json"

// Values are the properties of a page by name.
type Values map[string]Value

// Value is the value of one property, in the form that Notion takes.
type Value struct{ content map[string]any }

// MarshalJSON is the value as a request holds it.
func (v Value) MarshalJSON() ([]byte, error) { return json.Marshal(v.content) }

// Title is the property that names a page: at most block.MaxText units.
func Title(text string) Value { return of("title", Texts(text)) }

// RichText is a text property, in pieces of at most block.MaxText units each;
// none, or an empty one, is an empty text.
func RichText(pieces ...string) Value { return of("rich_text", Texts(pieces...)) }

// Email is an e-mail property; an empty address is null.
func Email(address string) Value { return of("email", orNull(address, address)) }

// Select is an option by name; an empty name is null.
func Select(name string) Value { return of("select", orNull(name, map[string]any{"name": name})) }

// URL is a link; an empty one is null.
func URL(address string) Value { return of("url", orNull(address, address)) }

// Number is a number; nil is null.
func Number(value *float64) Value { return of("number", value) }

// Date is a date in ISO 8601; an empty one is null.
func Date(start string) Value { return of("date", orNull(start, map[string]any{"start": start})) }

// Texts are pieces of plain text as a list of rich texts, which is empty
// rather than null where there are none.
func Texts(pieces ...string) []any {
	texts := []any{}
	for _, piece := range pieces {
		if piece != "" {
			texts = append(texts, map[string]any{"type": "text", "text": map[string]any{"content": piece}})
		}
	}
	return texts
}

func of(kind string, content any) Value { return Value{map[string]any{kind: content}} }

func orNull(text string, content any) any {
	if text == "" {
		return nil
	}
	return content
}

// Schema is the configuration of a database's properties by name.
type Schema map[string]any

// Plain is the configuration of a property of a kind without one, for example
// title or rich_text.
func Plain(kind string) any { return map[string]any{kind: map[string]any{}} }

// Option is an option of a select property. Notion chooses a colour where
// there is none.
type Option struct {
	Name  string `json:"name"`
	Color string `json:"color,omitempty"`
}

// Selection is the configuration of a select property with all its options: one
// that a page brings along later would change the schema, and collide with
// whatever else is written at the time.
func Selection(options []Option) any {
	return map[string]any{"select": map[string]any{"options": options}}
}
