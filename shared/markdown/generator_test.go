package markdown_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"notionrelay/shared/block"
	"notionrelay/test/notionschema"
)

// TestEveryWordOnceInOrder writes documents of all constructs in each other, in
// which every word is another, and looks for the words in the blocks.
func TestEveryWordOnceInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := generator{T: t}
		source := strings.Join(g.blocks(4), "\n") + "\n"
		blocks := checkDocument(t, source)
		checkPlan(t, blocks)
		var want []string
		for n := range g.words {
			want = append(want, word(n))
		}
		got := regexp.MustCompile(`w\d+w`).FindAllString(blockText(blocks), -1)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("words (-want +got):\n%s\nof\n%s", diff, source)
		}
	})
}

// TestGeneratedDocumentsArePublished writes such documents to a simulated Notion.
func TestGeneratedDocumentsArePublished(t *testing.T) {
	t.Parallel()
	schema := notionschema.Official(t)
	rapid.Check(t, func(t *rapid.T) {
		g := generator{T: t}
		blocks := checkDocument(t, strings.Join(g.blocks(3), "\n"))
		n := openNotion(t, schema)
		if diff := cmp.Diff(outline(blocks), outline(n.read(n.publish(block.NewPlan(blocks))))); diff != "" {
			t.Fatalf("the page (-want +got):\n%s", diff)
		}
	})
}

// TestMangledDocumentsLoseNothing cuts and repeats the lines of such documents,
// and those of the golden ones, so that constructs are broken off anywhere.
func TestMangledDocumentsLoseNothing(t *testing.T) {
	t.Parallel()
	golden := seeds(t)
	rapid.Check(t, func(t *rapid.T) {
		g := generator{T: t}
		lines := append(g.blocks(3), strings.Split(rapid.SampledFrom(golden).Draw(t, "golden"), "\n")...)
		var mangled strings.Builder
		for range rapid.IntRange(1, 40).Draw(t, "lines") {
			line := rapid.SampledFrom(lines).Draw(t, "line")
			from := rapid.IntRange(0, len(line)).Draw(t, "from")
			mangled.WriteString(line[from:])
			mangled.WriteString(rapid.SampledFrom([]string{"\n", "\n\n", " ", ""}).Draw(t, "end"))
		}
		checkPlan(t, checkDocument(t, mangled.String()))
	})
}

// TestTokensInAnyOrderLoseNothing puts pieces of markdown and HTML together as they
// come, so that constructs begin and end where nobody would have them do so.
func TestTokensInAnyOrderLoseNothing(t *testing.T) {
	t.Parallel()
	documents := rapid.SliceOfN(rapid.SliceOfN(rapid.SampledFrom(tokens), 1, 14), 50, 50)
	rapid.Check(t, func(t *rapid.T) {
		for _, d := range documents.Draw(t, "documents") {
			checkPlan(t, checkDocument(t, strings.Join(d, "")))
		}
	})
}

var tokens = slices.Concat(
	strings.Fields(`
		a é 😀 \ & &amp; &#0; < > " ' : + ! * ** _ __ ~~ $ $$ [ ] ]( ![ ) [a] [x] [^1] [TOC]
		http://0 http://0/.svg www.a.b a@b.co <http://0> <b@c.de>
		<a> <b> <br> <br/> </br/> <code> <details> <div> <h1> <hr> <li> <ol> <p> <pre> <script> <style> <summary>
		<svg> <table> <td> <textarea> <th> <tr> <ul> <x_y> <blockquote>
		</a> </b> </code> </details> </div> </h1> </li> </ol> </p> </pre> </script> </style> </summary>
		</table> </td> </ul> </x_y> </blockquote> <!-- --> <? ?> | || \| --- === |-| |-|-|`),
	[]string{
		"\n", "\n", "\n\n", "  ", "    ", "\t", "\r\n", "\x00", "\u00a0", "\u200b", "`", "``", "```\n", "~~~",
		"> ", "- ", "1. ", "2) ", "# ", "## ", "[ ] ", "[x] ", "[!NOTE]", "[^1]: ", "[a]: http://c", "<!A ", "<summary ", "<td </A/>",
		"<a href=x>", "<a href='http://0'>", "<img src=http://0/.svg>", "<img src=x alt=y>", `<span title="`, `) "t"`,
		"\n|-|-|\n", "\n-|-\n", "|a|b|\n|-|-|\n", "\n|c|d|\n", "\n\n    ", "\n  ", "\n> ", "\n- ", "\n1. ", "\n# ", "\n```\n", "\n</details>\n\n",
	},
)

