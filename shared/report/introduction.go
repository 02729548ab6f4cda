package report

import (
	"fmt"
	"strings"
)

// Introduction is the homepage's introduction in markdown where no better one
// is to be had: what was analysed, what is below, how to use it.
func (s Subject) Introduction(documents []Document) string {
	var b strings.Builder
	fmt.Fprintf(&b, "We analysed what people say about the topics that matter to %s, in their own words, and condensed it into the pages below.\n\n", markdownText(s.Company))
	b.WriteString("What you will find here:\n\n")
	for _, d := range documents {
		fmt.Fprintf(&b, "- **%s**: %s\n", d.Title, d.Holds)
	}
	b.WriteString("\nUse it for landing pages, content ideas and sales scripts: the wording of real people is the strongest copy there is.\n\n")
	b.WriteString("P.S. Upload the full report to your favourite AI assistant and ask it anything about your market.\n")
	return b.String()
}

// markdownText escapes what markdown would take for markup in a name.
func markdownText(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("\\`*_{}[]<>()#+-.!|~$&", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
