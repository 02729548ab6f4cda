// Package intake is the webhook: it judges a report that is sent, records it,
// puts it on the publish queue and answers, and it tells how far a report has
// come. It never talks to Notion.
//
// A request is judged from the outside in: its headers, then its bytes and who
// sent them, then what they say. What is refused leaves no trace but a line in
// the log, without a word of it.
//
// What makes two requests the same report is the webhook-id of a signed one,
// else the Idempotency-Key, else the content. The report that is sent again is
// not made again; its message is, as long as its pages do not exist, and that
// sets going whatever had stopped it.
//
// The answer has two links that a token opens as long as the record lives: one
// tells how far the report has come, the other leads to its homepage once a
// reader can use it. Both are for people, so they show a page to a browser, and
// so does every refusal of a GET.
package intake

import (
	"cmp"
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"path"
	"regexp"
	"time"

	"notionrelay/shared/apigateway"
	"notionrelay/shared/logs"
	"notionrelay/shared/metrics"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
)

// Store keeps the records of the runs.
type Store interface {
	// Create stores a new record, or returns the one that is there.
	Create(ctx context.Context, run runs.Run) (stored runs.Run, created bool, err error)
	// Get reads a record; runs.ErrNotFound when there is none.
	Get(ctx context.Context, id string) (runs.Run, error)
	// Latest reads the newest record of a caller's run id; runs.ErrNotFound
	// when there is none.
	Latest(ctx context.Context, runID string) (runs.Run, error)
	// Halt reads the halt of all runs, the zero one when there is none.
	Halt(ctx context.Context) (runs.Halt, error)
	// Pause reads the pause of all runs, the zero one when there is none.
	Pause(ctx context.Context) (runs.Pause, error)
}

// Queue is the publish queue.
type Queue interface {
	Send(ctx context.Context, m queue.Outgoing) error
}

// Handler answers the requests of the HTTP API. Routes makes it one.
type Handler struct {
	Runs  Store
	Queue Queue
	// Accept is Runs.Create and, where that creates a record, Queue.Send in one:
	// either both are durable or neither has happened. Where records and queue
	// cannot do that it is nil, and the message is sent once the record is there.
	Accept func(ctx context.Context, run runs.Run, m queue.Outgoing) (stored runs.Run, created bool, err error)
	Auth   *Auth
	// PageBase comes before a page's id without dashes in the addresses that
	// callers get; https://notion.so/ when empty. One that begins with a slash
	// is on the host that the caller has reached.
	PageBase string
	// Base is where callers reach us, scheme and host, for the links in answers;
	// what a caller has reached by his Host when empty.
	Base string
	// Stop is closed when the process is to end: who waits for pages is answered.
	// Nil where nothing tells so.
	Stop    <-chan struct{}
	Log     *slog.Logger
	Metrics metrics.Recorder
}

// The paths of the contract; those of the predecessor begin with /api.
const (
	pathReports      = "/reports"
	pathReport       = "/reports/{id}"
	pathOpen         = "/reports/{id}/open"
	pathLegacy       = "/api/add-to-notion"
	pathLegacyStatus = "/api/add-to-notion/status"
)

// Routes are the addresses of the contract. Whatever fails is an answer as JSON,
// or as a page for a browser.
func (h *Handler) Routes() http.Handler {
	mux := http.NewServeMux()
	for _, route := range h.endpoints() {
		mux.Handle(route.method+" "+route.path, h.route(route.path, route.serve))
		mux.Handle(route.path, h.route(route.path, only(route.method)))
	}
	lost := h.route("", nowhere)
	mux.Handle("/", lost)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path.Clean(r.URL.Path) != r.URL.Path || r.URL.Path == "*" { // a ServeMux would redirect, or answer by itself
			lost.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// endpoint is an address with the one method that it takes.
type endpoint struct {
	method, path string
	serve        func(*http.Request) (answer, error)
}

func (h *Handler) endpoints() []endpoint {
	return []endpoint{
		{http.MethodPost, pathReports, h.accept},
		{http.MethodPost, pathLegacy, h.accept},
		{http.MethodGet, pathLegacyStatus, h.statusByRunID},
		{http.MethodGet, pathReport, h.statusByID},
		{http.MethodGet, pathOpen, h.open},
	}
}

// route serves one address. It answers errors, and logs a line per request.
func (h *Handler) route(address string, serve func(*http.Request) (answer, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		ctx := logs.Begin(r.Context())
		id := cmp.Or(apigateway.RequestID(ctx), rand.Text())
		logs.Set(ctx, "gatewayRequestId", id)
		a, err := onAHost(serve)(r.WithContext(ctx))
		if err != nil {
			a = h.refuse(r.WithContext(ctx), id, err)
		}
		a.write(w)
		if a.then != nil {
			a.then()
		}
		h.Log.InfoContext(ctx, "request", "method", short(r.Method), "route", address, "status", a.status, "took", time.Since(started))
	})
}

// onAHost refuses a request whose Host cannot be part of an address: links in
// answers begin with it.
func onAHost(serve func(*http.Request) (answer, error)) func(*http.Request) (answer, error) {
	return func(r *http.Request) (answer, error) {
		if !IsHost(r.Host) {
			return answer{}, &refusal{code: "invalid_payload", field: "Host", sentence: "The Host is not the name of one."}
		}
		return serve(r)
	}
}

// IsHost tells whether a text can be the host of an address, with or without a
// port.
func IsHost(text string) bool { return len(text) <= maxHost && host.MatchString(text) }

const maxHost = 253 + len(":65535") // RFC 1035: a name has at most 253 characters

// host is a name or an address, and a port if there is one.
var host = regexp.MustCompile(`^([A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$`)

// short is as much of a caller's word as a line of the log has room for.
func short(word string) string { return word[:min(len(word), 16)] }

func only(method string) func(*http.Request) (answer, error) {
	return func(*http.Request) (answer, error) {
		return answer{}, &refusal{code: "method_not_allowed",
			sentence: "This address takes only " + method + ".", headers: map[string]string{"Allow": method}}
	}
}

func nowhere(*http.Request) (answer, error) {
	return answer{}, &refusal{code: "not_found", sentence: "There is nothing at this address."}
}

// base is where callers reach us.
func (h *Handler) base(r *http.Request) string {
	if h.Base != "" {
		return h.Base
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host + apigateway.Stage(r.Context())
}
