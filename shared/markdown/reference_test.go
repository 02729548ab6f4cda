package markdown_test

import (
	"bufio"
	"bytes"
	"html"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	goldmarkhtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"

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
	around    string   // the URL of the link of markdown around, if it is good
	images    []string // the URLs of the images in whose text this is
	anchor    string   // the address of the link of HTML that is open
	start     int      // of its text
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
			return
		}
		if findTag(raw) != nil { // goldmark takes some that are none to CommonMark
			r.html(raw, nil)
		}
		return
	case ast.KindHTMLBlock:
		raw := string(n.Lines().Value(r.source))
		if block := n.(*ast.HTMLBlock); block.HasClosure() {
			raw += string(block.ClosureLine.Value(r.source))
		}
		r.html(raw, rawText)
		r.closeAnchor()
		return
	case ast.KindLink:
		link := n.(*ast.Link)
		r.link(r.destination(link.Destination), func() { r.walkFrom(n.FirstChild()) })
		return
	case ast.KindImage:
		image := n.(*ast.Image)
		r.image(r.destination(image.Destination), r.destination(image.Title), func() { r.walkFrom(n.FirstChild()) })
		return
	case ast.KindParagraph, ast.KindTextBlock, ast.KindHeading, extast.KindTableCell:
		r.walkFrom(n.FirstChild())
		r.closeAnchor()
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
	case "TagLine", "Comment", "Contents":
		return
	}
	r.walkFrom(n.FirstChild())
}

func (r *reference) destination(raw []byte) string {
	var saved strings.Builder
	saved, r.text = r.text, saved
	r.unescaped(raw)
	saved, r.text = r.text, saved
	return saved.String()
}

// link writes a link: an address that Notion does not take behind its text, and a
// URL in place of no text.
func (r *reference) link(address string, text func()) {
	start := r.text.Len()
	url := percentEncoded(address)
	if !block.ValidLink(url) {
		text()
		r.address(address, start)
		return
	}
	r.around = url
	text()
	r.around = ""
	r.ifBlank(url, start)
}

func (r *reference) blank(start int) bool { return squeeze(r.text.String()[start:]) == "" }

func (r *reference) ifBlank(s string, start int) {
	if r.blank(start) {
		r.text.WriteString(s)
	}
}

func (r *reference) address(address string, start int) {
	text := squeeze(r.text.String()[start:])
	switch {
	case address == "" || address[0] == '#' || strings.HasPrefix(strings.ToLower(address), "data:") || text == squeeze(address):
	case text == "":
		r.text.WriteString(address)
	default:
		r.text.WriteString("(" + address + ")")
	}
}

// image writes an image: its text and title, or else where it leads or comes from.
func (r *reference) image(address, title string, text func()) {
	start, url, around := r.text.Len(), percentEncoded(address), r.around
	if anchor := percentEncoded(r.anchor); around == "" && block.ValidLink(anchor) {
		around = anchor
	}
	outer := r.images
	if block.ValidLink(url) {
		r.images = append(slices.Clip(outer), url)
	}
	text()
	r.images = outer
	if alt := squeeze(r.text.String()[start:]); alt == "" {
		r.text.WriteString(title)
	} else if squeeze(title) != "" && squeeze(title) != alt {
		r.text.WriteString("(" + title + ")")
	}
	switch {
	case !block.ValidLink(url):
		r.address(address, start)
	case around == "" && len(outer) > 0:
		r.imageInImage(url, start)
	case around == "" || around == url:
		r.ifBlank(url, start)
	case block.ValidImage(url):
		r.ifBlank(around, start)
		r.text.WriteString(optional + "(" + url + ")" + optional)
	default:
		r.ifBlank(around, start)
		r.text.WriteString("(" + url + ")")
	}
}

// imageInImage writes what stands for an image in the text of others. Where there
// can be no blocks these are links, and it is a part of their text.
func (r *reference) imageInImage(url string, start int) {
	if squeeze(r.text.String()[start:]) != "" {
		r.text.WriteString(optional + "(" + url + ")" + optional)
		return
	}
	for _, outer := range r.images {
		if outer != url {
			r.text.WriteString(optional + outer + optional)
		}
	}
	if block.ValidImage(url) && !slices.ContainsFunc(r.images, block.ValidImage) {
		// The block shows it, and has the address of one around as its caption.
		r.text.WriteString(optional + "(" + url + ")" + optional + optional + url + optional)
		return
	}
	r.text.WriteString(optional + "(" + optional + url + optional + ")" + optional)
}

// optional is around an address that the text has only where there can be no
// blocks, which a reference does not know. No document has NUL characters.
const optional = "\x00"

