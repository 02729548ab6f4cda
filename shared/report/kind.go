package report

import (
	"strings"
	"unicode"
)

// Kind is a kind of report that a flow can send. Kinds is the only place that
// lists them: parser, fingerprint, pages, introduction and steps range over it.
type Kind struct {
	Field string // of the request body that holds its markdown
	Name  string // in step names and logs
	Title string // what a reader calls it; its page is called after the company and this
	Icon  string // emoji of its page
	Holds string // what a reader finds in it; ends a sentence of the standard introduction
}

// Kinds are the kinds of report in the order of their pages. A name or a field
// that runs were accepted under must not be given to another kind: records and
// fingerprints hold them.
var Kinds = []Kind{
	{"strategyReport", "strategy-report", "Strategy Report", "🎯", "the actions that we recommend, in the order of their effect."},
	{"comprehensiveReport", "comprehensive-report", "Comprehensive Analysis", "📊", "the complete findings with the evidence behind them."},
}

// Document is one report of a run.
type Document struct {
	Kind
	Markdown string
}

// Documents lists the reports with anything to see in them, in the order of
// Kinds.
func (p Payload) Documents() []Document {
	var present []Document
	for _, k := range Kinds {
		if markdown := p.Reports[k.Field]; strings.ContainsFunc(markdown, visible) {
			present = append(present, Document{Kind: k, Markdown: markdown})
		}
	}
	return present
}

// empty are characters that Unicode counts among those that are seen, and that are
// blank by their names: the Braille cell, two of hieroglyphs, a filler of Khitan and
// a notehead.
const empty = "\u2800\U00013441\U00013442\U00016FE4\U0001D159"

// visible tells whether a character leaves a mark on a page. Space does not,
// nor do controls, zero-width characters, fillers and other empty ones.
func visible(r rune) bool {
	return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !strings.ContainsRune(empty, r) &&
		!unicode.In(r, unicode.Zs, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
