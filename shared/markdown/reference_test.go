package markdown_test

import (
	"bufio"
	"bytes"
	"html"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	goldmarkhtml "github.com/yuin/goldmark/renderer/html"

	"notionrelay/shared/block"
	"notionrelay/shared/markdown"
)

// referenceText is the text of a markdown document, without white space, by a
// walk over goldmark's tree that shares nothing with the converter: escapes and
// entities are resolved by goldmark's HTML writer and the html package. Ordered
// items and footnotes have their numbers.
func referenceText(source string) string {
	source = markdown.Clean(source)
	r := reference{source: []byte(source)}
	r.walk(markdown.Parse(r.source))
	r.notes()
	return squeeze(r.text.String())
}

type reference struct {
	source    []byte
	text      strings.Builder
	footnotes []ast.Node
}

func (r *reference) walk(n ast.Node) {
	switch n.Kind() {
	case ast.KindText:
		r.unescaped(n.(*ast.Text).Segment.Value(r.source))
		return
	case ast.KindCodeSpan:
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			r.text.Write(c.(*ast.Text).Segment.Value(r.source))
		}
		return
	case ast.KindAutoLink:
		r.text.WriteString(entity.ReplaceAllStringFunc(string(n.(*ast.AutoLink).Label(r.source)), resolve))
		return
	case ast.KindRawHTML:
		raw := string(n.(*ast.RawHTML).Segments.Value(r.source))
		if strings.HasPrefix(raw, "<![CDATA[") {
			r.text.WriteString(raw[len("<![CDATA[") : len(raw)-len("]]>")])
		}
		return
	case ast.KindCodeBlock, ast.KindFencedCodeBlock:
		r.text.Write(n.Lines().Value(r.source))
		return
	case extast.KindFootnoteLink:
		r.text.WriteString("[" + strconv.Itoa(n.(*extast.FootnoteLink).Index) + "]")
		return
	case extast.KindFootnoteList:
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			r.footnotes = append(r.footnotes, c)
		}
		return
	case ast.KindList:
		r.list(n.(*ast.List))
		return
	case ast.KindBlockquote:
		r.quote(n)
		return
	}
	switch n.Kind().String() {
	case "Equation":
		r.text.Write(n.Lines().Value(r.source))
		return
	case "TagLine", "Comment":
		return
	}
	r.walkFrom(n.FirstChild())
}

func (r *reference) walkFrom(n ast.Node) {
	for ; n != nil; n = n.NextSibling() {
		r.walk(n)
	}
}

func (r *reference) unescaped(text []byte) {
	var rendered bytes.Buffer
	w := bufio.NewWriter(&rendered)
	goldmarkhtml.DefaultWriter.Write(w, text)
	_ = w.Flush() // a bytes.Buffer takes everything
	r.text.WriteString(html.UnescapeString(rendered.String()))
}

var entity = regexp.MustCompile(`&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]*);`)

// resolve resolves an entity if it is one: html.UnescapeString alone would take
// the beginning of &copyright; for one.
func resolve(entity string) string {
	if character := html.UnescapeString(entity); !strings.HasSuffix(character, ";") || entity == "&semi;" || entity == "&#59;" {
		return character
	}
	return entity
}

func (r *reference) list(list *ast.List) {
	number := list.Start
	for item := list.FirstChild(); item != nil; item = item.NextSibling() {
		task := false
		if first := item.FirstChild(); first != nil && first.FirstChild() != nil {
			task = first.FirstChild().Kind() == extast.KindTaskCheckBox
		}
		if list.IsOrdered() && !task {
			r.text.WriteString(strconv.Itoa(number) + ".")
		}
		number++
		r.walkFrom(item.FirstChild())
	}
}

var alertMarker = regexp.MustCompile(`(?i)^\s*\[!(note|tip|important|warning|caution)\]\s*$`)

// quote leaves out the marker of an alert.
func (r *reference) quote(n ast.Node) {
	first := n.FirstChild()
	if first == nil || first.Kind() != ast.KindParagraph || first.Lines().Len() == 0 {
		r.walkFrom(first)
		return
	}
	line := first.Lines().At(0)
	if !alertMarker.Match(line.Value(r.source)) {
		r.walkFrom(first)
		return
	}
	inline := first.FirstChild()
	for inline != nil && inline.Kind() == ast.KindText && inline.(*ast.Text).Segment.Start < line.Stop {
		inline = inline.NextSibling()
	}
	r.walkFrom(inline)
	r.walkFrom(first.NextSibling())
}

// notes writes the footnotes: first those with a number, by number.
func (r *reference) notes() {
	written := map[ast.Node]bool{}
	number := 1
	write := func(n ast.Node) {
		r.text.WriteString("[" + strconv.Itoa(number) + "]")
		written[n] = true
		number++
		r.walkFrom(n.FirstChild())
	}
	for found := true; found; {
		found = false
		for _, n := range r.footnotes {
			if n.(*extast.Footnote).Index == number && !written[n] {
				write(n)
				found = true
			}
		}
	}
	for _, n := range r.footnotes {
		if !written[n] {
			write(n)
		}
	}
}

// blockText is the text of blocks as Notion shows it, without white space:
// numbered items have the numbers that Notion gives them, and a header that is
// repeated in the next part of a table counts once.
func blockText(blocks []block.Block) string {
	var b strings.Builder
	writeBlocks(&b, blocks)
	return squeeze(b.String())
}

func writeBlocks(w *strings.Builder, blocks []block.Block) {
	number := 0
	for i, b := range blocks {
		number++
		if b.Kind != block.NumberedListItem {
			number = 0
		}
		children := b.Children
		switch {
		case b.Kind == block.NumberedListItem && !continues(blocks[:i]):
			w.WriteString(strconv.Itoa(number) + ".")
		case b.Kind == block.Table && i > 0 && repeatsHeader(blocks[i-1], b):
			children = children[1:]
		}
		w.WriteString(b.Plain())
		writeBlocks(w, children)
	}
}

// continues tells whether the last block is a numbered item that was full.
func continues(before []block.Block) bool {
	if len(before) == 0 {
		return false
	}
	last := before[len(before)-1]
	return last.Kind == block.NumberedListItem && len(last.Text) == block.MaxRichTexts
}

func repeatsHeader(before, b block.Block) bool {
	return before.Kind == block.Table && len(before.Children) == block.MaxChildren &&
		b.HeaderRow && before.Children[0].Plain() == b.Children[0].Plain()
}

func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}
