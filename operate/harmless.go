package operate

import (
	"strings"
	"unicode"
)

// Harmless is a text without what a terminal obeys, or shows in another order:
// others have written parts of it. Its lines stay.
func Harmless(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, text)
}

// HarmlessLine is the same on one line.
func HarmlessLine(text string) string {
	return strings.NewReplacer("\n", " ", "\t", " ").Replace(Harmless(text))
}
