package report

import (
	"encoding/json"
	"fmt"
	"hash/maphash"
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// checkJSON refuses what encoding/json would repair in silence, such as the half
// of a surrogate pair, or accept though it has no one meaning, such as a name
// that an object has twice.
func checkJSON(text string) error {
	switch {
	case !utf8.ValidString(text):
		return invalidJSON("The body must be valid UTF-8.")
	case !isJSON(text):
		return invalidJSON("The body is not valid JSON.")
	case strings.TrimLeft(text, space)[0] != '{':
		return invalidJSON("The body must be one JSON object.")
	}
	return checkStructure(text)
}

// maxGrammar is how much of a body there may be besides its strings for them to be
// judged apart.
const maxGrammar = 4 << 10

// isJSON is json.Valid, in a fifth of its time for a body that is nearly all strings,
// as reports are: those are judged here, and json.Valid sees an empty one in the
// place of each.
func isJSON(text string) bool {
	grammar := make([]byte, 0, 256)
	for rest := text; ; {
		i := strings.IndexByte(rest, '"')
		if i < 0 {
			return json.Valid(append(grammar, rest...))
		}
		length := literalLength(rest[i:])
		if length == 0 {
			return false
		}
		if grammar = append(grammar, rest[:i]...); len(grammar) > maxGrammar {
			return json.Valid([]byte(text))
		}
		grammar = append(grammar, `""`...)
		rest = rest[i+length:]
	}
}

// literalLength is the length of the string of JSON that the text begins with, its
// quotes included, or 0 where that is none (RFC 8259, 7).
func literalLength(text string) int {
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case !special[c]:
		case c == '"':
			return i + 1
		case c < ' ' || i+1 == len(text):
			return 0
		case text[i+1] == 'u':
			if _, ok := escapedUnit(text[i:]); !ok {
				return 0
			}
			i += 5
		case escaped[text[i+1]] == 0:
			return 0
		default:
			i++
		}
	}
	return 0
}

// special are the bytes that are not what they are in a string.
var special = func() (is [256]bool) {
	for c := range ' ' {
		is[c] = true
	}
	is['"'], is['\\'] = true, true
	return is
}()

// container is an object or an array that is still open.
type container struct {
	object bool
	names  int // how many names the objects around it have so far
}

// checkStructure judges nesting, names and strings of JSON that is valid. Names
// are told apart by a hash of 64 bits with a seed of this call, so that a body
// of nothing but names costs little; that two different ones are taken for one
// does not happen by chance, and nobody can make it happen.
func checkStructure(text string) error {
	var (
		seed  = maphash.MakeSeed()
		open  []container
		names []uint64 // of the objects that are open, the innermost last
		name  = false  // the next string is the name of a member
	)
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			if len(open) == maxDepth {
				return invalidJSON(fmt.Sprintf("The body must not be nested deeper than %d levels.", maxDepth))
			}
			name = text[i] == '{'
			open = append(open, container{name, len(names)})
		case '}', ']':
			around := open[len(open)-1].names
			if hasTwins(names[around:]) {
				return invalidJSON("The body must not have a name twice in one object.")
			}
			open, names = open[:len(open)-1], names[:around]
		case ',':
			name = open[len(open)-1].object
		case '"':
			length := stringLength(text[i:])
			if err := checkString(text[i : i+length]); err != nil {
				return err
			}
			if name {
				names = append(names, maphash.String(seed, unquoted(text[i:i+length])))
			}
			name = false
			i += length - 1
		}
	}
	return nil
}

func hasTwins(names []uint64) bool {
	slices.Sort(names)
	for i := 1; i < len(names); i++ {
		if names[i] == names[i-1] {
			return true
		}
	}
	return false
}

