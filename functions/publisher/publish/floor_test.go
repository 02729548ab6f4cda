package publish_test

import (
	"testing"
	"testing/synctest"

	"notionrelay/local/notionsim"
	"notionrelay/shared/queue"
)

// A run in which nothing goes wrong makes no request more than its pages need: six
// for the base, one for an AI's title, two for its introduction, and for quotes
// their database, a row each, the section and the end of the placeholder. One of
// the quotes is longer than a row's creation has room for. The introduction needs a
// look at the homepage: the answer to a page's creation does not tell the ids of its
// blocks (docs/performance.md has why no other way is better).
func TestARunMakesNoRequestThatItsPagesDoNotNeed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		texts  queue.HomepageTexts
		quotes int
		want   int
	}{
		{"base", queue.HomepageTexts{}, 0, 6},
		{"title", queue.HomepageTexts{Title: written.Title}, 0, 6 + 1},
		{"introduction", queue.HomepageTexts{Introduction: written.Introduction}, 0, 6 + 1 + 2},
		{"texts", written, 0, 6 + 1 + 1 + 2},
		{"quotes", queue.HomepageTexts{}, 7, 6 + 3 + 8},
		{"all", written, 7, 6 + 1 + 1 + 2 + 3 + 8},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, notionsim.Options{Budget: 1_000_000})
				w.texts = tt.texts
				w.accept("rep_1", payload(3, tt.quotes))
				w.drain(w.publisher("a", nil), visibility)
				w.wantComplete("rep_1")
				if got := w.sim.Stats().Requests; got != tt.want {
					t.Errorf("got %d requests, want %d", got, tt.want)
				}
			})
		})
	}
}
