package notion_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"notionrelay/shared/block"
	"notionrelay/shared/notion"
)

// roundTrip answers a request in a test.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(status int, body string, header ...string) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		h := http.Header{}
		for i := 0; i < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
}

func fail(err error) roundTrip {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

func errorBody(status int, code, additional string) string {
	return fmt.Sprintf(`{"object":"error","status":%d,"code":%q,"message":"m","request_id":"req-1","additional_data":{%s}}`, status, code, additional)
}

func TestFateOf(t *testing.T) {
	t.Parallel()
	page := `{"object":"page","id":"p1","url":"u"}`
	html := "<html><body>Bad gateway</body></html>"
	coded := func(status int, code string) roundTrip { return answer(status, errorBody(status, code, "")) }
	tests := []struct {
		name string
		trip roundTrip
		want notion.Fate
	}{
		{"400 invalid_json", coded(400, "invalid_json"), notion.Permanent},
		{"400 invalid_request_url", coded(400, "invalid_request_url"), notion.Permanent},
		{"400 invalid_request", coded(400, "invalid_request"), notion.Permanent},
		{"400 validation_error", coded(400, "validation_error"), notion.Permanent},
		{"400 missing_version", coded(400, "missing_version"), notion.Permanent},
		{"401 unauthorized", coded(401, "unauthorized"), notion.Permanent},
		{"403 restricted_resource", coded(403, "restricted_resource"), notion.Permanent},
		{"403 with HTML", answer(403, html), notion.Repeat},
		{"404 object_not_found", coded(404, "object_not_found"), notion.Permanent},
		{"408", answer(408, ""), notion.Await},
		{"409 conflict_error", coded(409, "conflict_error"), notion.Recover},
		{"409 row_limit_exceeded", coded(409, "row_limit_exceeded"), notion.Permanent},
		{"413 with HTML", answer(413, html), notion.Repeat},
		{"429 rate_limited", coded(429, "rate_limited"), notion.Repeat},
		{"429 with HTML", answer(429, html), notion.Repeat},
		{"429 for good", answer(429, errorBody(429, "rate_limited", `"rate_limit_reason":"public_api_request_blocked"`)), notion.Permanent},
		{"529 service_overload", coded(529, "service_overload"), notion.Repeat},
		{"500 internal_server_error", coded(500, "internal_server_error"), notion.Recover},
		{"502 bad_gateway", coded(502, "bad_gateway"), notion.Await},
		{"502 with HTML", answer(502, html), notion.Await},
		{"503 service_unavailable", coded(503, "service_unavailable"), notion.Recover},
		{"503 database_connection_unavailable", coded(503, "database_connection_unavailable"), notion.Recover},
		{"504 gateway_timeout", coded(504, "gateway_timeout"), notion.Await},
		{"504 with HTML", answer(504, html), notion.Await},
		{"504 with a cut body", answer(504, errorBody(504, "gateway_timeout", "")[:20]), notion.Await},
		{"599", answer(599, ""), notion.Await},
		{"302 to nowhere", answer(302, ""), notion.Await},
		{"200 with a cut body", answer(200, page[:10]), notion.Await},
		{"200 with HTML", answer(200, html), notion.Await},
		{"200 of another shape", answer(200, `[]`), notion.Await},
		{"connection refused", fail(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), notion.Repeat},
		{"name not found", fail(&net.OpError{Op: "dial", Err: &net.DNSError{IsNotFound: true}}), notion.Repeat},
		{"dial timeout", fail(&net.OpError{Op: "dial", Err: context.DeadlineExceeded}), notion.Repeat},
		{"reset while reading", fail(&net.OpError{Op: "read", Err: syscall.ECONNRESET}), notion.Await},
		{"reset while writing", fail(&net.OpError{Op: "write", Err: syscall.EPIPE}), notion.Await},
		{"end of stream", fail(io.ErrUnexpectedEOF), notion.Await},
		{"timeout after sending", fail(context.DeadlineExceeded), notion.Await},
		{"anything else", fail(errors.New("?")), notion.Await},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := newClient(t, tt.trip).CreatePage(t.Context(), notion.NewPage{PageID: "p"})
			if err == nil {
				t.Fatal("got no error")
			}
			if got := notion.FateOf(err); got != tt.want {
				t.Errorf("got %v, want %v for %v", got, tt.want, err)
			}
		})
	}
}

func TestErrorKeepsWhatNotionSaid(t *testing.T) {
	t.Parallel()
	body := errorBody(503, "service_unavailable", `"committed_resource_id":"c1"`)
	_, err := newClient(t, answer(503, body, "Retry-After", "7")).CreatePage(t.Context(), notion.NewPage{PageID: "p"})
	e, ok := errors.AsType[*notion.Error](err)
	if !ok {
		t.Fatalf("got %v, want an *Error", err)
	}
	if e.Status != 503 || e.Code != "service_unavailable" || e.Message != "m" || e.RequestID != "req-1" || e.CommittedID != "c1" || e.RetryAfter != 7*time.Second {
		t.Errorf("got %+v", e)
	}
	if want := "POST /v1/pages: status 503 service_unavailable (request req-1)"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestRequestIDOfAnHTMLErrorComesFromItsHeader(t *testing.T) {
	t.Parallel()
	_, err := newClient(t, answer(502, "<html>", "X-Notion-Request-Id", "req-2", "Cf-Ray", "8a-FRA")).CreatePage(t.Context(), notion.NewPage{PageID: "p"})
	if e, ok := errors.AsType[*notion.Error](err); !ok || e.RequestID != "req-2" || e.Ray != "8a-FRA" {
		t.Errorf("got %v, want request req-2", err)
	}
}

// An answer with properties that the client library does not know is a good
// answer: the page exists.
func TestUnknownPropertiesDoNotHideACreatedPage(t *testing.T) {
	t.Parallel()
	body := `{"object":"page","id":"p1","url":"u","properties":{"New":{"id":"x","type":"verification_v9","verification_v9":{}}}}`
	page, err := newClient(t, answer(200, body)).CreatePage(t.Context(), notion.NewPage{PageID: "p"})
	if err != nil || page.ID != "p1" {
		t.Errorf("got %+v, %v", page, err)
	}
}

// An integration that may not read content gets ids alone. The client library
// panics on them, after the write.
func TestAPartialBlockDoesNotHideAnAppend(t *testing.T) {
	t.Parallel()
	body := `{"object":"list","results":[{"object":"block","id":"b1"}]}`
	blocks, err := newClient(t, answer(200, body)).AppendBlocks(t.Context(), "p", "", []block.Block{{Kind: block.Divider}})
	if err != nil || len(blocks) != 1 || blocks[0].ID != "b1" {
		t.Errorf("got %+v, %v", blocks, err)
	}
}

// Notion may answer with the whole body that it refuses.
func TestALongMessageIsCut(t *testing.T) {
	t.Parallel()
	body := strings.Replace(errorBody(400, "validation_error", ""), `"m"`, `"`+strings.Repeat("ä", 100_000)+`"`, 1)
	_, err := newClient(t, answer(400, body)).CreatePage(t.Context(), notion.NewPage{PageID: "p"})
	if e, ok := errors.AsType[*notion.Error](err); !ok || len([]rune(e.Message)) != 300 {
		t.Errorf("got %v", err)
	}
}

func newClient(t *testing.T, trip http.RoundTripper) *notion.Client {
	t.Helper()
	c, err := notion.New(notion.Options{Token: "t", Transport: trip, Jitter: func() float64 { return 0 }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
