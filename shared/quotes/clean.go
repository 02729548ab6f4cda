package quotes

import (
	"bytes"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean takes fragments of markup out of a text that was cut from a language
// model's answer or from a web page, and space from its ends. What could be
// prose stays: a text without angle brackets is only trimmed, and so is
// "a < b and c > d". Markup is
//
//   - a closing tag, a self-closing tag, a comment, and a tag all of whose
//     attributes have values;
//   - a tag without attributes if it is closed somewhere in the text, if its
//     name has an underscore, or if HTML wants no end of it, such as <br>;
//   - at the end of the text, a tag that breaks off in the value of an attribute
//     or in the name that it closes;
//   - at its start, the rest of such a tag: attributes with quoted values and an
//     angle bracket, or a bracket right before a word (where it may also be
//     Reddit's mark of a quotation, which is no loss either).
//
// Where a tag stood between two words there is a space, unless the tag is one
// that HTML has inside of words. Cleaning a clean text changes nothing.
func Clean(text string) string {
	text = strings.TrimSpace(strings.ToValidUTF8(text, "\uFFFD"))
	for strings.ContainsAny(text, "<>") {
		cleaned := strings.TrimSpace(withoutStart(withoutEnd(withoutTags(text))))
		if cleaned == text {
			break
		}
		text = cleaned
	}
	return text
}

const (
	tagName    = `[A-Za-z][A-Za-z0-9_:.-]*`
	quoted     = `(?:"[^"]*"|'[^']*')`
	attributes = `(?:\s+` + tagName + `\s*=\s*(?:` + quoted + `|[^\s"'<>=]+))*`
)

// maxTag bounds the search for a tag's beginning, so that no text takes
// quadratic time. No fragment that was seen has a tenth of it.
const maxTag = 1000

var (
	commentTag = regexp.MustCompile(`(?s)^<!--.*-->$`)
	closingTag = regexp.MustCompile(`^</(` + tagName + `)\s*>$`)
	openingTag = regexp.MustCompile(`^<(` + tagName + `)(` + attributes + `)\s*(/?)>$`)
	closings   = regexp.MustCompile(`</(` + tagName + `)\s*>`)
	brokenTag  = regexp.MustCompile(`^<(?:/` + tagName + `|` + tagName + attributes + `\s+` + tagName + `\s*=\s*(?:"[^"]*|'[^']*|` + quoted + `\s*)?)$`)
	restOfTag  = regexp.MustCompile(`^` + tagName + `\s*=\s*` + quoted + attributes + `\s*/?>`)
	bracket    = regexp.MustCompile(`^>+(?:\s*$|["'“‘«]?\p{L})`)
)

// withoutEnding are the elements of HTML whose end tag may be left out or does
// not exist, as far as they are found in what people write.
var withoutEnding = map[string]bool{
	"br": true, "dd": true, "dt": true, "hr": true, "img": true, "li": true, "p": true, "td": true, "th": true, "tr": true, "wbr": true,
}

// insideWords are the elements of HTML that mark a part of a word or sentence.
var insideWords = map[string]bool{
	"a": true, "abbr": true, "b": true, "code": true, "del": true, "em": true, "font": true, "i": true, "ins": true, "mark": true,
	"s": true, "small": true, "span": true, "strong": true, "sub": true, "sup": true, "u": true, "wbr": true,
}

// withoutTags reads the text once. Each closing bracket may complete a tag that
// began at the last opening one still there; so a tag that only comes together
// when one inside of it goes is found as well.
func withoutTags(text string) string {
	closed := map[string]bool{}
	for _, match := range closings.FindAllStringSubmatch(text, -1) {
		closed[strings.ToLower(match[1])] = true
	}
	var (
		out []byte
		gap bool // a tag that parts words was just taken out
	)
	for i, r := range text {
		if gap && !unicode.IsSpace(r) && !endsInSpace(out) {
			out = append(out, ' ')
		}
		gap = false
		out = append(out, text[i:i+utf8.RuneLen(r)]...)
		if r != '>' {
			continue
		}
		if name, start, ok := lastTag(out, closed); ok {
			out = out[:start]
			gap = !insideWords[name]
		}
	}
	return string(out)
}

func endsInSpace(text []byte) bool {
	r, _ := utf8.DecodeLastRune(text)
	return len(text) == 0 || unicode.IsSpace(r)
}

// lastTag finds the markup that a text ends with: where it starts and the name
// in it, which a comment does not have.
func lastTag(text []byte, closed map[string]bool) (name string, start int, ok bool) {
	from := max(0, len(text)-maxTag)
	start = from + bytes.LastIndexByte(text[from:], '<')
	if start < from {
		return "", 0, false
	}
	tag := string(text[start:])
	if match := openingTag.FindStringSubmatch(tag); match != nil {
		name = strings.ToLower(match[1])
		return name, start, match[2] != "" || match[3] != "" || closed[name] || withoutEnding[name] || strings.Contains(name, "_")
	}
	if match := closingTag.FindStringSubmatch(tag); match != nil {
		return strings.ToLower(match[1]), start, true
	}
	return "", start, commentTag.MatchString(tag)
}

func withoutEnd(text string) string {
	for {
		start := strings.LastIndexByte(text, '<')
		if start < 0 || !brokenTag.MatchString(text[start:]) {
			return text
		}
		text = text[:start]
	}
}

func withoutStart(text string) string {
	for {
		text = strings.TrimSpace(text)
		if rest := restOfTag.FindString(text); rest != "" {
			text = text[len(rest):]
		} else if bracket.MatchString(text) {
			text = strings.TrimLeft(text, ">")
		} else {
			return text
		}
	}
}
