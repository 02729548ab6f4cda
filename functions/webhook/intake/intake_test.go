package intake_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"notionrelay/functions/webhook/intake"
	"notionrelay/local/embedded"
	"notionrelay/shared/apigateway"
	"notionrelay/shared/metrics"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
	"notionrelay/test/planted"
)

// bundle is a webhook over a real store and queue that count what reaches them.
type bundle struct {
	*intake.Handler
	runs  *countingRuns
	queue *countingQueue
}

type countingRuns struct {
	*embedded.Runs
	mu      sync.Mutex
	created int
	err     error // of Create
	noHalt  error // of Halt
}

func (c *countingRuns) Create(ctx context.Context, run runs.Run) (runs.Run, bool, error) {
	if c.err != nil {
		return runs.Run{}, false, c.err
	}
	stored, created, err := c.Runs.Create(ctx, run)
	if created {
		c.mu.Lock()
		c.created++
		c.mu.Unlock()
	}
	return stored, created, err
}

func (c *countingRuns) Halt(ctx context.Context) (runs.Halt, error) {
	if c.noHalt != nil {
		return runs.Halt{}, c.noHalt
	}
	return c.Runs.Halt(ctx)
}

type countingQueue struct {
	*embedded.Queue
	mu   sync.Mutex
	sent []queue.Outgoing
	err  error
}

func (c *countingQueue) Send(ctx context.Context, m queue.Outgoing) error {
	if c.err != nil {
		return c.err
	}
	c.mu.Lock()
	c.sent = append(c.sent, m)
	c.mu.Unlock()
	return c.Queue.Send(ctx, m)
}

func setup(t testing.TB, secrets ...string) *bundle {
	t.Helper()
	db, err := embedded.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	b := &bundle{runs: &countingRuns{Runs: db.Runs()}, queue: &countingQueue{Queue: db.Queue("publish", embedded.QueueOptions{FIFO: true, Visibility: time.Minute})}}
	log := planted.Log(t, secrets...)
	b.Handler = &intake.Handler{Runs: b.runs, Queue: b.queue, Auth: newAuth(t, secrets, "key of the status links"), Log: log, Metrics: metrics.Recorder{Function: "webhook", Log: log}}
	return b
}

func newAuth(t testing.TB, secrets []string, statusKeys string) *intake.Auth {
	t.Helper()
	auth, err := intake.NewAuth(secrets, statusKeys)
	if err != nil {
		t.Fatal(err)
	}
	return auth
}

const good = `{"strategyReport":"# Plan","runId":"run-1","email":"x@acme.com"}`

func post(path, body string, header ...string) events.APIGatewayV2HTTPRequest {
	e := event("POST", path, header...)
	e.Headers["content-type"] = "application/json"
	for i := 0; i < len(header); i += 2 {
		e.Headers[strings.ToLower(header[i])] = header[i+1]
	}
	e.Body = body
	return e
}

func event(method, path string, header ...string) events.APIGatewayV2HTTPRequest {
	path, query, _ := strings.Cut(path, "?")
	e := events.APIGatewayV2HTTPRequest{RawPath: path, RawQueryString: query, Headers: map[string]string{"x-forwarded-proto": "https"}}
	for i := 0; i < len(header); i += 2 {
		e.Headers[strings.ToLower(header[i])] = header[i+1]
	}
	e.RequestContext.HTTP.Method = method
	e.RequestContext.RequestID = "req-1"
	e.RequestContext.DomainName = "relay.example"
	return e
}

type answerBody struct {
	Success   bool
	Message   string
	Error     string
	Code      string
	Field     string
	RequestID string
	ReportID  string
	StatusURL string
	Status    string
	Steps     []struct{ Name, Status, URL string }
	Progress  struct{ Done, Total, Percent int }
	Failure   *struct{ Code, Message, NotionRequestID, Remedy string }
	Waiting   *struct {
		For, Reason, Since, Next string

		Attempts int
	}
	Data struct {
		ReportID, Status, ParentPageID, ParentPageURL, BrandedHomepageID, BrandedHomepageURL, ShareableURL, OpenURL, StatusURL, ProcessingTime string

		ChildPages []struct{ ID, URL, Title string }
	}
}

