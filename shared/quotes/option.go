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
	"notionrelay/shared/report"
)

// The options that every quotes database has, whatever a run uses. The first
// of each is what a quote without one gets.
var (
	StandardCategories = []string{"general", "user_needs", "user_language", "current_solutions", "feature_signals", "extracted_text", "sentence_extract", "unstructured"}
	StandardSentiments = []string{"neutral", "positive", "negative", "frustrated", "excited", "confused"}
	StandardThemes     = []string{"general", "user_feedback", "feature_request", "pain_point", "workflow", "comparison", "pricing", "organization"}
)

const (
	// MaxOptionName is the length of an option's name in UTF-16 units
	// (https://developers.notion.com/reference/request-limits).
	MaxOptionName = 100
	// MaxOptions is how many options a select property may have, the standard
	// ones included (select.options in Notion's OpenAPI description).
	MaxOptions = 100
)

// chooseOptions gives every quote legal options and lists their names.
func chooseOptions(p *Prepared) {
	folded := make([]bool, len(p.Quotes))
	choose := func(standard []string, field func(*report.Quote) *string) []string {
		return chooseNames(p.Quotes, folded, standard, field)
	}
	p.Categories = choose(StandardCategories, func(q *report.Quote) *string { return &q.Category })
	p.Sentiments = choose(StandardSentiments, func(q *report.Quote) *string { return &q.Sentiment })
	p.Themes = choose(StandardThemes, func(q *report.Quote) *string { return &q.Theme })
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
func chooseNames(quotes []report.Quote, folded []bool, standard []string, field func(*report.Quote) *string) []string {
	options := map[string]*option{}
	for _, name := range standard {
		options[fold(name)] = &option{name: name, standard: true}
	}
	chosen := make([]*option, len(quotes))
	var used []*option
	for i := range quotes {
		name := optionName(*field(&quotes[i]))
		if name == "" {
			name = standard[0]
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
	leaveOut(used, MaxOptions-len(standard))
	for i, o := range chosen {
		if *field(&quotes[i]) = o.name; o.left {
			*field(&quotes[i]) = standard[0]
			folded[i] = true
		}
	}
	return names(used, standard[0])
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
// refuses in an option, and cut to MaxOptionName between two characters as a
// reader sees them.
func optionName(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "\uFFFD"), separates), " ")
	if block.Units(s) <= MaxOptionName {
		return s
	}
	end, units := 0, 0
	for g := uniseg.NewGraphemes(s); g.Next(); {
		if units += block.Units(g.Str()); units > MaxOptionName {
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
