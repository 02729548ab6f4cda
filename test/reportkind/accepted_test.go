package reportkind_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"notionrelay/shared/runs"
)

// pieces are what texts are made of that give somebody trouble: markdown that is
// begun and not ended, links that lead nowhere, characters that nobody sees,
// and pieces beyond a limit.
var pieces = []string{
	"word", " ", "\n", "\n\n", "\r\n", "\t", "\u0001", "\u001b", "\u007f", "\u0085", "\u2028", "\ufeff", "\ufffe", "\uffff", "\ufffd", "\u200b", "\u202e", "\u0301",
	"👩‍👩‍👧‍👦", "𝄞", "é", "मि", "א", ",", ";", "@", "#", "# ", "- ", "* ", "1. ", "> ", "```", "```go\n", "$$", "$x$", "|a|b|\n|-|-|\n|c|d|\n", "**", "__", "~~", "`", "\\",
	"[a](http://[)", "[a](javascript:alert(1))", "[a]()", "[a](mailto:x@y)", "[a](/relative)", "[x](https://notion.so/abc)", "![i](data:image/png;base64,AAAA)", "![i](http://x/y.png)",
	"<b>", "</b>", "<details><summary>s</summary>t</details>", "<img src=x>", "<!-- c -->", "&nbsp;", "&#0;", "&#xD800;", "https://example.com/", "http://", "ftp://a",
	"---\n", "- [ ] t\n", "[^1]", "[^1]: f\n", "@2024-01-01", strings.Repeat("l", 2001), strings.Repeat("語", 2001), strings.Repeat("😀", 1001), strings.Repeat("- ", 60),
}

var addresses = []string{
	"", "a@b.com", "o'b!#$%&*+-/=?^_`{|}~@b-c.co", "élan@bücher.example", "उप@डाटा.भारत", "a@localhost",
	strings.Repeat("l", 64) + "@b.com", "a@" + strings.Repeat("d", 63) + ".com",
}

// What the webhook takes, Notion takes: no report fails of its content.
func TestNothingThatIsAcceptedIsRefused(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		body, err := json.Marshal(anyReport(rt))
		if err != nil {
			rt.Fatal(err)
		}
		var ended runs.Run
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			id := w.post(t, string(body))
			w.settle(t)
			if ended, err = w.db.Runs().Get(t.Context(), id); err != nil {
				t.Error(err)
			}
		})
		if ended.Status != runs.Complete {
			rt.Fatalf("%s ended %s: %+v", body, ended.Status, ended.Failures)
		}
	})
}

func anyReport(t *rapid.T) map[string]any {
	text := func(name string) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 8).Draw(t, name), "")
	}
	id := func(name string) string {
		letters := []rune(text(name))
		return string(letters[:min(len(letters), 200)])
	}
	quotes := []map[string]any{}
	for i := range rapid.IntRange(0, 3).Draw(t, "quotes") {
		quote := map[string]any{"relevanceScore": rapid.Float64Range(0, 1).Draw(t, "score")}
		for _, field := range []string{"text", "category", "sentiment", "theme", "justification", "url", "subreddit", "postId", "date"} {
			quote[field] = text(fmt.Sprint(field, " ", i))
		}
		quotes = append(quotes, quote)
	}
	return map[string]any{
		"strategyReport": "x" + text("strategyReport"), "comprehensiveReport": text("comprehensiveReport"),
		"email": rapid.SampledFrom(addresses).Draw(t, "email"), "runId": id("runId"), "accountId": id("accountId"),
		"metadata": map[string]any{"reportType": text("reportType"), "analysisType": text("analysisType")},
		"quotes":   quotes,
	}
}
