package intake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/google/go-cmp/cmp"

	"notionrelay/functions/webhook/intake"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
)

func TestTheDocumentHasTheRoutesOfTheHandler(t *testing.T) {
	t.Parallel()
	parameter := regexp.MustCompile(`\{\w+\}`)
	var documented, exist []string
	for _, o := range openDocument(t).operations() {
		documented = append(documented, parameter.ReplaceAllString(o.Method+" "+o.Path, "{}"))
	}
	for _, e := range intake.Endpoints() {
		exist = append(exist, parameter.ReplaceAllString(e, "{}"))
	}
	slices.Sort(exist)
	slices.Sort(documented)
	if diff := cmp.Diff(exist, documented); diff != "" {
		t.Errorf("routes (-handler +document):\n%s", diff)
	}
}

// Every answer of the handler is one of the document, and every answer of the
// document is seen here, with every code and every property.
func TestTheDocumentHasTheAnswersOfTheHandler(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := openDocument(t)
		d.story(t)
		answers := map[string]bool{}
		for _, o := range d.operations() {
			for status := range o.Operation.Responses.Map() {
				if status != "429" { // that is API Gateway's
					answers[o.Method+" "+o.Path+" "+status] = true
				}
			}
		}
		if diff := cmp.Diff(answers, d.seen); diff != "" {
			t.Errorf("answers (-document +handler):\n%s", diff)
		}
		if diff := cmp.Diff(intake.ErrorCodes(), d.codes()); diff != "" {
			t.Errorf("codes (-handler +document):\n%s", diff)
		}
		if diff := cmp.Diff(intake.ErrorCodes(), d.codesSeen); diff != "" {
			t.Errorf("codes (-handler +seen):\n%s", diff)
		}
		if diff := cmp.Diff(d.properties(), d.propertiesSeen); diff != "" {
			t.Errorf("properties (-document +handler):\n%s", diff)
		}
	})
}

