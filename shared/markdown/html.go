package markdown

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"

	"notionrelay/shared/block"
)

// tag obeys a tag of HTML. One that means nothing here leaves nothing; its text
// stays.
func (c *converter) tag(t tag) {
	switch t.name {
	case "b", "strong", "i", "em", "s", "del", "strike", "u", "code":
		c.mark(t)
	case "a":
		c.anchorTag(t)
	case "br":
		c.text.write("\n", block.Text{})
	case "img":
		if !t.closing {
			i := image{t.source(), t.attribute("title")}
			c.image(i, block.Text{}, func(format block.Text) { c.text.write(t.attribute("alt"), format) })
		}
	case "hr":
		c.add(block.Block{Kind: block.Divider})
	case "h1", "h2", "h3", "h4", "h5", "h6":
		level := min(int(t.name[1]-'0'), len(headings))
		c.element(t, element{holds: passesOn, block: block.Block{Kind: headings[level-1]}})
	case "ul", "ol":
		number, err := strconv.Atoi(t.attribute("start"))
		if err != nil || number < 0 {
			number = 1
		}
		c.element(t, element{holds: passesOn, number: number})
	case "li":
		c.listItem(t)
	case "blockquote":
		c.element(t, element{holds: textThenBlocks, end: endBlock, block: block.Block{Kind: block.Quote}})
	case "details":
		c.element(t, element{holds: anyBlocks, end: endBlock, block: block.Block{Kind: block.Toggle}})
	case "summary":
		c.summary(t)
	case "pre":
		c.element(t, element{holds: textOnly, end: endCode, block: block.Block{Kind: block.Code, Language: plainText}})
	case "table", "thead", "tbody", "tfoot", "tr", "td", "th":
		c.tablePart(t)
	default:
		if breaks[t.name] {
			c.flush()
		}
	}
}

// breaks are the other tags at which HTML begins a new line.
var breaks = set("address", "article", "aside", "caption", "center", "dd", "div", "dl", "dt", "fieldset", "figcaption",
	"figure", "footer", "form", "header", "main", "nav", "p", "section")

// element opens or closes an element.
func (c *converter) element(t tag, e element) {
	if t.closing {
		c.closeTag(t.name)
		return
	}
	if len(c.open) < maxDepth {
		e.tag = t.name
		c.push(e)
	}
}

// listItem opens or closes an item. One that is still open ends where the next
// begins.
func (c *converter) listItem(t tag) {
	c.closeTag("li")
	if t.closing {
		return
	}
	item, prefix := block.Block{Kind: block.BulletedListItem}, ""
	if i := max(c.innermost("ol"), c.innermost("ul")); i >= 0 && c.open[i].tag == "ol" {
		item, prefix = c.numberedItem(c.open[i].number)
		c.open[i].number++
	}
	c.element(t, element{holds: textThenBlocks, end: endBlock, block: item})
	c.number(prefix)
}

// number writes the number of an item, which is no text of a link around.
func (c *converter) number(prefix string) {
	blank := c.isBlankSince(c.anchor.at)
	c.text.write(prefix, block.Text{})
	if blank {
		c.anchor.at = c.position()
	}
}

// summary opens or closes the summary of a toggle, which comes before everything
// else in it.
func (c *converter) summary(t tag) {
	c.flush()
	toggle := c.top()
	if t.closing || toggle.tag == "details" && len(toggle.block.Children) == 0 && len(toggle.own) == 0 {
		c.element(t, element{holds: textOnly, end: endSummary})
	}
}

// tablePart opens or closes a table or a part of it. What is around a part is
// opened too if it is not there.
func (c *converter) tablePart(t tag) {
	switch t.name {
	case "table":
		c.element(t, element{holds: tableParts, end: endTable, block: block.Block{Kind: block.Table}})
	case "tr":
		c.closeTag("tr")
		if t.closing {
			return
		}
		if c.innermost("table") < 0 {
			c.tablePart(tag{name: "table"})
		}
		c.element(t, element{holds: tableParts, end: endRow})
	case "td", "th":
		heads := t.name == "th"
		t.name = "td"
		if !t.closing && c.cells == 0 {
			c.flush()
			return
		}
		c.closeTag("td")
		if t.closing {
			return
		}
		c.cells--
		if c.innermost("tr") < 0 {
			c.tablePart(tag{name: "tr"})
		}
		c.headerCell(heads)
		c.element(t, element{holds: cellText, end: endCell})
	default:
		c.closeTag("tr")
	}
}

