package notion_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"notionrelay/shared/notion"
	"notionrelay/test/planted"
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

// TestFateOf is the table of everything that can come of a request: what it
// calls for, and what is said of it where Notion says nothing.
func TestFateOf(t *testing.T) {
	t.Parallel()
	const (
		unreached  = "Notion could not be reached"
		unanswered = "Notion did not answer"
	)
	page := `{"object":"page","id":"p1","url":"u"}`
	html := "<html><body>Bad gateway</body></html>"
	coded := func(status int, code string) roundTrip { return answer(status, errorBody(status, code, "")) }
	edge := func(status int) roundTrip { return answer(status, html, "Cf-Ray", "8a-FRA") }
	edgeSays := func(status int) string {
		return fmt.Sprintf("the edge before Notion answered %d (cf-ray 8a-FRA)", status)
	}
	tests := []struct {
		name    string
		trip    roundTrip
		want    notion.Fate
		outcome string
	}{
		{"400 invalid_json", coded(400, "invalid_json"), notion.Permanent, "Notion answered 400 invalid_json"},
		{"400 invalid_request_url", coded(400, "invalid_request_url"), notion.Permanent, ""},
		{"400 invalid_request", coded(400, "invalid_request"), notion.Permanent, ""},
		{"400 validation_error", coded(400, "validation_error"), notion.Permanent, ""},
		{"400 missing_version", coded(400, "missing_version"), notion.Permanent, ""},
		{"400 with HTML", edge(400), notion.Repeat, edgeSays(400)},
		{"401 unauthorized", coded(401, "unauthorized"), notion.Permanent, ""},
		{"401 with HTML", edge(401), notion.Repeat, edgeSays(401)},
		{"403 restricted_resource", coded(403, "restricted_resource"), notion.Permanent, ""},
		{"403 with HTML", edge(403), notion.Repeat, edgeSays(403)},
		{"403 with JSON that is not Notion's", answer(403, `{"error":"blocked"}`), notion.Repeat, "Notion answered 403 without saying why"},
		{"403 for good", answer(403, errorBody(403, "public_api_request_blocked", "")), notion.Permanent, ""},
		{"404 object_not_found", coded(404, "object_not_found"), notion.Permanent, ""},
		{"404 with HTML", edge(404), notion.Repeat, edgeSays(404)},
		{"408", answer(408, ""), notion.Await, "Notion answered 408 without saying why"},
		{"408 with a code", coded(408, "request_timeout"), notion.Recover, ""},
		{"409 conflict_error", coded(409, "conflict_error"), notion.Recover, "Notion answered 409 conflict_error"},
		{"409 row_limit_exceeded", coded(409, "row_limit_exceeded"), notion.Permanent, "Notion answered 409 row_limit_exceeded"},
		{"409 of another kind", coded(409, "task_conflict"), notion.Permanent, ""},
		{"409 with a cut body", answer(409, errorBody(409, "conflict_error", "")[:20]), notion.Await, "Notion answered 409 without saying why"},
		{"413 with HTML", edge(413), notion.Repeat, edgeSays(413)},
		{"429 rate_limited", coded(429, "rate_limited"), notion.Repeat, ""},
		{"429 with HTML", edge(429), notion.Repeat, edgeSays(429)},
		{"429 for good", answer(429, errorBody(429, "rate_limited", `"rate_limit_reason":"public_api_request_blocked"`)), notion.Permanent, ""},
		{"529 service_overload", coded(529, "service_overload"), notion.Repeat, ""},
		{"529 with HTML", edge(529), notion.Repeat, edgeSays(529)},
		{"500 internal_server_error", coded(500, "internal_server_error"), notion.Recover, ""},
		{"500 with HTML", edge(500), notion.Await, edgeSays(500)},
		{"500 with additional data of another kind", answer(500, strings.Replace(errorBody(500, "internal_server_error", ""), "{}", "[1]", 1)), notion.Recover, ""},
		{"502 bad_gateway", coded(502, "bad_gateway"), notion.Await, "Notion answered 502 bad_gateway"},
		{"502 with HTML", edge(502), notion.Await, edgeSays(502)},
		{"503 service_unavailable", coded(503, "service_unavailable"), notion.Recover, ""},
		{"503 database_connection_unavailable", coded(503, "database_connection_unavailable"), notion.Recover, ""},
		{"503 with HTML", edge(503), notion.Await, edgeSays(503)},
		{"504 gateway_timeout", coded(504, "gateway_timeout"), notion.Await, ""},
		{"504 with HTML", edge(504), notion.Await, edgeSays(504)},
		{"504 with a cut body", answer(504, errorBody(504, "gateway_timeout", "")[:20]), notion.Await, "Notion answered 504 without saying why"},
		{"522 of the edge", edge(522), notion.Await, edgeSays(522)},
		{"599", answer(599, ""), notion.Await, ""},
		{"300 with JSON", answer(300, page, "Location", "https://elsewhere.example"), notion.Await, "a redirection (300) was answered in Notion's place"},
		{"301", answer(301, "", "Location", "https://elsewhere.example"), notion.Await, "a redirection (301) was answered in Notion's place"},
		{"302 with HTML to nowhere", edge(302), notion.Await, "a redirection (302) was answered in Notion's place"},
		{"304", answer(304, ""), notion.Await, ""},
		{"307 with JSON", answer(307, page, "Location", "/v1/pages"), notion.Await, "a redirection (307) was answered in Notion's place"},
		{"200 with a cut body", answer(200, page[:10]), notion.Await, "Notion's answer, with status 200, could not be read"},
		{"200 with HTML", edge(200), notion.Await, "Notion's answer, with status 200, could not be read"},
		{"200 of another shape", answer(200, `[]`), notion.Await, "Notion's answer, with status 200, could not be read"},
		{"204", answer(204, ""), notion.Await, "Notion's answer, with status 204, could not be read"},
		{"connection refused", fail(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), notion.Repeat, unreached},
		{"name not found", fail(&net.OpError{Op: "dial", Err: &net.DNSError{IsNotFound: true}}), notion.Repeat, unreached},
		{"dial timeout", fail(&net.OpError{Op: "dial", Err: context.DeadlineExceeded}), notion.Repeat, unreached},
		{"reset while reading", fail(&net.OpError{Op: "read", Err: syscall.ECONNRESET}), notion.Await, unanswered},
		{"reset while writing", fail(&net.OpError{Op: "write", Err: syscall.EPIPE}), notion.Await, unanswered},
		{"end of stream", fail(io.ErrUnexpectedEOF), notion.Await, unanswered},
		{"timeout after sending", fail(context.DeadlineExceeded), notion.Await, unanswered},
		{"anything else", fail(errors.New("?")), notion.Await, unanswered},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := newClient(t, tt.trip).CreatePage(t.Context(), notion.NewPage{PageID: "p"})
			e, ok := errors.AsType[*notion.Error](err)
			if !ok {
				t.Fatalf("got %v, want an *Error", err)
			}
			if got := notion.FateOf(err); got != tt.want {
				t.Errorf("got %v, want %v for %v", got, tt.want, err)
			}
			if got := e.Outcome(); tt.outcome != "" && got != tt.outcome {
				t.Errorf("got %q, want %q for %v", got, tt.outcome, err)
			}
		})
	}
}