// generator writes markdown whose words are numbered in the order of the text.
type generator struct {
	*rapid.T
	words int
}

func word(n int) string { return fmt.Sprintf("w%dw", n) }

func (g *generator) word() string {
	g.words++
	return word(g.words - 1)
}

func (g *generator) draw(from, to int) int { return rapid.IntRange(from, to).Draw(g.T, "n") }

// blocks is the lines of a few blocks, a blank line between them.
func (g *generator) blocks(levels int) []string {
	var lines []string
	for range g.draw(1, 4) {
		lines = append(lines, g.block(levels)...)
		lines = append(lines, "")
	}
	return lines
}

func (g *generator) block(levels int) []string {
	leaves := []func() []string{g.paragraph, g.heading, g.fence, g.rule, g.table, g.equation, g.image, g.html}
	if levels > 1 && g.draw(0, 1) == 0 {
		containers := []func(int) []string{g.list, g.quote, g.details, g.section, g.div}
		return containers[g.draw(0, len(containers)-1)](levels - 1)
	}
	return leaves[g.draw(0, len(leaves)-1)]()
}

func (g *generator) paragraph() []string {
	var lines []string
	for range g.draw(1, 3) {
		lines = append(lines, g.inline(3)+rapid.SampledFrom([]string{"", "  ", `\`, "<br>"}).Draw(g.T, "break"))
	}
	return lines
}

// inline is words in any nesting of formats.
func (g *generator) inline(levels int) string {
	var parts []string
	for range g.draw(1, 4) {
		if levels == 1 || g.draw(0, 1) == 0 {
			parts = append(parts, g.plain())
			continue
		}
		marks := rapid.SampledFrom([][2]string{
			{"*", "*"}, {"_", "_"}, {"**", "**"}, {"__", "__"}, {"***", "***"}, {"struck~~", "~~"}, {"<u>", "</u>"}, {"<b>", "</b>"}, {`<a href="https://example.com/a">`, "</a>"}, {`<a href="tel:+1">`, "</a>"},
			{"[", "](https://example.com/a)"}, {"[", "](#anchor)"}, {"[", `](javascript:x "title")`}, {"![", "](https://example.com/i.png)"}, {"![", "](https://example.com/i?png)"}, {"![", "](data:image/png;base64,AA)"},
		}).Draw(g.T, "format")
		parts = append(parts, marks[0]+g.inline(levels-1)+marks[1])
	}
	return strings.Join(parts, " ")
}

func (g *generator) plain() string {
	return rapid.SampledFrom([]func(string) string{
		func(w string) string { return w },
		func(w string) string { return "`" + w + "`" },
		func(w string) string { return "`` " + w + " ` ``" },
		func(w string) string { return "<my_tag>" + w + "</my_tag>" },
		func(w string) string { return "<!-- comment -->" + w },
		func(w string) string { return "&lt;" + w + "&gt; &amp;" },
		func(w string) string { return `\*` + w + `\*` },
		func(w string) string { return "$5 " + w + " <5% a < b" },
		func(w string) string { return "https://example.com/" + w },
		func(w string) string { return "<" + w + "@example.com>" },
		func(w string) string { return w + "👩‍👩‍👧‍👦e\u0301" },
		func(w string) string { return w + strings.Repeat(" long", 450) },
		func(w string) string { return w + strings.Repeat("*a* b ", 55) },
	}).Draw(g.T, "plain")(g.word())
}

func (g *generator) heading() []string {
	return []string{strings.Repeat("#", g.draw(1, 6)) + " " + g.inline(2)}
}

func (g *generator) fence() []string {
	lines := []string{"```" + rapid.SampledFrom([]string{"", "go", "unknown", "c++ title"}).Draw(g.T, "language")}
	for range g.draw(0, 3) {
		lines = append(lines, "  "+g.word()+" **<b> &amp; $$", "")
	}
	return append(lines, "```")
}

func (g *generator) rule() []string { return []string{"***"} }

func (g *generator) equation() []string {
	if g.draw(0, 1) == 0 {
		return []string{"$$" + g.word() + " + x$$"}
	}
	return []string{"$$", g.word() + ` \, x`, "= " + g.word(), "$$"}
}

func (g *generator) image() []string {
	return []string{"![" + g.inline(2) + "](https://example.com/i.png)"}
}

// html is a block of HTML that ends with all its tags closed.
func (g *generator) html() []string {
	cell := func() string { return "<td>" + g.word() + " <b>" + g.word() + "</b></td>" }
	return rapid.SampledFrom([]func() []string{
		func() []string { return []string{"<p>" + g.word() + "<br>", "<em>" + g.word() + "</em> *raw*</p>"} },
		func() []string { return []string{"<h2>" + g.word() + "</h2>", "<hr>", g.word()} },
		func() []string {
			return []string{"<ul>", "<li>" + g.word(), "<ol><li>" + g.word() + "</li></ol>", "<li><p>" + g.word() + "</p>" + g.word(), "</ul>"}
		},
		func() []string { return []string{"<blockquote>" + g.word(), "<p>" + g.word() + "</p></blockquote>"} },
		func() []string { return []string{"<pre><code>" + g.word(), "", "  " + g.word() + "</code></pre>"} },
		func() []string {
			return []string{"<table><tr>" + cell() + cell() + "</tr>", "<tr>" + cell() + "</table>" + g.word()}
		},
		func() []string { return []string{`<img src="https://example.com/i.png" alt="` + g.word() + `">`} },
	}).Draw(g.T, "html")()
}

func (g *generator) div(levels int) []string {
	tag := rapid.SampledFrom([]string{"div", "blockquote", "td", "li"}).Draw(g.T, "tag")
	return append(append([]string{"<" + tag + ">", g.word(), ""}, g.blocks(levels)...), "</"+tag+">")
}

func (g *generator) table() []string {
	columns := g.draw(1, 4)
	row := func(cells int) string {
		var b strings.Builder
		for range cells {
			b.WriteString("| " + g.word() + ` \| ` + "**" + g.word() + "** ")
		}
		return b.String() + "|"
	}
	lines := []string{row(columns), strings.Repeat("|---", columns) + "|"}
	rows := g.draw(0, 5)
	if g.draw(0, 9) == 0 {
		rows = g.draw(95, 210)
	}
	for range rows {
		lines = append(lines, row(max(1, columns+g.draw(-1, 1))))
	}
	return lines
}

func (g *generator) list(levels int) []string {
	marker := rapid.SampledFrom([]string{"- ", "* ", "1. ", "7. ", "- [ ] ", "- [x] "}).Draw(g.T, "marker")
	indent := strings.Repeat(" ", strings.Index(marker, " ")+1)
	var lines []string
	for range g.draw(1, 4) {
		item := g.paragraph()
		if g.draw(0, 1) == 0 {
			item = append(append(item, ""), g.blocks(levels)...)
		}
		lines = append(lines, indented(marker, indent, item)...)
	}
	if g.draw(0, 9) == 0 {
		for range g.draw(95, 250) {
			lines = append(lines, marker+g.word())
		}
	}
	return lines
}

func (g *generator) quote(levels int) []string {
	var inner []string
	if g.draw(0, 2) == 0 {
		inner = []string{"[!NOTE]", g.inline(2), ""}
	}
	return indented("> ", "> ", append(inner, g.blocks(levels)...))
}

func (g *generator) details(levels int) []string {
	lines := []string{"<details>", "<summary>" + g.inline(2) + "</summary>", ""}
	return append(append(lines, g.blocks(levels)...), "</details>")
}

func (g *generator) section(levels int) []string {
	return append(append([]string{"<a_section>"}, g.blocks(levels)...), "</a_section>")
}

// indented puts one prefix before the first line and another before the others.
func indented(first, others string, lines []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = strings.TrimRight(others+line, " ")
		if i == 0 {
			out[i] = first + line
		}
	}
	return out
}
