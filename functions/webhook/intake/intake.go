// Package intake is the webhook: it judges a report that is sent, records it,
// puts it on the publish queue and answers, and it tells how far a report has
// come. It never talks to Notion.
package intake

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

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

// Handler answers the requests of API Gateway's HTTP API.
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

// request is an HTTP request as the routes see it.
type request struct{ events.APIGatewayV2HTTPRequest }

type response = events.APIGatewayV2HTTPResponse

// Handle routes a request. It never returns an error: whatever fails is an
// answer.
func (h *Handler) Handle(ctx context.Context, event events.APIGatewayV2HTTPRequest) (response, error) {
	started := time.Now()
	r := request{event}
	ctx = logs.Begin(ctx)
	logs.Set(ctx, "gatewayRequestId", event.RequestContext.RequestID)
	answer, err := h.route(ctx, r)
	if err != nil {
		answer = h.refuse(ctx, r, err)
	}
	h.Log.InfoContext(ctx, "request", "method", r.method(), "route", routeOf(r.path()), "status", answer.StatusCode, "took", time.Since(started))
	return answer, nil
}

// The paths of the contract; those of the predecessor begin with /api.
const (
	pathReports      = "/reports"
	pathLegacy       = "/api/add-to-notion"
	pathLegacyStatus = "/api/add-to-notion/status"
)

func (h *Handler) route(ctx context.Context, r request) (response, error) {
	switch routeOf(r.path()) {
	case pathReports:
		return h.only(http.MethodPost, h.accept)(ctx, r)
	case pathLegacy:
		return h.only(http.MethodPost, h.accept)(ctx, r)
	case pathLegacyStatus:
		return h.only(http.MethodGet, h.statusByRunID)(ctx, r)
	case pathReports + "/":
		return h.only(http.MethodGet, h.statusByID)(ctx, r)
	}
	return response{}, &refusal{status: http.StatusNotFound, code: "not_found", sentence: "There is nothing at this address."}
}

// routeOf folds every report's own path into one.
func routeOf(path string) string {
	if id, ok := strings.CutPrefix(path, pathReports+"/"); ok && id != "" && !strings.Contains(id, "/") {
		return pathReports + "/"
	}
	if path == pathReports+"/" {
		return ""
	}
	return path
}

func (h *Handler) only(method string, serve func(context.Context, request) (response, error)) func(context.Context, request) (response, error) {
	return func(ctx context.Context, r request) (response, error) {
		if r.method() != method {
			return response{}, &refusal{status: http.StatusMethodNotAllowed, code: "method_not_allowed",
				sentence: "This address takes only " + method + ".", headers: map[string]string{"Allow": method}}
		}
		return serve(ctx, r)
	}
}

func (r request) method() string { return r.RequestContext.HTTP.Method }

// path is the request's path without the stage that API Gateway puts before it.
func (r request) path() string {
	if stage := r.RequestContext.Stage; stage != "" && stage != "$default" {
		return strings.TrimPrefix(r.RawPath, "/"+stage)
	}
	return r.RawPath
}

// header reads a header; API Gateway sends their names in lower case.
func (r request) header(name string) string {
	return strings.TrimSpace(r.Headers[strings.ToLower(name)])
}

// base is the address at which the caller has reached us.
func (r request) base() string {
	scheme := r.header("X-Forwarded-Proto")
	if scheme == "" {
		scheme = "https"
	}
	base := scheme + "://" + r.RequestContext.DomainName
	return base + strings.TrimSuffix(r.RawPath, r.path())
}

// refusal is an answer that is an error. The cause is for the log.
type refusal struct {
	status   int
	code     string
	field    string
	sentence string
	headers  map[string]string
	cause    error
}

func (e *refusal) Error() string { return e.code + ": " + e.sentence }
func (e *refusal) Unwrap() error { return e.cause }

// unavailable says that nothing was accepted and the same request may be sent
// again.
func unavailable(cause error) *refusal {
	return &refusal{status: http.StatusServiceUnavailable, code: "unavailable",
		sentence: "The service cannot accept the request right now. Send it again.",
		headers:  map[string]string{"Retry-After": "5"}, cause: cause}
}

func (h *Handler) refuse(ctx context.Context, r request, err error) response {
	e, ok := errors.AsType[*refusal](err)
	if !ok {
		e = unavailable(err)
	}
	if e.cause != nil {
		h.Log.ErrorContext(ctx, "request refused", "code", e.code, "error", e.cause)
	}
	return answerJSON(e.status, struct {
		Error     string `json:"error"`
		Code      string `json:"code"`
		Field     string `json:"field,omitempty"`
		RequestID string `json:"requestId"`
	}{e.sentence, e.code, e.field, r.RequestContext.RequestID}, e.headers)
}
