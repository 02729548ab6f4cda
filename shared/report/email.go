package report

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// validEmail tells whether s is an address of at most MaxEmail characters, by
// one rule: local@domain, where
//
//   - local is 1 to 64 letters, digits and !#$%&'*+-/=?^_`{|}~, with single dots
//     between them (RFC 5321 without its quoted form);
//   - domain is labels with dots between them, each of 1 to 63 letters, digits
//     and hyphens with no hyphen at its ends, the last one not of digits alone
//     (RFC 1035 and 3696).
//
// Letters and digits are those of every script (RFC 6531), as far as they can be
// seen.
func validEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	return at > 0 && utf8.RuneCountInString(s) <= MaxEmail && validLocal(s[:at]) && validDomain(s[at+1:])
}

func validLocal(s string) bool {
	if utf8.RuneCountInString(s) > 64 {
		return false
	}
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" || strings.ContainsFunc(atom, func(r rune) bool { return !isAlphanumeric(r) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r) }) {
			return false
		}
	}
	return true
}

func validDomain(s string) bool {
	last := ""
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || utf8.RuneCountInString(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.ContainsFunc(label, func(r rune) bool { return !isAlphanumeric(r) && r != '-' }) {
			return false
		}
		last = label
	}
	return strings.ContainsFunc(last, func(r rune) bool { return !unicode.IsDigit(r) })
}

// isAlphanumeric takes combining marks for letters: scripts such as Devanagari
// write vowels with them. Letters and marks that nobody sees are none.
func isAlphanumeric(r rune) bool {
	return unicode.In(r, unicode.L, unicode.Nd, unicode.M) && visible(r)
}
