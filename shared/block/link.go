package block

import (
	"net/url"
	"strings"
)

// ValidLink tells whether Notion takes rawURL as the link of a text: an
// absolute http or https URL, or mailto with an address, of at most MaxURL.
// Anything else is answered "Invalid URL for link." and refuses the whole
// request.
func ValidLink(rawURL string) bool {
	if !hasPrefixFold(rawURL, "mailto:") {
		return ValidImage(rawURL)
	}
	parsed, err := url.Parse(rawURL)
	return err == nil && strings.Contains(parsed.Opaque, "@") && validURL(rawURL)
}

// ValidImage tells whether Notion takes rawURL as an external file: an absolute
// http or https URL of at most MaxURL.
func ValidImage(rawURL string) bool {
	if !hasPrefixFold(rawURL, "http://") && !hasPrefixFold(rawURL, "https://") || !validURL(rawURL) {
		return false
	}
	parsed, err := url.Parse(rawURL)
	return err == nil && parsed.Hostname() != ""
}

// validURL leaves out what a URL cannot hold and net/url does not mind.
func validURL(rawURL string) bool {
	return Units(rawURL) <= MaxURL && !strings.ContainsAny(rawURL, " \t\n\"<>\\^`{|}")
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