// settled is the reference's text with those of its optional parts that the text
// which it is compared with has.
func settled(reference, text string) string {
	var b strings.Builder
	for i, part := range strings.Split(reference, optional) {
		if i%2 == 0 || b.Len() <= len(text) && strings.HasPrefix(text[b.Len():], part) {
			b.WriteString(part)
		}
	}
	return b.String()
}

func percentEncoded(address string) string { return string(util.URLEscape([]byte(address), false)) }

// Tags as CommonMark has them, with names of any script.
var (
	attributePattern = `(?:[ \t\n]+[A-Za-z_:][A-Za-z0-9_:.-]*(?:[ \t\n]*=[ \t\n]*(?:[^\x00- "'=<>` + "`" + `]+|'[^']*'|"[^"]*"))?)`
	tagPattern       = regexp.MustCompile(`^<(/?)(\pL[\pL\p{Nd}_-]*)(` + attributePattern + `*)[ \t\n]*/?>`)
	nothingPattern   = regexp.MustCompile(`(?s)^(?:<!-->|<!--->|<!--.*?-->|<\?.*?\?>|<![A-Z].*?>)`)
)

// findTag returns the parts of the tag that raw begins with, if it does. A closing
// tag has no attributes and no slash at its end.
func findTag(raw string) []string {
	tag := tagPattern.FindStringSubmatch(raw)
	if tag == nil || tag[1] != "" && (tag[3] != "" || strings.HasSuffix(tag[0], "/>")) {
		return nil
	}
	return tag
}

// rawText is up to where the elements reach that hold no tags.
var rawText = map[string]*regexp.Regexp{
	"script":   regexp.MustCompile(`(?is)^.*?(?:</script|$)`),
	"style":    regexp.MustCompile(`(?is)^.*?(?:</style|$)`),
	"textarea": regexp.MustCompile(`(?is)^.*?(?:</textarea|$)`),
}

// html writes the text of HTML.
func (r *reference) html(raw string, rawText map[string]*regexp.Regexp) {
	for raw != "" {
		if raw[0] != '<' {
			text, _, _ := strings.Cut(raw, "<")
			r.text.WriteString(entity.ReplaceAllStringFunc(text, resolve))
			raw = raw[len(text):]
			continue
		}
		if nothing := nothingPattern.FindString(raw); nothing != "" {
			raw = raw[len(nothing):]
			continue
		}
		tag := findTag(raw)
		if tag == nil {
			r.text.WriteByte('<')
			raw = raw[1:]
			continue
		}
		raw = raw[len(tag[0]):]
		switch name := strings.ToLower(tag[2]); {
		case name == "a":
			r.closeAnchor()
			if tag[1] == "" {
				r.anchor, r.start = attributeOf(tag[3], "href"), r.text.Len()
			}
		case tag[1] == "" && rawText[name] != nil:
			text := rawText[name].FindString(raw)
			if i := strings.LastIndex(text, "</"); strings.HasSuffix(strings.ToLower(text), "</"+name) {
				text = text[:i]
			}
			r.text.WriteString(text)
			raw = raw[len(text):]
		case name == "img" && tag[1] == "":
			address := attributeOf(tag[3], "src")
			if set := strings.Fields(attributeOf(tag[3], "srcset")); address == "" && len(set) > 0 {
				address = set[0]
			}
			if address == "" {
				address = attributeOf(tag[3], "data-src")
			}
			r.image(address, attributeOf(tag[3], "title"), func() { r.text.WriteString(attributeOf(tag[3], "alt")) })
		}
	}
}

func attributeOf(attributes, name string) string {
	for _, attribute := range regexp.MustCompile(attributePattern).FindAllString(attributes, -1) {
		key, value, _ := strings.Cut(attribute, "=")
		if strings.EqualFold(strings.TrimSpace(key), name) {
			value = strings.TrimSpace(value)
			if value != "" && (value[0] == '"' || value[0] == '\'') {
				value = value[1 : len(value)-1]
			}
			return entity.ReplaceAllStringFunc(value, resolve)
		}
	}
	return ""
}

func (r *reference) closeAnchor() {
	if url := percentEncoded(r.anchor); block.ValidLink(url) {
		r.ifBlank(url, r.start)
	} else {
		r.address(r.anchor, r.start)
	}
	r.anchor = ""
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
// numbered items have the numbers that Notion gives them, and images without a
// caption their URL.
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
		switch {
		case b.Kind == block.NumberedListItem && !continues(blocks[:i]):
			w.WriteString(strconv.Itoa(number) + ".")
		case b.Kind == block.Image && len(b.Text) == 0:
			w.WriteString(b.URL)
		}
		w.WriteString(b.Plain())
		writeBlocks(w, b.Children)
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

func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}
