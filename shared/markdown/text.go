package markdown

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/util"

	"notionrelay/shared/block"
)

// textBuffer holds the text of the block that is being written. Between blocks
// it is empty.
type textBuffer struct {
	content  []byte
	spans    []span
	pieces   int32        // how many stood for themselves
	piece    string       // the last of them
	links    []string     // of the spans
	formats  int          // how many spans with a format there may still be
	most     int          // spans of a block that has formats
	spare    []block.Text // room for some, since few blocks have many
	lineOpen bool         // the next text belongs on a line of its own
	before   int          // bytes of what was taken
	shown    int          // bytes up to the end of what was taken and is no white space
	marks    block.Text   // the format that tags of HTML give, without Content
}

// span is text of one style. It begins where the span before it ends.
type span struct {
	style
	end int32 // in the content of the buffer
}

// style is a format in few bytes, since a block may have very many.
type style struct {
	marks uint8
	link  int32 // 1 is the first of the buffer's
	piece int32 // that stands for itself, or 0
}

const (
	bold = 1 << iota
	italic
	strikethrough
	underline
	code
)

// style is that of a format. One link after the other is the same if it goes to the
// same place.
func (b *textBuffer) style(format block.Text) style {
	var s style
	if format.Bold {
		s.marks |= bold
	}
	if format.Italic {
		s.marks |= italic
	}
	if format.Strikethrough {
		s.marks |= strikethrough
	}
	if format.Underline {
		s.marks |= underline
	}
	if format.Code {
		s.marks |= code
	}
	if format.Link != "" {
		if n := len(b.links); n == 0 || b.links[n-1] != format.Link {
			b.links = append(b.links, format.Link)
		}
		s.link = int32(len(b.links)) //nolint:gosec // a report is shorter
	}
	if format.Content != "" {
		if format.Content != b.piece {
			b.piece = format.Content
			b.pieces++
		}
		s.piece = b.pieces
	}
	return s
}

// format is what a style stands for.
func (b *textBuffer) format(s style) block.Text {
	format := block.Text{
		Bold: s.marks&bold != 0, Italic: s.marks&italic != 0, Strikethrough: s.marks&strikethrough != 0,
		Underline: s.marks&underline != 0, Code: s.marks&code != 0,
	}
	if s.link > 0 {
		format.Link = b.links[s.link-1]
	}
	if s.piece > 0 && s.piece == b.pieces {
		format.Content = b.piece
	}
	return format
}

// write appends text as it is. In a format that has Content it is a piece of its own.
func (b *textBuffer) write(s string, format block.Text) {
	if s == "" {
		return
	}
	b.startLine()
	b.content = append(b.content, s...)
	b.extend(format)
}

// writeMarkdown appends text in which backslashes escape and entities stand for
// characters.
func (b *textBuffer) writeMarkdown(s []byte, format block.Text) {
	if len(s) == 0 {
		return
	}
	b.startLine()
	b.content = appendUnescaped(b.content, s, backslashes+entities)
	b.extend(format)
}

// writeReferences appends text in which entities stand for characters.
func (b *textBuffer) writeReferences(s []byte) {
	if len(s) > 0 {
		b.startLine()
		b.content = appendUnescaped(b.content, s, entities)
		b.extend(block.Text{})
	}
}

// writeCollapsed appends text of HTML: white space is one space, and none at the
// start of a line.
func (b *textBuffer) writeCollapsed(s []byte) {
	for len(s) > 0 {
		space := len(s) - len(bytes.TrimLeft(s, whiteSpace))
		if n := len(b.content); space > 0 && n > 0 && !b.lineOpen && strings.IndexByte(whiteSpace, b.content[n-1]) < 0 {
			b.write(" ", block.Text{})
		}
		s = s[space:]
		word := len(s)
		if i := bytes.IndexAny(s, whiteSpace); i >= 0 {
			word = i
		}
		b.writeReferences(s[:word])
		s = s[word:]
	}
}

const whiteSpace = " \t\r\n"

// mark opens or closes a format of HTML.
func (b *textBuffer) mark(tag string, on bool) {
	switch tag {
	case "b", "strong":
		b.marks.Bold = on
	case "i", "em":
		b.marks.Italic = on
	case "s", "del", "strike":
		b.marks.Strikethrough = on
	case "u":
		b.marks.Underline = on
	case "code":
		b.marks.Code = on
	}
}

// breakLine makes what is written next begin on a new line.
func (b *textBuffer) breakLine() { b.lineOpen = true }

func (b *textBuffer) startLine() {
	if b.lineOpen && len(b.content) > 0 && b.content[len(b.content)-1] != '\n' {
		b.content = append(b.content, '\n')
		b.extend(b.format(b.spans[len(b.spans)-1].style))
	}
	b.lineOpen = false
}

// extend gives what was appended behind the last span a format.
func (b *textBuffer) extend(format block.Text) {
	s, end := b.style(b.merged(format)), int32(len(b.content)) //nolint:gosec // a report is shorter
	n := len(b.spans)
	if (b.formats == 0 || b.isFull()) && (n == 0 || b.spans[n-1].style != s) {
		s.marks = 0
	}
	if n > 0 && b.spans[n-1].style == s {
		b.spans[n-1].end = end
		return
	}
	if s.marks != 0 {
		b.formats--
	}
	b.spans = append(b.spans, span{s, end})
}

