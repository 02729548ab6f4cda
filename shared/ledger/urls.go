package ledger

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"notionrelay/shared/block"
	"notionrelay/shared/notion"
)

// withoutRefused takes out of the blocks of a request the URLs for which Notion
// has refused it: those of the block that its message names, or all of them where
// it names none or that has been tried. It returns the URLs that were taken out;
// without any, the refusal is of something else.
func withoutRefused(err error, blocks []block.Block, all bool) (without []block.Block, urls []string) {
	e, ok := errors.AsType[*notion.Error](err)
	if !ok || e.Status != http.StatusBadRequest || !namesURL.MatchString(e.Message) {
		return blocks, nil
	}
	of := func(string) bool { return true }
	if strings.Contains(strings.ToLower(e.Message), "invalid image url") {
		images := imageURLs(blocks)
		of = func(url string) bool { return images[url] }
	}
	first, last := 0, len(blocks)
	if place := position.FindStringSubmatch(e.Message); place != nil && !all {
		if i, err := strconv.Atoi(place[1]); err == nil && i < len(blocks) {
			first, last = i, i+1
		}
	}
	changed, urls := block.WithoutURLs(blocks[first:last], of)
	return slices.Concat(blocks[:first], changed, blocks[last:]), urls
}

// amend is a request's answer to a refusal of a URL: the same blocks with the URL
// as plain text.
func (l *Ledger) amend(blocks func() []block.Block, set func([]block.Block)) func(error) bool {
	times := 0
	return func(refused error) bool {
		without, urls := withoutRefused(refused, blocks(), times > 0)
		if len(urls) == 0 {
			return false
		}
		times++
		set(without)
		l.warnOfURLs(urls)
		return true
	}
}

// namesURL recognises a refusal for a URL, and position the block that it names,
// counted among those of the request.
var (
	namesURL = regexp.MustCompile(`(?i)invalid( image)? url|\.(url|link)\b`)
	position = regexp.MustCompile(`children\[(\d+)\]`)
)

// imageURLs are the addresses of the images among blocks and below them.
func imageURLs(blocks []block.Block) map[string]bool {
	found := map[string]bool{}
	for _, b := range blocks {
		if b.Kind == block.Image {
			found[b.URL] = true
		}
		for url := range imageURLs(b.Children) {
			found[url] = true
		}
	}
	return found
}

// maxURLWarnings is how many URLs the record names, each cut to so many characters.
const maxURLWarnings, maxWarnedURL = 20, 200

// warnOfURLs says in the run's warnings which URLs stand there as plain text.
func (l *Ledger) warnOfURLs(urls []string) {
	for _, url := range urls {
		if runes := []rune(url); len(runes) > maxWarnedURL {
			url = string(runes[:maxWarnedURL-1]) + "…"
		}
		if len(l.Run.Warnings) >= maxURLWarnings {
			l.Run.Warn("Notion refused more addresses; their texts stand there all the same.")
			return
		}
		l.Run.Warn(fmt.Sprintf("Notion refused the address %s, so it stands there as plain text.", url))
	}
}