// Whoever reads a log of Notion's or of the edge can tell who asked.
func TestRequestsSayWhoSendsThem(t *testing.T) {
	t.Parallel()
	var agents []string
	c := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		agents = append(agents, r.UserAgent())
		return answer(200, `{"object":"page","id":"p1"}`)(r)
	}))
	_, err := c.CreatePage(t.Context(), notion.NewPage{PageID: "p"}) // a request of the library's
	if err := errors.Join(err, c.RenamePage(t.Context(), "p", "x")); err != nil {
		t.Fatal(err)
	}
	for _, agent := range agents {
		if !regexp.MustCompile(`^notion-relay/[a-z0-9][^ ()]*$`).MatchString(agent) || strings.HasSuffix(agent, "/unknown") {
			t.Errorf("got %q, want name and version", agent)
		}
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

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "0.5": 500 * time.Millisecond, "-1": 0, "soon": 0, "1e9": 0, "0.3": 300 * time.Millisecond,
		"999999": 999_999 * time.Second, "1e6": 0,
		"Sat, 01 Jan 2000 00:01:30 GMT": 90 * time.Second, "Fri, 31 Dec 1999 00:00:00 GMT": 0,
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // it is midnight of 2000 in here
				_, err := newClient(t, answer(429, "", "Retry-After", value)).CreatePage(t.Context(), notion.NewPage{PageID: "p"})
				if e, ok := errors.AsType[*notion.Error](err); !ok || e.RetryAfter != want {
					t.Errorf("got %+v, want %s", e, want)
				}
			})
		})
	}
}

