package intake_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"notionrelay/shared/apigateway"
	"notionrelay/shared/runs"
	"notionrelay/test/golden"
)

// TestAnswersAreThoseOfTheContract pins every word that a caller's program gets.
func TestAnswersAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	var got bytes.Buffer
	synctest.Test(t, func(t *testing.T) { story(t, &got) })
	golden.Compare(t, "testdata/answers.txt", got.String())
}

// story is a report's way, each answer on it written down.
func story(t *testing.T, got *bytes.Buffer) {
	t.Helper()
	b := setup(t, secret)
	tell := func(what string, e events.APIGatewayV2HTTPRequest) {
		fmt.Fprintf(got, "## %s\n\n", what)
		e.Headers["x-api-key"] = secret
		b.tell(t, got, e)
	}
	report := "/reports/" + reportID(t, b)
	publishing := func(run *runs.Run) {
		run.Status, run.Failures, run.Steps = runs.Publishing, nil, []runs.Step{{Name: "row", Done: 1, Total: 1, ID: "1111-1111", At: run.AcceptedAt}}
	}
	tell("accepted", post("/reports", good))
	tell("accepted, the pages not in time on the predecessor's path", post("/api/add-to-notion", good))
	b.change(t, reportID(t, b), func(run *runs.Run) {
		publishing(run)
		run.Waits = []runs.Wait{{Kind: "publish", Reason: "Notion does not answer: connection refused", Attempts: 3, Since: run.AcceptedAt, Next: run.AcceptedAt.Add(time.Minute)}}
	})
	tell("waiting", event("GET", report))
	if err := b.runs.SetHalt(t.Context(), runs.Halt{Code: "unauthorized", Reason: "Notion refuses the token", Since: time.Now(), Next: time.Now().Add(time.Minute), Probes: 1}); err != nil {
		t.Fatal(err)
	}
	tell("everyone waits", event("GET", report+"/open"))
	b.fail(t, time.Second)
	tell("failed while the caller waits", post("/reports", good, "Prefer", "wait=25"))
	tell("failed", event("GET", report))
	tell("sent again without waiting", post("/reports", good))
	b.change(t, reportID(t, b), publishNow)
	tell("published", post("/api/add-to-notion", good))
	tell("its link", event("GET", report+"/open"))
	tell("refused", post("/reports", `{"strategyReport":"x","email":"nobody"}`))
	tell("unknown", event("GET", "/reports/"+unknown))
	b.runs.err = fmt.Errorf("no table")
	tell("unavailable", post("/reports", good))
}

// reportID is the id of the good report.
func reportID(t *testing.T, b *bundle) string {
	t.Helper()
	_, accepted := b.do(t, post("/reports", good, "X-Api-Key", secret))
	return accepted.Data.ReportID
}

// fail lets the report fail after a while.
func (b *bundle) fail(t *testing.T, after time.Duration) {
	t.Helper()
	id := reportID(t, b)
	time.AfterFunc(after, func() {
		b.change(t, id, func(run *runs.Run) {
			run.Waits, run.UpdatedAt = nil, time.Now()
			run.Fail(runs.Failure{Kind: "publish", Code: "in_trash", Message: "A page of the report is in Notion's trash.", Step: "row", NotionRequestID: "n-1", Remedy: "Restore it."})
		})
	})
}

// tell writes an answer down: its status, its headers, its body.
func (b *bundle) tell(t *testing.T, into *bytes.Buffer, e events.APIGatewayV2HTTPRequest) {
	t.Helper()
	answer, err := apigateway.Function(b.Routes())(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(into, "%s %s: %d\n", e.RequestContext.HTTP.Method, e.RawPath, answer.StatusCode)
	for _, name := range slices.Sorted(maps.Keys(answer.Headers)) {
		fmt.Fprintf(into, "%s: %s\n", name, answer.Headers[name])
	}
	if answer.Body != "" {
		into.WriteString("\n")
		if err := json.Indent(into, []byte(strings.TrimSpace(answer.Body)), "", "  "); err != nil {
			t.Fatal(err)
		}
		into.WriteString("\n")
	}
	into.WriteString("\n")
}
