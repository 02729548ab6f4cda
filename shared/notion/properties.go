package notion

import (
	"encoding/json"

	"github.com/jomei/notionapi"
)

// Properties are the properties of a page by name. The library's own values
// marshal empty strings, which Notion refuses, and cannot say null.
type Properties notionapi.Properties

// Title is the property that names a page.
func Title(text string) notionapi.Property { return property{"title": richText(text)} }

// RichText is a text property; empty is allowed.
func RichText(text string) notionapi.Property { return property{"rich_text": richText(text)} }

// Email is an e-mail property; an empty address is null.
func Email(address string) notionapi.Property {
	if address == "" {
		return property{"email": nil}
	}
	return property{"email": address}
}

type property map[string]any

func (p property) GetID() string                   { return "" }
func (p property) GetType() notionapi.PropertyType { return "" }
func (p property) MarshalJSON() ([]byte, error)    { return json.Marshal(map[string]any(p)) }

// richText is never null, which Notion refuses.
func richText(text string) []any {
	if text == "" {
		return []any{}
	}
	return []any{map[string]any{"type": "text", "text": map[string]any{"content": text}}}
}
