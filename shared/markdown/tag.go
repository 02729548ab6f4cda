package markdown

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tag is an HTML or XML-like tag, or a comment, declaration or processing
// instruction, which have no name.
type tag struct {
	name       string // in lower case
	closing    bool
	empty      bool   // closes itself, like <br/>
	bare       bool   // has an attribute without a value
	attributes []byte // as they stand
	length     int    // bytes, from < to >
}

// scanTag reads the tag with which s begins. The grammar is CommonMark's
// (section 6.6).
func scanTag(s []byte, missing endings) (tag, bool) {
	switch {
	case len(s) < 3 || s[0] != '<':
		return tag{}, false
	case bytes.HasPrefix(s, commentStart):
		return missing.scan(s, 2, "-->") // <!--> is a comment, too
	case s[1] == '?':
		return missing.scan(s, 2, "?>")
	case s[1] == '!' && s[2] >= 'A' && s[2] <= 'Z':
		return missing.scan(s, 2, ">")
	default:
		return scanNamed(s)
	}
}

// endings are the ends of comments and the like that are known not to come. They
// keep a text of many beginnings from being searched through for each.
type endings map[string]bool

func (m endings) scan(s []byte, from int, end string) (tag, bool) {
	if m[end] {
		return tag{}, false
	}
	i := bytes.Index(s[from:], []byte(end))
	if i < 0 && m != nil {
		m[end] = true
	}
	return tag{length: from + i + len(end)}, i >= 0
}

// scanNamed reads an opening or closing tag. Its name may have underscores and
// letters of any script besides what CommonMark allows, as language models
// write them: <executive_summary_and_answer>.
func scanNamed(s []byte) (tag, bool) {
	if len(s) < 3 || s[0] != '<' {
		return tag{}, false
	}
	t := tag{closing: s[1] == '/'}
	i := 1
	if t.closing {
		i = 2
	}
	n := nameLength(s[i:])
	if n == 0 {
		return tag{}, false
	}
	t.name = strings.ToLower(string(s[i : i+n]))
	i += n
	start := i
	for !t.closing { // a closing tag has no attributes
		a := scanAttribute(s[i:])
		if a.length == 0 {
			break
		}
		t.bare = t.bare || a.bare
		i += a.length
	}
	t.attributes = s[start:i]
	i += spaces(s[i:])
	if !t.closing && i < len(s) && s[i] == '/' {
		t.empty = true
		i++
	}
	if i >= len(s) || s[i] != '>' {
		return tag{}, false
	}
	t.length = i + 1
	return t, true
}

// attribute is the value of an attribute, or empty.
func (t tag) attribute(name string) string {
	for rest := t.attributes; len(rest) > 0; {
		a := scanAttribute(rest)
		if a.length == 0 {
			break
		}
		if strings.EqualFold(string(a.name), name) {
			return string(appendUnescaped(nil, a.value, entities))
		}
		rest = rest[a.length:]
	}
	return ""
}

// source is where the image of an <img> is. Pages that load it late, or that have
// several sizes of it, can have it elsewhere than in src.
func (t tag) source() string {
	first, _, _ := strings.Cut(strings.TrimSpace(t.attribute("srcset")), " ")
	return orElse(t.attribute("src"), orElse(first, t.attribute("data-src")))
}

// nameLength is the length of the tag name that s begins with, or 0.
func nameLength(s []byte) int {
	n := 0
	for n < len(s) {
		r, size := utf8.DecodeRune(s[n:])
		letter := unicode.IsLetter(r)
		if !letter && (n == 0 || r != '-' && r != '_' && !unicode.IsDigit(r)) {
			break
		}
		n += size
	}
	return n
}

// attribute is an attribute of a tag.
type attribute struct {
	name, value []byte
	bare        bool // without a value
	length      int  // bytes, white space before it included
}

// scanAttribute reads the attribute that s begins with, whose length is 0 if
// there is none.
func scanAttribute(s []byte) attribute {
	start := spaces(s)
	i := start
	for i < len(s) && attributeByte(s[i], i == start) {
		i++
	}
	if start == 0 || i == start {
		return attribute{}
	}
	a := attribute{name: s[start:i], bare: true, length: i}
	value := i + spaces(s[i:])
	if value >= len(s) || s[value] != '=' {
		return a
	}
	value++
	value += spaces(s[value:])
	if value >= len(s) {
		return attribute{}
	}
	end := value
	if quote := s[value]; quote == '"' || quote == '\'' {
		value++
		n := bytes.IndexByte(s[value:], quote)
		if n < 0 {
			return attribute{}
		}
		a.value, end = s[value:value+n], value+n+1
	} else {
		for end < len(s) && s[end] > ' ' && !strings.ContainsRune("\"'=<>`", rune(s[end])) {
			end++
		}
		if end == value {
			return attribute{}
		}
		a.value = s[value:end]
	}
	a.bare, a.length = false, end
	return a
}

func attributeByte(c byte, first bool) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == ':':
		return true
	default:
		return !first && (c >= '0' && c <= '9' || c == '.' || c == '-')
	}
}

func spaces(s []byte) int {
	n := 0
	for n < len(s) && (s[n] == ' ' || s[n] == '\t' || s[n] == '\n') {
		n++
	}
	return n
}

// rawTag is the tag of raw HTML in text, of which goldmark takes some that
// scanTag does not.
func rawTag(raw []byte) tag {
	if t, ok := scanTag(raw, nil); ok {
		return t
	}
	name := bytes.TrimLeft(raw, "</")
	return tag{closing: len(raw) > 1 && raw[1] == '/', name: strings.ToLower(string(name[:nameLength(name)]))}
}
