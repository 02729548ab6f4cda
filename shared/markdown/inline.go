package markdown

import (
	"bytes"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/util"

	"notionrelay/shared/block"
)

// flow converts a block of inlines. Tags of HTML in it are closed at its end, but
// for <details>, which is often opened on a line with its summary.
func (c *converter) flow(n ast.Node, kind block.Kind) {
	c.await(n)
	c.kind = kind
	around := len(c.open)
	c.eachInline(n, func(inline ast.Node) { c.inline(inline, block.Text{}) })
	c.endMarks()
	c.flush()
	for len(c.open) > around && c.top().tag != "details" {
		c.pop()
	}
	c.kind = block.Paragraph
}

// inlines writes the children of a node in a format, whose Content is unused.
func (c *converter) inlines(parent ast.Node, format block.Text) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		c.inline(n, format)
	}
}

func (c *converter) inline(n ast.Node, format block.Text) {
	switch n := n.(type) {
	case *ast.Text:
		c.text.writeMarkdown(n.Segment.Value(c.source), format)
		if n.SoftLineBreak() || n.HardLineBreak() {
			c.text.write("\n", format)
		}
	case *ast.String:
		c.text.write(string(n.Value), format)
	case *ast.CodeSpan:
		format.Code = true
		c.codeSpan(n, format)
	case *ast.Emphasis:
		if n.Level == 1 {
			format.Italic = true
		} else {
			format.Bold = true
		}
		c.inlines(n, format)
	case *extast.Strikethrough:
		format.Strikethrough = true
		c.inlines(n, format)
	case *ast.Link:
		c.link(n, format)
	case *ast.AutoLink:
		c.autoLink(n, format)
	case *ast.Image:
		i := image{c.destination(n.Destination, n.Reference), c.destination(n.Title, n.Reference)}
		c.image(i, format, func(format block.Text) { c.inlines(n, format) })
	case *ast.RawHTML:
		c.rawHTML(n, format)
	case *extast.FootnoteLink:
		c.text.write(footnoteMark(n.Index), format)
	default:
		c.inlines(n, format)
	}
}

// codeSpan writes the text as it stands; line ends are spaces. In a cell a backslash
// keeps a pipe from ending it (GFM, section 4.10).
func (c *converter) codeSpan(n *ast.CodeSpan, format block.Text) {
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		if text, ok := child.(*ast.Text); ok {
			value := text.Segment.Value(c.source)
			if c.inCell {
				value = bytes.ReplaceAll(value, []byte(`\|`), []byte("|"))
			}
			for line, rest, more := bytes.Cut(value, []byte("\n")); ; line, rest, more = bytes.Cut(rest, []byte("\n")) {
				c.text.write(string(line), format)
				if !more {
					break
				}
				c.text.write(" ", format)
			}
		}
	}
}

// autoLink writes a URL or address that is its own text. Backslashes do not
// escape in it, but there are entities (CommonMark, section 2.5).
func (c *converter) autoLink(n *ast.AutoLink, format block.Text) {
	label := appendUnescaped(nil, n.Label(c.source), entities)
	url := linkURL(string(appendUnescaped(nil, n.URL(c.source), entities)))
	if n.AutoLinkType == ast.AutoLinkEmail && !hasPrefixFold(url, "mailto:") {
		url = "mailto:" + url
	}
	if !c.text.isFull() && block.ValidLink(url) {
		format.Link = url
	}
	c.text.write(string(label), format)
}

// link writes the text of a link, or its URL where there is none. An address that
// Notion does not take as a link stands behind the text, in brackets.
func (c *converter) link(n *ast.Link, format block.Text) {
	address, at := c.destination(n.Destination, n.Reference), c.position()
	if url := linkURL(address); block.ValidLink(url) {
		format.Link = url
		c.inlines(n, format)
		c.writeIfBlank(url, at, format)
		return
	}
	c.inlines(n, format)
	c.address(address, at, format)
}

// image is where an image is, and its title.
type image struct{ address, title string }

