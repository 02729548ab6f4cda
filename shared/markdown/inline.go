package markdown

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/util"

	"notionrelay/shared/block"
)

// flow says what becomes of the text of a block of inlines. The zero flow is
// for text that has no place for blocks: a table cell, a caption.
type flow struct {
	out    *siblings
	kind   block.Kind // of the blocks that the text becomes
	own    *ownText   // takes the first text instead, if not nil
	images bool       // an image becomes a block, which splits the text; else it is its alt text
}

// flow converts a block of inlines.
func (c *converter) flow(n ast.Node, f *flow) {
	c.inlines(n, block.Text{}, f)
	c.flush(f)
}

// flush turns the text written so far into blocks.
func (c *converter) flush(f *flow) {
	texts := c.text.take()
	switch t := f.out.summary(); {
	case len(texts) == 0:
	case t != nil:
		if len(t.summary) > 0 {
			t.summary = append(t.summary, block.Text{Content: "\n"})
		}
		t.summary = append(t.summary, texts...)
	case f.own != nil && f.own.empty && len(f.out.blocks) == 0 && len(f.out.toggles) == 0:
		f.own.set(texts)
	default:
		f.out.addText(block.Block{Kind: f.kind}, block.Chunks(texts), nil)
	}
}

// inlines writes the children of a node in a format, whose Content is unused.
func (c *converter) inlines(parent ast.Node, format block.Text, f *flow) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		c.inline(n, format, f)
	}
}

func (c *converter) inline(n ast.Node, format block.Text, f *flow) {
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
		c.inlines(n, format, f)
	case *extast.Strikethrough:
		format.Strikethrough = true
		c.inlines(n, format, f)
	case *ast.Link:
		if url := c.destination(n.Destination, n.Reference); block.ValidLink(url) {
			format.Link = url
		}
		c.inlines(n, format, f)
	case *ast.AutoLink:
		c.autoLink(n, format)
	case *ast.Image:
		c.image(n, format, f)
	case *ast.RawHTML:
		c.rawHTML(n, format, f)
	case *extast.FootnoteLink:
		c.text.write(footnoteMark(n.Index), format)
	default:
		c.inlines(n, format, f)
	}
}

// codeSpan writes the text as it stands; line ends are spaces.
func (c *converter) codeSpan(n *ast.CodeSpan, format block.Text) {
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		if text, ok := child.(*ast.Text); ok {
			value := text.Segment.Value(c.source)
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
	url := string(util.URLEscape(appendUnescaped(nil, n.URL(c.source), entities), false))
	if n.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(strings.ToLower(url), "mailto:") {
		url = "mailto:" + url
	}
	if block.ValidLink(url) {
		format.Link = url
	}
	c.text.write(string(label), format)
}

// image writes an image that Notion can show as a block, with its alt text as
// the caption.
func (c *converter) image(n *ast.Image, format block.Text, f *flow) {
	url := c.destination(n.Destination, n.Reference)
	if !f.images || !block.ValidImage(url) || f.out.summary() != nil {
		c.inlines(n, format, f)
		return
	}
	c.flush(f)
	c.inlines(n, format, &flow{})
	captions := block.Chunks(c.text.take())
	image := block.Block{Kind: block.Image, URL: url}
	if len(captions) > 0 {
		image.Text = captions[0]
		captions = captions[1:]
	}
	f.out.add(image)
	for _, more := range captions {
		f.out.add(block.Block{Kind: block.Paragraph, Text: more})
	}
}

// destination is the URL of a link, percent-encoded where URLs demand it. It is
// empty when references to definitions have used up what they may.
func (c *converter) destination(raw []byte, reference *ast.ReferenceLink) string {
	if reference != nil {
		if len(raw) > c.referable {
			return ""
		}
		c.referable -= len(raw)
	}
	return string(util.URLEscape(raw, true))
}

var (
	cdataStart = []byte("<![CDATA[")
	cdataEnd   = []byte("]]>")
)

// rawHTML obeys a tag inside text. The content of a CDATA section is text.
func (c *converter) rawHTML(n *ast.RawHTML, format block.Text, f *flow) {
	if n.Segments.Len() == 0 {
		return
	}
	raw := n.Segments.Value(c.source)
	if cdata, ok := bytes.CutPrefix(raw, cdataStart); ok {
		c.text.write(string(bytes.TrimSuffix(cdata, cdataEnd)), format)
		return
	}
	c.tag(rawTag(raw), f)
}

// maxDepth is how deep toggles nest, with the containers around them.
const maxDepth = maxOpenBlocks

// tag obeys a tag: <br> breaks the line, <details> and <summary> make a toggle,
// HTML's blocks begin a new line. Any other leaves nothing.
func (c *converter) tag(t tag, f *flow) {
	switch {
	case t.name == "br":
		c.text.write("\n", block.Text{})
	case t.breaks():
		c.text.breakLine()
	case f.out == nil: // no place for blocks
	case t.name == "details" && !t.closing:
		if c.depth < maxDepth {
			c.flush(f)
			f.out.openToggle()
			c.depth++
		}
	case t.name == "details":
		c.flush(f)
		if len(f.out.toggles) > 0 {
			f.out.closeToggle()
			c.depth--
		}
	case t.name == "summary" && !t.closing:
		c.flush(f)
		f.out.openSummary()
	case t.name == "summary":
		c.flush(f)
		f.out.closeSummary()
	}
}
