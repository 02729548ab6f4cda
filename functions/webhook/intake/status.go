package intake

import (
	"bytes"
	_ "embed"
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"notionrelay/shared/logs"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
)

// statusBody is how far a report has come.
type statusBody struct {
	ReportID string       `json:"reportId"`
	RunID    string       `json:"runId,omitempty"`
	Status   runs.Status  `json:"status"`
	Progress progress     `json:"progress"`
	Steps    []stepBody   `json:"steps"`
	Warnings []string     `json:"warnings"`
	Failure  *failureBody `json:"failure,omitempty"`
	Data     reportData   `json:"data"`
}

// progress counts requests to Notion.
type progress struct {
	Done    int `json:"done"`
	Total   int `json:"total"`
	Percent int `json:"percent"`
}

type stepBody struct {
	Name   string `json:"name"`
	Status string `json:"status"` // pending, running, done or failed
	At     string `json:"at,omitempty"`
	URL    string `json:"url,omitempty"`
}

type failureBody struct {
	Code            string `json:"code"`
	Message         string `json:"message"`
	NotionRequestID string `json:"notionRequestId,omitempty"`
}

func (h *Handler) statusByID(r *http.Request) (answer, error) {
	ctx, id := r.Context(), r.PathValue("id")
	if !h.Auth.Reader(r.Header, id, r.URL.Query().Get("token")) {
		return answer{}, unauthorized()
	}
	logs.Set(ctx, "reportId", id)
	run, err := h.Runs.Get(ctx, id)
	return h.status(r, run, err)
}

func (h *Handler) statusByRunID(r *http.Request) (answer, error) {
	ctx := r.Context()
	if !h.Auth.Caller(r.Header, nil) {
		return answer{}, unauthorized()
	}
	runID := strings.TrimSpace(r.URL.Query().Get("runId"))
	if runID == "" {
		return answer{}, &refusal{code: report.InvalidPayload, field: "runId", sentence: "The query needs a runId."}
	}
	logs.Set(ctx, "runId", runID)
	run, err := h.Runs.Latest(ctx, runID)
	return h.status(r, run, err)
}

func (h *Handler) status(r *http.Request, run runs.Run, err error) (answer, error) {
	switch {
	case errors.Is(err, runs.ErrNotFound):
		return answer{}, &refusal{code: "not_found", sentence: "There is no such report."}
	case err != nil:
		return answer{}, unavailable(err)
	}
	body := h.statusBody(r, run)
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		return statusHTML(body, run.Ended())
	}
	return answerJSON(http.StatusOK, body, nil), nil
}

func (h *Handler) statusBody(r *http.Request, run runs.Run) statusBody {
	body := statusBody{ReportID: run.ReportID, RunID: run.ResearchRunID, Status: run.Status,
		Steps: []stepBody{}, Warnings: append([]string{}, run.Warnings...), Data: h.data(r, run)}
	for i := range run.Steps {
		s := &run.Steps[i]
		body.Progress.Done += min(s.Done, s.Total)
		body.Progress.Total += s.Total
		body.Steps = append(body.Steps, stepBody{Name: s.Name, Status: stepStatus(run, s), At: timestamp(s.At), URL: h.pageURL(s.ID)})
	}
	if body.Progress.Total > 0 {
		body.Progress.Percent = 100 * body.Progress.Done / body.Progress.Total
	}
	if f := run.LastFailure(); f != nil {
		body.Failure = &failureBody{Code: f.Code, Message: f.Message, NotionRequestID: f.NotionRequestID}
	}
	return body
}

func stepStatus(run runs.Run, s *runs.Step) string {
	switch {
	case s.Finished():
		return "done"
	case slices.ContainsFunc(run.Failures, func(f runs.Failure) bool { return f.Step == s.Name }):
		return "failed"
	case !s.IntendedAt.IsZero() || s.Done > 0:
		return "running"
	}
	return "pending"
}

func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

//go:embed status.html
var statusPage string

var statusTemplate = template.Must(template.New("status").Parse(statusPage))

// statusHTML is the status for a person. Its address carries a token, so it
// must not travel on in a Referer header.
func statusHTML(body statusBody, ended bool) (answer, error) {
	var page bytes.Buffer
	err := statusTemplate.Execute(&page, struct {
		statusBody
		Refresh bool
	}{body, !ended})
	return answer{status: http.StatusOK, body: page.String(), headers: map[string]string{
		"Content-Type":            "text/html; charset=utf-8",
		"Cache-Control":           "no-store",
		"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
		"Referrer-Policy":         "no-referrer",
		"X-Content-Type-Options":  "nosniff",
		"X-Robots-Tag":            "noindex",
	}}, err
}
