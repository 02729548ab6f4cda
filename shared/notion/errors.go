package notion

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Error is a request that did not get a good answer, with everything that
// Notion said about it and everything that decides what to do next.
type Error struct {
	Method string
	Path   string

	Status    int    // 0 when no answer came
	Code      string // Notion's, for example conflict_error; empty for HTML and cut bodies
	Message   string // Notion's, cut to maxMessage: it may quote the whole body that it refuses
	RequestID string // Notion's; empty where its edge answered
	Ray       string // the edge's id of the request, from the header cf-ray

	RetryAfter  time.Duration // what the answer asked for, else 0
	Reason      string        // additional_data.rate_limit_reason
	CommittedID string        // additional_data.committed_resource_id: the write was saved under this id
	Kind        string        // additional_data.error_type: what is behind a validation_error
	BlockLimit  bool          // additional_data.block_limit is there: a free workspace may make no more blocks

	// Unsent says that Notion has surely not seen the request: no connection
	// came about, or the budget had no room for it.
	Unsent bool
	Cause  error
}

// maxMessage is as much of Notion's message as is kept, in characters.
const maxMessage = 300

// requestIDHeader names a request of Notion's own application, on every answer.
const requestIDHeader = "X-Notion-Request-Id"

// Error leaves out Notion's message, which may quote what it objects to:
// errors end in logs, and a report's text does not.
func (e *Error) Error() string {
	switch {
	case e.Status == 0:
		return fmt.Sprintf("%s %s: no answer: %v", e.Method, e.Path, e.Cause)
	case e.Code == "":
		return fmt.Sprintf("%s %s: status %d (request %s, cf-ray %s): %v", e.Method, e.Path, e.Status, e.RequestID, e.Ray, e.Cause)
	default:
		return fmt.Sprintf("%s %s: status %d %s (request %s)", e.Method, e.Path, e.Status, e.Code, e.RequestID)
	}
}

// Outcome says in words what came of the request, for whoever has no message of
// Notion's to read.
func (e *Error) Outcome() string {
	switch {
	case e.Unsent:
		return "Notion could not be reached"
	case e.Status == 0:
		return "Notion did not answer"
	case e.Code != "":
		return fmt.Sprintf("Notion answered %d %s", e.Status, e.Code)
	case e.Status < 300:
		return fmt.Sprintf("Notion's answer, with status %d, could not be read", e.Status)
	case e.Status < 400:
		return fmt.Sprintf("a redirection (%d) was answered in Notion's place", e.Status)
	case e.Ray != "":
		return fmt.Sprintf("the edge before Notion answered %d (cf-ray %s)", e.Status, e.Ray)
	}
	return fmt.Sprintf("Notion answered %d without saying why", e.Status)
}

func (e *Error) Unwrap() error { return e.Cause }

// answerBody is Notion's error object. The additional data differs from error to
// error, and not all of it is described; what is of another type than expected
// must not hide the code.
type answerBody struct {
	Object     string          `json:"object"`
	Code       string          `json:"code"`
	Message    string          `json:"message"`
	RequestID  string          `json:"request_id"`
	Additional json.RawMessage `json:"additional_data"`
}

func (e *Error) read(body answerBody) {
	e.Code, e.Message = body.Code, cut(body.Message)
	if body.RequestID != "" {
		e.RequestID = body.RequestID
	}
	var additional map[string]any
	if json.Unmarshal(body.Additional, &additional) != nil {
		return
	}
	e.Reason, _ = additional["rate_limit_reason"].(string)
	e.CommittedID, _ = additional["committed_resource_id"].(string)
	e.Kind, _ = additional["error_type"].(string)
	_, e.BlockLimit = additional["block_limit"]
}

// errorOf turns an exchange into its error, or nil where it is a good answer.
func errorOf(x *exchange) error {
	e := newError(x)
	if x.status == 0 {
		e.Unsent = !x.sent || neverConnected(x.err)
		return e
	}
	if x.status < 300 && x.err == nil && json.Valid(x.body) {
		return nil
	}
	var body answerBody
	switch err := json.Unmarshal(x.body, &body); {
	case x.status >= 300 && x.status < 400:
		e.Cause = fmt.Errorf("redirected to %q, where nothing is sent", x.header.Get("Location"))
	case err != nil && x.err == nil:
		e.Cause = fmt.Errorf("answer of %d bytes is no JSON: %w", len(x.body), err)
	case err == nil && body.Object == "error":
		e.read(body)
	case err == nil:
		e.Cause = errors.New("answer is not an error object of Notion's")
	}
	return e
}

// newError is what the head of an answer says.
func newError(x *exchange) *Error {
	return &Error{
		Method: x.method, Path: x.path, Status: x.status, Cause: x.err,
		RequestID: x.header.Get(requestIDHeader), Ray: x.header.Get("Cf-Ray"), RetryAfter: retryAfter(x.header),
	}
}

func cut(message string) string {
	runes := []rune(message)
	if len(runes) <= maxMessage {
		return message
	}
	return string(runes[:maxMessage-1]) + "…"
}

// neverConnected tells a failed dial from a failed exchange.
func neverConnected(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// retryAfter reads the header in both of its forms, seconds and date.
func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(value, 64); err == nil && seconds > 0 && seconds < 1e6 {
		return time.Duration(seconds * float64(time.Second))
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
