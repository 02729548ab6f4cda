// Package webpage makes the pages that people see of the service: their frame
// and style, in light and dark, on a screen and on paper, and the page of a
// refusal. A page works without script; with it, its times are the reader's.
package webpage

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"io/fs"
	"time"
)

//go:embed style.css times.js *.html
var files embed.FS

// Set is a set of pages: templates that may use "head", "time", "times" and
// "refusal" of this package.
type Set struct {
	templates *template.Template
	headers   map[string]string
}

// Options are what the pages of a set have beside text.
type Options struct {
	Script string // of the pages that say {{script}}
	Forms  bool   // they have forms that are sent to where they come from
}

// New makes a set of the templates in a folder.
func New(folder fs.FS, options Options) *Set {
	style, times := file("style.css"), file("times.js")
	s := &Set{templates: template.New("").Funcs(template.FuncMap{
		"style":  func() template.CSS { return template.CSS(style) },        //nolint:gosec // a file of ours
		"times":  func() template.JS { return template.JS(times) },          //nolint:gosec // a file of ours
		"script": func() template.JS { return template.JS(options.Script) }, //nolint:gosec // a file of ours
		"utc":    utc,
		"time":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	})}
	template.Must(s.templates.ParseFS(files, "*.html"))
	template.Must(s.templates.ParseFS(folder, "*.html"))
	forms, referrer := "'none'", "no-referrer" // an address may carry a token
	if options.Forms {
		forms, referrer = "'self'", "same-origin" // a form's Origin has to be true
	}
	s.headers = map[string]string{
		"Content-Type":  "text/html; charset=utf-8",
		"Cache-Control": "no-store",
		// What the pages have in them is allowed and nothing else.
		"Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action " + forms + "; frame-ancestors 'none'; connect-src 'self'; img-src data:; " +
			"style-src " + source(style) + "; script-src " + source(times) + " " + source(options.Script),
		"Referrer-Policy":        referrer,
		"X-Content-Type-Options": "nosniff",
		"X-Robots-Tag":           "noindex",
	}
	return s
}

// Refusal is the content of the page "refusal.html".
type Refusal struct {
	Sentence, Code, RequestID string
	Remedy                    string // what to do; may be empty
	Home                      string // the address of a page to begin anew from; may be empty
}

// Page is a page with its content, and the headers that go with it.
func (s *Set) Page(name string, content any) (page string, headers map[string]string) {
	var b bytes.Buffer
	if err := s.templates.ExecuteTemplate(&b, name, content); err != nil { // the templates fit what they are given
		panic(err)
	}
	return b.String(), s.headers
}

func file(name string) string {
	content, err := files.ReadFile(name)
	if err != nil { // it is embedded
		panic(err)
	}
	return string(content)
}

// source is an inline style or script as a content policy names it.
func source(content string) string {
	hash := sha256.Sum256([]byte(content))
	return "'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
}

// utc is a timestamp as people read it.
func utc(timestamp string) string {
	t, err := time.Parse(time.RFC3339, timestamp)
	if err != nil {
		return timestamp
	}
	return t.UTC().Format("2 Jan 2006, 15:04:05") + " UTC"
}
