//go:build integration

package notionview_test

import (
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"notionrelay/local/notionview"
	"notionrelay/test/browsertest"
)

// TestViewerInABrowser walks from the reports database to the quotes by the
// links that a browser renders. Everybody can use each page.
func TestViewerInABrowser(t *testing.T) {
	t.Parallel()
	b := browsertest.Start(t)
	n := open(t)
	mux := http.NewServeMux()
	mux.HandleFunc(notionview.Path, func(w http.ResponseWriter, r *http.Request) { n.view.ServeHTTP(w, r) })
	mux.HandleFunc("/banner.png", serveBanner)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	n.view = notionview.New(n.sim, notionview.Options{ImagesOf: []string{server.URL}, Links: []notionview.Link{{Text: "Runs", Address: "/runs"}}})
	newProduct(n, server.URL+"/banner.png")

	path := "/notion/"
	for _, step := range []struct {
		page, title string // page is empty where it was judged before
		link        string // the text of the link to follow from here
	}{
		{"1-database", "Reports", "L'Oréal Multi Community Report - 11/20/2026"},
		{"2-row", "L'Oréal Multi Community Report - 11/20/2026", "Click here to view your report"},
		{"3-homepage", "Skincare Routines of Reddit Communities", "View Strategy Report"},
		{"4-report", "L'Oréal - Strategy Report", "📊Skincare Routines of Reddit Communities"}, // the breadcrumb back
		{"", "Skincare Routines of Reddit Communities", "View the complete quotes database"},
		{"5-quotes", "L'Oréal - Quotes Database", "My dermatologist said sunscreen"},
		{"6-quote", "My dermatologist said sunscreen and patience, Reddit said eleven serums. Guess which one I could afford.", ""},
	} {
		page := dom(t, b.Open(server.URL+path, browsertest.Look{}))
		if got := textOf(find(page, "h1", "")); got != step.title {
			t.Fatalf("%s: got the title %q, want %q", path, got, step.title)
		}
		if out := find(page, "a", "Runs"); out == nil || attribute(out, "href") != "/runs" {
			t.Errorf("%s: there is no way out", path)
		}
		if step.page != "" {
			b.Judge("viewer-"+step.page, server.URL+path, browsertest.Look{Height: 1500}, browsertest.Look{Height: 1500, Dark: true}, browsertest.Look{Width: 390, Height: 1500})
		}
		if step.link == "" {
			break
		}
		a := find(page, "a", step.link)
		if a == nil {
			t.Fatalf("%s: no link %q is rendered", path, step.link)
		}
		path = attribute(a, "href")
	}
}

func dom(t *testing.T, tab *browsertest.Tab) *html.Node {
	t.Helper()
	page, err := html.Parse(strings.NewReader(tab.HTML()))
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// find is the first element of a kind in the page, or below, whose text begins
// with prefix.
func find(n *html.Node, kind, prefix string) *html.Node {
	if n.Type == html.ElementNode && n.Data == kind && strings.HasPrefix(textOf(n), prefix) {
		return n
	}
	for child := range n.ChildNodes() {
		if found := find(child, kind, prefix); found != nil {
			return found
		}
	}
	return nil
}

func textOf(n *html.Node) string {
	if n == nil {
		return ""
	}
	var text strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			text.WriteString(d.Data)
		}
	}
	return strings.TrimSpace(text.String())
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// serveBanner paints a cover.
func serveBanner(w http.ResponseWriter, _ *http.Request) {
	img := image.NewRGBA(image.Rect(0, 0, 600, 140))
	for y := range 140 {
		for x := range 600 {
			img.Set(x, y, color.RGBA{R: uint8(60 + x/6), G: uint8(110 + y/2), B: uint8(170 - x/12), A: 255})
		}
	}
	w.Header().Set("Content-Type", "image/png")
	_ = png.Encode(w, img)
}
