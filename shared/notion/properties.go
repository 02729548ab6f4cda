package notion

import (
	"encoding/json"

	"github.com/jomei/notionapi"
)

// Properties are the properties of a page by name. The library's own values
// marshal empty strings, which Notion refuses, and cannot say null.
type Properties notionapi.Properties

// Title is the property that names a page: at most block.MaxText units.
func Title(text string) notionapi.Property { return property{"title": richText(text)} }

// RichText is a text property, in pieces of at most block.MaxText units each;
// none, or an empty one, is an empty text.
func RichText(pieces ...string) notionapi.Property { return property{"rich_text": richText(pieces...)} }

// Email is an e-mail property; an empty address is null.
func Email(address string) notionapi.Property {
	if address == "" {
		return property{"email": nil}
	}
	return property{"email": address}
}

// Select is an option by name; an empty name is null.
func Select(name string) notionapi.Property {
	if name == "" {
		return property{"select": nil}
	}
	return property{"select": map[string]any{"name": name}}
}

// URL is a link; an empty one is null.
func URL(address string) notionapi.Property {
	if address == "" {
		return property{"url": nil}
	}
	return property{"url": address}
}

// Number is a number; nil is null.
func Number(value *float64) notionapi.Property { return property{"number": value} }

// Date is a date in ISO 8601; an empty one is null.
func Date(start string) notionapi.Property {
	if start == "" {
		return property{"date": nil}
	}
	return property{"date": map[string]any{"start": start}}
}

// Schema is the configuration of a database's property.
type Schema map[string]any

// PropertyOf makes the configuration of a property of a plain kind, for example title
// or rich_text.
func PropertyOf(kind string) Schema { return Schema{kind: map[string]any{}} }

// Option is an option of a select property.
type Option struct {
	Name  string `json:"name"`
	Color string `json:"color,omitempty"`
}

// SelectOf makes the configuration of a select property with all its options:
// one that a page brings along later would change the schema, and collide.
func SelectOf(options []Option) Schema {
	return Schema{"select": map[string]any{"options": options}}
}

type property map[string]any

func (p property) GetID() string                   { return "" }
func (p property) GetType() notionapi.PropertyType { return "" }
func (p property) MarshalJSON() ([]byte, error)    { return json.Marshal(map[string]any(p)) }

// richText is never null, which Notion refuses.
func richText(pieces ...string) []any {
	text := []any{}
	for _, piece := range pieces {
		if piece != "" {
			text = append(text, map[string]any{"type": "text", "text": map[string]any{"content": piece}})
		}
	}
	return text
}
