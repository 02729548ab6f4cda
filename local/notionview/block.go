package notionview

import (
	"net/url"
	"regexp"
	"strings"
)

// blockView is what the template shows of a block. Which fields count depends
// on Kind, which is the block's type or, for a run of list items, the list.
type blockView struct {
	Kind          string
	Color         string
	Level         int // of a heading, below the page's title, which is 1
	Text, Caption []textView
	Plain, Href   string
	Image         string // the same as Href where it may be shown
	Page          string // address of a child page or database
	Icon          *iconView
	Language      string
	Checked       bool
	Toggle        bool
	HeaderRow     bool
	HeaderColumn  bool
	Rows          [][][]textView // of a table: rows of cells
	Children      []blockView
}

// textView is a run of text with one formatting.
type textView struct {
	Text, Href                                             string
	Outside                                                bool // the link leads out of the viewer
	Bold, Italic, Strikethrough, Underline, Code, Equation bool
	Color                                                  string
}

// lists says which blocks are shown as items of one list when they follow each
// other.
var lists = map[string]string{
	"bulleted_list_item": "bulleted_list", "numbered_list_item": "numbered_list", "to_do": "to_do_list",
}

func (w viewer) viewBlocks(blocks []map[string]any) []blockView {
	var views []blockView
	for _, b := range blocks {
		v := w.viewBlock(b)
		list, isItem := lists[v.Kind]
		switch last := len(views) - 1; {
		case isItem && last >= 0 && views[last].Kind == list:
			views[last].Children = append(views[last].Children, v)
		case isItem:
			views = append(views, blockView{Kind: list, Children: []blockView{v}})
		default:
			views = append(views, v)
		}
	}
	return views
}

// headings are how far below the title of a page they are meant to be.
var headings = map[string]int{"heading_1": 2, "heading_2": 3, "heading_3": 4}

// level gives headings their levels in the order of reading, last being that of
// the one before. A page may begin with a small heading; for those who listen no
// level is left out.
func level(blocks []blockView, last int) int {
	for i := range blocks {
		if meant, ok := headings[blocks[i].Kind]; ok {
			blocks[i].Level = min(meant, last+1)
			last = blocks[i].Level
		}
		last = level(blocks[i].Children, last)
	}
	return last
}

func (w viewer) viewBlock(b map[string]any) blockView {
	kind, _ := b["type"].(string)
	c, _ := b[kind].(map[string]any)
	switch kind {
	case "child_page", "child_database":
		id, _ := b["id"].(string)
		return w.viewChild(w.space.Object(id))
	case "table":
		return w.viewTable(c, w.below(b))
	}
	v := blockView{Kind: kind, Children: w.viewBlocks(w.below(b))}
	v.Color = colorClass(c["color"])
	v.Text, v.Caption = w.viewText(c["rich_text"]), w.viewText(c["caption"])
	v.Language, _ = c["language"].(string)
	v.Checked, _ = c["checked"].(bool)
	v.Toggle = kind == "toggle" || c["is_toggleable"] == true
	v.Icon = w.viewIcon(c["icon"])
	v.Plain, _ = c["expression"].(string)
	if kind == "image" {
		v.Href, v.Plain, v.Image = externalURL(c), plainText(c["caption"]), w.imageURL(c)
	}
	return v
}

func (w viewer) below(b map[string]any) []map[string]any {
	id, _ := b["id"].(string)
	return w.space.Children(id)
}

func (w viewer) viewTable(c map[string]any, rows []map[string]any) blockView {
	v := blockView{Kind: "table"}
	v.HeaderRow, _ = c["has_column_header"].(bool)
	v.HeaderColumn, _ = c["has_row_header"].(bool)
	for _, row := range rows {
		content, _ := row["table_row"].(map[string]any)
		cells, _ := content["cells"].([]any)
		var shown [][]textView
		for _, cell := range cells {
			shown = append(shown, w.viewText(cell))
		}
		v.Rows = append(v.Rows, shown)
	}
	return v
}

// viewChild is the link to a page or database on the page above it.
func (w viewer) viewChild(o map[string]any) blockView {
	kind, _ := o["object"].(string)
	v := blockView{Kind: "child_" + kind, Plain: title(o), Page: address(o), Icon: w.viewIcon(o["icon"])}
	if v.Icon == nil {
		v.Icon = &iconView{Emoji: "📄"}
	}
	return v
}

func colorClass(v any) string {
	if s, _ := v.(string); s != "default" {
		return s
	}
	return ""
}

func (w viewer) viewText(v any) []textView {
	items, _ := v.([]any)
	var runs []textView
	for _, item := range items {
		runs = append(runs, w.viewRun(item.(map[string]any)))
	}
	return runs
}

func (w viewer) viewRun(item map[string]any) textView {
	a, _ := item["annotations"].(map[string]any)
	v := textView{
		Bold: a["bold"] == true, Italic: a["italic"] == true, Strikethrough: a["strikethrough"] == true,
		Underline: a["underline"] == true, Code: a["code"] == true, Equation: item["type"] == "equation",
		Color: colorClass(a["color"]),
	}
	v.Text, _ = item["plain_text"].(string)
	if href, ok := item["href"].(string); ok {
		v.Href, v.Outside = w.viewTarget(href)
	}
	return v
}

// plainText is rich text without its formatting.
func plainText(v any) string {
	items, _ := v.([]any)
	var b strings.Builder
	for _, item := range items {
		s, _ := item.(map[string]any)["plain_text"].(string)
		b.WriteString(s)
	}
	return b.String()
}

var idAtEnd = regexp.MustCompile(`[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$`)

// viewTarget is where a link leads from the viewer: a link to a page of this
// workspace on Notion's site leads to that page here.
func (w viewer) viewTarget(href string) (target string, outside bool) {
	u, err := url.Parse(href)
	if err != nil || strings.TrimPrefix(u.Hostname(), "www.") != "notion.so" {
		return href, true
	}
	if o := w.object(idAtEnd.FindString(u.Path)); o != nil {
		return address(o), false
	}
	return href, true
}
