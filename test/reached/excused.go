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
	{"append", "blocks = append(slices.Clone(blocks[:len(ids)]), rest...)", "no history has an address that Notion refuses, see TestARefusedAddressDoesNotCostTheReport"},
	{"Page", "p.Children = changed", "the same"},
	{"attempts", "continue", "the same"},
	{"Replace", "s.Done = s.Total", "people of the histories leave what is to be replaced, see TestAPersonDeletesWhatTheRunStillNeeds"},
	{"findRow", "mine, err = l.beginsWith", "twins of the histories are of one part, see TestTwinsInTwoPartsAreTwoRows"},
	{"beginsWith", "", "the same"},
	{"behind", "return last", "Notion applies an insertion whole, see TestAnInsertionGoesOnBehindWhatIsThere"},
	{"signOf", "return sign{problem: &notion.Problem{ Code: RowLimit", "no history fills the database, see TestBrokenSetUpsAreSaidAndLoseNoReport"},
	{"adopt", "return nil", "a guard: what exceeds the blocks that were there is more than none"},
	{"fillGaps", "for k := range between", "people of the histories correct blocks and rewrite none, see TestAdopt"},
	{"fillGaps", "ids[i+k] = ", "the same"},
	{"fillGaps", "ids[end] = ", "the same"},
	{"parentGone", "continue", "a guard: whose child is written to has been found"},
	{"idOf", "return deleted, nil", "people of the histories delete lists only before or behind the one moment between two looks, see gone_test.go"},
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
