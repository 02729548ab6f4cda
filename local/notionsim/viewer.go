package notionsim

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
)

//go:embed viewer
var viewerFiles embed.FS

var pageTemplate = template.Must(template.ParseFS(viewerFiles, "viewer/page.html"))

const viewerPath = "/notion/"

// contentPolicy lets a viewed page load its style sheet and the images that it
// names, and nothing else: whatever a report contains, it runs no script.
const contentPolicy = "default-src 'none'; style-src 'self'; img-src https: http: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// view answers a request to the viewer: "/notion/" shows what is at the top of
// the workspace, "/notion/{id}" a page or database.
func (s *Sim) view(r *http.Request) *answer {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		a := viewAnswer(http.StatusMethodNotAllowed, "text/plain; charset=utf-8", []byte("The viewer only answers GET.\n"))
		a.header.Set("Allow", "GET, HEAD")
		return a
	}
	name, ok := strings.CutPrefix(r.URL.Path, viewerPath)
	if name == "style.css" {
		css, err := viewerFiles.ReadFile("viewer/style.css")
		if err != nil {
			panic("embedded style sheet: " + err.Error())
		}
		return viewAnswer(http.StatusOK, "text/css; charset=utf-8", css)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.space.find(name)
	if v == nil || !ok {
		return renderView(http.StatusNotFound, &pageView{
			Kind: "page", Title: "Page not found", Nothing: "There is no such page here. It may have been moved to the trash.",
			Crumbs: []crumb{{Title: "All pages", Href: viewerPath}},
		})
	}
	return renderView(http.StatusOK, v)
}

// find makes the view that a path below viewerPath names, or nil.
func (w *workspace) find(name string) *pageView {
	if name == "" {
		roots := w.withoutArchived(w.roots)
		if len(roots) != 1 {
			return w.viewRoots(roots)
		}
		return w.viewNode(roots[0])
	}
	id, err := parseID(name)
	if err != nil {
		return nil
	}
	n := w.nodes[id]
	if n == nil || w.archived(n) {
		return nil
	}
	return w.viewNode(w.page(n))
}

func renderView(status int, v *pageView) *answer {
	var buf bytes.Buffer
	if err := pageTemplate.Execute(&buf, v); err != nil {
		return viewAnswer(http.StatusInternalServerError, "text/plain; charset=utf-8", fmt.Appendf(nil, "render page: %v\n", err))
	}
	return viewAnswer(status, "text/html; charset=utf-8", buf.Bytes())
}

func viewAnswer(status int, kind string, body []byte) *answer {
	h := http.Header{}
	h.Set("Content-Type", kind)
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	return &answer{status: status, header: h, body: body}
}

// pageView is what the template shows of a page or database.
type pageView struct {
	Kind        string // page or database
	Title       string
	Icon        *iconView
	Cover       string
	Crumbs      []crumb
	Description []textView
	Properties  []valueView
	Table       *tableView
	Blocks      []blockView
	Nothing     string // said where there is nothing to show
}

type crumb struct {
	Title, Href string
	Icon        *iconView
	Current     bool
}

type iconView struct{ Emoji, URL string }

// valueView is one property: of a page, or in the cell of a table. One of Text,
// Options and Plain has its value; Href is where Plain leads.
type valueView struct {
	Name, Type, Glyph string
	Text              []textView
	Options           []optionView
	Plain, Href       string
	Blank             bool

	Page string    // of the title in a table: the address of the row's page
	Icon *iconView // and its icon
}

type optionView struct{ Name, Color string }

type tableView struct {
	Columns []valueView
	Rows    [][]valueView
	Count   string
}

func (w *workspace) viewRoots(roots []*node) *pageView {
	v := &pageView{Kind: "page", Title: "Workspace", Nothing: "The workspace is empty.", Crumbs: []crumb{{Title: "Workspace", Href: viewerPath, Current: true}}}
	for _, n := range roots {
		v.Blocks = append(v.Blocks, w.viewChild(n))
	}
	return v
}

func (w *workspace) viewNode(n *node) *pageView {
	v := &pageView{Kind: n.Object, Title: viewTitle(n), Icon: viewIcon(n.Icon), Crumbs: w.crumbs(n), Nothing: "This page is empty."}
	if external, ok := n.Cover["external"].(map[string]any); ok {
		v.Cover, _ = external["url"].(string)
	}
	if n.Object == objectDatabase {
		v.Description = w.viewText(n.Description)
		v.Table = w.viewDatabase(n)
		return v
	}
	for _, p := range viewColumns(w.schemaOf(n)) {
		if p.Type != "title" {
			v.Properties = append(v.Properties, w.viewValue(n, p))
		}
	}
	v.Blocks = w.viewBlocks(w.live(n.ID))
	return v
}

func viewTitle(n *node) string {
	if t := strings.TrimSpace(n.title()); t != "" {
		return t
	}
	return "Untitled"
}

func viewIcon(icon map[string]any) *iconView {
	if emoji, ok := icon["emoji"].(string); ok {
		return &iconView{Emoji: emoji}
	}
	if external, ok := icon["external"].(map[string]any); ok {
		url, _ := external["url"].(string)
		return &iconView{URL: url}
	}
	return nil
}

// crumbs is the way from the top of the workspace to a page.
func (w *workspace) crumbs(n *node) []crumb {
	var way []crumb
	for up := n; up != nil; up = w.nodes[up.Parent.ID] {
		if up.Object != objectBlock {
			way = append(way, crumb{Title: viewTitle(up), Href: viewHref(up.ID), Icon: viewIcon(up.Icon), Current: up == n})
		}
	}
	slices.Reverse(way)
	return way
}

func viewHref(id string) string { return viewerPath + undashed(id) }

func (w *workspace) viewDatabase(n *node) *tableView {
	t := &tableView{}
	columns := viewColumns(n.Schema)
	for _, p := range columns {
		t.Columns = append(t.Columns, valueView{Name: p.Name, Type: p.Type, Glyph: glyphs[p.Type]})
	}
	for _, row := range w.live(n.ID) {
		var cells []valueView
		for _, p := range columns {
			cell := w.viewValue(row, p)
			if p.Type == "title" {
				cell.Plain, cell.Page, cell.Icon = viewTitle(row), viewHref(row.ID), viewIcon(row.Icon)
			}
			cells = append(cells, cell)
		}
		t.Rows = append(t.Rows, cells)
	}
	t.Count = fmt.Sprintf("%d pages", len(t.Rows))
	if len(t.Rows) == 1 {
		t.Count = "1 page"
	}
	return t
}

// viewColumns are a database's properties in an order that is easy to read, as
// a schema has none of its own: the title, then what is short, long text last.
func viewColumns(schema []property) []property {
	rank := func(p property) int { return slices.Index(columnOrder, p.Type) }
	columns := slices.Clone(schema)
	slices.SortStableFunc(columns, func(a, b property) int { return rank(a) - rank(b) })
	return columns
}

// columnOrder is every type of property.
var columnOrder = []string{"title", "select", "multi_select", "checkbox", "number", "date", "email", "phone_number", "created_time",
	"last_edited_time", "created_by", "last_edited_by", "people", "files", "rich_text", "url"}

// glyphs stand before the names of properties, by type.
var glyphs = map[string]string{
	"title": "Aa", "rich_text": "≡", "number": "#", "select": "◉", "multi_select": "☰", "date": "▦", "checkbox": "☑",
	"url": "↗", "email": "@", "phone_number": "☏", "people": "☺", "files": "⌑",
	"created_time": "◷", "last_edited_time": "◷", "created_by": "☺", "last_edited_by": "☺",
}
