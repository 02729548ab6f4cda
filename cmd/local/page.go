package main

import (
	"cmp"
	"crypto/rand"
	"embed"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"strings"

	"notionrelay/local/notionview"
	"notionrelay/shared/webpage"
)

// home says what is at this address, and how to use it.
func (s *system) home(w http.ResponseWriter, r *http.Request) {
	answerPage(w, http.StatusOK, "home.html", struct {
		Secrets     bool
		Curl, Pages string
		Runs        string
	}{!s.auth.Open(), curl(cmp.Or(s.public, "http://"+r.Host), s.auth.Open()), s.pagesPath(), runsPath})
}

// pagesPath is where the simulated pages are; empty with a real Notion.
func (s *system) pagesPath() string {
	if s.simulator == nil {
		return ""
	}
	return notionview.Path
}

// curl is a command that sends a report.
func curl(url string, open bool) string {
	who := ""
	if !open {
		who = ` -H "Authorization: Bearer $SECRET"`
	}
	return "curl -sS " + url + "/reports" + who + ` -H 'Content-Type: application/json' -H 'Prefer: wait=25' -d '{"strategyReport": "# Plan\n\nDo it."}'`
}

// refusal is an answer of the listener itself. It has the form of the webhook's.
type refusal struct {
	status         int
	code, sentence string
}

var (
	notLocal     = refusal{http.StatusForbidden, "forbidden", "Without secrets this is for programs and pages of this machine alone."}
	unauthorized = refusal{http.StatusUnauthorized, "unauthorized", "The request needs a valid secret."}
	noHost       = refusal{http.StatusBadRequest, "invalid_payload", "The Host is not the name of one."}
	noStatus     = refusal{http.StatusBadRequest, "invalid_payload", "There is no such status."}
	noTime       = refusal{http.StatusBadRequest, "invalid_payload", "There is no such time."}
	noRuns       = refusal{http.StatusServiceUnavailable, "unavailable", "The reports cannot be listed right now. Load the page again."}
	busy         = refusal{http.StatusServiceUnavailable, "unavailable", "There are too many requests at once. Send it again."}
)

func (s *system) refuse(w http.ResponseWriter, r *http.Request, why refusal) {
	id := rand.Text()
	s.log.WarnContext(r.Context(), "request refused", "code", why.code, "status", why.status, "gatewayRequestId", id)
	body := refusalBody{why.sentence, why.code, id}
	switch why {
	case unauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
	case busy, noRuns:
		w.Header().Set("Retry-After", "5")
	}
	if isBrowser(r) {
		answerPage(w, why.status, "refusal.html", webpage.Refusal{Sentence: why.sentence, Code: why.code, RequestID: id, Home: "/"})
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(why.status)
	encoded, err := json.Marshal(body)
	if err != nil { // it is three strings
		panic(err)
	}
	_, _ = w.Write(append(encoded, '\n')) // fails when the caller has gone
}

type refusalBody struct {
	Error     string `json:"error"`
	Code      string `json:"code"`
	RequestID string `json:"requestId"`
}

// isBrowser tells whether somebody looks at the answer.
func isBrowser(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.Contains(r.Header.Get("Accept"), "text/html")
}

//go:embed page
var pageFiles embed.FS

var pages = func() *webpage.Set {
	folder, err := fs.Sub(pageFiles, "page")
	if err != nil { // it is embedded
		panic(err)
	}
	return webpage.New(folder, webpage.Options{Forms: true})
}()

func answerPage(w http.ResponseWriter, status int, name string, content any) {
	page, headers := pages.Page(name, content)
	for name, value := range headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, page) // as above
}
