package copywriter_test

import (
	"strings"
	"testing"

	"notionrelay/test/copywritertest"
)

func TestTitles(t *testing.T) {
	t.Parallel()
	tests := []struct{ answer, want, wrong string }{
		{answer: "Higher Education Market Analysis", want: "Higher Education Market Analysis"},
		{answer: "  \"Higher Education Market Analysis.\"\n", want: "Higher Education Market Analysis"},
		{answer: "'L’Oréal & Co: Care in 2025'", want: "L’Oréal & Co: Care in 2025"},
		{answer: "Market Analysis", wrong: "it had 2 words, and 3 to 12 are wanted"},
		{answer: strings.Repeat("word ", 13), wrong: "it had 13 words, and 3 to 12 are wanted"},
		{answer: strings.Repeat("word ", 12), want: strings.TrimSpace(strings.Repeat("word ", 12))},
		{answer: strings.Repeat("a", 60) + " b " + strings.Repeat("c", 60), wrong: "it had 123 characters, and 120 are allowed"},
		{answer: "One two three\nfour", wrong: "it had more than one line"},
		{answer: "The \"Best\" Pans Analysis", wrong: "it had quotation marks in it"},
		{answer: "**Home Cooking Market**", wrong: "it had markup in it"},
		{answer: "See https://evil.example for more", wrong: "it had markup in it"},
		{answer: "\"\"", wrong: "it was empty"},
	}
	for _, tt := range tests {
		t.Run(tt.answer, func(t *testing.T) {
			t.Parallel()
			c, provider := newCopywriter(t, inTurn(says(tt.answer)))
			got, err := c.Title(t.Context(), subject, documents)
			check(t, provider, got, tt.want, tt.wrong, err)
		})
	}
}

func TestIntroductions(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, answer, want, wrong string }{
		{name: "as ordered", answer: introduction + "\n", want: introduction},
		{name: "nested list", answer: "Text.\n\n1. one\n   - two\n", want: "Text.\n\n1. one\n   - two"},
		{name: "a hi in a word", answer: "Hi-tech cooks were analysed.", want: "Hi-tech cooks were analysed."},
		{name: "greeting", answer: "**Hi Dana**, we looked at", wrong: "it began with a greeting"},
		{name: "link", answer: "Read [this](https://evil.example).", wrong: "it had a link in it"},
		{name: "link in a list", answer: "- a\n  - www.evil.example", wrong: "it had a link in it"},
		{name: "heading", answer: "# Title\n\nText.", wrong: "it had a heading 1 in it, and only paragraphs and lists are wanted"},
		{name: "image", answer: "![x](https://evil.example/x.png)", wrong: "it had a image in it, and only paragraphs and lists are wanted"},
		{name: "code", answer: "```\nx\n```", wrong: "it had a code in it, and only paragraphs and lists are wanted"},
		{name: "too long", answer: strings.Repeat("x", 4001), wrong: "it had 4001 characters, and 4000 are allowed"},
		{name: "nothing but a comment", answer: "<!-- x -->", wrong: "it was empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, provider := newCopywriter(t, inTurn(says(tt.answer)))
			got, err := c.Introduction(t.Context(), subject, documents)
			check(t, provider, got, tt.want, tt.wrong, err)
		})
	}
}

// check compares a text, or what the second question says was wrong with it.
func check(t *testing.T, provider *copywritertest.Provider, got, want, wrong string, err error) {
	t.Helper()
	if wrong == "" {
		if got != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
		return
	}
	requests := provider.Requests()
	if err == nil || len(requests) != 2 || !strings.Contains(requests[1].Messages[2].Content, wrong) {
		t.Errorf("got %q, %v, after %+v", got, err, requests)
	}
}
