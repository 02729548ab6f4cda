package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
)

// death is a request at which the program is killed: Notion has carried it out,
// and nobody gets its answer.
type death struct {
	method, suffix string // of the path
	nth            int    // of those requests
}

// deaths are at the homepage, at an append and at the row of a quote.
var deaths = []death{
	{http.MethodPost, "/v1/pages", 2},
	{http.MethodPatch, "/children", 2},
	{http.MethodPost, "/v1/pages", 8},
}

// line stands between the program and Notion. It counts, takes down what was not
// answered 200, and kills.
type line struct {
	target *target
	proxy  *httputil.ReverseProxy

	mu       sync.Mutex
	requests int
	writes   int
	refusals []string
	deaths   []death
	seen     map[[2]string]int // requests by method and suffix of a death
	process  *os.Process
}

func newLine(t *target, deaths []death) (*line, error) {
	to, err := url.Parse(t.url)
	if err != nil {
		return nil, fmt.Errorf("read the address of %s: %w", t.name, err)
	}
	l := &line{target: t, deaths: deaths, seen: map[[2]string]int{}}
	l.proxy = &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ModifyResponse: l.observe,
	}
	return l, nil
}

func (l *line) ServeHTTP(w http.ResponseWriter, r *http.Request) { l.proxy.ServeHTTP(w, r) }

// observe is called when Notion has answered, and before the program hears it.
func (l *line) observe(answer *http.Response) error {
	body, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if err != nil {
		return err
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	a := answered{status: answer.StatusCode}
	if json.Unmarshal(body, &a.object) == nil {
		l.target.remember(a)
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	r := answer.Request
	l.requests++
	if r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "/query") {
		l.writes++
	}
	if a.status != http.StatusOK {
		l.refusals = append(l.refusals, fmt.Sprintf("%s %s: %d %s %s (request %s, cf-ray %s)", r.Method, r.URL.Path, a.status,
			a.text("code"), a.text("message"), answer.Header.Get("X-Notion-Request-Id"), answer.Header.Get("Cf-Ray")))
	}
	if l.deadly(r) {
		_ = l.process.Kill()
		panic(http.ErrAbortHandler)
	}
	return nil
}

// deadly tells whether a request is the next one to die at.
func (l *line) deadly(r *http.Request) bool {
	counted := map[[2]string]bool{}
	for _, d := range deaths {
		if key := [2]string{d.method, d.suffix}; r.Method == d.method && strings.HasSuffix(r.URL.Path, d.suffix) && !counted[key] {
			counted[key] = true
			l.seen[key]++
		}
	}
	if len(l.deaths) == 0 {
		return false
	}
	next := l.deaths[0]
	if l.seen[[2]string{next.method, next.suffix}] < next.nth || r.Method != next.method || !strings.HasSuffix(r.URL.Path, next.suffix) {
		return false
	}
	l.deaths = l.deaths[1:]
	return true
}

func (l *line) watch(p *os.Process) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.process = p
}

func (l *line) counts() (requests, writes int, refusals []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.requests, l.writes, l.refusals
}
