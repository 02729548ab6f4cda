package intake_test

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"notionrelay/shared/report"
	"notionrelay/shared/runs"
)

// page is what a browser gets of a report whose record is changed so.
func (b *bundle) page(t testing.TB, change func(*runs.Run)) (text, source string) {
	t.Helper()
	_, accepted := b.do(t, post("/reports", good))
	b.change(t, accepted.Data.ReportID, change)
	response := b.get(t, "/reports/"+accepted.Data.ReportID, "Accept", "text/html,*/*;q=0.8")
	if response.StatusCode != 200 || response.Headers["Content-Type"] != "text/html; charset=utf-8" {
		t.Fatalf("got %+v", response)
	}
	return textOf(t, response.Body), response.Body
}

// textOf is what a page says, in one line.
func textOf(t testing.TB, page string) string {
	t.Helper()
	var text strings.Builder
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if hidden := n.Parent != nil && (n.Parent.Data == "script" || n.Parent.Data == "style" || n.Parent.Data == "noscript"); n.Type == html.TextNode && !hidden {
			text.WriteString(n.Data)
		}
	}
	return strings.Join(strings.Fields(text.String()), " ")
}

func TestThePageSaysInPlainWordsHowFarItIs(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)
	done := func(name string) runs.Step { return runs.Step{Name: name, Done: 1, Total: 1, ID: "1", At: at} }
	writing := []runs.Step{done("row"), done("homepage"), {Name: "comprehensive-report", Title: "Comprehensive Analysis", Done: 3, Total: 7, IntendedAt: at}, {Name: "homepage-content", Total: 1}}
	published := []runs.Step{done("row"), done("homepage"), {Name: "quotes", Done: 119, Total: 400}}
	for _, tt := range []struct {
		name   string
		change func(*runs.Run)
		want   []string
	}{
		{"queued", func(*runs.Run) {}, []string{"Report queued", "Waiting for its turn."}},
		{"of a company", func(run *runs.Run) { run.Subject = &report.Subject{Company: "L'Oréal", Type: "Multi Community"} }, []string{"Report queued L'Oréal · Multi Community"}},
		{"publishing", func(run *runs.Run) { run.Status, run.Steps = runs.Publishing, writing },
			[]string{"Report being published", "Report being published. Writing the Comprehensive Analysis. Writing the Comprehensive Analysis, 4 of 7.", "5 of 10 requests to Notion, 50 %", "Row in the reports database done 25 Nov 2026, 09:30:00 UTC", "Comprehensive Analysis being written", "Content of the homepage to come"}},
		{"publishing, nothing begun", func(run *runs.Run) { run.Status = runs.Publishing }, []string{"Beginning."}},
		{"one request", func(run *runs.Run) {
			run.Status, run.Steps = runs.Publishing, []runs.Step{{Name: "row-link", Total: 1, IntendedAt: at}}
		}, []string{"Linking the row to the homepage."}},
		{"published", func(run *runs.Run) { publishNow(run); run.Steps = published },
			[]string{"Report published", "The pages are in Notion. Writing the quotes, 120 of 400.", "Open the report in Notion"}},
		{"published, the rest on its way", func(run *runs.Run) { publishNow(run); run.Steps = writing[:2] }, []string{"The pages are in Notion. Waiting for what is still to come."}},
		{"complete", func(run *runs.Run) {
			publishNow(run)
			run.Status, run.Warnings = runs.Complete, []string{"The introduction is a standard one."}
		},
			[]string{"Report complete", "Everything is in Notion.", "The introduction is a standard one."}},
		{"failed", func(run *runs.Run) {
			run.Steps = writing
			run.Fail(runs.Failure{Code: "validation_error", Message: "No such block.", Step: "comprehensive-report", NotionRequestID: "n-1", Remedy: "Redrive it."})
		}, []string{"Report failed", "The report is kept, but it could not be published.", "What went wrong No such block. What to do: Redrive it. validation_error · Notion request n-1", "Comprehensive Analysis failed"}},
		{"failed after its pages", func(run *runs.Run) { publishNow(run); run.Fail(runs.Failure{Code: "c", Message: "m"}) },
			[]string{"The pages are in Notion, but something", "Open the report in Notion"}},
		{"a step of another version", func(run *runs.Run) {
			run.Status, run.Steps = runs.Publishing, []runs.Step{{Name: "cover-letter", Total: 1, IntendedAt: at}}
		}, []string{"Writing the cover letter."}},
		{"waiting", func(run *runs.Run) {
			run.Waits = []runs.Wait{{Kind: "publish", Reason: "Notion does not answer.", Attempts: 3, Since: at, Next: at.Add(time.Minute)}}
		}, []string{"Report queued. Nothing is being written at present.", "This report has to wait Notion does not answer. Attempt 3, waiting since 25 Nov 2026, 09:30:00 UTC, next attempt 25 Nov 2026, 09:31:00 UTC."}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text, _ := setup(t).page(t, tt.change)
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not in %q", want, text)
				}
			}
			if strings.Contains(text, "homepage-content") || strings.Contains(text, "comprehensive-report") {
				t.Errorf("a step has its internal name in %q", text)
			}
		})
	}
}