// isFull tells whether the text of a block has as many pieces as anybody may want.
func (b *textBuffer) isFull() bool { return len(b.spans) >= b.most }

// merged is a format with that of the tags that are open.
func (b *textBuffer) merged(format block.Text) block.Text {
	format.Bold = format.Bold || b.marks.Bold
	format.Italic = format.Italic || b.marks.Italic
	format.Strikethrough = format.Strikethrough || b.marks.Strikethrough
	format.Underline = format.Underline || b.marks.Underline
	format.Code = format.Code || b.marks.Code
	format.Link = orElse(format.Link, b.marks.Link)
	return format
}

// take returns the text without white space around it, and empties the buffer.
func (b *textBuffer) take() []block.Text {
	content := bytes.TrimRight(b.content, whiteSpace)
	start := len(content) - len(bytes.TrimLeft(content, whiteSpace))
	var texts []block.Text
	if start < len(content) {
		texts = b.texts(string(content), start)
	}
	b.empty()
	return texts
}

// empty forgets the text, and the room for one that few are as long as.
func (b *textBuffer) empty() {
	if end := len(bytes.TrimRightFunc(b.content, unicode.IsSpace)); end > 0 {
		b.shown = b.before + end
	}
	b.before += len(b.content)
	b.content, b.spans, b.links, b.lineOpen = b.content[:0], b.spans[:0], b.links[:0], false
	if cap(b.spans) > 1000 {
		b.content, b.spans, b.links = nil, nil, nil
	}
}

// takeCode returns the text without formats and the line ends around it, and
// empties the buffer.
func (b *textBuffer) takeCode() string {
	code := string(bytes.Trim(b.content, "\n"))
	b.empty()
	return code
}

// show counts as text what there is to see without any.
func (b *textBuffer) show() {
	b.before++
	b.shown = b.before
}

func (b *textBuffer) texts(content string, start int) []block.Text {
	texts := b.room(len(b.spans))
	for _, s := range b.spans {
		end := min(int(s.end), len(content))
		if end <= start {
			continue
		}
		text := b.format(s.style)
		text.Content = content[start:end]
		texts = append(texts, text)
		start = end
	}
	return texts
}

// room is for n texts. That of one text would take 48 bytes by itself, not 40.
func (b *textBuffer) room(n int) []block.Text {
	const atATime = 102 // in 4 KB
	if n > atATime/4 {
		return make([]block.Text, 0, n)
	}
	if len(b.spare) < n {
		b.spare = make([]block.Text, atATime)
	}
	room := b.spare[:0:n]
	b.spare = b.spare[n:]
	return room
}

// What appendUnescaped resolves (CommonMark, sections 2.4 and 2.5).
const (
	backslashes = `\`
	entities    = `&`
)

// appendUnescaped appends s with what begins with one of the marks resolved.
func appendUnescaped(dst, s []byte, marks string) []byte {
	for {
		i := bytes.IndexAny(s, marks)
		if i < 0 {
			return append(dst, s...)
		}
		dst = append(dst, s[:i]...)
		s = s[i:]
		var n int
		if s[0] == '\\' {
			dst, n = appendEscaped(dst, s)
		} else {
			dst, n = appendReference(dst, s)
		}
		s = s[n:]
	}
}

// appendEscaped appends what the backslash at the start of s stands for, and
// returns how much of s that is.
func appendEscaped(dst, s []byte) ([]byte, int) {
	if len(s) > 1 && util.IsPunct(s[1]) {
		return append(dst, s[1]), 2
	}
	return append(dst, '\\'), 1
}

// appendReference appends what the ampersand at the start of s stands for, and
// returns how much of s that is.
func appendReference(dst, s []byte) ([]byte, int) {
	const longest = 40 // the longest name in HTML has 31 letters
	end := bytes.IndexByte(s[:min(len(s), longest)], ';')
	if end < 2 {
		return append(dst, '&'), 1
	}
	name := s[1:end]
	if name[0] != '#' {
		if entity, ok := util.LookUpHTML5EntityByName(string(name)); ok {
			return append(dst, entity.Characters...), end + 1
		}
		return append(dst, '&'), 1
	}
	if r, ok := numericReference(name[1:]); ok {
		return utf8.AppendRune(dst, r), end + 1
	}
	return append(dst, '&'), 1
}

// numericReference is the character of a reference like &#65; or &#x41;.
func numericReference(digits []byte) (rune, bool) {
	base, most := 10, 7
	if len(digits) > 0 && (digits[0] == 'x' || digits[0] == 'X') {
		base, most, digits = 16, 6, digits[1:]
	}
	if len(digits) == 0 || len(digits) > most {
		return 0, false
	}
	n, err := strconv.ParseUint(string(digits), base, 32)
	if err != nil {
		return 0, false
	}
	if r := rune(n); n != 0 && utf8.ValidRune(r) { //nolint:gosec // seven digits fit
		return r, true
	}
	return utf8.RuneError, true
}
