//go:build integration

package intake_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"notionrelay/shared/report"
	"notionrelay/shared/runs"
	"notionrelay/test/browsertest"
)

// site serves the webhook to a browser.
func (b *bundle) site(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(b.Routes())
	t.Cleanup(server.Close)
	return server.URL
}

// looks are how each page is judged.
var looks = []browsertest.Look{{}, {Dark: true}, {Width: 390, Height: 844}, {Print: true}}

// writing is a run in the middle of its work.
func writing(run *runs.Run) {
	at := time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)
	run.Status, run.Subject = runs.Publishing, &report.Subject{Company: "Acme", Type: "Multi Community"}
	run.Steps = []runs.Step{
		{Name: "row", Done: 1, Total: 1, ID: "1111", At: at},
		{Name: "homepage", Done: 1, Total: 1, ID: "2222", At: at.Add(time.Second)},
		{Name: "comprehensive-report", Title: "Comprehensive Analysis", Done: 3, Total: 7, ID: "3333", IntendedAt: at, At: at.Add(2 * time.Second)},
		{Name: "homepage-content", Total: 1},
	}
}

func TestEverybodyCanUseTheStatusPage(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	at := time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)
	for _, tt := range []struct {
		name   string
		change func(*runs.Run)
	}{
		{"queued", func(*runs.Run) {}},
		{"running", writing},
		{"still", func(run *runs.Run) { writing(run); run.UpdatedAt = time.Now().Add(-time.Hour) }},
		{"waiting", func(run *runs.Run) {
			writing(run)
			run.Waits = []runs.Wait{{Kind: "publish", Reason: "Notion does not answer.", Attempts: 3, Since: at, Next: at.Add(time.Minute)}}
		}},
		{"failed", func(run *runs.Run) {
			writing(run)
			run.Fail(runs.Failure{Code: "in_trash", Message: "A page of the report is in Notion's trash.", Step: "comprehensive-report", NotionRequestID: "n-1", Remedy: "Restore it, then redrive the report."})
		}},
		{"complete", func(run *runs.Run) {
			publishNow(run)
			for i := range run.Steps {
				run.Steps[i].Done, run.Steps[i].IntendedAt = run.Steps[i].Total, time.Time{}
			}
			run.Status, run.Warnings = runs.Complete, []string{"The introduction is a standard one."}
		}},
	} {
		b := setup(t)
		_, accepted := b.do(t, post("/reports", good))
		b.change(t, accepted.Data.ReportID, tt.change)
		browser.Judge("status-"+tt.name, b.site(t)+"/reports/"+accepted.Data.ReportID, looks...)
	}
	site := setup(t, secret).site(t)
	browser.Judge("status-unknown", setup(t).site(t)+"/reports/"+unknown, looks...)
	browser.Judge("status-refused", site+"/reports/"+unknown+"?token=x", looks...)
}

// A browser has the page of a run open that ends meanwhile.
func TestThePageFollowsItsReportInABrowser(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, accepted := b.do(t, post("/reports", good))
	id, at := accepted.Data.ReportID, time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)
	b.change(t, id, func(run *runs.Run) {
		publishNow(run)
		run.Status, run.PublishedAt, run.Steps[0].At = runs.Publishing, time.Time{}, at
	})
	var looks atomic.Int32
	routes := b.Routes()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/reports/") && looks.Add(1) == 2 {
			b.change(t, id, func(run *runs.Run) { run.Status, run.PublishedAt = runs.Complete, at })
		}
		routes.ServeHTTP(w, r)
	}))
	defer server.Close()
	tab := browsertest.Start(t).Open(server.URL+"/reports/"+id, browsertest.Look{})
	tab.Press("Tab") // to the first link, that of the row
	tab.Until(`document.title.includes("complete")`)
	text := tab.Text()
	for _, want := range []string{"Report complete", "Everything is in Notion.", "Open the report in Notion", "Row in the reports database done", "3:00:00 PM"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %q", want, text)
		}
	}
	if strings.Contains(text, "UTC") {
		t.Errorf("a time is not local in %q", text)
	}
	if focus := focused(tab); focus != "Row in the reports database" {
		t.Errorf("the focus has gone from the row to %q", focus)
	}
	tab.Evaluate(`new Promise(done => setTimeout(done, 3000))`, nil)
	if n := looks.Load(); n != 2 {
		t.Errorf("it was asked for %d times, want 2: the run has ended", n)
	}
}

// focused is the text of what has the focus.
func focused(tab *browsertest.Tab) (text string) {
	tab.Evaluate(`document.activeElement.innerText`, &text)
	return text
}

func TestTheKeysReachEveryLinkOfThePage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, accepted := b.do(t, post("/reports", good))
	b.change(t, accepted.Data.ReportID, publishNow)
	tab := browsertest.Start(t).Open(b.site(t)+"/reports/"+accepted.Data.ReportID, browsertest.Look{})
	var got []string
	for range 4 {
		tab.Press("Tab")
		got = append(got, focused(tab))
		var outlined bool
		if tab.Evaluate(`getComputedStyle(document.activeElement).outlineStyle != "none"`, &outlined); !outlined {
			t.Errorf("%s does not show that it has the focus", focused(tab))
		}
	}
	if want := []string{"Open the report in Notion", "Row in the reports database", "Homepage", "Strategy Report"}; !slices.Equal(got, want) {
		t.Errorf("the keys lead to %q, want %q", got, want)
	}
}

func TestThePageWorksWithoutScript(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, accepted := b.do(t, post("/reports", good))
	b.change(t, accepted.Data.ReportID, writing)
	tab := browsertest.Start(t).Open(b.site(t)+"/reports/"+accepted.Data.ReportID, browsertest.Look{NoScript: true})
	text := tab.Text()
	for _, want := range []string{"Writing the Comprehensive Analysis, 4 of 7.", "25 Nov 2026, 09:30:00 UTC"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %q", want, text)
		}
	}
	b.change(t, accepted.Data.ReportID, func(run *runs.Run) { run.Status = runs.Complete })
	tab.Reloaded()
	if text := tab.Text(); !strings.Contains(text, "Report complete") {
		t.Errorf("it has loaded itself again as %q", text)
	}
}
