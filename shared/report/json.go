package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// checkJSON refuses what encoding/json would repair in silence, such as the half
// of a surrogate pair, or accept though it has no one meaning, such as a name
// that an object has twice.
func checkJSON(body []byte) error {
	switch {
	case !utf8.Valid(body):
		return invalidJSON("The body must be valid UTF-8.")
	case !json.Valid(body):
		return invalidJSON("The body is not valid JSON.")
	case bytes.TrimLeft(body, " \t\r\n")[0] != '{':
		return invalidJSON("The body must be one JSON object.")
	}
	return checkStructure(string(body))
}

// container is an object or an array that is still open.
type container struct {
	object bool
	names  map[string]bool // of the object so far
}

func (c *container) add(name string) (again bool) {
	if c.names == nil {
		c.names = map[string]bool{}
	}
	again = c.names[name]
	c.names[name] = true
	return again
}

// checkStructure judges nesting, names and strings of JSON that is valid.
func checkStructure(text string) error {
	var open []container
	name := false // the next string is the name of a member
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			if len(open) == maxDepth {
				return invalidJSON(fmt.Sprintf("The body must not be nested deeper than %d levels.", maxDepth))
			}
			name = text[i] == '{'
			open = append(open, container{object: name})
		case '}', ']':
			open = open[:len(open)-1]
		case ',':
			name = open[len(open)-1].object
		case '"':
			length, err := checkString(text[i:])
			if err != nil {
				return err
			}
			if name && open[len(open)-1].add(unquoted(text[i:i+length])) {
				return invalidJSON("The body must not have a name twice in one object.")
			}
			name = false
			i += length - 1
		}
	}
	return nil
}

// checkString returns the length of the string that the text begins with, its
// quotes included.
func checkString(text string) (length int, err error) {
	for i := 1; ; i++ {
		switch text[i] {
		case '"':
			return i + 1, nil
		case '\\':
			unit, ok := escapedUnit(text[i:])
			switch {
			case !ok:
				i++ // what is escaped may be a quote
			case unit == 0:
				return 0, invalidJSON("The body must not contain NUL characters.")
			case !utf16.IsSurrogate(unit):
				i += 5
			default:
				second, _ := escapedUnit(text[i+6:])
				if utf16.DecodeRune(unit, second) == utf8.RuneError {
					return 0, invalidJSON("The body must not contain halves of surrogate pairs.")
				}
				i += 11
			}
		}
	}
}

// escapedUnit is the UTF-16 unit that the text begins with in the form \u0000.
func escapedUnit(text string) (unit rune, ok bool) {
	if !strings.HasPrefix(text, `\u`) {
		return 0, false
	}
	n, err := strconv.ParseUint(text[2:6], 16, 16)
	return rune(n), err == nil
}

// unquoted is the value of a string of JSON.
func unquoted(literal string) string {
	if !strings.Contains(literal, `\`) {
		return literal[1 : len(literal)-1]
	}
	var value string
	if err := json.Unmarshal([]byte(literal), &value); err != nil { // it is valid
		panic(err)
	}
	return value
}
