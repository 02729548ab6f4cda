package intake

import (
	"errors"
	"fmt"
	"maps"
	"net/http"

	"notionrelay/shared/report"
	"notionrelay/shared/webpage"
)

// errorCodes are the codes of the answers that are errors, with their status.
// A code that is not among them cannot be answered.
var errorCodes = map[string]int{
	report.InvalidJSON:       http.StatusBadRequest,
	report.InvalidPayload:    http.StatusBadRequest,
	"unauthorized":           http.StatusUnauthorized,
	"not_found":              http.StatusNotFound,
	"method_not_allowed":     http.StatusMethodNotAllowed,
	"payload_too_large":      http.StatusRequestEntityTooLarge,
	"report_too_complex":     http.StatusRequestEntityTooLarge,
	"unsupported_media_type": http.StatusUnsupportedMediaType,
	"idempotency_mismatch":   http.StatusUnprocessableEntity,
	"publish_failed":         http.StatusBadGateway,
	"unavailable":            http.StatusServiceUnavailable,
}

// ErrorCodes are the codes of the answers that are errors, with their status.
func ErrorCodes() map[string]int { return maps.Clone(errorCodes) }

// refusal is an answer that is an error. The cause is for the log.
type refusal struct {
	code     string
	field    string
	sentence string
	headers  map[string]string
	cause    error

	reportID, statusURL string // of the report that it is about, if it is about one
}

func (e *refusal) Error() string { return e.code + ": " + e.sentence }
func (e *refusal) Unwrap() error { return e.cause }

func (h *Handler) refuse(r *http.Request, requestID string, err error) answer {
	e, ok := errors.AsType[*refusal](err)
	if !ok {
		e = unavailable(err)
	}
	if e.cause != nil {
		h.Log.ErrorContext(r.Context(), "request refused", "code", e.code, "error", e.cause)
	}
	body := refusalBody{e.sentence, e.code, e.field, requestID, e.reportID, e.statusURL}
	if wantsPage(r) {
		return answerPage(errorCodes[e.code], "refusal.html", webpage.Refusal{Sentence: e.sentence, Code: e.code, RequestID: requestID, Remedy: remedies[e.code]}, e.headers)
	}
	return answerJSON(errorCodes[e.code], body, e.headers)
}

// remedies are for people who look at a page: what they can do.
var remedies = map[string]string{
	"unauthorized": "Open the link exactly as you got it, with the token at its end, or ask for a new one.",
	"not_found":    "Look at the address. A report is known for 90 days.",
	"unavailable":  "Load the page again in a few seconds.",
}

type refusalBody struct {
	Error     string `json:"error"`
	Code      string `json:"code"`
	Field     string `json:"field,omitempty"`
	RequestID string `json:"requestId"`
	ReportID  string `json:"reportId,omitempty"`
	StatusURL string `json:"statusUrl,omitempty"`
}

// unavailable says that nothing was accepted and the same request may be sent
// again.
func unavailable(cause error) *refusal {
	return &refusal{code: "unavailable",
		sentence: "The service cannot accept the request right now. Send it again.",
		headers:  map[string]string{"Retry-After": "5"}, cause: cause}
}

func unauthorized() *refusal {
	return &refusal{code: "unauthorized", sentence: "The request needs a valid secret or signature.",
		headers: map[string]string{"WWW-Authenticate": "Bearer"}}
}

func unsupported(sentence string) error {
	return &refusal{code: "unsupported_media_type", sentence: sentence}
}

func tooLarge(cause error) error {
	return &refusal{code: "payload_too_large",
		sentence: fmt.Sprintf("The body must have at most %d bytes, and fit a queue message when it is packed.", report.MaxBody), cause: cause}
}
