package notionsim

import (
	"maps"
	"strings"
)

// colors of blocks and of text; those of select options are the first ten.
var colors = []string{
	"default", "gray", "brown", "orange", "yellow", "green", "blue", "purple", "pink", "red",
	"default_background", "gray_background", "brown_background", "orange_background", "yellow_background",
	"green_background", "blue_background", "purple_background", "pink_background", "red_background",
}

var (
	color = among(colors...)

	richText = array(richTextItem, 0)

	annotations = object(
		may("bold", boolean), may("italic", boolean), may("strikethrough", boolean),
		may("underline", boolean), may("code", boolean), may("color", color))

	richTextVariants = oneOf(map[string]shape{
		"text":     object(must("content", text(maxText)), may("link", orNull(link))),
		"equation": object(must("expression", text(maxExpression))),
	},
		may("annotations", annotations),
		// Both are Notion's own and ignored: rich text that was read may be sent back.
		may("plain_text", anything), may("href", anything))
)

func richTextItem(at *place, v any) error { return richTextVariants(at, v) }

func anything(*place, any) error { return nil }

func link(at *place, v any) error {
	if err := object(must("url", text(maxURL)), may("type", exactly("url")))(at, v); err != nil {
		return err
	}
	if !absoluteURL(v.(map[string]any)["url"].(string), "http", "https", "mailto") {
		return badURL(at.field("url"), "", "Invalid URL for link.")
	}
	return nil
}

// storedRichText is valid rich text as Notion sends it: with every default
// filled in.
func storedRichText(v any) []any {
	list, _ := v.([]any)
	stored := make([]any, len(list))
	for i, item := range list {
		stored[i] = storedItem(item.(map[string]any))
	}
	return stored
}

func storedItem(in map[string]any) map[string]any {
	out := map[string]any{"annotations": storedAnnotations(in["annotations"]), "href": nil}
	if e, ok := in["equation"].(map[string]any); ok {
		out["type"], out["plain_text"], out["equation"] = "equation", e["expression"], e
		return out
	}
	t := in["text"].(map[string]any)
	out["type"], out["plain_text"] = "text", t["content"]
	var target any
	if l, ok := t["link"].(map[string]any); ok {
		target = map[string]any{"url": l["url"]}
		out["href"] = l["url"]
	}
	out["text"] = map[string]any{"content": t["content"], "link": target}
	return out
}

// plain are the annotations of text without formatting. Most text shares them,
// for nothing that is stored is modified.
var plain = map[string]any{"bold": false, "italic": false, "strikethrough": false, "underline": false, "code": false, "color": "default"}

func storedAnnotations(v any) map[string]any {
	given, ok := v.(map[string]any)
	if !ok {
		return plain
	}
	a := maps.Clone(plain)
	maps.Copy(a, given)
	return a
}

// plainText is stored rich text without its formatting.
func plainText(items []any) string {
	var b strings.Builder
	for _, item := range items {
		s, _ := item.(map[string]any)["plain_text"].(string)
		b.WriteString(s)
	}
	return b.String()
}