// checkString judges what a string of JSON escapes.
func checkString(literal string) error {
	for {
		i := strings.IndexByte(literal, '\\')
		if i < 0 {
			return nil
		}
		literal = literal[i:]
		unit, ok := escapedUnit(literal)
		switch {
		case !ok:
			literal = literal[2:]
		case unit == 0:
			return invalidJSON("The body must not contain NUL characters.")
		case !utf16.IsSurrogate(unit):
			literal = literal[6:]
		default:
			second, _ := escapedUnit(literal[6:])
			if utf16.DecodeRune(unit, second) == utf8.RuneError {
				return invalidJSON("The body must not contain halves of surrogate pairs.")
			}
			literal = literal[12:]
		}
	}
}

// escapedUnit is the UTF-16 unit that the text begins with in the form \u0000.
func escapedUnit(text string) (unit rune, ok bool) {
	if len(text) < 6 || text[1] != 'u' || text[0] != '\\' {
		return 0, false
	}
	n, err := strconv.ParseUint(text[2:6], 16, 16)
	return rune(n), err == nil
}

// members are the names and values of an object of valid JSON.
func members(object string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for i := 1; ; i++ {
			switch object[i] {
			case '}':
				return
			case '"':
				length := stringLength(object[i:])
				name := unquoted(object[i : i+length])
				i += length
				i += strings.IndexByte(object[i:], ':') + 1
				i += spaceLength(object[i:])
				length = valueLength(object[i:])
				if !yield(name, object[i:i+length]) {
					return
				}
				i += length - 1
			}
		}
	}
}

// elements are the values of an array of valid JSON.
func elements(array string) iter.Seq[string] {
	return func(yield func(value string) bool) {
		for i := 1; ; {
			i += spaceLength(array[i:])
			switch array[i] {
			case ']':
				return
			case ',':
				i++
			default:
				length := valueLength(array[i:])
				if !yield(array[i : i+length]) {
					return
				}
				i += length
			}
		}
	}
}

func spaceLength(text string) int { return len(text) - len(strings.TrimLeft(text, space)) }

const space = " \t\r\n"

// valueLength is the length of the value that the text begins with, of which
// something follows.
func valueLength(text string) int {
	depth := 0
	for i := 0; ; i++ {
		switch c := text[i]; {
		case c == '"':
			i += stringLength(text[i:]) - 1
		case c == '{' || c == '[':
			depth++
		case depth == 0 && strings.IndexByte(",]}"+space, c) >= 0: // behind a number or a word
			return i
		case c == '}' || c == ']':
			depth--
		default:
			continue
		}
		if depth == 0 {
			return i + 1
		}
	}
}

// stringLength is the length of the string that the text begins with, its
// quotes included. A quote behind an odd number of backslashes is escaped.
func stringLength(text string) int {
	for i := 1; ; i++ {
		i += strings.IndexByte(text[i:], '"')
		backslashes := 0
		for text[i-1-backslashes] == '\\' {
			backslashes++
		}
		if backslashes%2 == 0 {
			return i + 1
		}
	}
}

// unquoted is the value of a string of JSON that checkString has let pass.
func unquoted(literal string) string {
	literal = literal[1 : len(literal)-1]
	i := strings.IndexByte(literal, '\\')
	if i < 0 {
		return literal
	}
	var value strings.Builder
	value.Grow(len(literal))
	for ; i >= 0; i = strings.IndexByte(literal, '\\') {
		value.WriteString(literal[:i])
		literal = literal[i:]
		unit, ok := escapedUnit(literal)
		switch {
		case !ok:
			value.WriteByte(escaped[literal[1]])
			literal = literal[2:]
		case utf16.IsSurrogate(unit):
			second, _ := escapedUnit(literal[6:])
			value.WriteRune(utf16.DecodeRune(unit, second))
			literal = literal[12:]
		default:
			value.WriteRune(unit)
			literal = literal[6:]
		}
	}
	value.WriteString(literal)
	return value.String()
}

// escaped is what stands behind a backslash, and what it means (RFC 8259, 7).
var escaped = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}