// story has every kind of answer.
func (d *document) story(t *testing.T) {
	t.Helper()
	d.refusals(t)
	b := setup(t, secret)
	id := reportID(t, b)
	address, byRun := "/reports/"+id, "/api/add-to-notion/status?runId=run-1"
	prefer := func(wait string) []string { return []string{"X-Api-Key", secret, "Prefer", wait} }
	d.wants(t, b, 202, "POST /reports", good, "Authorization", "Bearer "+secret)
	d.wants(t, b, 202, "POST /reports", good, sign(t, secret, "msg-1", time.Now(), good)...)
	d.wants(t, b, 422, "POST /reports", strings.Replace(good, "Plan", "Plot", 1), sign(t, secret, "msg-1", time.Now(), strings.Replace(good, "Plan", "Plot", 1))...)
	d.wants(t, b, 200, "POST /api/add-to-notion", good, prefer("wait=0")...)
	d.wants(t, b, 200, "GET "+address, "", "Accept", "text/html", "X-Api-Key", secret)
	b.change(t, id, func(run *runs.Run) {
		run.Waits = []runs.Wait{{Kind: "publish", Reason: "Notion does not answer.", Attempts: 3, Since: run.AcceptedAt, Next: run.AcceptedAt.Add(time.Minute)}}
		run.Steps = []runs.Step{{Name: "row", Done: 1, Total: 1, ID: "1111-1111", At: run.AcceptedAt}}
		run.Warnings = []string{"Something is missing."}
	})
	d.wants(t, b, 200, "GET "+address, "", "X-Api-Key", secret)
	if err := b.runs.SetPause(t.Context(), runs.Pause{Reason: "Moving house.", Since: time.Now()}); err != nil {
		t.Fatal(err)
	}
	d.wants(t, b, 200, "GET "+address+"/open", "", "X-Api-Key", secret)
	for _, path := range []string{"/reports", "/api/add-to-notion"} {
		b.change(t, id, func(run *runs.Run) { run.Status, run.Failures = runs.Queued, nil })
		b.fail(t, time.Second)
		d.wants(t, b, 502, "POST "+path, good, prefer("wait=25")...)
	}
	d.wants(t, b, 200, "GET "+byRun, "", "X-Api-Key", secret)
	b.change(t, id, publishNow)
	d.wants(t, b, 200, "POST /reports", good, prefer("wait=25")...)
	status := d.wants(t, b, 200, "POST /api/add-to-notion", good, "X-Api-Key", secret)
	link, err := url.Parse(status.Header().Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	d.wants(t, b, 200, "GET "+link.RequestURI(), "")
	d.wants(t, b, 302, "GET "+strings.Replace(link.RequestURI(), "?", "/open?", 1), "")
}

// refusals are what any caller may meet at any address.
func (d *document) refusals(t *testing.T) {
	t.Helper()
	for _, o := range d.operations() {
		b, path, body := setup(t, secret), strings.Replace(o.Path, "{reportId}", report.ID("k", ""), 1), ""
		if o.Method == "POST" {
			body = good
		}
		d.wants(t, b, 401, o.Method+" "+path+"?runId=x", body)
		d.wants(t, b, 405, "DELETE "+path, "", "X-Api-Key", secret)
		d.wants(t, b, 400, o.Method+" "+path+"?runId=x", body, "X-Api-Key", secret, "Host", "no host")
		b.Runs = brokenRuns{b.runs}
		d.wants(t, b, 503, o.Method+" "+path+"?runId=x", body, "X-Api-Key", secret)
		b.Runs = b.runs
		if o.Method == "GET" {
			d.wants(t, b, 404, "GET "+path+"?runId=x", "", "X-Api-Key", secret)
			d.wants(t, b, 404, "GET "+path+"?runId=x", "", "X-Api-Key", secret, "Accept", "text/html")
			continue
		}
		d.wants(t, b, 400, "POST "+path, `{"strategyReport"`, "X-Api-Key", secret)
		d.wants(t, b, 413, "POST "+path, padded(4<<20+1), "X-Api-Key", secret)
		d.wants(t, b, 413, "POST "+path, `{"strategyReport":"`+strings.Repeat("- a\\n", 60_000)+`"}`, "X-Api-Key", secret)
		d.wants(t, b, 415, "POST "+path, good, "X-Api-Key", secret, "Content-Type", "text/plain")
		d.wants(t, b, 422, "POST "+path, strings.Replace(good, "Plan", o.Path, 1), "X-Api-Key", secret, "Idempotency-Key", usedKey(t, b))
	}
}

// usedKey is an Idempotency-Key that a report has.
func usedKey(t *testing.T, b *bundle) string {
	t.Helper()
	if _, body := b.do(t, post("/reports", good, "X-Api-Key", secret, "Idempotency-Key", "k")); !body.Success {
		t.Fatal(body)
	}
	return "k"
}

// brokenRuns is a table that does not answer.
type brokenRuns struct{ intake.Store }

var errBroken = errors.New("no table")

func (brokenRuns) Create(context.Context, runs.Run) (runs.Run, bool, error) {
	return runs.Run{}, false, errBroken
}
func (brokenRuns) Get(context.Context, string) (runs.Run, error)    { return runs.Run{}, errBroken }
func (brokenRuns) Latest(context.Context, string) (runs.Run, error) { return runs.Run{}, errBroken }

func TestHandlerAndDocumentTakeTheSameRequests(t *testing.T) {
	t.Parallel()
	d := openDocument(t)
	b := setup(t, secret)
	for _, tt := range []struct {
		body string
		want int
		key  string // Idempotency-Key
	}{
		{`{"strategyReport":"x"}`, 202, ""},
		{`{"strategyReport":"x"}`, 202, strings.Repeat("k", 255)},
		{`{"strategyReport":"x"}`, 400, strings.Repeat("k", 256)},
		{`{"comprehensiveReport":"x","strategyReport":" "}`, 202, ""},
		{`{"strategyReport":"x","comprehensiveReport":null,"email":null,"runId":null,"accountId":null,"metadata":null,"quotes":null}`, 202, ""},
		{`{"strategyReport":"x","email":"","runId":"","clientType":7,"metadata":{"reportType":null,"more":[1]}}`, 202, ""},
		{`{"strategyReport":"x","email":"a.b+c@d-e.example","quotes":[{"text":"q","category":null,"relevanceScore":0},{"text":"","relevanceScore":1,"more":{}}]}`, 202, ""},
		{`{"strategyReport":"x","runId":"` + strings.Repeat("ü", 200) + `"}`, 202, ""},
		{`{}`, 400, ""},
		{`[]`, 400, ""},
		{`{"strategyReport":" \n","comprehensiveReport":""}`, 400, ""},
		{`{"strategyReport":7}`, 400, ""},
		{`{"strategyReport":"x","comprehensiveReport":[]}`, 400, ""},
		{`{"strategyReport":"x","email":"` + strings.Repeat("a", 60) + `@` + strings.Repeat("b", 40) + `"}`, 400, ""},
		{`{"strategyReport":"x","email":true}`, 400, ""},
		{`{"strategyReport":"x","runId":7}`, 400, ""},
		{`{"strategyReport":"x","runId":"` + strings.Repeat("ü", 201) + `"}`, 400, ""},
		{`{"strategyReport":"x","accountId":{}}`, 400, ""},
		{`{"strategyReport":"x","metadata":[]}`, 400, ""},
		{`{"strategyReport":"x","metadata":{"reportType":7}}`, 400, ""},
		{`{"strategyReport":"x","quotes":{}}`, 400, ""},
		{`{"strategyReport":"x","quotes":[null]}`, 400, ""},
		{`{"strategyReport":"x","quotes":[{"category":"c"}]}`, 400, ""},
		{`{"strategyReport":"x","quotes":[{"text":null}]}`, 400, ""},
		{`{"strategyReport":"x","quotes":[{"text":"q","theme":7}]}`, 400, ""},
		{`{"strategyReport":"x","quotes":[{"text":"q","relevanceScore":1.1}]}`, 400, ""},
		{`{"strategyReport":"x","quotes":[{"text":"q","relevanceScore":"1"}]}`, 400, ""},
		{`{"strategyReport":"x","quotes":[` + strings.Repeat(`{"text":"q"},`, 5000) + `{"text":"q"}]}`, 400, ""},
	} {
		header := []string{"X-Api-Key", secret, "Idempotency-Key", tt.key}
		r := request("POST /reports", tt.body, header...)
		allowed := openapi3filter.ValidateRequest(t.Context(), d.input(t, r, tt.body))
		d.wants(t, b, tt.want, "POST /reports", tt.body, header...)
		if (allowed == nil) != (tt.want == 202) {
			t.Errorf("%.100s is answered %d, and the document says %v", tt.body, tt.want, allowed)
		}
	}
}

// document is docs/openapi.yaml, read so that no answer may have more in it than
// the document names, with what was seen of it.
type document struct {
	*openapi3.T
	seen           map[string]bool // method, path and status
	codesSeen      map[string]int
	propertiesSeen map[string]bool
}

func openDocument(t *testing.T) *document {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../../../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Fatal(err)
	}
	d := &document{doc, map[string]bool{}, map[string]int{}, map[string]bool{}}
	d.eachOfAnswers(func(s *openapi3.Schema) {
		nothing := false
		s.AdditionalProperties.Has = &nothing
	})
	return d
}

