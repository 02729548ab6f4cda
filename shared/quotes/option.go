package quotes

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"notionrelay/shared/block"
	"notionrelay/shared/property"
	"notionrelay/shared/report"
)

// Choice is a select property of the quotes database.
type Choice struct {
	// Standard are the options that every database has, whatever a run uses.
	Standard []property.Option
	// Default is the one of them that a quote without one gets, and a quote
	// whose own found no room.
	Default string
}

// The choices of the quotes database. This is the one list of their options.
var (
	Categories = Choice{Default: "general", Standard: []property.Option{
		{Name: "user_needs", Color: "blue"}, {Name: "user_language", Color: "green"}, {Name: "current_solutions", Color: "yellow"},
		{Name: "feature_signals", Color: "purple"}, {Name: "general", Color: "gray"}, {Name: "extracted_text", Color: "orange"},
		{Name: "sentence_extract", Color: "pink"}, {Name: "unstructured", Color: "red"},
	}}
	Sentiments = Choice{Default: "neutral", Standard: []property.Option{
		{Name: "positive", Color: "green"}, {Name: "negative", Color: "red"}, {Name: "neutral", Color: "gray"},
		{Name: "frustrated", Color: "orange"}, {Name: "excited", Color: "blue"}, {Name: "confused", Color: "yellow"},
	}}
	Themes = Choice{Default: "general", Standard: []property.Option{
		{Name: "general", Color: "gray"}, {Name: "user_feedback", Color: "blue"}, {Name: "feature_request", Color: "green"},
		{Name: "pain_point", Color: "red"}, {Name: "workflow", Color: "purple"}, {Name: "comparison", Color: "yellow"},
		{Name: "pricing", Color: "orange"}, {Name: "organization", Color: "pink"},
	}}
)

// With are the standard options and behind them the names that a run uses
// besides, each once, without a colour.
func (c Choice) With(names []string) []property.Option {
	all := slices.Clone(c.Standard)
	for _, name := range names {
		if !slices.ContainsFunc(all, func(o property.Option) bool { return fold(o.Name) == fold(name) }) {
			all = append(all, property.Option{Name: name})
		}
	}
	return all
}

const (
	// maxOptionName is the length of an option's name in UTF-16 units
	// (https://developers.notion.com/reference/request-limits).
	maxOptionName = 100
	// MaxOptions is how many options a select property may have, the standard
	// ones included (select.options in Notion's OpenAPI description).
	MaxOptions = 100
)

// chooseOptions gives every quote legal options and lists their names.
func chooseOptions(p *Prepared) {
	folded := make([]bool, len(p.Quotes))
	choose := func(c Choice, field func(*report.Quote) *string) []string {
		return chooseNames(p.Quotes, folded, c, field)
	}
	p.Categories = choose(Categories, func(q *report.Quote) *string { return &q.Category })
	p.Sentiments = choose(Sentiments, func(q *report.Quote) *string { return &q.Sentiment })
	p.Themes = choose(Themes, func(q *report.Quote) *string { return &q.Theme })
	for _, f := range folded {
		if f {
			p.Folded++
		}
	}
}

// option is one name of a property while it is being counted.
type option struct {
	name     string // its first spelling, a standard name's own before any other
	quotes   int
	standard bool
	left     bool // there is no room for it
}

// chooseNames settles one property of all quotes and returns the names in use,
// in the order of their first use.
//
// Names that differ only in case, or in how their accents are composed, are
// one option with its first spelling. Notion's documentation does not say
// whether it would tell them apart; in a list of options no reader can.
func chooseNames(quotes []report.Quote, folded []bool, choice Choice, field func(*report.Quote) *string) []string {
	options := map[string]*option{}
	for _, o := range choice.Standard {
		options[fold(o.Name)] = &option{name: o.Name, standard: true}
	}
	chosen := make([]*option, len(quotes))
	var used []*option
	for i := range quotes {
		name := optionName(*field(&quotes[i]))
		if name == "" {
			name = choice.Default
		}
		o := options[fold(name)]
		if o == nil {
			o = &option{name: name}
			options[fold(name)] = o
		}
		if o.quotes++; o.quotes == 1 {
			used = append(used, o)
		}
		chosen[i] = o
	}
	leaveOut(used, MaxOptions-len(choice.Standard))
	for i, o := range chosen {
		if *field(&quotes[i]) = o.name; o.left {
			*field(&quotes[i]) = choice.Default
			folded[i] = true
		}
	}
	return names(used, choice.Default)
}

// leaveOut keeps those options that most quotes use, the earlier ones of equals.
func leaveOut(used []*option, room int) {
	own := slices.DeleteFunc(slices.Clone(used), func(o *option) bool { return o.standard })
	slices.SortStableFunc(own, func(a, b *option) int { return cmp.Compare(b.quotes, a.quotes) })
	for _, o := range own[min(room, len(own)):] {
		o.left = true
	}
}

// names are the options in use; the one that stands for those left out is
// named where the first of them would be.
func names(used []*option, instead string) []string {
	var list []string
	for _, o := range used {
		name := o.name
		if o.left {
			name = instead
		}
		if !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// optionName makes a name legal: on one line, without commas, which Notion
// refuses in an option, and cut to maxOptionName between two characters as a
// reader sees them.
func optionName(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "\uFFFD"), separates), " ")
	if block.Units(s) <= maxOptionName {
		return s
	}
	end, units := 0, 0
	for g := uniseg.NewGraphemes(s); g.Next(); {
		if units += block.Units(g.Str()); units > maxOptionName {
			break
		}
		_, end = g.Positions()
	}
	return strings.TrimSpace(s[:end])
}

// separates tells what may not be in an option's name: space other than one
// blank, control characters, commas.
func separates(r rune) bool { return r == ',' || unicode.IsSpace(r) || unicode.IsControl(r) }

// fold maps names that are one option to the same string.
func fold(name string) string { return cases.Fold().String(norm.NFC.String(name)) }