func (b *bundle) do(t testing.TB, e events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, answerBody) {
	t.Helper()
	response, err := apigateway.Function(b.Routes())(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	var body answerBody
	if err := json.Unmarshal([]byte(response.Body), &body); err != nil {
		t.Fatalf("answer %d %q: %v", response.StatusCode, response.Body, err)
	}
	return response, body
}

func TestAReportThatIsTooComplexIsToldWhatToDo(t *testing.T) {
	t.Parallel()
	_, body := setup(t).do(t, post("/reports", `{"strategyReport":"`+strings.Repeat("- a\\n", 60_000)+`"}`))
	if want := "The report is too complex: it would become more than 50,000 blocks. Divide it among several runs."; body.Error != want {
		t.Errorf("got %q, want %q", body.Error, want)
	}
}

func TestWhatIsRefusedLeavesNoTrace(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		event  events.APIGatewayV2HTTPRequest
		status int
		code   string
		field  string
	}{
		{"bad JSON", post("/reports", `{"strategyReport"`), 400, "invalid_json", ""},
		{"an empty body", post("/reports", ``), 400, "invalid_json", ""},
		{"a broken encoding of the gateway", encoded(post("/reports", `???`)), 400, "invalid_json", ""},
		{"no report", post("/reports", `{"email":"x@acme.com"}`), 400, "invalid_payload", ""},
		{"blank reports", post("/api/add-to-notion", `{"strategyReport":" ","comprehensiveReport":""}`), 400, "invalid_payload", ""},
		{"a wrong type", post("/reports", `{"strategyReport":7}`), 400, "invalid_payload", "strategyReport"},
		{"a bad e-mail", post("/reports", `{"strategyReport":"x","email":"nobody"}`), 400, "invalid_payload", "email"},
		{"5 MiB", post("/reports", `{"strategyReport":"`+strings.Repeat("x", 5<<20)+`"}`), 413, "payload_too_large", ""},
		{"a byte over 4 MiB", post("/reports", padded(4<<20+1)), 413, "payload_too_large", ""},
		{"lists without end", post("/reports", `{"strategyReport":"`+strings.Repeat("- a\\n", 60_000)+`"}`), 413, "report_too_complex", ""},
		{"what cannot be packed", post("/reports", `{"strategyReport":"`+noise(3<<20)+`"}`), 413, "payload_too_large", ""},
		{"another type", post("/reports", good, "Content-Type", "text/plain"), 415, "unsupported_media_type", ""},
		{"no type", post("/reports", good, "Content-Type", ""), 415, "unsupported_media_type", ""},
		{"another charset", post("/reports", good, "Content-Type", "application/json; charset=latin1"), 415, "unsupported_media_type", ""},
		{"an encoding", post("/reports", good, "Content-Encoding", "gzip"), 415, "unsupported_media_type", ""},
		{"a long key of a signature", post("/reports", good, "Webhook-Id", strings.Repeat("k", 256)), 400, "invalid_payload", "Webhook-Id"},
		{"a long key", post("/reports", good, "Idempotency-Key", strings.Repeat("k", 256)), 400, "invalid_payload", "Idempotency-Key"},
		{"GET on the collection", event("GET", "/reports"), 405, "method_not_allowed", ""},
		{"POST on a report", post("/reports/rep_1", good), 405, "method_not_allowed", ""},
		{"an unknown path", post("/", good), 404, "not_found", ""},
		{"a path below a report", event("GET", "/reports/a/b"), 404, "not_found", ""},
		{"an unknown report", event("GET", "/reports/"+report.ID("k", "")), 404, "not_found", ""},
		{"what is no report's id", event("GET", "/reports/halt"), 404, "not_found", ""},
		{"nor opens anything", event("GET", "/reports/last-accepted/open"), 404, "not_found", ""},
		{"a run id that no report can have", event("GET", "/api/add-to-notion/status?runId="+strings.Repeat("r", 2000)), 404, "not_found", ""},
		{"an unknown run", event("GET", "/api/add-to-notion/status?runId=x"), 404, "not_found", ""},
		{"no run id", event("GET", "/api/add-to-notion/status"), 400, "invalid_payload", "runId"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			response, body := b.do(t, tt.event)
			if response.StatusCode != tt.status || body.Code != tt.code || body.Field != tt.field {
				t.Errorf("got %d %s on %q, want %d %s on %q", response.StatusCode, body.Code, body.Field, tt.status, tt.code, tt.field)
			}
			if body.Error == "" || body.RequestID != "req-1" {
				t.Errorf("got error %q of request %q", body.Error, body.RequestID)
			}
			if b.runs.created != 0 || len(b.queue.sent) != 0 {
				t.Errorf("got %d records and %d messages, want none", b.runs.created, len(b.queue.sent))
			}
		})
	}
}

func TestPredecessorsSentenceIsKept(t *testing.T) {
	t.Parallel()
	_, body := setup(t).do(t, post("/api/add-to-notion", `{}`))
	if want := "At least one report is required"; body.Error != want {
		t.Errorf("got %q, want %q", body.Error, want)
	}
}

