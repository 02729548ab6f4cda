// Package intake is the webhook: it judges a report that is sent, records it,
// puts it on the publish queue and answers, and it tells how far a report has
// come. It never talks to Notion.
package intake

import (
	"cmp"
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"path"
	"strings"
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
}

// Queue is the publish queue.
type Queue interface {
	Send(ctx context.Context, m queue.Outgoing) error
}

// Handler answers the requests of the HTTP API. Routes makes it one.
type Handler struct {
	Runs  Store
	Queue Queue
	Auth  *Auth
	// PageBase comes before a page's id without dashes in the addresses that
	// callers get; https://notion.so/ when empty.
	PageBase string
	Log      *slog.Logger
	Metrics  metrics.Recorder
}

// The paths of the contract; those of the predecessor begin with /api.
const (
	pathReports      = "/reports"
	pathReport       = "/reports/{id}"
	pathLegacy       = "/api/add-to-notion"
	pathLegacyStatus = "/api/add-to-notion/status"
)

// Routes are the addresses of the contract. Every error is answered as JSON.
func (h *Handler) Routes() http.Handler {
	mux := http.NewServeMux()
	for _, route := range []struct {
		method, path string
		serve        func(*http.Request) (answer, error)
	}{
		{http.MethodPost, pathReports, h.accept},
		{http.MethodPost, pathLegacy, h.accept},
		{http.MethodGet, pathLegacyStatus, h.statusByRunID},
		{http.MethodGet, pathReport, h.statusByID},
	} {
		mux.Handle(route.method+" "+route.path, h.route(route.path, route.serve))
		mux.Handle(route.path, h.route(route.path, only(route.method)))
	}
	lost := h.route("", nowhere)
	mux.Handle("/", lost)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path.Clean(r.URL.Path) != r.URL.Path { // a ServeMux would redirect
			lost.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// route serves one address. It answers errors, and logs a line per request.
func (h *Handler) route(address string, serve func(*http.Request) (answer, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		ctx := logs.Begin(r.Context())
		id := cmp.Or(apigateway.RequestID(ctx), rand.Text())
		logs.Set(ctx, "gatewayRequestId", id)
		a, err := serve(r.WithContext(ctx))
		if err != nil {
			a = h.refuse(ctx, id, err)
		}
		a.write(w)
		h.Log.InfoContext(ctx, "request", "method", r.Method, "route", address, "status", a.status, "took", time.Since(started))
	})
}

func only(method string) func(*http.Request) (answer, error) {
	return func(*http.Request) (answer, error) {
		return answer{}, &refusal{code: "method_not_allowed",
			sentence: "This address takes only " + method + ".", headers: map[string]string{"Allow": method}}
	}
}

func nowhere(*http.Request) (answer, error) {
	return answer{}, &refusal{code: "not_found", sentence: "There is nothing at this address."}
}

// baseOf is the address at which the caller has reached us.
func baseOf(r *http.Request) string {
	scheme := cmp.Or(r.Header.Get("X-Forwarded-Proto"), "http")
	full, _, _ := strings.Cut(r.RequestURI, "?")
	return scheme + "://" + r.Host + strings.TrimSuffix(full, r.URL.Path)
}
