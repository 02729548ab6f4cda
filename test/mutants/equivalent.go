package main

import "strings"

// equivalents are mutants that mean the same as the program, or differ in what
// nobody can observe: by function, what was done, how the broken text begins, and
// why it is no matter.
var equivalents = []struct{ function, how, begins, reason string }{
	{"withQuotes", ">= made >", "section >= 0", "the section is never the first step"},
}

func isEquivalent(m mutant) bool {
	for _, e := range equivalents {
		if e.function == m.function && e.how == m.how && strings.HasPrefix(strings.Join(strings.Fields(m.was), " "), e.begins) {
			return true
		}
	}
	return false
}
