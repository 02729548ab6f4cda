package notionsim

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"strconv"
)

// apiError is an answer that refuses a request, in Notion's shape.
type apiError struct {
	status     int
	code       string
	message    string
	terse      string         // the message without the place of what is refused; empty where that is no question
	retryAfter int            // seconds; 0 sends no header
	additional map[string]any // additional_data; nil leaves it out
}

func (e *apiError) Error() string { return e.message }

func (e *apiError) answer() *answer {
	body := map[string]any{
		"object": "error", "status": e.status, "code": e.code, "message": e.message,
	}
	if e.additional != nil {
		body["additional_data"] = e.additional
	}
	a := jsonAnswer(e.status, body)
	if e.retryAfter > 0 {
		a.header.Set("Retry-After", strconv.Itoa(e.retryAfter))
	}
	return a
}

// invalid refuses a request for its content.
func invalid(format string, args ...any) error {
	return &apiError{status: http.StatusBadRequest, code: "validation_error", message: fmt.Sprintf(format, args...)}
}

// badURL refuses a URL, with the sentence that Notion has for it.
func badURL(at *place, before, sentence string) error {
	return &apiError{
		status: http.StatusBadRequest, code: "validation_error",
		message: fmt.Sprintf("%s%s: %s", before, at, sentence), terse: before + sentence,
	}
}

// creationFailed begins the messages about blocks that Notion refuses only when
// it makes them.
const creationFailed = "Content creation Failed. Fix the following: \n"

// notFound refuses a request for something that is not there, or of another
// kind than the request says.
func notFound(what, id string) error {
	return &apiError{
		status: http.StatusNotFound, code: "object_not_found",
		message: fmt.Sprintf("Could not find %s with ID: %s. Make sure the relevant pages and databases are shared with your integration.", what, id),
	}
}

func conflict() *apiError {
	return &apiError{
		status: http.StatusConflict, code: "conflict_error",
		message: "Conflict occurred while saving. Please try again.",
	}
}

func rateLimited(retryAfter int) *apiError {
	return &apiError{
		status: http.StatusTooManyRequests, code: "rate_limited", retryAfter: retryAfter,
		message:    "You have been rate limited. Please try again in a few minutes.",
		additional: map[string]any{"rate_limit_reason": "connection_request_limit"},
	}
}

func barred() *apiError {
	return &apiError{
		status: http.StatusTooManyRequests, code: "rate_limited", message: "Requests of this integration are blocked.",
		additional: map[string]any{"rate_limit_reason": "public_api_request_blocked"},
	}
}

// notDatabase refuses a page's id in the place of a database's.
func notDatabase(id string) error {
	return invalid("Provided ID %s is a page, not a database. Use the retrieve page API instead.", id)
}

// codes are the codes that Notion sends with a status
// (https://developers.notion.com/reference/status-codes). It has a few more for
// requests that are malformed.
var codes = map[int]string{
	http.StatusBadRequest:          "validation_error",
	http.StatusUnauthorized:        "unauthorized",
	http.StatusForbidden:           "restricted_resource",
	http.StatusNotFound:            "object_not_found",
	http.StatusConflict:            "conflict_error",
	http.StatusTooManyRequests:     "rate_limited",
	http.StatusInternalServerError: "internal_server_error",
	http.StatusBadGateway:          "bad_gateway",
	http.StatusServiceUnavailable:  "service_unavailable",
	http.StatusGatewayTimeout:      "gateway_timeout",
	529:                            "service_overload", // not registered with IANA; Notion's own
}

// Codes are the codes of well-formed requests that Notion refuses, by status.
func Codes() map[int]string { return maps.Clone(codes) }

// codeOf is the code of a status, also of one that Notion does not send.
func codeOf(status int) string {
	return cmp.Or(codes[status], codes[http.StatusInternalServerError])
}
