package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"notionrelay/shared/logs"
	"notionrelay/shared/metrics"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
)

const (
	// maxWait is the longest that a caller may wait: API Gateway gives up
	// after 30 s.
	maxWait = 25 * time.Second
	// acceptTime bounds the table and the queue together, so that a caller of
	// an unavailable service hears so instead of a timeout.
	acceptTime = 8 * time.Second
	// maxKey is the longest idempotency key.
	maxKey = 255
)

// accept takes a report: judges it, records it, queues it, and answers once it
// is published or the caller has waited long enough.
func (h *Handler) accept(r *http.Request) (answer, error) {
	ctx, arrived := r.Context(), time.Now()
	if !h.Auth.Asks(r.Header) { // the body need not be read
		return answer{}, unauthorized()
	}
	body, err := read(r)
	if err != nil {
		return answer{}, err
	}
	if !h.Auth.Caller(r.Header, body) {
		return answer{}, unauthorized()
	}
	if err := checkMedia(r); err != nil {
		return answer{}, err
	}
	payload, err := parse(r, body)
	if err != nil {
		return answer{}, err
	}
	run, err := h.enqueue(ctx, payload, r.Header.Get("Idempotency-Key"))
	if err != nil {
		return answer{}, err
	}
	h.Log.InfoContext(ctx, "report accepted", "status", run.Status, "bytes", len(body))
	run = h.await(ctx, run, arrived.Add(waitOf(r)))
	return h.accepted(r, run, arrived), nil
}

// read reads the body as it was signed, and refuses one that is too large.
func read(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, report.MaxBody+1))
	switch {
	case err != nil:
		return nil, &refusal{code: report.InvalidJSON, sentence: "The body could not be read.", cause: err}
	case len(body) > report.MaxBody:
		return nil, tooLarge(nil)
	}
	return body, nil
}

func checkMedia(r *http.Request) error {
	if r.Header.Get("Content-Encoding") != "" {
		return unsupported("The body must not be encoded.")
	}
	media, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return unsupported("The Content-Type must be application/json.")
	}
	if charset := parameters["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return unsupported("The charset must be UTF-8.")
	}
	return nil
}

func parse(r *http.Request, body []byte) (report.Payload, error) {
	if len(r.Header.Get("Idempotency-Key")) > maxKey {
		return report.Payload{}, &refusal{code: report.InvalidPayload, field: "Idempotency-Key",
			sentence: fmt.Sprintf("The Idempotency-Key must have at most %d characters.", maxKey)}
	}
	payload, err := report.Parse(body)
	if invalid, ok := errors.AsType[*report.InvalidError](err); ok {
		return payload, &refusal{code: invalid.Code, field: invalid.Field, sentence: invalid.Sentence}
	}
	return payload, err
}

// enrichRoom is by how many bytes the message to the enricher may be larger than
// this one: it also says whom the report is for.
const enrichRoom = 16 << 10

// enqueue records the report and sends its message. For a report that is known a
// message is sent only if none may have been sent yet, or if it has failed.
func (h *Handler) enqueue(ctx context.Context, payload report.Payload, key string) (runs.Run, error) {
	ctx, cancel := context.WithTimeout(ctx, acceptTime)
	defer cancel()
	now := time.Now()
	fingerprint := payload.Fingerprint()
	message := queue.Message{Kind: queue.Publish, ReportID: report.ID(key, fingerprint), Payload: &payload}
	logs.Set(ctx, "reportId", message.ReportID)
	logs.Set(ctx, "runId", payload.RunID)
	body, err := queue.Encode(message)
	if err == nil && len(body) > queue.MaxBody-enrichRoom {
		err = queue.ErrTooLarge
	}
	if err != nil {
		return runs.Run{}, tooLarge(err)
	}
	run, created, err := h.Runs.Create(ctx, runs.Run{
		ReportID: message.ReportID, ResearchRunID: payload.RunID, Fingerprint: fingerprint,
		Status: runs.Queued, AcceptedAt: now, UpdatedAt: now,
	})
	if err != nil {
		return run, unavailable(fmt.Errorf("record report %s: %w", message.ReportID, err))
	}
	if run.Fingerprint != fingerprint {
		return run, &refusal{code: "idempotency_mismatch", field: "Idempotency-Key",
			sentence: "This Idempotency-Key was used with another body."}
	}
	if created || run.Status == runs.Queued || run.Status == runs.Failed && !published(run) {
		message.Cursor = run.Version
		if err := h.Queue.Send(ctx, queue.Outgoing{Body: body, Group: queue.PublishGroup, DeduplicationID: message.DeduplicationID()}); err != nil {
			return run, unavailable(fmt.Errorf("send report %s: %w", run.ReportID, err))
		}
		h.Metrics.Record(ctx, metrics.Count(metrics.ReportsAccepted, 1))
	}
	return run, nil
}

// waitOf is how long the caller waits for the pages: as long as it says with
// Prefer (RFC 7240), else on the predecessor's path as long as possible, since
// its callers take any answer but 200 for an error.
func waitOf(r *http.Request) time.Duration {
	for preference := range strings.SplitSeq(r.Header.Get("Prefer"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(preference), "=")
		seconds, err := strconv.Atoi(strings.Trim(strings.TrimSpace(value), `"`))
		if strings.EqualFold(strings.TrimSpace(name), "wait") && err == nil && seconds >= 0 {
			return min(time.Duration(seconds)*time.Second, maxWait)
		}
	}
	if r.URL.Path == pathLegacy {
		return maxWait
	}
	return 0
}

// pollEvery is how often a waiting request looks at the record.
const pollEvery = 200 * time.Millisecond

// await returns the newest record once the pages exist, the run has failed or
// the time is up. It goes on though the table does not answer: the report is
// accepted in any case.
func (h *Handler) await(ctx context.Context, run runs.Run, until time.Time) runs.Run {
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	failedBefore := run.Status == runs.Failed
	for !published(run) && (run.Status != runs.Failed || failedBefore) && time.Now().Add(pollEvery).Before(until) {
		timer := time.NewTimer(pollEvery)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return run
		}
		if newer, err := h.Runs.Get(ctx, run.ReportID); err == nil {
			run = newer
			failedBefore = failedBefore && run.Status == runs.Failed
		}
	}
	return run
}

// published tells whether the pages exist, which they also do when texts or
// quotes have failed since.
func published(run runs.Run) bool { return !run.PublishedAt.IsZero() }
