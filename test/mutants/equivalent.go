package main

import (
	"fmt"
	"strings"
)

// equivalents are mutants that mean the same as the program, or differ in what no
// test can tell: by function, what was done, how the broken text begins, and why it
// is no matter.
var equivalents = []struct{ function, how, begins, reason string }{
	{"withQuotes", ">= made >", "section >= 0", "the section is never the first step"},
	{"withQuotes", "< made <=", "section < 0", "the same"},
	{"retryAfter", "> made >=", "seconds > 0", "to be told no seconds is to be told nothing"},
	{"wait", ">= made >", "now.Sub(p.ends[0]) >= window", "a request that has ended just a window ago makes nobody wait"},
	{"RoundTrip", "error swallowed", "err", "the error is in the exchange, and net/http makes one of no answer"},
	{"fingerprintOf", "error swallowed", "", "blocks can always be encoded"},
	{"pin", "error swallowed", "fmt.Errorf", "the same"},
	{"send", "error swallowed", "fmt.Errorf", "what is sent can always be encoded"},
	{"setTimer", "error swallowed", "err", "what has come in a message fits into one"},
	{"Pause", "<= made <", "wait <= 0", "a timer of no time fires at once"},
	{"adopt", "<= made <", "end <= known", "none of the blocks are as good as no blocks"},
	{"adopt", "left out", "before = before[max(0", "it only bounds the work"},
	{"childrenOf", "< made <=", "path[len(path)-1] < len(siblings)", "a guard: an append's parent is written before it"},
}

// withoutEquivalents divides the mutants into those that can be noticed, and the
// others with their reasons.
func withoutEquivalents(all []mutant) (rest []mutant, same []string) {
	for _, m := range all {
		if reason := equivalence(m); reason != "" {
			same = append(same, fmt.Sprintf("%s: %s", m, reason))
		} else {
			rest = append(rest, m)
		}
	}
	return rest, same
}

func equivalence(m mutant) string {
	for _, e := range equivalents {
		if e.function == m.function && e.how == m.how && strings.HasPrefix(inOneLine(m.was), e.begins) {
			return e.reason
		}
	}
	return ""
}
