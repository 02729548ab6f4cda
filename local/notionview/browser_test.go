//go:build integration

package notionview_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"notionrelay/local/notionview"
)

// TestViewerInABrowser walks from the reports database to the quotes by the
// links that a headless Chromium renders, and takes a picture of each page for
// people to look at. The pictures go to RELAY_OUTPUT_DIR if that is set.
func TestViewerInABrowser(t *testing.T) {
	t.Parallel()
	b := findBrowser(t)
	n := open(t)
	mux := http.NewServeMux()
	mux.HandleFunc(notionview.Path, func(w http.ResponseWriter, r *http.Request) { n.view.ServeHTTP(w, r) })
	mux.HandleFunc("/banner.png", serveBanner)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	n.view = notionview.New(n.sim, server.URL)
	newProduct(n, server.URL+"/banner.png")

	path := "/notion/"
	for _, step := range []struct {
		page, title string
		link        string // the text of the link to follow from here
	}{
		{"1-database", "Reports", "L'Oréal Multi Community Report - 11/20/2026"},
		{"2-row", "L'Oréal Multi Community Report - 11/20/2026", "Click here to view your report"},
		{"3-homepage", "Skincare Routines of Reddit Communities", "View Strategy Report"},
		{"4-report", "L'Oréal - Strategy Report", "📊Skincare Routines of Reddit Communities"}, // the breadcrumb back
		{"3-homepage", "Skincare Routines of Reddit Communities", "View the complete quotes database"},
		{"5-quotes", "L'Oréal - Quotes Database", "My dermatologist said sunscreen"},
		{"6-quote", "My dermatologist said sunscreen and patience, Reddit said eleven serums. Guess which one I could afford.", ""},
	} {
		page := b.dom(t, server.URL+path)
		if got := textOf(find(page, "h1", "")); got != step.title {
			t.Fatalf("%s: got the title %q, want %q", path, got, step.title)
		}
		b.pictures(t, server.URL+path, step.page)
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

// browser is a Chromium and the folder for its pictures.
type browser struct{ program, output string }

func findBrowser(t *testing.T) *browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("there is no chromium on the PATH")
	}
	output := os.Getenv("RELAY_OUTPUT_DIR")
	if output == "" {
		output = t.TempDir()
	}
	return &browser{program, output}
}

// run starts a Chromium of its own on url and returns what it prints.
func (b *browser) run(t *testing.T, url string, args ...string) []byte {
	t.Helper()
	args = append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir=" + t.TempDir(),
	}, append(args, url)...)
	cmd := exec.CommandContext(t.Context(), b.program, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("chromium %v: %v\n%s", args, err, stderr.Bytes())
	}
	return out
}

func (b *browser) dom(t *testing.T, url string) *html.Node {
	t.Helper()
	page, err := html.Parse(bytes.NewReader(b.run(t, url, "--dump-dom")))
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// pictures takes a page as a desk and a phone show it, by day and by night.
func (b *browser) pictures(t *testing.T, url, name string) {
	t.Helper()
	for _, look := range []struct {
		name string
		args []string
	}{
		{"desktop-light", []string{"--window-size=1280,1500"}},
		{"desktop-dark", []string{"--window-size=1280,1500", "--blink-settings=preferredColorScheme=0"}},
		{"phone-light", []string{"--window-size=390,1500"}},
	} {
		file := filepath.Join(b.output, "viewer-"+name+"-"+look.name+".png")
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err) // a picture of an earlier run must not pass for one of this
		}
		b.run(t, url, append(look.args, "--screenshot="+file)...)
		checkPicture(t, file)
	}
}

// checkPicture makes sure that a picture shows something: more than one color.
func checkPicture(t *testing.T, file string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	seen := map[color.Color]bool{}
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y += 3 {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x += 3 {
			seen[img.At(x, y)] = true
		}
	}
	if len(seen) < 10 {
		t.Errorf("%s shows %d colors: the page is blank", file, len(seen))
	}
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