// What did not come from a request says nothing of it.
func TestTheFateOfAnyOtherError(t *testing.T) {
	t.Parallel()
	if got := notion.FateOf(errors.New("?")); got != notion.Await {
		t.Errorf("got %v, want %v", got, notion.Await)
	}
	if p := notion.ProblemOf(errors.New("?")); p != nil {
		t.Errorf("got %v", p)
	}
}

// What is no error object of Notion's is told apart in the log.
func TestAnErrorSaysWhatWasAnsweredInItsPlace(t *testing.T) {
	t.Parallel()
	const elsewhere = "https://elsewhere.example"
	for name, tt := range map[string]struct {
		trip roundTrip
		want string
	}{
		"200 with HTML":     {answer(200, "<html>", "Location", elsewhere), "answer of 6 bytes is no JSON"},
		"200 without an id": {answer(200, "{}"), "decode answer: an object has no id"},
		"300":               {answer(300, "{}", "Location", elsewhere), `redirected to "https://elsewhere.example"`},
		"399":               {answer(399, "", "Location", elsewhere), `redirected to "https://elsewhere.example"`},
		"400 with HTML":     {answer(400, "<html>", "Location", elsewhere), "answer of 6 bytes is no JSON"},
		"400 with JSON":     {answer(400, "{}"), "answer is not an error object of Notion's"},
		"no answer":         {fail(io.ErrUnexpectedEOF), "no answer: unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newClient(t, tt.trip).CreatePage(t.Context(), notion.NewPage{PageID: "p"})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want it to say %q", err, tt.want)
			}
		})
	}
}

func TestRequestIDOfAnHTMLErrorComesFromItsHeader(t *testing.T) {
	t.Parallel()
	_, err := newClient(t, answer(502, "<html>", "X-Notion-Request-Id", "req-2", "Cf-Ray", "8a-FRA")).CreatePage(t.Context(), notion.NewPage{PageID: "p"})
	if e, ok := errors.AsType[*notion.Error](err); !ok || e.RequestID != "req-2" || e.Ray != "8a-FRA" {
		t.Errorf("got %v, want request req-2", err)
	}
	if want := "POST /v1/pages: status 502 (request req-2, cf-ray 8a-FRA): "; !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %q, want it to begin with %q", err, want)
	}
}

// Notion may answer with the whole body that it refuses.
func TestALongMessageIsCut(t *testing.T) {
	t.Parallel()
	for length, want := range map[int]string{
		300: strings.Repeat("ä", 300), 301: strings.Repeat("ä", 299) + "…", 100_000: strings.Repeat("ä", 299) + "…",
	} {
		body := strings.Replace(errorBody(400, "validation_error", ""), `"m"`, `"`+strings.Repeat("ä", length)+`"`, 1)
		_, err := newClient(t, answer(400, body)).CreatePage(t.Context(), notion.NewPage{PageID: "p"})
		if e, ok := errors.AsType[*notion.Error](err); !ok || e.Message != want {
			t.Errorf("of %d characters: got %v", length, err)
		}
	}
}

func newClient(t *testing.T, trip http.RoundTripper) *notion.Client {
	t.Helper()
	c, err := notion.New(notion.Options{Token: "t", Log: planted.Log(t), Transport: trip, Jitter: func() float64 { return 0 }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