// image writes an image whose alt text the function writes. One that Notion takes
// becomes a block with that text as its caption, where blocks can be. Any other
// becomes the text, with a link to it or its address in brackets. Inside of a link
// the text leads to where that leads.
func (c *converter) image(i image, format block.Text, alt func(block.Text)) {
	url, around := linkURL(i.address), c.text.merged(format).Link
	at := c.position()
	text := func(format block.Text) {
		alt(format)
		c.title(i.title, at, format)
	}
	switch {
	case block.ValidImage(url) && !c.onlyText():
		c.imageBlock(url, func() {
			at = c.position()
			text(format)
			c.writeIfBlank(around, at, format)
		})
	case block.ValidLink(url):
		format.Link = orElse(around, url)
		text(format)
		c.writeIfBlank(format.Link, at, format)
		if format.Link != url {
			format.Link = url
			c.text.write(" ("+url+")", format)
		}
	default:
		text(format)
		c.address(i.address, at, format)
	}
}

// title writes the title of an image, in brackets behind an alt text that is
// another.
func (c *converter) title(title string, at position, format block.Text) {
	switch {
	case withoutSpace(title) == "", c.isSince(at, title):
	case c.isBlankSince(at):
		c.text.write(title, format)
	default:
		c.text.write(" ("+title+")", format)
	}
}

func (c *converter) imageBlock(url string, caption func()) {
	c.push(element{holds: textOnly})
	depth := len(c.open)
	caption()
	c.popTo(depth)
	captions := block.Chunks(c.text.take())
	c.text.show() // also without a caption
	c.open = c.open[:depth-1]
	image := block.Block{Kind: block.Image, URL: url}
	if len(captions) > 0 {
		image.Text = captions[0]
		captions = captions[1:]
	}
	c.add(image)
	for _, more := range captions {
		c.add(block.Block{Kind: block.Paragraph, Text: more})
	}
}

// position is a place in all the text of a page, in bytes.
type position int

func (c *converter) position() position { return position(c.text.before + len(c.text.content)) }

// isBlankSince tells whether there is nothing but white space behind a position.
func (c *converter) isBlankSince(at position) bool {
	return c.text.shown <= int(at) && len(bytes.TrimLeftFunc(c.since(at), unicode.IsSpace)) == 0
}

// since is the text behind a position that has not become a block.
func (c *converter) since(at position) []byte {
	return c.text.content[max(0, int(at)-c.text.before):]
}

// isSince tells whether a text is what is behind a position, white space aside.
func (c *converter) isSince(at position, text string) bool {
	return c.text.shown <= int(at) && withoutSpace(string(c.since(at))) == withoutSpace(text)
}

func withoutSpace(s string) string { return strings.Join(strings.Fields(s), "") }

// writeIfBlank writes what stands for a text that turned out to be blank.
func (c *converter) writeIfBlank(s string, at position, format block.Text) {
	if c.isBlankSince(at) {
		c.text.write(s, format)
	}
}

// address writes the address of a link or image behind its text, from a position
// on, unless the text says it. Data is no address, and a fragment is none outside
// of the document.
func (c *converter) address(address string, at position, format block.Text) {
	switch {
	case hasPrefixFold(address, "data:"), strings.HasPrefix(address, "#"), address == "", c.isSince(at, address):
	case c.isBlankSince(at):
		c.text.write(address, format)
	default:
		c.text.write(" ("+address+")", format)
	}
}

// destination is where a link of markdown goes to. It is empty when references to
// definitions have used up what they may.
func (c *converter) destination(raw []byte, reference *ast.ReferenceLink) string {
	if reference != nil {
		if len(raw) > c.referable {
			return ""
		}
		c.referable -= len(raw)
	}
	if !bytes.ContainsAny(raw, backslashes+entities) {
		return string(raw)
	}
	return string(appendUnescaped(nil, raw, backslashes+entities))
}

// linkURL is an address percent-encoded where URLs demand it.
func linkURL(address string) string { return string(util.URLEscape([]byte(address), false)) }

var (
	cdataStart = []byte("<![CDATA[")
	cdataEnd   = []byte("]]>")
)

// rawHTML obeys a tag inside text. The content of a CDATA section is text.
func (c *converter) rawHTML(n *ast.RawHTML, format block.Text) {
	if n.Segments.Len() == 0 {
		return
	}
	raw := n.Segments.Value(c.source)
	if cdata, ok := bytes.CutPrefix(raw, cdataStart); ok {
		c.text.write(string(bytes.TrimSuffix(cdata, cdataEnd)), format)
		return
	}
	c.tag(rawTag(raw))
}

func orElse(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
