// Package quotes makes quotes ready for a Notion database: it cleans their
// texts, merges repeated ones, gives their options names that Notion takes, and
// divides them into messages. It does no I/O.
package quotes

import (
	"cmp"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"notionrelay/shared/block"
	"notionrelay/shared/report"
)

// Prepared is the quotes of a run as they are to be written, and the names of
// all options that they use, in the order of their first use.
type Prepared struct {
	Quotes     []report.Quote
	Categories []string
	Sentiments []string
	Themes     []string

	Skipped int // quotes whose text was nothing but markup
	Merged  int // quotes whose text and URL an earlier one has
	Folded  int // quotes that lost a category, sentiment or theme to MaxOptions
}

// Prepare makes quotes ready. They come back with the best score first, those
// without a score last, and otherwise in the order in which they came; of
// those with the same text and URL the first one stays. Preparing what was
// prepared changes nothing.
func Prepare(raw []report.Quote) Prepared {
	var p Prepared
	all := make([]report.Quote, 0, len(raw))
	for _, q := range raw {
		if q = cleaned(q); q.Text == "" {
			p.Skipped++
			continue
		}
		all = append(all, q)
	}
	slices.SortStableFunc(all, func(a, b report.Quote) int { return cmp.Compare(score(b), score(a)) })
	p.Quotes = withoutRepeats(all)
	p.Merged = len(all) - len(p.Quotes)
	chooseOptions(&p)
	return p
}

// Warnings says, in sentences for a run's status, what of the quotes is not
// shown as it came.
func (p Prepared) Warnings() []string {
	var warnings []string
	if p.Skipped > 0 {
		warnings = append(warnings, fmt.Sprintf("Quotes left out because nothing but markup was in them: %d.", p.Skipped))
	}
	if p.Folded > 0 {
		warnings = append(warnings, fmt.Sprintf("Quotes filed under a general option because Notion allows %d options of a kind: %d.", MaxOptions, p.Folded))
	}
	return warnings
}

func cleaned(q report.Quote) report.Quote {
	q.Text = Clean(q.Text)
	q.Justification = Clean(q.Justification)
	q.URL = link(q.URL, q.Subreddit)
	q.Date = date(q.Date)
	if s := q.RelevanceScore; s != nil && (math.IsNaN(*s) || math.IsInf(*s, 0)) {
		q.RelevanceScore = nil // PostgreSQL's numeric allows both, JSON neither
	}
	return q
}

// score puts quotes without a score behind all that have one.
func score(q report.Quote) float64 {
	if q.RelevanceScore == nil {
		return math.Inf(-1)
	}
	return *q.RelevanceScore
}

// withoutRepeats keeps the first of the quotes with the same text and URL.
// Retried ingestions leave such rows behind.
func withoutRepeats(all []report.Quote) []report.Quote {
	type identity struct{ text, url string }
	seen := make(map[identity]bool, len(all))
	return slices.DeleteFunc(all, func(q report.Quote) bool {
		id := identity{q.Text, q.URL}
		repeated := seen[id]
		seen[id] = true
		return repeated
	})
}

// subreddit is a community's name by Reddit's rules. The oldest ones have two
// characters; new ones have at least three.
var subreddit = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_]{1,20}$`)

// link is where a quote is from: its address if it is an absolute one that
// Notion takes, else its community, else nothing.
func link(address, community string) string {
	address = strings.TrimSpace(address)
	if usable(address) {
		return address
	}
	community = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(community), "/"), "r/")
	if subreddit.MatchString(community) {
		return "https://reddit.com/r/" + community
	}
	return ""
}

func usable(address string) bool {
	parsed, err := url.Parse(address)
	return err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https") && parsed.Hostname() != "" &&
		block.Units(address) <= block.MaxURL && !strings.ContainsAny(address, " \"<>\\^`{|}")
}

// date is a date, or a time in UTC with milliseconds, as Notion takes them; or
// nothing where there is neither.
func date(s string) string {
	s = strings.TrimSpace(s)
	if _, err := time.Parse(time.DateOnly, s); err == nil {
		return s
	}
	t, err := time.Parse(time.RFC3339, s)
	if t = t.UTC(); err != nil || t.Year() < 0 || t.Year() > 9999 {
		return ""
	}
	return t.Format("2006-01-02T15:04:05.000Z")
}