// headerCell takes down that the first row of a table has only header cells.
func (c *converter) headerCell(is bool) {
	i := c.innermost("table")
	if i < 0 || len(c.open[i].rows) > 0 {
		return
	}
	table, row := &c.open[i].block, c.top()
	table.HeaderRow = is && (table.HeaderRow || len(row.cells) == 0)
}

// mark opens or closes a format. The language of code that is a block stands in
// its class, like language-go.
func (c *converter) mark(t tag) {
	if i := c.innermost("pre"); i >= 0 && t.name == "code" {
		for class := range strings.FieldsSeq(t.attribute("class")) {
			if name, ok := strings.CutPrefix(class, "language-"); ok {
				c.open[i].block.Language = language([]byte(name))
			}
		}
	}
	c.text.mark(t.name, !t.closing)
}

// anchor is a link of HTML: where it goes to, and where its text begins.
type anchor struct {
	address string
	at      position
}

// anchorTag opens or closes a link. There are no links in links.
func (c *converter) anchorTag(t tag) {
	c.closeAnchor()
	if address := t.attribute("href"); !t.closing && address != "" {
		c.anchor = anchor{address, c.position()}
		if url := linkURL(address); block.ValidLink(url) {
			c.text.marks.Link = url
		}
	}
}

func (c *converter) closeAnchor() {
	switch link := c.text.marks.Link; {
	case link != "":
		c.writeIfBlank(link, c.anchor.at, block.Text{})
	case c.anchor.address != "":
		c.address(c.anchor.address, c.anchor.at, block.Text{})
	}
	c.anchor, c.text.marks.Link = anchor{}, ""
}

// endMarks closes the formats and the link that are still open.
func (c *converter) endMarks() {
	c.closeAnchor()
	c.text.marks = block.Text{}
}

// htmlBlock converts a block of HTML. What it leaves open goes on in the blocks
// behind it, but for headings and formats.
func (c *converter) htmlBlock(n *ast.HTMLBlock) {
	raw := c.rawLines(n)
	if n.HasClosure() {
		raw = append(raw, n.ClosureLine.Value(c.source)...)
	}
	missing := endings{}
	for len(raw) > 0 {
		if text := lengthBefore(raw, '<'); text > 0 {
			c.htmlText(raw[:text])
			raw = raw[text:]
			continue
		}
		t, ok := scanTag(raw, missing)
		switch {
		case !ok:
			c.htmlText(raw[:1])
			raw = raw[1:]
		case rawLanguages[t.name] != "" && !t.closing:
			raw = c.rawText(t.name, raw[t.length:])
		default:
			c.parts.take(1)
			c.tag(t)
			raw = raw[t.length:]
		}
	}
	c.endMarks()
	c.flush()
	for e := c.top(); e.holds == passesOn && e.block.Kind != ""; e = c.top() {
		c.pop()
	}
}

func lengthBefore(s []byte, end byte) int {
	if i := bytes.IndexByte(s, end); i >= 0 {
		return i
	}
	return len(s)
}

// htmlText writes text of HTML, where white space is one space but in pre.
func (c *converter) htmlText(s []byte) {
	if c.innermost("pre") >= 0 {
		c.text.writeReferences(s)
	} else {
		c.text.writeCollapsed(s)
	}
}

// rawLanguages are the languages of what HTML does not show, or shows as it
// stands.
var rawLanguages = map[string]string{"script": "javascript", "style": "css", "textarea": plainText}

// rawText writes the content of an element that holds no tags as code, and
// returns what is behind it.
func (c *converter) rawText(name string, s []byte) (rest []byte) {
	end := 0
	for end < len(s) && !hasPrefixFold(s[end:], "</"+name) {
		end += 1 + lengthBefore(s[end+1:], '<')
	}
	c.push(element{tag: name, holds: textOnly, end: endCode, block: block.Block{Kind: block.Code, Language: rawLanguages[name]}})
	c.text.write(string(s[:end]), block.Text{})
	c.pop()
	return s[end:]
}

func hasPrefixFold[T string | []byte](s T, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(string(s[:len(prefix)]), prefix)
}
