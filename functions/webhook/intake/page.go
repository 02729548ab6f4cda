package intake

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"notionrelay/shared/report"
	"notionrelay/shared/runs"
)

// view is the status of a run in words for a person.
type view struct {
	statusBody

	Heading string
	Doing   string // what is being done, or what has become of it
	Steps   []stepView
	Refresh int // seconds until the page looks again; 0 for a run that has ended
}

type stepView struct {
	stepBody

	Title string
	State string
}

// How often a page looks again, in seconds: it is rarely that one that waits has
// news.
const (
	refreshWriting = 2
	refreshWaiting = 10
)

func viewOf(run runs.Run, body statusBody) view {
	v := view{statusBody: body, Heading: headings[run.Status], Doing: doing(run, body.Waiting != nil)}
	for _, s := range body.Steps {
		v.Steps = append(v.Steps, stepView{s, wordsOf(s.Name).title, states[s.Status]})
	}
	switch {
	case run.Ended():
	case body.Waiting != nil:
		v.Refresh = refreshWaiting
	default:
		v.Refresh = refreshWriting
	}
	return v
}

var headings = map[runs.Status]string{
	runs.Queued:     "Report queued",
	runs.Publishing: "Report being published",
	runs.Published:  "Report published",
	runs.Complete:   "Report complete",
	runs.Failed:     "Report failed",
}

var states = map[string]string{"pending": "to come", "running": "being written", "done": "done", "failed": "failed"}

func doing(run runs.Run, waiting bool) string {
	const paused = "Nothing is being written at present."
	switch {
	case run.Status == runs.Complete:
		return "Everything is in Notion."
	case run.Status == runs.Failed && published(run):
		return "The pages are in Notion, but something that belongs on them could not be written."
	case run.Status == runs.Failed:
		return "The report is kept, but it could not be published."
	case !published(run) && waiting:
		return paused
	case run.Status == runs.Queued:
		return "Waiting for its turn."
	case !published(run):
		return current(run, "Beginning") + "."
	case waiting:
		return "The pages are in Notion. " + paused
	}
	return "The pages are in Notion. " + current(run, "Waiting for what is still to come") + "."
}

// current says what is being written, and what else when it is nothing.
func current(run runs.Run, nothing string) string {
	for i := range run.Steps {
		s := &run.Steps[i]
		if !underway(s) {
			continue
		}
		if s.Total < 2 {
			return wordsOf(s.Name).doing
		}
		return fmt.Sprintf("%s, %d of %d", wordsOf(s.Name).doing, s.Done+1, s.Total)
	}
	return nothing
}

// words are what people call a step, and writing it.
type words struct{ title, doing string }

// stepWords are those of the publisher's steps; reports have their own titles.
var stepWords = map[string]words{
	"row":              {"Row in the reports database", "Making the row in the reports database"},
	"homepage":         {"Homepage", "Making the homepage"},
	"row-link":         {"Link from the row to the homepage", "Linking the row to the homepage"},
	"homepage-content": {"Content of the homepage", "Writing the homepage"},
	"title":            {"Title", "Setting the title"},
	"introduction":     {"Introduction", "Writing the introduction"},
	"quotes-database":  {"Quotes database", "Making the quotes database"},
	"quotes":           {"Quotes", "Writing the quotes"},
	"quotes-section":   {"Link to the quotes", "Linking the quotes"},
}

func wordsOf(step string) words {
	if w, ok := stepWords[step]; ok {
		return w
	}
	for _, k := range report.Kinds {
		if k.Name == step {
			return words{k.Title, "Writing the " + k.Title}
		}
	}
	// A step of another version of the publisher.
	plain := strings.ReplaceAll(step, "-", " ")
	return words{plain, "Writing the " + plain}
}

// wantsPage tells whether the request is a browser's: a GET that takes HTML no
// less gladly than JSON.
func wantsPage(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	quality := map[string]float64{}
	for accepted := range strings.SplitSeq(r.Header.Get("Accept"), ",") {
		media, parameters, _ := strings.Cut(accepted, ";")
		q := 1.0
		if value, ok := strings.CutPrefix(strings.TrimSpace(parameters), "q="); ok {
			q, _ = strconv.ParseFloat(value, 64) // 0 for nonsense
		}
		quality[strings.ToLower(strings.TrimSpace(media))] = q
	}
	return quality["text/html"] > 0 && quality["text/html"] >= quality["application/json"]
}

//go:embed page
var pageFiles embed.FS

var (
	pageStyle  = pageFile("style.css")
	pageScript = pageFile("status.js")
	pages      = template.Must(template.New("").Funcs(template.FuncMap{
		"style":  func() template.CSS { return template.CSS(pageStyle) }, //nolint:gosec // a file of ours
		"script": func() template.JS { return template.JS(pageScript) },  //nolint:gosec // a file of ours
		"utc":    utc,
	}).ParseFS(pageFiles, "page/*.html"))

	// pagePolicy allows what the pages have in them and nothing else.
	pagePolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; connect-src 'self'; img-src data:; " +
		"style-src " + hashSource(pageStyle) + "; script-src " + hashSource(pageScript)
)

func pageFile(name string) string {
	content, err := pageFiles.ReadFile("page/" + name)
	if err != nil { // it is embedded
		panic(err)
	}
	return string(content)
}

func hashSource(content string) string {
	hash := sha256.Sum256([]byte(content))
	return "'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
}

// utc is a timestamp as people read it; the page's script makes it local.
func utc(timestamp string) string {
	t, err := time.Parse(time.RFC3339, timestamp)
	if err != nil {
		return timestamp
	}
	return t.Format("2 Jan 2006, 15:04:05") + " UTC"
}

// answerPage is an answer for a person. Its address may carry a token, so it
// must not travel on in a Referer header.
func answerPage(status int, name string, content any, headers map[string]string) answer {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, name, content); err != nil { // the templates fit what they are given
		panic(err)
	}
	a := answer{status: status, body: page.String(), headers: map[string]string{
		"Content-Type":            "text/html; charset=utf-8",
		"Cache-Control":           "no-store",
		"Content-Security-Policy": pagePolicy,
		"Referrer-Policy":         "no-referrer",
		"X-Content-Type-Options":  "nosniff",
		"X-Robots-Tag":            "noindex",
	}}
	maps.Copy(a.headers, headers)
	return a
}
