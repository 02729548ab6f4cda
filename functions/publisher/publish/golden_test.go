package publish_test

import (
	"context"
	"testing"
	"testing/synctest"

	"notionrelay/local/notionsim"
	"notionrelay/shared/report"
	"notionrelay/shared/research"
	"notionrelay/test/golden"
)

// known is a research database with one account.
type known struct{}

func (known) Account(context.Context, string, string) (research.Account, bool, error) {
	return research.Account{CompanyName: "Salt & Pepper", ContactName: "Dana"}, true, nil
}

func (known) Statistics(context.Context, string) (report.Statistics, bool, error) {
	return report.Statistics{Posts: 12, Quotes: 2}, true, nil
}

// TestWhatAClientSees pins every word, icon, colour and place of the pages.
// The diff of a change to them is what the change does to a client.
func TestWhatAClientSees(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{})
		w.research = known{}
		score := 0.9
		w.accept("rep_1", report.Payload{
			Reports: map[string]string{"strategyReport": "# Plan\n\nDo *this* first.\n", "comprehensiveReport": "# Findings\n\n- one\n- two\n"}, Email: "dana@salt-and-pepper.com", RunID: "run-1",
			Quotes: []report.Quote{
				{Text: "I want a smaller pan.", Category: "user_needs", Sentiment: "frustrated", Theme: "sizes", RelevanceScore: &score,
					Justification: "Names a need.", URL: "https://www.reddit.com/r/cooking/comments/1/", PostID: "1", Date: "2025-06-27"},
				{Text: "It works.", Category: "general", Sentiment: "neutral", Theme: "general"},
			},
		})
		p := w.publisher("a", nil)
		w.deliver(t.Context(), p, visibility)
		published := w.treeOf(w.run("rep_1"))
		w.drain(p, visibility)
		got := "PUBLISHED\n\n" + published + "\nCOMPLETE\n\n" + w.treeOf(w.run("rep_1"))
		golden.Compare(t, "testdata/tree.golden", got)
	})
}
