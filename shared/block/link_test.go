package block_test

import (
	"strings"
	"testing"

	"notionrelay/shared/block"
)

func TestValidLinkAndImage(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return "https://example.com/" + strings.Repeat("a", n-len("https://example.com/")) }
	for _, test := range []struct {
		url         string
		link, image bool
	}{
		{"https://example.com", true, false},
		{"http://example.com/a?b=c&d=e#f", true, false},
		{"HTTPS://EXAMPLE.COM", true, false},
		{"HTTPS://EXAMPLE.COM/A.PNG", true, true},
		{"https://user@example.com:8080/(a).jpg", true, true},
		{"https://example.com/ü.gif", true, true},
		{"https://[::1]/", true, false},
		{"https://example.com/a.b/c.svg?size=2#d.e", true, true},
		{"https://example.com/a.png/", true, false},
		{"https://example.com/png", true, false},
		{"https://example.com/a.webp", true, false},
		{"https://example.com/a?name=b.png", true, false},
		{"https://example.com/a%2Ejpeg", true, false},
		{"/a.png", false, false},
		{"mailto:a@example.png", true, false},
		{"mailto:a@example.com", true, false},
		{"MAILTO:a@example.com", true, false},
		{long(2000), true, false},
		{long(1996) + ".png", true, true},
		{long(1997) + ".png", false, false},
		{"", false, false},
		{"mailto:", false, false},
		{"mailto:nobody", false, false},
		{"mailto:?subject=a@example.com", false, false},
		{"mailto:a@example.com%zz?x=%zz", true, false},
		{"#section", false, false},
		{"/path", false, false},
		{"page.html", false, false},
		{"//example.com", false, false},
		{"www.example.com", false, false},
		{"https://", false, false},
		{"https:///path", false, false},
		{"https://#section", false, false},
		{"https:example.com", false, false},
		{"https://:8080", false, false},
		{"https://example.com/a b", false, false},
		{"https://example.com/\n", false, false},
		{"https://example.com/%zz", false, false},
		{"https://exa mple.com", false, false},
		{"mailto:a b@example.com", false, false},
		{"javascript:alert(1)", false, false},
		{"data:image/png;base64,AAAA", false, false},
		{"file:///etc/passwd", false, false},
		{"ftp://example.com", false, false},
		{"tel:+123", false, false},
		{long(2001), false, false},
		{"mailto:" + strings.Repeat("a", 1982) + "@example.com", false, false},
	} {
		if got := block.ValidLink(test.url); got != test.link {
			t.Errorf("ValidLink(%.40q) = %t, want %t", test.url, got, test.link)
		}
		if got := block.ValidImage(test.url); got != test.image {
			t.Errorf("ValidImage(%.40q) = %t, want %t", test.url, got, test.image)
		}
	}
}
