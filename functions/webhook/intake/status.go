package intake

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"notionrelay/shared/logs"
	"notionrelay/shared/plainly"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
)

// statusBody is how far a report has come.
type statusBody struct {
	ReportID string       `json:"reportId"`
	RunID    string       `json:"runId,omitempty"`
	Status   runs.Status  `json:"status"`
	EndedAt  string       `json:"endedAt,omitempty"`
	Progress progress     `json:"progress"`
	Steps    []stepBody   `json:"steps"`
	Warnings []string     `json:"warnings"`
	Failure  *failureBody `json:"failure,omitempty"`
	Waiting  *waitingBody `json:"waiting,omitempty"`
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
	Remedy          string `json:"remedy,omitempty"`
}

// waitingBody is there while nothing is written.
type waitingBody struct {
	For      string `json:"for"` // run or everyone
	Reason   string `json:"reason"`
	Attempts int    `json:"attempts"`
	Since    string `json:"since"`
	Next     string `json:"next,omitempty"` // no one knows, in a pause

	Remedy string `json:"-"` // for the page
}

func (h *Handler) statusByID(r *http.Request) (answer, error) {
	run, err := h.read(r)
	if err != nil {
		return answer{}, err
	}
	return h.status(r, run), nil
}

// open leads to the homepage in Notion, and to the status until a reader can
// use it: while the base pages are being written they may still be begun anew.
func (h *Handler) open(r *http.Request) (answer, error) {
	run, err := h.read(r)
	if err != nil {
		return answer{}, err
	}
	homepage := h.data(r, run).HomepageURL
	if homepage == "" {
		return h.status(r, run), nil
	}
	return answer{status: http.StatusFound, headers: map[string]string{
		"Location":        homepage,
		"Cache-Control":   "no-store",
		"Referrer-Policy": "no-referrer", // the address has a token in it
	}}, nil
}

// read finds the run of a report's address for whoever may see it.
func (h *Handler) read(r *http.Request) (runs.Run, error) {
	ctx, id, query := r.Context(), r.PathValue("id"), r.URL.Query()
	if !h.Auth.reads(r.Header, id, query.Get("token")) {
		refused := unauthorized()
		if query.Has("token") {
			refused.sentence = "The link is not valid, or no longer."
		}
		return runs.Run{}, refused
	}
	if !report.IsID(id) { // nothing of it reaches the log or the table
		return runs.Run{}, lookedUp(runs.ErrNotFound)
	}
	logs.Set(ctx, "reportId", id)
	ctx, cancel := Lasting(ctx)
	defer cancel()
	run, err := h.Runs.Get(ctx, id)
	return run, lookedUp(err)
}

func (h *Handler) statusByRunID(r *http.Request) (answer, error) {
	ctx := r.Context()
	if !h.Auth.Knows(r.Header) {
		return answer{}, unauthorized()
	}
	runID := strings.TrimSpace(r.URL.Query().Get("runId"))
	if runID == "" {
		return answer{}, &refusal{code: report.InvalidPayload, field: "runId", sentence: "The query needs a runId."}
	}
	if utf8.RuneCountInString(runID) > report.MaxID {
		return answer{}, lookedUp(runs.ErrNotFound)
	}
	logs.Set(ctx, "runId", runID)
	ctx, cancel := Lasting(ctx)
	defer cancel()
	run, err := h.Runs.Latest(ctx, runID)
	if err != nil {
		return answer{}, lookedUp(err)
	}
	return h.status(r, run), nil
}

func lookedUp(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, runs.ErrNotFound):
		return &refusal{code: "not_found", sentence: "There is no such report."}
	}
	return unavailable(err)
}

func (h *Handler) status(r *http.Request, run runs.Run) answer {
	body := h.statusBody(r, run)
	if wantsPage(r) {
		return answerPage(http.StatusOK, "status.html", viewOf(run, body), nil)
	}
	return answerJSON(http.StatusOK, body, nil)
}

func (h *Handler) statusBody(r *http.Request, run runs.Run) statusBody {
	body := statusBody{ReportID: run.ReportID, RunID: run.ResearchRunID, Status: run.Status, EndedAt: timestamp(run.EndedAt), Waiting: h.waiting(r.Context(), run),
		Steps: []stepBody{}, Warnings: append([]string{}, run.Warnings...), Data: h.data(r, run)}
	for i := range run.Steps {
		s := &run.Steps[i]
		body.Progress.Done += min(s.Done, s.Total)
		body.Progress.Total += s.Total
		body.Steps = append(body.Steps, stepBody{Name: s.Name, Status: stepStatus(run, s), At: timestamp(s.At), URL: h.pageURL(r, s.ID)})
	}
	if body.Progress.Total > 0 {
		body.Progress.Percent = 100 * body.Progress.Done / body.Progress.Total
	}
	if f := run.LastFailure(); f != nil {
		body.Failure = &failureBody{Code: f.Code, Message: f.Message, NotionRequestID: f.NotionRequestID, Remedy: f.Remedy}
	}
	return body
}

// haltTime is how long a status waits to hear of a halt.
const haltTime = 2 * time.Second

// waiting says for what a run waits, nil when it does not. When what is everyone's
// cannot be read the status is told without it.
func (h *Handler) waiting(ctx context.Context, run runs.Run) *waitingBody {
	if run.Ended() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), haltTime)
	defer cancel()
	halt, err := h.Runs.Halt(ctx)
	if err != nil {
		h.Log.WarnContext(ctx, "halt could not be read", "error", err)
	}
	pause, err := h.Runs.Pause(ctx)
	if err != nil {
		h.Log.WarnContext(ctx, "pause could not be read", "error", err)
	}
	w := plainly.Waiting(run, halt, pause)
	if w == nil {
		return nil
	}
	body := &waitingBody{"run", w.Reason, w.Attempts, timestamp(w.Since), timestamp(w.Next), w.Remedy}
	if w.Everyone {
		body.For = "everyone"
	}
	return body
}

func stepStatus(run runs.Run, s *runs.Step) string {
	switch {
	case s.Finished():
		return "done"
	case slices.ContainsFunc(run.Failures, func(f runs.Failure) bool { return f.Step == s.Name }):
		return "failed"
	case plainly.Underway(s):
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
