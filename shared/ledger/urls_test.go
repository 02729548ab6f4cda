package ledger

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"notionrelay/shared/block"
	"notionrelay/shared/notion"
	"notionrelay/shared/runs"
)

// TestWithoutRefused shows which addresses a refusal costs. The request has a link
// in each of two blocks, and an image in a third.
func TestWithoutRefused(t *testing.T) {
	t.Parallel()
	link := func(url string) block.Block {
		return block.Block{Kind: block.Paragraph, Text: []block.Text{{Content: "x", Link: url}}}
	}
	image := block.Block{Kind: block.Image, URL: "image"}
	inList := block.Block{Kind: block.BulletedListItem, Text: []block.Text{{Content: "y", Link: "c"}}, Children: []block.Block{image}}
	blocks := []block.Block{link("a"), link("b"), inList}
	const named = "body failed validation: body.children[%d].paragraph.rich_text[0].text.link.url: Invalid URL for link."
	for name, tt := range map[string]struct {
		status  int
		message string
		all     bool
		want    string
	}{
		"the first block's":            {400, fmt.Sprintf(named, 0), false, "a"},
		"the last block's":             {400, fmt.Sprintf(named, 2), false, "c image"},
		"a block's that there is not":  {400, fmt.Sprintf(named, 3), false, "a b c image"},
		"the first one's, once more":   {400, fmt.Sprintf(named, 0), true, "a b c image"},
		"one that is not named":        {400, "Invalid URL for link.", false, "a b c image"},
		"an image's":                   {400, "Invalid image url.", false, "image"},
		"an image's, in a named block": {400, "body.children[2].children[0].image.external.url: Invalid image url.", false, "image"},
		"an image's, in another block": {400, "body.children[0].image.external.url: Invalid image url.", false, ""},
		"no address's":                 {400, "body.children[0].paragraph.rich_text should be defined", false, ""},
		"with another status":          {409, "Invalid URL for link.", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			without, urls := withoutRefused(&notion.Error{Status: tt.status, Message: tt.message}, blocks, tt.all)
			slices.Sort(urls)
			if got := strings.Join(urls, " "); got != tt.want || len(without) != len(blocks) {
				t.Errorf("got %q out of %d blocks, want %q", got, len(without), tt.want)
			}
			var left []string
			for i, url := range []string{"a", "b", "c"} {
				if without[i].Text[0].Link == url {
					left = append(left, url)
				}
			}
			for _, url := range []string{"a", "b", "c"} {
				if slices.Contains(left, url) == slices.Contains(urls, url) {
					t.Errorf("%q is among %q that were taken out, and %q are left", url, urls, left)
				}
			}
		})
	}
}

// The record names twenty addresses, each by its beginning.
func TestTheWarningsOfAddressesAreBounded(t *testing.T) {
	t.Parallel()
	fits, long := strings.Repeat("ä", 200), strings.Repeat("ö", 201)
	urls := []string{fits, long}
	for i := len(urls); i < 25; i++ {
		urls = append(urls, fmt.Sprint("https://example.com/", i))
	}
	l := &Ledger{Run: new(runs.Run)}
	l.warnOfURLs(urls[:20])
	for i, part := range []string{" " + fits + ",", " " + strings.Repeat("ö", 199) + "…,", " " + urls[2] + ","} {
		if !strings.Contains(l.Run.Warnings[i], part) {
			t.Errorf("warning %d is %q", i, l.Run.Warnings[i])
		}
	}
	if len(l.Run.Warnings) != 20 {
		t.Errorf("there are %d warnings", len(l.Run.Warnings))
	}
	l.warnOfURLs(urls[20:])
	if len(l.Run.Warnings) != 21 || !strings.Contains(l.Run.Warnings[20], "more addresses") {
		t.Errorf("then there are %q", l.Run.Warnings[20:])
	}
}
