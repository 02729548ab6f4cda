// Package worstmarkdown is the markdown that costs most to convert for its size:
// what makes a parser slow, or its tree large.
package worstmarkdown

import (
	"fmt"
	"slices"
	"strings"
)

// Document is text of many repetitions, which takes memory only when it is used.
type Document []repetition

type repetition struct {
	unit string
	size int // in bytes, rounded down to whole units
}

func (d Document) String() string {
	var b strings.Builder
	for _, r := range d {
		b.WriteString(strings.Repeat(r.unit, r.size/len(r.unit)))
	}
	return b.String()
}

// Documents is what makes markdown parsers slow or hungry, by name, some size bytes
// of each.
func Documents(size int) map[string]Document {
	once := func(s string) Document { return Document{{s, len(s)}} }
	fill := func(unit string) Document { return Document{{unit, size}} }
	half := func(first, second string) Document { return Document{{first, size / 2}, {second, size / 2}} }
	nested := func(unit, end string, depth int) Document { return fill(strings.Repeat(unit, depth) + end) }
	join := slices.Concat[Document]
	var lengths, indented, references, footnotes strings.Builder
	for n := 1; lengths.Len() < size; n++ {
		lengths.WriteString("a" + strings.Repeat("`", n))
	}
	for n := 0; indented.Len() < size; n++ {
		indented.WriteString(strings.Repeat("  ", n) + "- a\n")
	}
	for n := 0; references.Len() < size; n++ {
		fmt.Fprintf(&references, "[%d]: u\n", n)
	}
	for n := 0; footnotes.Len() < size/2; n++ {
		fmt.Fprintf(&footnotes, "[^%d]: a\n", n)
	}
	wide := "|" + strings.Repeat("a|", size/10) + "\n|" + strings.Repeat("-|", size/10) + "\n"
	return map[string]Document{
		"10,000 nested quotes":         nested("> ", "a\n", 10_000),
		"quotes without spaces":        fill(">"),
		"quotes, then blank lines":     join(once(strings.Repeat(">", 10_000)+"a"), fill("\n")),
		"lists on one line":            fill("- "),
		"lists, then blank lines":      join(once(strings.Repeat("- ", 10_000)+"a"), fill("\n")),
		"lists, then quoted blanks":    join(once("> "+strings.Repeat("- ", 10_000)+"a\n"), fill(">\n")),
		"lists and a fence, blanks":    join(once(strings.Repeat("- ", 90)+"```\n"), fill("\n")),
		"deep list":                    once(indented.String()),
		"list of blank items":          fill("-\n"),
		"stars":                        fill("*"),
		"stars and letters":            fill("*a"),
		"stars with spaces":            fill("* a"),
		"spaced stars":                 fill("a **b"),
		"openers and other closers":    half("*a ", "a_ "),
		"nested emphasis":              half("*a **a ", "b** b*"),
		"one line":                     fill("a"),
		"one line of words":            fill("word "),
		"one line of spaces":           join(once("a"), fill(" "), once("b")),
		"one line of emoji":            fill("👩‍👩‍👧‍👦"),
		"one endless cluster":          join(once("a"), fill("\u0301")),
		"brackets":                     fill("["),
		"brackets that match":          half("[", "]"),
		"brackets in groups":           nested("[", strings.Repeat("]", 450), 450),
		"links without end":            fill("[a](b"),
		"links in angles without end":  fill("[a](<b"),
		"links in links":               half("[", "](a)"),
		"images in images":             half("![", "](a)"),
		"images in brackets":           join(once(strings.Repeat("[", 400)), half("![a](b)", "]")),
		"titles without end":           fill("[a](b \""),
		"less-than signs":              fill("<"),
		"tags without end":             fill("<a "),
		"tags with endless attributes": fill("<a b='"),
		"comments without end":         fill("<!--"),
		"comment lines without end":    fill("<!--\n"),
		"quoted comments":              join(fill("> <!--\n\n"), once("-->")),
		"instructions without end":     fill("<?"),
		"CDATA without end":            fill("<![CDATA["),
		"details":                      fill("<details>"),
		"details on lines":             fill("<details>\n"),
		"summaries":                    fill("<details><summary>a"),
		"backticks":                    fill("`"),
		"backticks of all lengths":     once(lengths.String()),
		"backtick pairs":               fill("`a``"),
		"fences":                       fill("```\n~~~\n"),
		"dollars":                      fill("$$"),
		"dollar lines":                 fill("$$a\n"),
		"entities":                     fill("&amp;"),
		"ampersands":                   fill("&"),
		"backslashes":                  fill("\\"),
		"references":                   once(references.String()),
		"uses of a reference":          join(once("[a]: u\n\n"), fill("[a]")),
		"footnotes":                    join(once(footnotes.String()), Document{{"[^1]", size / 2}}),
		"nested footnotes":             fill("[^a]: "),
		"footnote marks":               fill("[^"),
		"wide table with short rows":   join(once(wide), Document{{"a\n", size - len(wide)}}),
		"many small tables":            fill("|a|b|c|d|e|f|g|h|\n|-|-|-|-|-|-|-|-|\na\nb\nc\n\n"),
		"table of pipes":               join(once("|a|b|\n|-|-|\n"), fill("||||||||||||||||||||\n")),
		"table with a huge header":     join(once("|"+strings.Repeat("h", size/2)+"|\n|-|\n"), Document{{"a\n", size / 2}}),
		"almost tables":                fill("a\n-:\n"),
		"hosts":                        fill("_www."),
		"URLs":                         fill("(http://a"),
		"short URLs in paragraphs":     fill(strings.Repeat("_www.", 40) + "\n\n"),
		"addresses":                    fill("_a@a."),
		"headings":                     fill("# a\n"),
		"underlined headings":          fill("a\n=\n"),
		"control characters":           fill("\x01"),
		"NUL characters":               fill("\x00"),
		"bytes that are no UTF-8":      fill("\xff"),
		"three-byte characters":        fill("語"),
		"carriage returns":             fill("a\r"),
		"tabs":                         fill("-\t"),
		"instruction lines":            fill("a<?\n"),
		"declaration lines":            fill("a<!A\n"),
		"CDATA lines":                  fill("a<![CDATA[\n"),
		"inline comment lines":         fill("a<!--\n"),
		"tag lines without end":        fill("a<a\n"),
		"attribute lines":              fill("a<a b='\n"),
		"closed comments":              fill("<!---->"),
		"comment with hyphens":         join(once("<!--"), fill("-")),
		"nested details":               half("<details>\n", "</details>\n"),
		"details in list":              fill("- <details>\n"),
		"details in details in list":   fill("- <details><details><details>\n\n  - "),
		"closing details":              fill("</details>"),
		"one tag":                      join(once("<a "), fill("b "), once(">")),
		"one name":                     join(once("<"), fill("a"), once(">")),
		"brackets on lines":            fill("[\n"),
		"bracket pairs on lines":       fill("[a\n]"),
		"image openers":                fill("!["),
		"image openers on lines":       fill("![\n"),
		"images that match":            half("![", "]"),
		"empty links":                  fill("[](a)"),
		"long destination":             join(once("[a]("), fill("b"), once(")")),
		"long destinations":            fill("[a](" + strings.Repeat("b", 1000) + ")"),
		"parentheses in destination":   join(once("[a]("), half("(", ")"), once(")")),
		"escapes in destinations":      fill("[a](\\"),
		"titles on lines":              fill("[a](b \"\n"),
		"references of lines":          fill("[a\n]: b\n"),
		"references in paragraphs":     fill("[a]: b\n\n"),
		"references without end":       fill("[a]: b 'c\n\n"),
		"reference titles":             fill("[a]: b 'c\n"),
		"long reference":               join(once("[a]: "), fill("b"), once("\n\n[a]")),
		"uses of a long reference":     join(once("[a]: "+strings.Repeat("b", size/2)+"\n\n"), Document{{"[a]", size / 2}}),
		"uses of a URL":                join(once("[a]: https://b.co/"+strings.Repeat("b", 1900)+"\n\n"), fill("[a] ")),
		"images by reference":          join(once("[a]: https://b.co/"+strings.Repeat("b", 1900)+"\n\n"), fill("![a] ")),
		"long title":                   join(once("[a](b '"), fill("c"), once("')")),
		"wide table":                   join(once("|"), Document{{"a|", size / 2}}, once("\n|"), Document{{"-|", size / 2}}, once("\n")),
		"tables of one row":            fill("a|b\n-|-\n\n"),
		"headers of tables":            fill("a|b\n-|-\n"),
		"delimiter rows":               fill("|-|-\n"),
		"long delimiter row":           join(once("a\n"), fill("-|")),
		"escaped pipes in code":        join(once("|a|\n|-|\n|"), fill("`\\|`"), once("|")),
		"rows of escaped pipes":        join(once("|a|\n|-|\n"), fill("|`\\|`|\n")),
		"rows of long cells":           join(once("|a|\n|-|\n"), fill("|"+strings.Repeat("b", 1000)+"|\n")),
		"numeric entities":             fill("&#65;"),
		"entities without end":         fill("&#"),
		"unknown entities":             fill("&CounterClockwiseContourIntegrals;"),
		"nested strong":                half("**a ", "b** "),
		"mixed emphasis":               fill("*_**__***___~~"),
		"triple stars":                 fill("***a***"),
		"long runs of stars":           fill(strings.Repeat("*", 1000) + "a"),
		"tildes":                       fill("~a~~"),
		"strikethrough in paragraphs":  fill("~~a\n\n"),
		"emphasis in paragraphs":       fill("*a _b\n\n"),
		"emphasis in items":            fill("- *a\n"),
		"emphasis over lines":          fill("*a\n"),
		"rising and falling lists":     fill("- a\n  - b\n    - c\n      - d\n"),
		"numbered items":               fill("1. a\n"),
		"items of two kinds":           fill("- a\n+ b\n"),
		"to-dos":                       fill("- [ ] a\n"),
		"numbers without order":        fill("1) a\n2. b\n"),
		"quoted lists":                 fill("> - a\n"),
		"lazy lines":                   join(once(strings.Repeat("> ", 10_000)+"a\n"), fill("b\n")),
		"list, then lazy lines":        join(once(strings.Repeat("- ", 10_000)+"a\n"), fill("b\n")),
		"indented code":                fill("    a\n\n"),
		"one fence":                    join(once("```\n"), fill("a\n")),
		"empty fences":                 fill("```\n```\n"),
		"quoted fences":                fill("> ```\n"),
		"long fences":                  fill(strings.Repeat("`", 1000) + "\n"),
		"fence with a long language":   join(once("```"), fill("a"), once("\n")),
		"equations":                    fill("$$a$$\n"),
		"equation of lines":            join(once("$$\n"), fill("a\n"), once("$$")),
		"alerts":                       fill("> [!NOTE]\n\n"),
		"rules":                        fill("---\n"),
		"almost rules":                 fill("- - "),
		"equal signs":                  join(once("a\n"), fill("=")),
		"paragraphs":                   fill("a\n\n"),
		"lines":                        fill("a\n"),
		"hard breaks":                  fill("a\\\n"),
		"line ends of two bytes":       fill("a\r\n"),
		"line breaks":                  fill("<br>"),
		"footnote definitions":         fill("[^a]: b\n"),
		"footnotes in footnotes":       fill("[^a]: b\n\n    "),
		"one footnote":                 join(once("[^a]: b\n\n"), fill("[^a]")),
		"addresses in brackets":        fill("<a@b.c>"),
		"addresses in text":            fill("a@b.co "),
		"long address":                 join(fill("a."), once("@b.co")),
		"long host":                    join(once("http://"), fill("a.")),
		"hosts in text":                fill("www.a.co "),
		"URLs with parentheses":        fill("http://a.co/(((((( "),
		"URL with a long tail":         join(once("http://a.co/"), fill(")")),
		"URL with entities":            join(once("http://a.co/"), fill("&a;")),
		"colons":                       fill(":"),
		"lists of 99, blank lines":     fill(strings.Repeat("- ", 99) + "a\n" + strings.Repeat("\n", 200)),
		"lists of 99":                  fill(strings.Repeat("- ", 99) + "a\n"),
		"quotes of 99":                 fill(strings.Repeat(">", 99) + "a\n\n"),
		"blank lines of code":          join(once("```\n"), fill("\n")),
		"lines of 8 characters":        fill("1234567\n"),
		"items of 80 characters":       fill("- " + strings.Repeat("*a* b ", 13) + "\n"),
		"paragraphs of code spans":     fill(strings.Repeat("`a`b ", 19) + "\n\n"),
		"paragraphs of links":          fill(strings.Repeat("[a](b)", 19) + "\n\n"),
		"rows of ten cells":            join(once("|a|b|c|d|e|f|g|h|i|j|\n|-|-|-|-|-|-|-|-|-|-|\n"), fill("|a|b|c|d|e|f|g|h|i|j|\n")),
		"rows of long words":           join(once("|a|b|c|d|e|f|g|h|i|j|\n|-|-|-|-|-|-|-|-|-|-|\n"), fill(strings.Repeat("|1234567", 10)+"|\n")),
		"items of HTML":                fill("<li>a"),
		"rows of HTML":                 fill("<tr><td>a"),
		"short rows of HTML":           join(once("<table><tr>"+strings.Repeat("<td>a", 100)), fill("<tr><td>"+strings.Repeat("a", 30))),
		"short rows":                   join(once("|"+strings.Repeat("a|", 100)+"\n|"+strings.Repeat("-|", 100)+"\n"), fill("|"+strings.Repeat("a", 80)+"\n")),
		"items of strong words":        fill("- " + strings.Repeat("**abcdef** ", 7) + "\n"),
		"items, lines and cells": join(
			Document{{"- " + strings.Repeat("*a* b ", 13) + "\n", size / 5}}, Document{{"a\n", size / 15}},
			once("\n\na|b|c|d|e|f|g|h|i|j\n-|-|-|-|-|-|-|-|-|-\n"), Document{{"a|b|c|d|e|f|g|h|i|j\n", size / 16}}),
		"items and a reference":  join(once("[a]: b\n\n"), fill("- a\n+ b\n")),
		"quoted items":           fill("> - a\n"),
		"tables of ten cells":    fill("|a|b|c|d|e|f|g|h|i|j|\n|-|-|-|-|-|-|-|-|-|-|\n" + strings.Repeat("|a|b|c|d|e|f|g|h|i|j|\n", 100) + "\n"),
		"code in a footnote":     join(once("[^a]\n\n[^a]: a\n\n"), fill("    "+strings.Repeat("`a` ", 20)+"\n\n")),
		"words of HTML in items": fill("- " + strings.Repeat("<b>a</b> ", 10) + "\n"),
		"cells of HTML":          fill("<td>a"),
		"words of HTML":          join(once("<p>"), fill("<b>a</b> ")),
		"images of HTML":         fill("<img src=a.png>"),
		"paragraphs of HTML":     fill("<p>a"),
		"entities in attributes": fill("<a href='&amp;'>"),
		"equations of lines":     fill("$$\na\n$$\n"),
		"tables of contents":     fill("[TOC]\n"),
		"at signs":               fill("a@"),
	}
}

