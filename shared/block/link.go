package block

import (
	"net/url"
	"path"
	"slices"
	"strings"
)

// ValidLink tells whether Notion takes rawURL as the link of a text: an
// absolute http or https URL, or mailto with an address, of at most MaxURL.
// Anything else is answered "Invalid URL for link." and refuses the whole
// request.
func ValidLink(rawURL string) bool {
	parsed, err := url.Parse(rawURL)
	if hasPrefixFold(rawURL, "mailto:") {
		return err == nil && strings.Contains(parsed.Opaque, "@") && validURL(rawURL)
	}
	return err == nil && parsed.Hostname() != "" && validURL(rawURL) &&
		(hasPrefixFold(rawURL, "http://") || hasPrefixFold(rawURL, "https://"))
}

// imageExtensions are those of the images that Notion takes by their URL.
// Source: https://developers.notion.com/reference/block#image
var imageExtensions = []string{".bmp", ".gif", ".heic", ".jpeg", ".jpg", ".png", ".svg", ".tif", ".tiff"}

// ValidImage tells whether Notion surely takes rawURL as an image: an absolute
// http or https URL of at most MaxURL whose path ends in an extension that Notion
// names. Others have been answered "Invalid image url.", which refuses the whole
// request.
func ValidImage(rawURL string) bool {
	if !ValidLink(rawURL) || hasPrefixFold(rawURL, "mailto:") {
		return false
	}
	parsed, err := url.Parse(rawURL)
	return err == nil && slices.Contains(imageExtensions, strings.ToLower(path.Ext(parsed.EscapedPath())))
}

// validURL leaves out what a URL cannot hold and net/url does not mind.
func validURL(rawURL string) bool {
	return Units(rawURL) <= MaxURL && !strings.ContainsAny(rawURL, " \t\n\"<>\\^`{|}")
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