func encoded(e events.APIGatewayV2HTTPRequest) events.APIGatewayV2HTTPRequest {
	e.IsBase64Encoded = true
	return e
}

// padded is a good body of exactly so many bytes.
func padded(size int) string {
	frame := `{"strategyReport":"x","pad":""}`
	return `{"strategyReport":"x","pad":"` + strings.Repeat("p", size-len(frame)) + `"}`
}

// noise is text that no packing makes smaller.
func noise(size int) string {
	var b strings.Builder
	state := uint64(1)
	for b.Len() < size {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		b.WriteString(strconv.FormatUint(state, 36))
	}
	return b.String()
}

func TestAcceptedReportIsRecordedAndQueued(t *testing.T) {
	t.Parallel()
	for _, e := range []events.APIGatewayV2HTTPRequest{
		post("/reports", good),
		post("/reports", good, "Content-Type", `Application/JSON; charset="UTF-8"`),
		encoded(post("/reports", base64.StdEncoding.EncodeToString([]byte(good)))),
		post("/reports", padded(4<<20)),
		post("/api/add-to-notion", good, "Prefer", "wait=0"),
	} {
		b := setup(t)
		response, body := b.do(t, e)
		want := 202
		if e.RawPath == "/api/add-to-notion" {
			want = 200
		}
		if response.StatusCode != want || !body.Success || body.Data.Status != "queued" || body.Data.ParentPageID != "" {
			t.Fatalf("got %d %+v", response.StatusCode, body)
		}
		if want := "https://relay.example/reports/" + body.Data.ReportID; body.Data.StatusURL != want || response.Headers["Location"] != want {
			t.Errorf("got status URL %q and location %q, want %q", body.Data.StatusURL, response.Headers["Location"], want)
		}
		message, err := queue.Decode(b.queue.sent[0].Body)
		if err != nil || message.ReportID != body.Data.ReportID || message.Kind != queue.Publish || message.Payload.Reports["strategyReport"] == "" {
			t.Errorf("got message %+v, %v", message, err)
		}
		if b.queue.sent[0].Group != queue.PublishGroup {
			t.Errorf("got message group %q", b.queue.sent[0].Group)
		}
		run, err := b.runs.Get(t.Context(), body.Data.ReportID)
		if err != nil || run.Status != runs.Queued {
			t.Errorf("got run %+v, %v", run, err)
		}
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, first := b.do(t, post("/reports", good))
	_, again := b.do(t, post("/reports", strings.Replace(good, "{", `{"metadata":{"generatedAt":"now"},`, 1)))
	_, other := b.do(t, post("/reports", strings.Replace(good, "Plan", "Plot", 1)))
	if first.Data.ReportID != again.Data.ReportID || first.Data.ReportID == other.Data.ReportID {
		t.Errorf("got ids %s, %s and %s", first.Data.ReportID, again.Data.ReportID, other.Data.ReportID)
	}
	_, keyed := b.do(t, post("/reports", good, "Idempotency-Key", "k"))
	response, same := b.do(t, post("/reports", good, "Idempotency-Key", "k"))
	if keyed.Data.ReportID == first.Data.ReportID || keyed.Data.ReportID != same.Data.ReportID || response.StatusCode != 202 {
		t.Errorf("got ids %s and %s with a key, %d", keyed.Data.ReportID, same.Data.ReportID, response.StatusCode)
	}
	if response, body := b.do(t, post("/reports", strings.Replace(good, "Plan", "Plot", 1), "Idempotency-Key", "k")); response.StatusCode != 422 || body.Code != "idempotency_mismatch" {
		t.Errorf("got %d %s for a key with another body", response.StatusCode, body.Code)
	}
}

func (b *bundle) change(t testing.TB, id string, change func(*runs.Run)) {
	t.Helper()
	run, err := b.runs.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	change(&run)
	if err := b.runs.Save(t.Context(), &run); err != nil {
		t.Fatal(err)
	}
}

func TestAnUnavailableServiceSaysSoAndAcceptsNothing(t *testing.T) {
	t.Parallel()
	for name, breakIt := range map[string]func(*bundle){
		"table": func(b *bundle) { b.runs.err = errors.New("no table") },
		"queue": func(b *bundle) { b.queue.err = errors.New("no queue") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			breakIt(b)
			response, body := b.do(t, post("/reports", good))
			if response.StatusCode != 503 || body.Code != "unavailable" || response.Headers["Retry-After"] == "" {
				t.Errorf("got %d %+v", response.StatusCode, body)
			}
			b.runs.err, b.queue.err = nil, nil
			if response, _ := b.do(t, post("/reports", good)); response.StatusCode != 202 || len(b.queue.sent) != 1 {
				t.Errorf("sent again it got %d and %d messages, want 202 and 1", response.StatusCode, len(b.queue.sent))
			}
		})
	}
}