// MaxMemory is how many bytes a process may have taken at most when it has
// converted any of them.
const MaxMemory = 250 << 20

// MemoryHungry names the documents that have taken most memory, before there were
// limits or with them.
var MemoryHungry = []string{
	"items and a reference", "quoted items", "tables of ten cells", "code in a footnote", "words of HTML in items", "headings",
	"NUL characters", "URLs with parentheses", "addresses in text", "backtick pairs", "blank lines of code",
	"cells of HTML", "details in details in list", "details on lines", "dollar lines", "equation of lines",
	"footnote definitions", "hard breaks", "images by reference", "items of 80 characters",
	"items of strong words", "items of two kinds", "items, lines and cells", "lazy lines", "lines",
	"list of blank items", "lists and a fence, blanks", "lists of 99, blank lines", "lists, then blank lines",
	"lists, then quoted blanks", "long runs of stars", "many small tables", "numbers without order", "paragraphs",
	"paragraphs of code spans", "paragraphs of links", "quoted fences", "reference titles",
	"references in paragraphs", "rows of escaped pipes", "rows of ten cells", "short rows", "short rows of HTML",
	"summaries", "table of pipes", "uses of a URL", "wide table", "words of HTML",
}

// Longest is the longest beginning of a document that is accepted, found by halving
// it and then, to a sixteenth, by going back. It is empty where none is.
func Longest(document string, accepted func(string) bool) string {
	n := len(document)
	for n > 0 && !accepted(document[:n]) {
		n /= 2
	}
	for step := n / 2; step > 0 && step >= n/16; step /= 2 {
		if longer := n + step; longer <= len(document) && accepted(document[:longer]) {
			n = longer
		}
	}
	return document[:n]
}