func TestThePageOfAHaltSaysWhatToDo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if err := b.runs.SetHalt(t.Context(), runs.Halt{Reason: "Notion refuses the token.", Remedy: "Store a valid one.", Since: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if text, _ := b.page(t, func(*runs.Run) {}); !strings.Contains(text, "All reports have to wait Notion refuses the token. What to do: Store a valid one.") {
		t.Errorf("got %q", text)
	}
}

// A run that nobody works on looks otherwise than one that gets on.
func TestThePageOfARunThatStandsStillSaysSo(t *testing.T) {
	t.Parallel()
	const still = "Nothing has happened for a while"
	for name, tt := range map[string]struct {
		change func(*runs.Run)
		want   bool
	}{
		"queued for long": {func(*runs.Run) {}, true},
		"it has ended":    {func(run *runs.Run) { run.Status = runs.Complete }, false},
		"it waits":        {func(run *runs.Run) { run.Waits = []runs.Wait{{Kind: "publish", Reason: "r"}} }, false},
		"it gets on":      {func(run *runs.Run) { run.UpdatedAt = time.Now().Add(-time.Minute) }, false},
	} {
		text, _ := setup(t).page(t, func(run *runs.Run) {
			run.UpdatedAt = time.Now().Add(-time.Hour)
			tt.change(run)
		})
		if got := strings.Contains(text, still); got != tt.want {
			t.Errorf("%s: saying so is %v in %q", name, got, text)
		}
	}
}

func TestThePageEscapesAndRefreshesUntilTheEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hostile := func(status runs.Status) func(*runs.Run) {
		return func(run *runs.Run) {
			run.Status, run.ResearchRunID, run.Warnings = status, "<i>", []string{"</script><b>"}
			run.Steps = []runs.Step{{Name: `"><b>`, Total: 1}}
		}
	}
	for status, refreshes := range map[runs.Status]bool{runs.Queued: true, runs.Publishing: true, runs.Published: true, runs.Complete: false, runs.Failed: false} {
		_, source := b.page(t, hostile(status))
		if strings.Contains(source, `http-equiv="refresh"`) != refreshes || strings.Contains(source, `data-refresh="0"`) == refreshes {
			t.Errorf("%s: refreshing is not %v in %s", status, refreshes, source)
		}
		if strings.Contains(source, "<i>") || strings.Contains(source, "<b>") || !strings.Contains(source, "&lt;i&gt;") {
			t.Errorf("it is not escaped: %s", source)
		}
	}
}

// A browser runs and shows nothing that the policy does not name.
func TestThePagesPolicyNamesWhatIsInThem(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, accepted := b.do(t, post("/reports", good))
	for _, path := range []string{"/reports/" + accepted.Data.ReportID, "/reports/unknown"} {
		response := b.get(t, path, "Accept", "text/html")
		policy := response.Headers["Content-Security-Policy"]
		if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s has the policy %q", path, policy)
		}
		root, err := html.Parse(strings.NewReader(response.Body))
		if err != nil {
			t.Fatal(err)
		}
		styles := 0
		for n := range root.Descendants() {
			for _, a := range n.Attr {
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") || a.Key == "src" {
					t.Errorf("%s has the attribute %s", path, a.Key)
				}
			}
			if n.Type == html.ElementNode && (n.Data == "style" || n.Data == "script") {
				styles++
				hash := sha256.Sum256([]byte(n.FirstChild.Data))
				if want := n.Data + "-src"; !strings.Contains(policy, "'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+"'") || !strings.Contains(policy, want) {
					t.Errorf("the policy of %s does not name its %s", path, n.Data)
				}
			}
		}
		if styles == 0 {
			t.Errorf("%s has no style", path)
		}
	}
}

// unknown is the id of a report that nobody has sent.
var unknown = report.ID("nobody's", "")

func TestBrowsersGetTheirErrorsAsAPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tt := range []struct {
		path, accept string
		status       int
		want         string // of the page; "" for JSON
	}{
		{"/reports/" + unknown, "text/html", 404, "A report is known for 90 days."},
		{"/reports/" + unknown + "/open", "text/html,*/*;q=0.8", 404, "There is no such report."},
		{"/nowhere", "application/json;q=0.5, text/html", 404, "There is nothing at this address."},
		{"/reports", "text/html", 405, "This address takes only POST."},
		{"/api/add-to-notion/status", "text/html", 400, "The query needs a runId."},
		{"/reports/" + unknown, "", 404, ""},
		{"/reports/" + unknown, "*/*", 404, ""},
		{"/reports/" + unknown, "application/json", 404, ""},
		{"/reports/" + unknown, "application/json, text/html;q=0.9", 404, ""},
		{"/reports/" + unknown, "text/html;q=0", 404, ""},
	} {
		response := b.get(t, tt.path, "Accept", tt.accept)
		isPage := response.Headers["Content-Type"] == "text/html; charset=utf-8"
		if response.StatusCode != tt.status || isPage != (tt.want != "") || !strings.Contains(response.Body, "req-1") || !strings.Contains(response.Body, tt.want) {
			t.Errorf("%s for %q got %d %s", tt.path, tt.accept, response.StatusCode, response.Body)
		}
	}
	if response, _ := b.do(t, post("/reports", "{", "Accept", "text/html")); response.StatusCode != 400 {
		t.Errorf("a program that posts got %d", response.StatusCode)
	}
}
