package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"notionrelay/shared/logs"
	"notionrelay/shared/markdown"
	"notionrelay/shared/metrics"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
)

const (
	// maxWait is the longest that a caller may wait: API Gateway gives up
	// after 30 s.
	maxWait = 25 * time.Second
	// storeTime bounds the table and the queue together, so that a caller of
	// an unavailable service hears so instead of a timeout.
	storeTime = 8 * time.Second
	// maxKey is the longest idempotency key.
	maxKey = 255
)

// accept takes a report: judges it, records it, queues it, and answers once it
// is published, has failed, or the caller's patience ends.
func (h *Handler) accept(r *http.Request) (answer, error) {
	ctx, arrived := r.Context(), time.Now()
	if err := h.checkHeaders(r); err != nil {
		return answer{}, err
	}
	body, err := h.body(r)
	if err != nil {
		return answer{}, err
	}
	if !h.Auth.Knows(r.Header) && !h.Auth.signed(r.Header, body) {
		return answer{}, h.stranger(r)
	}
	payload, err := parse(body)
	if err != nil {
		return answer{}, err
	}
	run, err := h.enqueue(ctx, payload, h.keyOf(r.Header))
	if err != nil {
		return answer{}, err
	}
	status := run.Status
	say := func() { h.Log.InfoContext(ctx, "accepted", "status", status, "bytes", len(body)) }
	wait := waitOf(r)
	if wait > 0 {
		say()
	}
	run, failed := h.await(ctx, run, arrived.Add(wait))
	if failed {
		return answer{}, h.publishFailed(r, run)
	}
	a := h.accepted(r, run, arrived)
	if wait == 0 { // nobody waits for the log
		a.then = say
	}
	return a, nil
}

// checkHeaders judges all that can be judged before the body is read.
func (h *Handler) checkHeaders(r *http.Request) error {
	if !h.Auth.asks(r.Header) {
		return h.stranger(r)
	}
	if err := checkMedia(r); err != nil {
		return err
	}
	for _, name := range []string{headerKey, headerWebhookID} {
		if len(r.Header.Values(name)) > 1 {
			return &refusal{code: "invalid_payload", field: name, sentence: "The " + name + " must be there once."}
		}
		if len(r.Header.Get(name)) > maxKey {
			return &refusal{code: "invalid_payload", field: name,
				sentence: fmt.Sprintf("The %s must have at most %d characters.", name, maxKey)}
		}
	}
	if r.ContentLength > report.MaxBody {
		return tooLarge(nil)
	}
	return nil
}

// stranger refuses a sender who is not known. One who has tried to be is
// counted: most likely it is a flow with a wrong secret, and whoever finds the
// address by chance sends none.
func (h *Handler) stranger(r *http.Request) error {
	if claimsToBeKnown(r.Header) {
		h.Metrics.Record(r.Context(), metrics.Count(metrics.WrongSecrets, 1))
	}
	return unauthorized()
}

func checkMedia(r *http.Request) error {
	if strings.Join(r.Header.Values("Content-Encoding"), "") != "" {
		return unsupported("The body must not be encoded.")
	}
	media, parameters, err := mime.ParseMediaType(single(r.Header, "Content-Type"))
	if err != nil || media != "application/json" {
		return unsupported("The Content-Type must be application/json.")
	}
	if charset := parameters["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return unsupported("The charset must be UTF-8.")
	}
	return nil
}

// ErrBusy is what reading a body fails with where there is no room for another
// one: its sender is told to send it again.
var ErrBusy = errors.New("too many large bodies at once")

// foreseen is the largest body for which room is made before it comes: with a length
// that is only said, nobody shall take much memory.
const foreseen = 64 << 10

// body reads the bytes that were signed, and no more than a body may have.
func (h *Handler) body(r *http.Request) ([]byte, error) {
	body, err := readAll(io.LimitReader(r.Body, report.MaxBody+1), r.ContentLength)
	switch {
	case errors.Is(err, ErrBusy), errors.Is(err, os.ErrDeadlineExceeded) && h.ending():
		return nil, unavailable(err)
	case err != nil:
		return nil, &refusal{code: "invalid_json", sentence: "The body could not be read.", cause: err}
	case len(body) > report.MaxBody:
		return nil, tooLarge(nil)
	}
	return body, nil
}

func readAll(body io.Reader, length int64) ([]byte, error) {
	if length <= 0 || length > foreseen {
		return io.ReadAll(body)
	}
	received := bytes.NewBuffer(make([]byte, 0, length+bytes.MinRead)) // without MinRead it grows to see the end
	_, err := received.ReadFrom(body)
	return received.Bytes(), err
}

// ending tells whether the process is to end.
func (h *Handler) ending() bool {
	select {
	case <-h.Stop:
		return true
	default:
		return false
	}
}

// Lasting is the context of a request whose caller may have said all that he has to
// say: net/http takes him for one who has gone, and he waits for his answer. What is
// done in it ends after some seconds in any case.
func Lasting(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), storeTime)
}

func parse(body []byte) (report.Payload, error) {
	payload, err := report.Parse(body)
	if invalid, ok := errors.AsType[*report.InvalidError](err); ok {
		return payload, &refusal{code: invalid.Code, field: invalid.Field, sentence: invalid.Sentence}
	}
	return payload, err
}

// The headers that name a request.
const (
	headerKey       = "Idempotency-Key"
	headerWebhookID = "Webhook-Id"
)

// idempotencyKey is what a caller calls its request.
type idempotencyKey struct {
	header string // that it came in
	value  string // empty when the caller gave none
}

