package block

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Chunks cuts rich text of any length into arrays that Notion takes: each
// piece at most MaxText long, each array at most MaxRichTexts pieces and
// MaxBlockBytes of JSON. Joined, the contents are the text that was given.
//
// A piece is cut behind white space where there is any, and otherwise between
// two grapheme clusters, so that an emoji or an accented letter stays whole;
// a single cluster of more than MaxText is cut between its characters. Empty
// pieces are left out. No text gives no array.
func Chunks(texts []Text) [][]Text {
	if fits(texts) {
		if len(texts) == 0 {
			return nil
		}
		return [][]Text{texts}
	}
	var chunks [][]Text
	pieces := cutAll(texts)
	for len(pieces) > 0 {
		n, size := 0, 0
		for ; n < min(len(pieces), MaxRichTexts); n++ {
			size += pieces[n].size()
			if n > 0 && size > MaxBlockBytes {
				break
			}
		}
		chunks = append(chunks, pieces[:n:n])
		pieces = pieces[n:]
	}
	return chunks
}

// cutAll cuts what is longer than MaxText and leaves out what is empty. Where there
// is neither, as in most text, it is the texts that were given.
func cutAll(texts []Text) []Text {
	if !slices.ContainsFunc(texts, func(t Text) bool { return t.Content == "" || len(t.Content) > MaxText }) {
		return texts
	}
	pieces := make([]Text, 0, len(texts))
	for _, text := range texts {
		for rest := text.Content; rest != ""; {
			piece := text
			piece.Content, rest = cut(rest)
			pieces = append(pieces, piece)
		}
	}
	return pieces
}

// Units is the length of s in UTF-16 code units.
func Units(s string) int {
	n := 0
	for i := 0; i < len(s); {
		if s[i] < utf8.RuneSelf {
			i++
			n++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		n++
		if r > 0xFFFF {
			n++ // a surrogate pair
		}
	}
	return n
}

// fits tells whether the text can surely stay as it is. It measures bytes,
// which no character has fewer of than UTF-16 units; six bytes is the most that
// one becomes in JSON.
func fits(texts []Text) bool {
	if len(texts) > MaxRichTexts {
		return false
	}
	total := 0
	for i := range texts {
		content, link := len(texts[i].Content), len(texts[i].Link)
		if content == 0 || content > MaxText {
			return false
		}
		total += 200 + 6*(content+link)
	}
	return total <= MaxBlockBytes
}

// cut returns the first piece of s and what is left.
func cut(s string) (piece, rest string) {
	end := prefix(s, MaxText)
	if end == len(s) {
		return s, ""
	}
	if at := lastSpace(s, end); at > 0 {
		return s[:at], s[at:]
	}
	if at := lastCluster(s, end); at > 0 {
		return s[:at], s[at:]
	}
	return s[:end], s[end:]
}

// prefix is the number of bytes of the longest prefix of s, of whole
// characters, that has at most the given number of UTF-16 units.
func prefix(s string, units int) int {
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		units--
		if r > 0xFFFF {
			units--
		}
		if units < 0 {
			return i
		}
		i += size
	}
	return len(s)
}

// lastSpace is the position behind the last white space in s[:end] that is a
// grapheme cluster of its own (a combining mark can sit on a space), or 0.
func lastSpace(s string, end int) int {
	for at := end; at > 0; at-- {
		at = strings.LastIndexAny(s[:at], " \n\t") + 1
		if at == 0 {
			return 0
		}
		_, size := utf8.DecodeRuneInString(s[at:])
		if boundary := lastCluster(s[at-1:at+size], 1); boundary > 0 {
			return at
		}
	}
	return 0
}

// lastCluster is the position of the last boundary between grapheme clusters
// in s[:end], end included, or 0. s begins at a boundary.
func lastCluster(s string, end int) int {
	// Whether end is a boundary depends on the character behind it, and on no more.
	_, size := utf8.DecodeRuneInString(s[end:])
	window := s[:end+size]
	last, state := 0, -1
	for rest := window; rest != ""; {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		at := len(window) - len(rest)
		if at > end || (rest == "" && cluster == window) {
			break
		}
		last = at
	}
	return last
}
