// Package notionview shows the pages of a Notion workspace in a browser, below
// /notion/. It reads the workspace through [Workspace], in the shapes of
// Notion's API, and changes nothing.
package notionview

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Path is where the viewer is to be mounted: Path itself shows what is at the
// top of the workspace, and a page's or database's id behind it that page.
const Path = "/notion/"

// Workspace is what the viewer reads. Objects are as Notion's API sends them,
// and what is in the trash is not among them.
type Workspace interface {
	// Top lists the pages and databases that hang below nothing.
	Top() []map[string]any
	// Object is the page, database or block with an id, or nil.
	Object(id string) map[string]any
	// Children lists what hangs below an id: the blocks of a page or block, the
	// rows of a database.
	Children(id string) []map[string]any
}

// Options are what may be told to the viewer.
type Options struct {
	// ImagesOf are addresses of whose origins images are shown. Whoever writes a
	// report may name images in it, on any host that the reader's browser reaches,
	// those of an intranet among them. In the place of an image of another origin
	// there is a link to it.
	ImagesOf []string
	// Links stand above every page.
	Links []Link
}

// Link is a way out of the viewer.
type Link struct{ Text, Address string }

// New makes the viewer of a workspace. It answers GET only.
func New(w Workspace, options Options) http.Handler {
	v := viewer{space: w, links: options.Links, trusted: map[string]bool{}}
	for _, address := range options.ImagesOf {
		if origin := originOf(address); origin != "" {
			v.trusted[origin] = true
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path+"style.css", func(rw http.ResponseWriter, _ *http.Request) {
		v.answer(rw, http.StatusOK, "text/css; charset=utf-8", styleSheet)
	})
	mux.HandleFunc("GET "+Path+"{id...}", func(rw http.ResponseWriter, r *http.Request) {
		v.serve(rw, r.PathValue("id"))
	})
	return mux
}

var (
	//go:embed style.css
	styleSheet []byte
	//go:embed page.html
	pageSource   string
	pageTemplate = template.Must(template.New("page").Parse(pageSource))
)

func (w viewer) answer(rw http.ResponseWriter, status int, kind string, body []byte) {
	h := rw.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Security-Policy", w.contentPolicy())
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	rw.WriteHeader(status)
	_, _ = rw.Write(body) // a reader that has gone is not our concern
}

type viewer struct {
	space   Workspace
	links   []Link
	trusted map[string]bool // origins of images
}

// contentPolicy lets a viewed page load its style sheet and images of trusted
// origins, and nothing else: whatever a report contains, it runs no script.
func (w viewer) contentPolicy() string {
	images := strings.Join(append([]string{"data:"}, slices.Sorted(maps.Keys(w.trusted))...), " ")
	return "default-src 'none'; style-src 'self'; img-src " + images + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// originOf is the scheme and the host of an address on the web; empty for
// another address.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || !hostname.MatchString(u.Host) {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// hostname has nothing in it that means something in a content policy.
var hostname = regexp.MustCompile(`^[A-Za-z0-9.:\[\]-]+$`)

// imageURL is where an icon, cover or image lies that may be shown; empty when
// there is none.
func (w viewer) imageURL(v any) string {
	if url := externalURL(v); w.trusted[originOf(url)] {
		return url
	}
	return ""
}

func (w viewer) serve(rw http.ResponseWriter, id string) {
	status, v := http.StatusOK, w.find(id)
	if v == nil {
		status, v = http.StatusNotFound, &pageView{
			Kind: "page", Title: "Page not found", Nothing: "There is no such page here. It may have been moved to the trash.",
			Crumbs: []crumb{{Title: "All pages", Href: Path}},
		}
	}
	v.Links = w.links
	var page bytes.Buffer
	if err := pageTemplate.Execute(&page, v); err != nil {
		w.answer(rw, http.StatusInternalServerError, "text/plain; charset=utf-8", fmt.Appendf(nil, "render page: %v\n", err))
		return
	}
	w.answer(rw, status, "text/html; charset=utf-8", page.Bytes())
}

// find makes the view of an id, or nil; without one that of the top.
func (w viewer) find(id string) *pageView {
	if id == "" {
		top := w.space.Top()
		if len(top) != 1 {
			return w.viewTop(top)
		}
		return w.viewPage(top[0])
	}
	o := w.object(id)
	for o != nil && o["object"] == "block" { // a block is shown with the page that it is on
		o = w.object(parentID(o))
	}
	if o == nil {
		return nil
	}
	return w.viewPage(o)
}

// object finds by an id with or without dashes; nil where there is none.
func (w viewer) object(id string) map[string]any {
	u, err := uuid.Parse(id)
	if err != nil {
		return nil
	}
	return w.space.Object(u.String())
}

// parentID is the id of what an object hangs below; empty at the top.
func parentID(o map[string]any) string {
	parent, _ := o["parent"].(map[string]any)
	kind, _ := parent["type"].(string)
	id, _ := parent[kind].(string)
	return id
}

// pageView is what the template shows of a page or database.
type pageView struct {
	Kind       string // page or database
	Title      string
	Icon       *iconView
	Cover      string
	Crumbs     []crumb
	Links      []Link
	Properties []valueView
	Table      *tableView
	Blocks     []blockView
	Nothing    string // said where there is nothing to show
}

type crumb struct {
	Title, Href string
	Icon        *iconView
	Current     bool
}

type iconView struct{ Emoji, URL string }

type tableView struct {
	Columns []valueView
	Rows    [][]valueView
	Count   string
}

func (w viewer) viewTop(top []map[string]any) *pageView {
	v := &pageView{Kind: "page", Title: "Workspace", Nothing: "The workspace is empty.", Crumbs: []crumb{{Title: "Workspace", Href: Path, Current: true}}}
	for _, o := range top {
		v.Blocks = append(v.Blocks, w.viewChild(o))
	}
	return v
}

func (w viewer) viewPage(o map[string]any) *pageView {
	v := &pageView{Title: title(o), Icon: w.viewIcon(o["icon"]), Cover: w.imageURL(o["cover"]), Crumbs: w.crumbs(o), Nothing: "This page is empty."}
	v.Kind, _ = o["object"].(string)
	id, _ := o["id"].(string)
	if v.Kind == "database" {
		v.Table = w.viewDatabase(o, w.space.Children(id))
		return v
	}
	schema := o
	if database := w.space.Object(parentID(o)); database["object"] == "database" {
		schema = database
	}
	for _, c := range columns(schema) {
		if c.Type != "title" {
			v.Properties = append(v.Properties, w.viewValue(o, c))
		}
	}
	v.Blocks = w.viewBlocks(w.space.Children(id))
	level(v.Blocks, 1)
	return v
}

// title is a page's or database's title without its formatting.
func title(o map[string]any) string {
	text := o["title"]
	for _, p := range properties(o) {
		if p["type"] == "title" && o["object"] == "page" {
			text = p["title"]
		}
	}
	if t := strings.TrimSpace(plainText(text)); t != "" {
		return t
	}
	return "Untitled"
}

func (w viewer) viewIcon(v any) *iconView {
	icon, _ := v.(map[string]any)
	if emoji, ok := icon["emoji"].(string); ok {
		return &iconView{Emoji: emoji}
	}
	if url := w.imageURL(v); url != "" {
		return &iconView{URL: url}
	}
	return nil
}

// externalURL is where an icon, cover or image lies; empty when there is none.
func externalURL(v any) string {
	file, _ := v.(map[string]any)
	external, _ := file["external"].(map[string]any)
	url, _ := external["url"].(string)
	return url
}

// crumbs is the way from the top of the workspace to a page.
func (w viewer) crumbs(o map[string]any) []crumb {
	var way []crumb
	for up := o; up != nil; up = w.space.Object(parentID(up)) {
		if up["object"] != "block" {
			way = append(way, crumb{Title: title(up), Href: address(up), Icon: w.viewIcon(up["icon"]), Current: len(way) == 0})
		}
	}
	slices.Reverse(way)
	return way
}

// address is where the viewer shows a page or database.
func address(o map[string]any) string {
	id, _ := o["id"].(string)
	return Path + strings.ReplaceAll(id, "-", "")
}

func (w viewer) viewDatabase(database map[string]any, rows []map[string]any) *tableView {
	t := &tableView{}
	for _, c := range columns(database) {
		t.Columns = append(t.Columns, valueView{Name: c.Name, Type: c.Type, Glyph: glyphs[c.Type]})
	}
	for _, row := range rows {
		var cells []valueView
		for _, c := range columns(database) {
			cell := w.viewValue(row, c)
			if c.Type == "title" {
				cell.Plain, cell.Page, cell.Icon = title(row), address(row), w.viewIcon(row["icon"])
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