// eachOfAnswers visits every object that answers have.
func (d *document) eachOfAnswers(visit func(s *openapi3.Schema)) {
	var walk func(ref *openapi3.SchemaRef)
	walk = func(ref *openapi3.SchemaRef) {
		if ref == nil || ref.Value == nil {
			return
		}
		if ref.Value.Type.Is("object") {
			visit(ref.Value)
		}
		walk(ref.Value.Items)
		for _, property := range ref.Value.Properties {
			walk(property)
		}
	}
	for _, name := range []string{"Accepted", "Status", "Error"} {
		walk(d.Components.Schemas[name])
	}
}

func (d *document) properties() map[string]bool {
	names := map[string]bool{}
	d.eachOfAnswers(func(s *openapi3.Schema) {
		for name := range s.Properties {
			names[name] = true
		}
	})
	return names
}

// codes are those of the document's errors, with their status.
func (d *document) codes() map[string]int {
	codes := map[string]int{}
	for _, o := range d.operations() {
		for status, response := range o.Operation.Responses.Map() {
			media := response.Value.Content.Get("application/json")
			if media == nil {
				continue
			}
			for _, part := range media.Schema.Value.AllOf {
				for _, code := range codesOf(part) {
					codes[code], _ = strconv.Atoi(status)
				}
			}
		}
	}
	return codes
}

