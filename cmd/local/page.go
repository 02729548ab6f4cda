package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"

	"notionrelay/local/notionview"
)

// home says what is at this address, and how to use it.
func (s *system) home(w http.ResponseWriter, r *http.Request) {
	answerPage(w, http.StatusOK, "home.html", struct {
		Simulated, Secrets bool
		Curl, Pages        string
	}{s.simulator != nil, !s.auth.Open(), curl("http://"+r.Host, s.auth.Open()), notionview.Path})
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
	busy         = refusal{http.StatusServiceUnavailable, "unavailable", "There are too many requests at once. Send it again."}
)

func (s *system) refuse(w http.ResponseWriter, r *http.Request, why refusal) {
	id := rand.Text()
	s.log.WarnContext(r.Context(), "request refused", "code", why.code, "status", why.status, "gatewayRequestId", id)
	body := refusalBody{why.sentence, why.code, id}
	switch why {
	case unauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
	case busy:
		w.Header().Set("Retry-After", "5")
	}
	if isBrowser(r) {
		answerPage(w, why.status, "refusal.html", body)
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

var (
	pageStyle = func() string {
		style, err := pageFiles.ReadFile("page/style.css")
		if err != nil { // it is embedded
			panic(err)
		}
		return string(style)
	}()
	pages = template.Must(template.New("").Funcs(template.FuncMap{
		"style": func() template.CSS { return template.CSS(pageStyle) }, //nolint:gosec // a file of ours
	}).ParseFS(pageFiles, "page/*.html"))
	pagePolicy = func() string {
		hash := sha256.Sum256([]byte(pageStyle))
		return "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; img-src data:; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
	}()
)

func answerPage(w http.ResponseWriter, status int, name string, content any) {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, name, content); err != nil { // the templates fit what they are given
		panic(err)
	}
	for name, value := range map[string]string{
		"Content-Type":            "text/html; charset=utf-8",
		"Cache-Control":           "no-store",
		"Content-Security-Policy": pagePolicy,
		"Referrer-Policy":         "same-origin", // the login's Origin has to be true
		"X-Content-Type-Options":  "nosniff",
	} {
		w.Header().Set(name, value)
	}
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // as above
}
