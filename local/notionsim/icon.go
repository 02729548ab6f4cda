package notionsim

import (
	"unicode"

	"github.com/rivo/uniseg"
)

var (
	icon = oneOf(map[string]shape{
		"emoji":    emoji,
		"external": object(must("url", webAddress)),
	})
	cover = oneOf(map[string]shape{"external": object(must("url", webAddress))})
)

// emoji allows one emoji. Notion has a closed list; this is near enough to it
// to refuse text, and two emoji where one is meant.
func emoji(at *place, v any) error {
	s, _ := v.(string)
	if uniseg.GraphemeClusterCount(s) != 1 || !pictorial(s) {
		return at.refuse("should be an emoji", v)
	}
	return nil
}

// pictorial tells whether a grapheme cluster is a picture: a symbol, or
// anything that a variation selector or a keycap turns into one.
func pictorial(cluster string) bool {
	for _, r := range cluster {
		if r == '\uFE0F' || r == '\u20E3' || (r > unicode.MaxLatin1 && unicode.Is(unicode.So, r)) {
			return true
		}
	}
	return false
}

// storedFile is a valid icon or cover as Notion sends it, or nil for null.
func storedFile(v any) map[string]any {
	given, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	for _, kind := range []string{"emoji", "external"} {
		if value, ok := given[kind]; ok {
			return map[string]any{"type": kind, kind: value}
		}
	}
	return nil
}