// codesOf are the codes that a part of an answer's schema allows.
func codesOf(part *openapi3.SchemaRef) (codes []string) {
	code, ok := part.Value.Properties["code"]
	if !ok {
		return nil
	}
	for _, one := range code.Value.Enum {
		codes = append(codes, one.(string))
	}
	if only, ok := code.Value.Const.(string); ok {
		codes = append(codes, only)
	}
	return codes
}

func (d *document) operations() (all []*routers.Route) {
	for _, path := range slices.Sorted(maps.Keys(d.Paths.Map())) {
		item := d.Paths.Value(path)
		for method, operation := range item.Operations() {
			all = append(all, &routers.Route{Spec: d.T, Path: path, PathItem: item, Method: method, Operation: operation})
		}
	}
	return all
}

// input is a request for the validator. One with a method that the document does
// not have belongs to the operation of its address.
func (d *document) input(t *testing.T, r *http.Request, body string) *openapi3filter.RequestValidationInput {
	t.Helper()
	r = r.Clone(t.Context())
	r.Body = io.NopCloser(strings.NewReader(body))
	for _, o := range d.operations() {
		address := regexp.MustCompile("^" + strings.Replace(o.Path, "{reportId}", "([^/]+)", 1) + "$").FindStringSubmatch(r.URL.Path)
		if address == nil {
			continue
		}
		in := &openapi3filter.RequestValidationInput{Request: r, Route: o, PathParams: map[string]string{}, Options: &openapi3filter.Options{
			IncludeResponseStatus: true, AuthenticationFunc: carries,
		}}
		if len(address) > 1 {
			in.PathParams["reportId"] = address[1]
		}
		return in
	}
	t.Fatalf("the document has no %s", r.URL.Path)
	return nil
}

// carries tells whether a request has what a security scheme asks for.
func carries(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	r, scheme := in.RequestValidationInput.Request, in.SecurityScheme
	has := strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch scheme.In {
	case "header":
		has = r.Header.Get(scheme.Name) != ""
	case "query":
		has = r.URL.Query().Has(scheme.Name)
	}
	if !has {
		return errors.New("the request has no " + in.SecuritySchemeName)
	}
	return nil
}

func request(target, body string, header ...string) *http.Request {
	method, target, _ := strings.Cut(target, " ")
	r := httptest.NewRequest(method, "https://relay.example"+target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// wants sends a request and expects an answer of that status, which the document
// has; if it is no refusal, the document must have had nothing against the
// request.
func (d *document) wants(t *testing.T, b *bundle, status int, target, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := request(target, body, header...)
	answer := httptest.NewRecorder()
	b.Routes().ServeHTTP(answer, r)
	if answer.Code != status {
		t.Errorf("%s %.100s: got %d %s, want %d", target, body, answer.Code, answer.Body, status)
	}
	in := d.input(t, r, body)
	if err := openapi3filter.ValidateRequest(t.Context(), in); err != nil && status < 400 {
		t.Errorf("%s %.100s is answered %d, but the document does not allow it: %v", target, body, status, err)
	}
	isPage := strings.HasPrefix(answer.Header().Get("Content-Type"), "text/html")
	err := openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: status, Header: answer.Header(), Body: io.NopCloser(bytes.NewReader(answer.Body.Bytes())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: isPage},
	})
	if err != nil {
		t.Errorf("the document does not have the answer to %s %.100s: %v", target, body, err)
	}
	d.seen[fmt.Sprintf("%s %s %d", in.Route.Method, in.Route.Path, status)] = true
	if !isPage && answer.Body.Len() > 0 {
		d.remember(t, status, answer.Body.Bytes())
	}
	return answer
}

// remember notes what an answer has in it.
func (d *document) remember(t *testing.T, status int, answer []byte) {
	t.Helper()
	var body any
	if err := json.Unmarshal(answer, &body); err != nil {
		t.Fatal(err)
	}
	if code, ok := body.(map[string]any)["code"].(string); ok && status >= 400 {
		d.codesSeen[code] = status
	}
	var walk func(value any)
	walk = func(value any) {
		switch v := value.(type) {
		case map[string]any:
			for name, inner := range v {
				d.propertiesSeen[name] = true
				walk(inner)
			}
		case []any:
			for _, inner := range v {
				walk(inner)
			}
		}
	}
	walk(body)
}
