package main

import (
	"regexp"
	"strings"
)

// handsOn recognises a block that does nothing but hand on an error.
var handsOn = regexp.MustCompile(`^(?:.*; )?return\b[^;]*\b(?:err|refused)\b[^;]*$`)

// excused are statements that no history reaches: by function, how they begin,
// and why.
var excused = []struct{ function, begins, reason string }{
	{"place", "return tail, 0", "a slice ends long before the function's time does, see TestJudge"},
	{"requestsOf", "requests = append(requests, a.Children)", "a quote of more than a hundred blocks, see TestAQuoteOfAnySizeIsWrittenWhole"},
}

// excuse says why a statement need not be reached; nothing when it has to be.
func excuse(function, text string) string {
	for _, e := range excused {
		if e.function == function && strings.HasPrefix(text, e.begins) {
			return e.reason
		}
	}
	if handsOn.MatchString(text) {
		return "hands on an error"
	}
	return ""
}