// keyOf is the key of a request that may be accepted. That of one which only
// its signature lets in is the webhook-id: it is signed, unlike the
// Idempotency-Key, so who repeats a request that he has overheard makes no
// second report of it. The record remembers it for longer than the signature
// is good.
func (h *Handler) keyOf(header http.Header) idempotencyKey {
	if h.Auth.Knows(header) {
		return idempotencyKey{headerKey, header.Get(headerKey)}
	}
	// No header can hold the NUL, so this is nobody's Idempotency-Key.
	return idempotencyKey{headerWebhookID, "webhook-id\x00" + header.Get(headerWebhookID)}
}

// enrichRoom is what the message to the enricher may need beyond this one, in
// bytes: whom the report is for.
const enrichRoom = 16 << 10

// enqueue records the report and sends its message. That of a report whose
// pages are not there yet is sent once more: its first one may never have been
// sent, or be among the dead letters. It is a message of its own for each
// version of the record, so that it wakes a run that has stopped, and a caller
// who is impatient fills no queue. What a published report still lacks comes
// by other messages, which cannot be made here; it is left as it is.
func (h *Handler) enqueue(ctx context.Context, payload report.Payload, key idempotencyKey) (runs.Run, error) {
	ctx, cancel := Lasting(ctx)
	defer cancel()
	now := time.Now()
	fingerprint := payload.Fingerprint()
	message := queue.Message{Kind: queue.Publish, ReportID: report.ID(key.value, fingerprint), Cursor: 1, Payload: &payload} // a new record has version 1
	logs.Set(ctx, "reportId", message.ReportID)
	logs.Set(ctx, "runId", payload.RunID)
	body, err := queue.Encode(message)
	if err == nil && len(body) > queue.MaxBody-enrichRoom {
		err = queue.ErrTooLarge
	}
	if err != nil {
		return runs.Run{}, tooLarge(err)
	}
	if err := measure(ctx, payload); err != nil {
		return runs.Run{}, err
	}
	run, sent, err := h.record(ctx, runs.Run{
		ReportID: message.ReportID, ResearchRunID: payload.RunID, Fingerprint: fingerprint,
		Status: runs.Queued, AcceptedAt: now, UpdatedAt: now,
	}, outgoing(message, body))
	if err != nil {
		return run, unavailable(fmt.Errorf("record report %s: %w", message.ReportID, err))
	}
	if run.Fingerprint != fingerprint && run.Fingerprint != "" { // one that was lost and made again may have none
		return run, &refusal{code: "idempotency_mismatch", field: key.header,
			sentence: "This " + key.header + " was used with another body."}
	}
	if published(run) {
		return run, nil
	}
	if !sent {
		message.Cursor = run.Version
		if err := h.Queue.Send(ctx, outgoing(message, body)); err != nil {
			return run, unavailable(fmt.Errorf("send report %s: %w", run.ReportID, err))
		}
	}
	h.Metrics.Record(ctx, metrics.Count(metrics.ReportsAccepted, 1))
	return run, nil
}

// record stores the run, unless its record is there, and sends the message of a new
// one with it where that can be done at once.
func (h *Handler) record(ctx context.Context, run runs.Run, m queue.Outgoing) (stored runs.Run, sent bool, err error) {
	if h.Accept != nil {
		return h.Accept(ctx, run, m)
	}
	stored, _, err = h.Runs.Create(ctx, run)
	return stored, false, err
}

func outgoing(message queue.Message, body string) queue.Outgoing {
	return queue.Outgoing{Body: body, Group: queue.PublishGroup, DeduplicationID: message.DeduplicationID()}
}

// measurements bounds how many reports are measured at once: a hostile one of 4 MiB
// takes some 100 MB while it is.
var measurements = make(chan struct{}, 2)

// measure refuses a report that would become more pages than one run may write.
func measure(ctx context.Context, payload report.Payload) error {
	select {
	case measurements <- struct{}{}:
		defer func() { <-measurements }()
	case <-ctx.Done():
		return unavailable(ctx.Err())
	}
	var documents []string
	for _, d := range payload.Documents() {
		documents = append(documents, d.Markdown)
	}
	err := markdown.Check(documents...)
	if e, ok := errors.AsType[*markdown.TooComplexError](err); ok {
		return &refusal{code: "report_too_complex", sentence: "The report is too complex: it " + e.Excess + ". Divide it among several runs."}
	}
	return err
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

// A waiting request looks at the record after a tenth of the time that it has
// waited, within these bounds: news is never late by much, and a long wait costs
// fifty reads and not a hundred and twenty.
const (
	minPoll = 200 * time.Millisecond
	maxPoll = 500 * time.Millisecond
)

// await returns the newest record once the pages exist, the run has failed or
// the time is up. A failure from before the report was sent again is not the
// outcome that the caller waits for. A table that does not answer meanwhile
// costs nothing but news: the report is accepted.
func (h *Handler) await(ctx context.Context, run runs.Run, until time.Time) (newest runs.Run, failed bool) {
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	failedAt, goesOn := run.EndedAt, run.Status != runs.Failed
	for began := time.Now(); ; {
		poll := min(max(time.Since(began)/10, minPoll), maxPoll)
		goesOn = goesOn || run.Status != runs.Failed
		switch {
		case published(run):
			return run, false
		case run.Status == runs.Failed && (goesOn || !run.EndedAt.Equal(failedAt)):
			return run, true
		case !time.Now().Add(poll).Before(until):
			return run, false
		}
		select {
		case <-time.After(poll):
		case <-ctx.Done():
			return run, false
		case <-h.Stop:
			return run, false
		}
		if newer, err := h.Runs.Get(ctx, run.ReportID); err == nil {
			run = newer
		}
	}
}

// published tells whether the pages exist, which they also do when texts or
// quotes have failed since.
func published(run runs.Run) bool { return !run.PublishedAt.IsZero() }
