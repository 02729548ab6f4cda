package markdown

import (
	"bytes"
	"fmt"
	"strconv"

	"notionrelay/shared/block"
)

// The most that the documents of one run may become. No report comes near it: a
// page of 1,000 blocks takes longer to scroll through than to have somebody write
// a shorter one. What goes beyond it would keep the one writer from everybody
// else's reports for hours.
const (
	MaxBlocks   = 50_000 // blocks, table rows included
	MaxRequests = 1_000  // six minutes of all that Notion allows a token (180 a minute)
)

// maxParts is how many parts the documents may have: lines, blocks, cells, and what
// can begin or end a format, link or tag. Each is a node of goldmark's tree, of 100
// to 400 bytes, before it becomes a part of a block or, like a comment, nothing. A
// report of 4 MiB that somebody wrote has 170,000.
const maxParts = 500_000

// maxInFootnotes is how many inlines the footnotes may have. Their nodes, of 170 bytes or
// more, are all there before the first is converted: the order of the footnotes is that
// in which the whole document refers to them.
const maxInFootnotes = 32_768

// Size is what documents take in Notion.
type Size struct {
	Blocks   int // table rows included
	Requests int // reads included
}

// TooComplexError says that documents would become more than a run may write.
type TooComplexError struct {
	Excess string // what is too much, as "would become more than 50,000 blocks"
}

func (e *TooComplexError) Error() string { return "the report is too complex: it " + e.Excess }

// Measure returns what Blocks and block.NewPlan make of the documents of one run.
// It stops with a TooComplexError as soon as that is more than MaxBlocks or
// MaxRequests, or more than can be parsed in bounded memory; so a document that is
// made to exhaust its reader costs little, and one that passes never does.
func Measure(documents ...string) (size Size, err error) {
	defer func() {
		if r := recover(); r != nil {
			excess, ok := r.(*TooComplexError)
			if !ok {
				panic(r)
			}
			err = excess
		}
	}()
	blocks := limit{excess: "would become more than %s blocks", most: MaxBlocks}
	parts := limit{excess: "has more than %s lines, cells and marks of formatting", most: maxParts}
	notes := limit{excess: "has more than %s lines and pieces of text in footnotes", most: maxInFootnotes}
	for _, document := range documents {
		source := []byte(clean(document))
		parts.take(bytes.Count(source, []byte("\n")))
		l := limits{blocks: &blocks, parts: &parts, notes: &notes}
		plan := block.NewPlan(convert(source, l, usual))
		size.Requests += plan.Requests()
	}
	size.Blocks = blocks.taken
	if size.Requests > MaxRequests {
		return size, &TooComplexError{fmt.Sprintf("would take %s requests to Notion, and %s are the most", grouped(size.Requests), grouped(MaxRequests))}
	}
	return size, nil
}

// limits are what is left while documents are measured, and nothing else.
type limits struct {
	blocks *limit
	parts  *limit
	notes  *limit
}

// limit is how much there may be of something while documents are measured. A nil
// limit is none.
type limit struct {
	excess      string // with %s for most
	most, taken int
}

// take adds to what there is. It panics when that is too much, which Measure
// recovers: goldmark knows no other way to stop.
func (l *limit) take(n int) {
	if l == nil {
		return
	}
	if l.taken += n; l.taken > l.most {
		panic(&TooComplexError{fmt.Sprintf(l.excess, grouped(l.most))})
	}
}

// grouped writes a number as people do: 50,000.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
