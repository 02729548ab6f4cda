//go:build integration

package intake_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"notionrelay/shared/runs"
)

// A headless Chromium has the page of a run open that ends meanwhile.
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
	text := textOf(t, browse(t, server.URL+"/reports/"+id))
	for _, want := range []string{"Report complete", "Everything is in Notion.", "Open the report in Notion", "Row in the reports database done", "3:00:00 PM"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %q", want, text)
		}
	}
	if strings.Contains(text, "UTC") {
		t.Errorf("a time is not local in %q", text)
	}
	if n := looks.Load(); n != 2 {
		t.Errorf("it was asked for %d times, want 2: the run has ended", n)
	}
}

// browse is the page as a browser in India has it after some seconds.
func browse(t *testing.T, url string) string {
	t.Helper()
	args := []string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--lang=en-US",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir=" + t.TempDir(),
		"--virtual-time-budget=10000", "--dump-dom", url,
	}
	command := exec.CommandContext(t.Context(), "chromium", args...)
	command.Env = append(os.Environ(), "TZ=Asia/Kolkata")
	page, err := command.Output()
	if err != nil {
		t.Fatalf("chromium %v: %v", args, err)
	}
	return string(page)
}
