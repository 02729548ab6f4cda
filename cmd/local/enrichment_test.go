package main

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"notionrelay/test/copywritertest"
)

// The AI's title and introduction come into the place of what stood there for
// them, and the command needs nothing but two variables for it.
func TestTheCommandLetsAnAIWrite(t *testing.T) {
	t.Parallel()
	provider := copywritertest.Start(t, func(w http.ResponseWriter, _ *http.Request, asked copywritertest.Request) {
		if asked.MaxTokens <= 50 {
			copywritertest.Answer(w, `"Home Cooking Market Analysis"`)
			return
		}
		copywritertest.Answer(w, "We looked at home cooks.\n\n- **Strategy Report**: what to do\n\nP.S. Ask an assistant.")
	})
	data := t.TempDir()
	process, url := command(t, data, "NOTION_MIN_GAP=0s", "AI_API_KEY=key", "AI_BASE_URL="+provider.URL)
	waitFor(t, url, sample(t, "webhook-gumloop.json"))
	stop(t, process)

	pages := tree(t, data)
	inOrder := func(blocks ...string) string { return strings.Join(blocks, `\n +#\d+ `) }
	want := regexp.MustCompile(`(?s)title: "Home Cooking Market Analysis"\n +#\d+ ` + inOrder(
		`paragraph rich_text="Hey \w+ and the rest of the .* team!"`,
		`divider`,
		`paragraph rich_text="We looked at home cooks."`,
		`bulleted_list_item rich_text="Strategy Report"\(bold\) \+ ": what to do"`,
		`paragraph rich_text="P.S. Ask an assistant."`,
		`page`) + `.*` + inOrder(
		`paragraph rich_text="View Strategy Report"\(link https://notion.so/#\d+\)`,
		`paragraph rich_text="View Comprehensive Analysis"\(link https://notion.so/#\d+\)`))
	if !want.MatchString(pages) || strings.Contains(pages, "⏳") || strings.Contains(pages, "What you will find here") {
		t.Errorf("the homepage is not in its order, or has what should have been replaced:\n%s", pages)
	}
	for _, request := range provider.Requests() {
		if request.Model != "openai/gpt-4o-mini" || request.Authorization != "Bearer key" {
			t.Errorf("the provider was asked as %+v", request)
		}
	}
}
