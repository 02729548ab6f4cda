package block

import (
	"strconv"
	"unicode/utf8"
)

// AppendJSON appends the blocks to dst as the JSON array that version
// 2022-06-28 of Notion's API takes as children, and returns the extended
// slice. What only Notion sets (ids, HasChildren) is left out.
//
// It is written by hand because a report is some hundred kilobytes of JSON of
// few shapes: encoding/json takes longer for it than parsing the report.
func AppendJSON(dst []byte, blocks []Block) []byte {
	dst = append(dst, '[')
	for i := range blocks {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = blocks[i].appendJSON(dst)
	}
	return append(dst, ']')
}

// MarshalJSON returns the block as AppendJSON writes it. It never fails.
func (b Block) MarshalJSON() ([]byte, error) {
	return b.appendJSON(nil), nil
}

func (b *Block) appendJSON(dst []byte) []byte {
	dst = append(dst, `{"object":"block","type":"`...)
	dst = append(dst, b.Kind...)
	dst = append(dst, `","`...)
	dst = append(dst, b.Kind...)
	dst = append(dst, `":{`...)
	switch b.Kind {
	case Divider:
	case Equation:
		dst = append(dst, `"expression":`...)
		dst = appendString(dst, b.Expression)
	case Image:
		dst = append(dst, `"type":"external","external":{"url":`...)
		dst = appendString(dst, b.URL)
		dst = append(dst, `},"caption":`...)
		dst = appendRichText(dst, b.Text)
	case Table:
		dst = b.appendTable(dst)
	case TableRow:
		dst = append(dst, `"cells":[`...)
		for i, cell := range b.Cells {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendRichText(dst, cell)
		}
		dst = append(dst, ']')
	case ChildPage, ChildDatabase:
		dst = append(dst, `"title":`...)
		dst = appendString(dst, b.Title)
	default:
		dst = b.appendText(dst)
	}
	return append(dst, "}}"...)
}

func (b *Block) appendTable(dst []byte) []byte {
	width := 1
	if len(b.Children) > 0 {
		width = max(width, len(b.Children[0].Cells))
	}
	dst = append(dst, `"table_width":`...)
	dst = strconv.AppendInt(dst, int64(width), 10)
	dst = append(dst, `,"has_column_header":`...)
	dst = strconv.AppendBool(dst, b.HeaderRow)
	dst = append(dst, `,"has_row_header":false,"children":`...)
	return AppendJSON(dst, b.Children)
}

// appendText appends the fields of a block that is mostly its text.
func (b *Block) appendText(dst []byte) []byte {
	dst = append(dst, `"rich_text":`...)
	dst = appendRichText(dst, b.Text)
	switch b.Kind {
	case ToDo:
		dst = append(dst, `,"checked":`...)
		dst = strconv.AppendBool(dst, b.Checked)
	case Code:
		dst = append(dst, `,"language":`...)
		dst = appendString(dst, b.Language)
	case Callout:
		if b.Icon != "" {
			dst = append(dst, `,"icon":{"type":"emoji","emoji":`...)
			dst = appendString(dst, b.Icon)
			dst = append(dst, '}')
		}
	}
	if len(b.Children) > 0 {
		dst = append(dst, `,"children":`...)
		dst = AppendJSON(dst, b.Children)
	}
	return dst
}

func appendRichText(dst []byte, texts []Text) []byte {
	dst = append(dst, '[')
	for i := range texts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = texts[i].appendJSON(dst)
	}
	return append(dst, ']')
}

func (t *Text) appendJSON(dst []byte) []byte {
	dst = append(dst, `{"type":"text","text":{"content":`...)
	dst = appendString(dst, t.Content)
	if t.Link != "" {
		dst = append(dst, `,"link":{"url":`...)
		dst = appendString(dst, t.Link)
		dst = append(dst, '}')
	}
	dst = append(dst, '}')
	if t.Bold || t.Italic || t.Strikethrough || t.Code {
		dst = append(dst, `,"annotations":{`...)
		dst = appendFlag(dst, `"bold":true,`, t.Bold)
		dst = appendFlag(dst, `"italic":true,`, t.Italic)
		dst = appendFlag(dst, `"strikethrough":true,`, t.Strikethrough)
		dst = appendFlag(dst, `"code":true,`, t.Code)
		dst[len(dst)-1] = '}' // in place of the last comma
	}
	return append(dst, '}')
}

func appendFlag(dst []byte, field string, set bool) []byte {
	if !set {
		return dst
	}
	return append(dst, field...)
}

// appendString appends s as a JSON string. Bytes that are no UTF-8 become
// U+FFFD, as encoding/json has it.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	done := 0 // s[:done] has been appended
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c < ' ' || c == '"' || c == '\\' {
				dst = append(dst, s[done:i]...)
				dst = appendEscape(dst, c)
				done = i + 1
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, s[done:i]...)
			dst = utf8.AppendRune(dst, utf8.RuneError)
			done = i + 1
		}
		i += size
	}
	dst = append(dst, s[done:]...)
	return append(dst, '"')
}

func appendEscape(dst []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\t':
		return append(dst, '\\', 't')
	case '\r':
		return append(dst, '\\', 'r')
	default:
		return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
	}
}
