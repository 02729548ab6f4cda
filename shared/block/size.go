package block

import "unicode/utf8"

// size is how many bytes of a request the block takes without its children: what
// encoding/json makes of it and the comma behind it, or a few bytes more.
// Encoding it to find out would take many times as long.
func (b *Block) size() int {
	const frame = len(`{"object":"block","type":"","":{"rich_text":[],"children":[]}},`)
	n := frame + 2*len(b.Kind) + fieldSizes[b.Kind] + textsSize(b.Text)
	n += stringSize(b.URL) + stringSize(b.Expression) + stringSize(b.Language) + stringSize(b.Icon) + stringSize(b.Title)
	for _, cell := range b.Cells {
		n += len(`[],`) + textsSize(cell)
	}
	return n
}

// fieldSizes is what the fields take that only one kind has.
var fieldSizes = map[Kind]int{
	Callout:  len(`"icon":{"type":"emoji","emoji":""},`),
	Code:     len(`"language":"",`),
	Equation: len(`"expression":"",`),
	Image:    len(`"type":"external","external":{"url":""},`),
	Table:    len(`"table_width":100,"has_column_header":false,"has_row_header":false,`),
	ToDo:     len(`"checked":false,`),
}

func textsSize(texts []Text) int {
	n := 0
	for i := range texts {
		n += texts[i].size()
	}
	return n
}

// size is how many bytes the text takes in an array of others.
func (t *Text) size() int {
	n := len(`{"type":"text","text":{"content":""}},`) + stringSize(t.Content)
	if t.Link != "" {
		n += len(`,"link":{"url":""}`) + stringSize(t.Link)
	}
	marks := 0
	for i, set := range [...]bool{t.Bold, t.Italic, t.Strikethrough, t.Underline, t.Code} {
		if set {
			marks += markSizes[i]
		}
	}
	if marks > 0 {
		n += len(`,"annotations":{}`) + marks
	}
	return n
}

var markSizes = [...]int{len(`"bold":true,`), len(`"italic":true,`), len(`"strikethrough":true,`), len(`"underline":true,`), len(`"code":true,`)}

// stringSize is the length of s as encoding/json writes it, without the quotes.
func stringSize(s string) int {
	n := len(s)
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			n += escapes[c]
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 || r == '\u2028' || r == '\u2029' {
			n += len(`\u2028`) - size
		}
		i += size
	}
	return n
}

// escapes is how many bytes encoding/json adds to an ASCII character. It
// escapes those of HTML like control characters.
var escapes = func() (added [utf8.RuneSelf]int) {
	for c := range added {
		switch {
		case c == '"', c == '\\', c == '\n', c == '\r', c == '\t', c == '\b', c == '\f':
			added[c] = len(`\n`) - 1
		case c < ' ', c == '<', c == '>', c == '&':
			added[c] = len(`\u0000`) - 1
		}
	}
	return added
}()
