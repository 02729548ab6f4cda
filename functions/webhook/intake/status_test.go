package intake_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"notionrelay/shared/apigateway"
	"notionrelay/shared/runs"
)

// secret is one that NewAuth takes.
const secret = "a secret of the tests"

// get is a GET request's answer, whatever it holds.
func (b *bundle) get(t testing.TB, path string, header ...string) events.APIGatewayV2HTTPResponse {
	t.Helper()
	response, err := apigateway.Function(b.Routes())(t.Context(), event("GET", path, header...))
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func TestTheOpenLinkLeadsToTheHomepageOnceItIsThere(t *testing.T) {
	t.Parallel()
	b := setup(t, secret)
	_, accepted := b.do(t, post("/reports", good, "X-Api-Key", secret))
	link := strings.TrimPrefix(accepted.Data.OpenURL, "https://relay.example")
	if !strings.HasPrefix(link, "/reports/"+accepted.Data.ReportID+"/open?token=") {
		t.Fatalf("got the link %q", accepted.Data.OpenURL)
	}

	if page := b.get(t, link, "Accept", "text/html"); page.StatusCode != 200 || !strings.Contains(page.Body, "Report queued") || !strings.Contains(page.Body, `http-equiv="refresh"`) {
		t.Errorf("until then a browser got %d %s", page.StatusCode, page.Body)
	}
	if response, body := b.do(t, event("GET", link)); response.StatusCode != 200 || body.Status != "queued" || body.Data.OpenURL != accepted.Data.OpenURL {
		t.Errorf("until then a program got %d %+v", response.StatusCode, body)
	}
	b.change(t, accepted.Data.ReportID, func(run *runs.Run) {
		run.Status, run.Steps = runs.Publishing, []runs.Step{{Name: "homepage", ID: "9999", Done: 1, Total: 1}}
	})
	if page := b.get(t, link, "Accept", "text/html"); page.StatusCode != 200 {
		t.Errorf("a homepage that may still be begun anew got %d to %s", page.StatusCode, page.Headers["Location"])
	}

	b.change(t, accepted.Data.ReportID, publishNow)
	open := b.get(t, link, "Accept", "text/html")
	want := map[string]string{"Location": "https://notion.so/22222222", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
	if diff := cmp.Diff(want, open.Headers); open.StatusCode != 302 || diff != "" {
		t.Errorf("got %d, headers (-want +got):\n%s", open.StatusCode, diff)
	}
	b.change(t, accepted.Data.ReportID, func(run *runs.Run) { run.Fail(runs.Failure{Kind: "quotes", Code: "c", Message: "m"}) })
	if open := b.get(t, link); open.StatusCode != 302 {
		t.Errorf("when its quotes have failed it got %d, want 302", open.StatusCode)
	}
}

func TestOneTokenOpensStatusAndReport(t *testing.T) {
	t.Parallel()
	b := setup(t, secret)
	_, accepted := b.do(t, post("/reports", good, "X-Api-Key", secret))
	_, statusToken, _ := strings.Cut(accepted.Data.StatusURL, "?")
	open, openToken, _ := strings.Cut(strings.TrimPrefix(accepted.Data.OpenURL, "https://relay.example"), "?")
	if statusToken != openToken || statusToken == "" {
		t.Errorf("got the tokens %q and %q", statusToken, openToken)
	}
	for name, path := range map[string]string{"no token": open, "an empty token": open + "?token=", "a cut token": open + "?" + openToken[:len(openToken)-1]} {
		if response, body := b.do(t, event("GET", path)); response.StatusCode != 401 || body.Code != "unauthorized" {
			t.Errorf("%s got %d %+v", name, response.StatusCode, body)
		}
		page := b.get(t, path, "Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
		if page.StatusCode != 401 || page.Headers["Content-Type"] != "text/html; charset=utf-8" || !strings.Contains(page.Body, "<h1>") {
			t.Errorf("%s got a browser %d %s", name, page.StatusCode, page.Body)
		}
	}
	if response := b.get(t, open, "X-Api-Key", secret); response.StatusCode != 200 {
		t.Errorf("a caller got %d", response.StatusCode)
	}
}

func TestWaitingIsToldUntilTheEnd(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	waits := []runs.Wait{
		{Kind: "texts", Reason: "Notion refuses for now", Attempts: 5, Since: since, Next: since.Add(time.Hour)},
		{Kind: "publish", Reason: "Notion does not answer: connection refused", Attempts: 3, Since: since.Add(time.Minute), Next: since.Add(2 * time.Minute)},
	}
	halt := runs.Halt{Code: "token_refused", Reason: "Notion refuses the token", Remedy: "Store a valid one.", Since: since, Next: since.Add(time.Minute), Probes: 4}
	for _, tt := range []struct {
		name   string
		status runs.Status
		waits  []runs.Wait
		halt   runs.Halt
		noHalt error
		want   string
	}{
		{"nothing", runs.Publishing, nil, runs.Halt{Suspect: "rep_1"}, nil, ""},
		{"its own wait, the one that ends first", runs.Publishing, waits, runs.Halt{}, nil, "run: Notion does not answer: connection refused, 3, 2026-11-25T09:01:00Z, 2026-11-25T09:02:00Z"},
		{"a halt", runs.Queued, nil, halt, nil, "everyone: Notion refuses the token, 4, 2026-11-25T09:00:00Z, 2026-11-25T09:01:00Z"},
		{"a halt before its own wait", runs.Published, waits, halt, nil, "everyone: Notion refuses the token, 4, 2026-11-25T09:00:00Z, 2026-11-25T09:01:00Z"},
		{"a halt that cannot be read", runs.Queued, nil, halt, errors.New("no table"), ""},
		{"its own wait then", runs.Published, waits[:1], halt, errors.New("no table"), "run: Notion refuses for now, 5, 2026-11-25T09:00:00Z, 2026-11-25T10:00:00Z"},
		{"complete", runs.Complete, waits, halt, nil, ""},
		{"failed", runs.Failed, waits, halt, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			_, accepted := b.do(t, post("/reports", good))
			b.change(t, accepted.Data.ReportID, func(run *runs.Run) { run.Status, run.Waits = tt.status, tt.waits })
			if err := b.runs.SetHalt(t.Context(), tt.halt); err != nil {
				t.Fatal(err)
			}
			b.runs.noHalt = tt.noHalt
			response, body := b.do(t, event("GET", "/reports/"+accepted.Data.ReportID))
			if response.StatusCode != 200 {
				t.Errorf("got %d", response.StatusCode)
			}
			if got := waitingOf(body); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAPauseIsToldBeforeAHalt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, accepted := b.do(t, post("/reports", good))
	since := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	if err := errors.Join(b.runs.SetHalt(t.Context(), runs.Halt{Reason: "Notion refuses the token", Since: since}), b.runs.SetPause(t.Context(), runs.Pause{Since: since})); err != nil {
		t.Fatal(err)
	}
	_, body := b.do(t, event("GET", "/reports/"+accepted.Data.ReportID))
	if got, want := waitingOf(body), "everyone: Publishing was paused., 0, 2026-11-25T09:00:00Z, "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if page := b.get(t, "/reports/"+accepted.Data.ReportID, "Accept", "text/html").Body; !strings.Contains(page, "Publishing was paused.") || strings.Contains(page, "Attempt 0") {
		t.Errorf("the page does not say it:\n%s", page)
	}
}

func waitingOf(body answerBody) string {
	if body.Waiting == nil {
		return ""
	}
	w := body.Waiting
	return w.For + ": " + strings.Join([]string{w.Reason, string(rune('0' + w.Attempts)), w.Since, w.Next}, ", ")
}

func TestAFailureComesWithItsRemedy(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, accepted := b.do(t, post("/reports", good))
	b.change(t, accepted.Data.ReportID, func(run *runs.Run) {
		run.Fail(runs.Failure{Code: "in_trash", Message: "A page is in the trash.", Remedy: "Restore it."})
	})
	if _, body := b.do(t, event("GET", "/reports/"+accepted.Data.ReportID)); body.Failure == nil || body.Failure.Remedy != "Restore it." {
		t.Errorf("got %+v", body.Failure)
	}
}
