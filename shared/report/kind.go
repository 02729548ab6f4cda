package report

import "strings"

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

// Documents lists the reports that are not blank, in the order of Kinds.
func (p Payload) Documents() []Document {
	var present []Document
	for _, k := range Kinds {
		if markdown := p.Reports[k.Field]; strings.TrimSpace(markdown) != "" {
			present = append(present, Document{Kind: k, Markdown: markdown})
		}
	}
	return present
}
