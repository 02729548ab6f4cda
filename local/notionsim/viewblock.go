package notionsim

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
	Text, Caption []textView
	Plain, Href   string
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

func (w *workspace) viewBlocks(nodes []*node) []blockView {
	var views []blockView
	for _, n := range nodes {
		v := w.viewBlock(n)
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

func (w *workspace) viewBlock(n *node) blockView {
	if n.Object != objectBlock {
		return w.viewChild(n)
	}
	if n.Type == "table" {
		return w.viewTable(n)
	}
	c := n.Content
	v := blockView{Kind: n.Type, Children: w.viewBlocks(w.live(n.ID))}
	v.Color = colorClass(c["color"])
	v.Text, v.Caption = w.viewText(c["rich_text"]), w.viewText(c["caption"])
	v.Language, _ = c["language"].(string)
	v.Checked, _ = c["checked"].(bool)
	v.Toggle = n.Type == "toggle" || (isHeading(n.Type) && c["is_toggleable"] == true)
	icon, _ := c["icon"].(map[string]any)
	v.Icon = viewIcon(icon)
	v.Plain, _ = c["expression"].(string)
	v.Href, _ = c["url"].(string)
	if external, ok := c["external"].(map[string]any); ok {
		v.Href, _ = external["url"].(string)
	}
	if v.Href != "" {
		v.Plain = v.Href
	}
	if n.Type == "image" {
		caption, _ := c["caption"].([]any)
		v.Plain = plainText(caption)
	}
	if n.Type == "link_to_page" {
		return w.viewLinkToPage(v, c)
	}
	return v
}

func (w *workspace) viewTable(n *node) blockView {
	v := blockView{Kind: n.Type}
	v.HeaderRow, _ = n.Content["has_column_header"].(bool)
	v.HeaderColumn, _ = n.Content["has_row_header"].(bool)
	for _, row := range w.live(n.ID) {
		var cells [][]textView
		for _, cell := range row.Content["cells"].([]any) {
			cells = append(cells, w.viewText(cell))
		}
		v.Rows = append(v.Rows, cells)
	}
	return v
}

// viewChild is the link to a page or database on the page above it.
func (w *workspace) viewChild(n *node) blockView {
	v := blockView{Kind: blockType(n), Plain: viewTitle(n), Page: viewHref(n.ID), Icon: viewIcon(n.Icon)}
	if v.Icon == nil {
		v.Icon = &iconView{Emoji: "📄"}
	}
	return v
}

func (w *workspace) viewLinkToPage(v blockView, c map[string]any) blockView {
	for _, name := range []string{"page_id", "database_id"} {
		given, _ := c[name].(string)
		id, err := parseID(given)
		if n := w.nodes[id]; err == nil && n != nil && n.Object != objectBlock {
			return w.viewChild(n)
		}
	}
	v.Text = []textView{{Text: "Page not found"}}
	return v
}

func colorClass(v any) string {
	if s, _ := v.(string); s != "default" {
		return s
	}
	return ""
}

func (w *workspace) viewText(v any) []textView {
	items, _ := v.([]any)
	var runs []textView
	for _, item := range items {
		runs = append(runs, w.viewRun(item.(map[string]any)))
	}
	return runs
}

func (w *workspace) viewRun(item map[string]any) textView {
	a := item["annotations"].(map[string]any)
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

var idAtEnd = regexp.MustCompile(`[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$`)

// viewTarget is where a link leads from the viewer: a link to a page of this
// workspace on Notion's site leads to that page here.
func (w *workspace) viewTarget(href string) (target string, outside bool) {
	u, err := url.Parse(href)
	if err != nil {
		return href, true
	}
	host := strings.TrimPrefix(u.Hostname(), "www.")
	if id, err := parseID(idAtEnd.FindString(u.Path)); err == nil && host == "notion.so" && w.nodes[id] != nil {
		return viewHref(id), false
	}
	return href, true
}
