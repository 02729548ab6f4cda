package markdown

import (
	"bytes"

	"notionrelay/shared/block"
)

// atMost is what documents can be at most, as their lines show without parsing
// them: it costs a hundredth of that, and most reports are so far below every limit
// that nobody need know more. It adds up what each rule of markdown could make of a
// document, and errs on the side of too much.
type atMost struct {
	unknown bool // a construct whose size its lines do not show

	bytes, lines int
	begun        int // blocks that a line begins, and those that its marks may
	deep         int // blocks that could have more than block.MaxDepth levels below
	marks        int // ends of pieces of rich text
	tables       int
	pipes        int // most in a line

	paragraph int // most containers of a line since the last blank one
}

// read adds a document.
func (a *atMost) read(source []byte) {
	// Tags and definitions of footnotes and references make much of little.
	a.unknown = a.unknown || bytes.IndexByte(source, '<') >= 0 || bytes.Contains(source, []byte("]:"))
	a.bytes += len(source)
	for line := range bytes.Lines(source) {
		a.line(line)
	}
}

func (a *atMost) line(line []byte) {
	a.lines++
	containers, rest := prefix(line)
	a.begun += 1 + containers
	a.paragraph = max(a.paragraph, containers)
	switch {
	case len(rest) == 0:
		a.paragraph = 0
	case len(bytes.Trim(rest, "-:| \t\v\f\n")) == 0:
		// The line below a table's head, which may leave out the marks of the
		// containers that the head is in. Its rows are a level of their own.
		a.tables++
		containers = a.paragraph + 1
	}
	pipes := 0
	for _, b := range rest {
		if !punctuation[b] {
			continue
		}
		a.marks++
		switch b {
		case '|':
			pipes++
		case '!', '$': // an image or an equation, and a paragraph behind it
			a.begun += 2
		}
	}
	a.pipes = max(a.pipes, pipes)
	a.unknown = a.unknown || pipes >= block.MaxCells // a row becomes several
	if containers > block.MaxDepth {
		a.deep += containers
	}
}

// punctuation is that of ASCII.
var punctuation = func() (is [256]bool) {
	for _, b := range []byte("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") {
		is[b] = true
	}
	return is
}()

// prefix tells how many containers, lists and quotes, a line can be in at most,
// and what of the line is behind their marks.
func prefix(line []byte) (containers int, rest []byte) {
	quotes, columns := 0, 0
	for i := 0; i < len(line); {
		switch line[i] {
		case '>':
			quotes++
			i++
		case ' ', '\n':
			columns++
			i++
		case '\t':
			columns += 4
			i++
		default:
			n := listMark(line[i:])
			if n == 0 {
				return quotes + columns/2, line[i:]
			}
			columns += max(n, 2) // a mark at the end of a line stands for its space as well
			i += n
		}
	}
	return quotes + columns/2, nil
}

// listMark is how long the mark of a list's item is, or 0 where there is none.
func listMark(line []byte) int {
	n := 0
	for n < len(line) && line[n] >= '0' && line[n] <= '9' {
		n++
	}
	switch {
	case n < len(line) && (n > 0 && (line[n] == '.' || line[n] == ')') || n == 0 && (line[n] == '-' || line[n] == '+' || line[n] == '*')):
		n++
	default:
		return 0
	}
	if n == len(line) || line[n] == ' ' || line[n] == '\t' || line[n] == '\n' {
		return n
	}
	return 0
}

// parts is how many parts there can be. A row has as many cells as the table's
// widest.
func (a *atMost) parts() int {
	n := a.bytes + a.lines
	if a.tables > 0 {
		n += (a.pipes + 1) * a.lines
	}
	return n
}

// blocks is how many there can be: those that are begun, and what is cut because it
// has too many pieces of text or too long ones.
func (a *atMost) blocks() int {
	return a.begun + 2*a.marks/block.MaxRichTexts + a.bytes/block.MaxText
}

// requests is how many there can be for documents of that number. Blocks fill
// requests in their order, so that two in a row are more than one can hold; and
// each block that does not fit into one begins another, and may need one that its
// answer does not tell the id of.
func (a *atMost) requests(documents int) int {
	// A byte may take six in JSON, twice where it is of a URL; a piece of text 400
	// and a block 200 more, and an empty cell three.
	size := 12*a.bytes + 400*(2*a.marks+a.blocks()) + (200+3*a.pipes)*a.blocks()
	full := a.blocks()/block.MaxChildren + a.blocks()/block.MaxElements + size/block.MaxRequestBytes
	return 2*documents + 3*full + 3*a.deep
}

// Check tells whether the documents of one run can be published: it returns the
// error of Measure.
func Check(documents ...string) error {
	var a atMost
	for _, document := range documents {
		a.read([]byte(clean(document)))
	}
	if !a.unknown && a.parts() <= maxParts && a.blocks() <= MaxBlocks && a.requests(len(documents)) <= MaxRequests {
		return nil
	}
	_, err := Measure(documents...)
	return err
}