func TestACallerWaitsForThePages(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		path       string
		prefer     string
		published  time.Duration // after the post; 0 is never
		wantStatus int
		wantWaited time.Duration // to the second
	}{
		{"published in time", "/reports", "wait=10", 3 * time.Second, 200, 3 * time.Second},
		{"not published in time", "/reports", "respond-async, wait=10", 0, 202, 9 * time.Second},
		{"at most 25 s", "/reports", "wait=1000", 0, 202, 24 * time.Second},
		{"the predecessor's path waits by itself", "/api/add-to-notion", "", 20 * time.Second, 200, 20 * time.Second},
		{"nonsense is no wait", "/reports", "wait=soon", 0, 202, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t)
				_, body := b.do(t, post("/reports", good))
				if tt.published > 0 {
					timer := time.AfterFunc(tt.published, func() { b.change(t, body.Data.ReportID, publishNow) })
					defer timer.Stop()
				}
				started := time.Now()
				response, body := b.do(t, post(tt.path, good, "Prefer", tt.prefer))
				if waited := time.Since(started).Truncate(time.Second); response.StatusCode != tt.wantStatus || waited != tt.wantWaited {
					t.Errorf("got %d after %s, want %d after %s", response.StatusCode, waited, tt.wantStatus, tt.wantWaited)
				}
				if tt.wantStatus == 200 && body.Data.ShareableURL != "https://notion.so/22222222" {
					t.Errorf("got shareable URL %q", body.Data.ShareableURL)
				}
			})
		})
	}
}

// publishNow is what the publisher leaves in the record.
func publishNow(run *runs.Run) {
	run.Status, run.PublishedAt = runs.Published, run.AcceptedAt.Add(1234*time.Millisecond)
	run.Steps = []runs.Step{
		{Name: "row", Done: 1, Total: 1, ID: "1111-1111"},
		{Name: "homepage", Done: 1, Total: 1, ID: "2222-2222"},
		{Name: "strategy-report", Title: "Strategy Report", Done: 2, Total: 4, IntendedAt: run.AcceptedAt, ID: "3333-3333"},
		{Name: "homepage-content", Total: 1},
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, accepted := b.do(t, post("/reports", good))
	b.change(t, accepted.Data.ReportID, publishNow)
	response, body := b.do(t, event("GET", "/reports/"+accepted.Data.ReportID))
	if response.StatusCode != 200 || body.Status != "published" || body.Progress.Done != 4 || body.Progress.Total != 7 || body.Progress.Percent != 57 {
		t.Errorf("got %d %+v", response.StatusCode, body)
	}
	var steps []string
	for _, s := range body.Steps {
		steps = append(steps, s.Name+" "+s.Status)
	}
	if got, want := strings.Join(steps, ", "), "row done, homepage done, strategy-report running, homepage-content pending"; got != want {
		t.Errorf("got steps %q, want %q", got, want)
	}
	d := body.Data
	if d.ParentPageID != "1111-1111" || d.ParentPageURL != "https://notion.so/11111111" || d.BrandedHomepageID != "2222-2222" || len(d.ChildPages) != 1 || d.ChildPages[0].Title != "Strategy Report" || d.ProcessingTime != "1234ms" {
		t.Errorf("got data %+v", d)
	}

	b.change(t, accepted.Data.ReportID, func(run *runs.Run) {
		run.Status, run.Failures = runs.Failed, []runs.Failure{{Code: "validation_error", Message: "m", Step: "strategy-report", NotionRequestID: "n"}}
	})
	_, body = b.do(t, event("GET", "/api/add-to-notion/status?runId=run-1"))
	if body.Status != "failed" || body.Failure == nil || body.Failure.NotionRequestID != "n" || body.Steps[2].Status != "failed" {
		t.Errorf("got %+v", body)
	}
}

// BenchmarkAccept is the acknowledgement without waiting, over the embedded
// store in a file.
func BenchmarkAccept(b *testing.B) {
	db, err := embedded.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	h := &intake.Handler{Runs: db.Runs(), Queue: db.Queue("publish", embedded.QueueOptions{FIFO: true, Visibility: time.Minute}), Auth: newAuth(b, nil, ""), Log: planted.Log(b)}
	text := strings.Repeat("All of it. ", 6000)
	for i := 0; b.Loop(); i++ {
		response, err := apigateway.Function(h.Routes())(b.Context(), post("/reports", fmt.Sprintf(`{"strategyReport":"%d %s"}`, i, text)))
		if err != nil || response.StatusCode != 202 {
			b.Fatal(response, err)
		}
	}
}
