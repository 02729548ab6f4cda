package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"notionrelay/shared/report"
	"notionrelay/shared/runs"
	"notionrelay/test/planted"
)

// record stores a run that was accepted so many minutes ago.
func (r *running) record(t *testing.T, minutes int, change func(*runs.Run)) runs.Run {
	t.Helper()
	at := time.Now().Add(-time.Duration(minutes) * time.Minute)
	run := runs.Run{ReportID: report.ID(fmt.Sprint(minutes), ""), Status: runs.Queued, AcceptedAt: at, UpdatedAt: at}
	change(&run)
	if _, _, err := r.db.Runs().Create(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	return run
}

// texts are the lines of a table, each in one line of text, and where they lead.
func texts(t *testing.T, page string) (lines, links []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Data != "tr" || n.Parent.Data != "tbody" {
			continue
		}
		var line strings.Builder
		for d := range n.Descendants() {
			if d.Type == html.TextNode {
				line.WriteString(d.Data + " ")
			}
			if d.Data == "a" {
				links = append(links, d.Attr[0].Val)
			}
		}
		lines = append(lines, strings.Join(strings.Fields(line.String()), " "))
	}
	return lines, links
}

func TestRunsAreListedInPlainWords(t *testing.T) {
	t.Parallel()
	r := start(t, guarded(), t.TempDir())
	about := func(company string) *report.Subject {
		return &report.Subject{Company: company, Type: "Multi Community"}
	}
	queued := r.record(t, 1, func(*runs.Run) {})
	r.record(t, 2, func(run *runs.Run) {
		run.Status, run.Subject = runs.Publishing, about("Acme")
		run.Steps = []runs.Step{{Name: "comprehensive-report", Done: 3, Total: 7}}
	})
	r.record(t, 4, func(run *runs.Run) {
		run.Subject = about("Brightside <b>")
		run.Fail(runs.Failure{Code: "in_trash", Message: "Its page is in the trash, instead was `" + planted.Text + "`.", Remedy: "Restore it."})
	})
	r.record(t, 3, func(run *runs.Run) {
		run.Status, run.Subject = runs.Publishing, about("Contoso")
		run.Waits = []runs.Wait{{Kind: "publish", Reason: "Notion is busy.", Attempts: 2, Next: time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)}}
	})
	page := r.list(t, "/runs")
	lines, links := texts(t, page)
	want := []string{
		queued.ReportID + " Queued Waiting for its turn. Accepted ",
		"Acme Multi Community " + report.ID("2", "") + " Being published Writing the Comprehensive Analysis, 4 of 7. Accepted ",
		"Contoso Multi Community " + report.ID("3", "") + " Being published Nothing is being written at present. Notion is busy. Next attempt 25 Nov 2026, 09:30:00 UTC . Accepted ",
		"Brightside <b> Multi Community " + report.ID("4", "") + " Failed The report is kept, but it could not be published. Its page is in the trash. Restore it. Accepted ",
	}
	for i, w := range want {
		if len(lines) != len(want) || !strings.HasPrefix(lines[i], w) || !strings.HasSuffix(lines[i], " UTC") {
			t.Errorf("line %d of %q\nis not %q and a time", i, lines, w)
		}
	}
	if lines, _ := texts(t, r.list(t, "/runs?status=failed")); len(lines) != 1 || !strings.HasPrefix(lines[0], "Brightside") {
		t.Errorf("those that have failed are %q", lines)
	}
	if page := r.list(t, "/runs?status=complete"); !strings.Contains(page, "There are none with this status.") {
		t.Errorf("of none it says\n%s", page)
	}
	if response, _ := r.exchange(t, "GET", "/runs?status=nonsense", "", "X-Api-Key", secret); response.StatusCode != http.StatusBadRequest {
		t.Errorf("no status: got %d", response.StatusCode)
	}
	// A link opens what it leads to by itself.
	if response, said := r.exchange(t, "GET", strings.TrimPrefix(links[0], r.url), "", "Accept", "text/html"); response.StatusCode != http.StatusOK || !strings.Contains(said, "Report queued") {
		t.Errorf("%s: got %d %s", links[0], response.StatusCode, said)
	}
	if strings.Contains(page, secret) {
		t.Error("the page has a secret in it")
	}
}

// list is a page for a member.
func (r *running) list(t *testing.T, path string) string {
	t.Helper()
	response, said := r.exchange(t, "GET", path, "", "X-Api-Key", secret)
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s: got %d", path, response.StatusCode)
	}
	return said
}

func TestAHaltIsEveryonesInTheList(t *testing.T) {
	t.Parallel()
	r := start(t, guarded(), t.TempDir())
	r.record(t, 1, func(*runs.Run) {})
	r.record(t, 2, func(run *runs.Run) { run.Status = runs.Complete })
	if err := r.db.Runs().SetHalt(t.Context(), runs.Halt{Reason: "Notion refuses the token.", Remedy: "Store a valid one.", Since: time.Now()}); err != nil {
		t.Fatal(err)
	}
	lines, _ := texts(t, r.list(t, "/runs"))
	if len(lines) != 2 || !strings.Contains(lines[0], "Notion refuses the token. Store a valid one.") || strings.Contains(lines[1], "token") {
		t.Errorf("got %q", lines)
	}
}

// Every run is on one page, however many there are, and a page has not more of them
// than it says.
func TestRunsAreListedByPages(t *testing.T) {
	t.Parallel()
	r := start(t, guarded(), t.TempDir())
	for i := range maxListed + 101 {
		r.record(t, i, func(run *runs.Run) {
			if i%3 != 1 { // 201 of them
				run.Status = runs.Failed
			}
		})
	}
	for path, want := range map[string][]int{
		"/runs": {maxListed, 101}, "/runs?status=failed": {maxListed, 1}, "/runs?status=queued": {100}, "/runs?status=complete": {0},
	} {
		var sizes []int
		for i, next := 0, path; next != ""; i++ {
			page := r.list(t, next)
			lines, _ := texts(t, page)
			for at, line := range lines {
				if number := len(sizes)*maxListed + at; path == "/runs" && !strings.Contains(line, report.ID(fmt.Sprint(number), "")) {
					t.Fatalf("line %d is %q", number, line)
				}
			}
			if back := link(t, page, "Newest"); back != "" != (i > 0) || i > 0 && back != path {
				t.Errorf("page %d of %s leads back to %q", i, path, back)
			}
			sizes = append(sizes, len(lines))
			next = link(t, page, "Older")
		}
		if !slices.Equal(sizes, want) {
			t.Errorf("%s: pages of %d, want %d", path, sizes, want)
		}
	}
	for _, before := range []string{"yesterday", "2026-11-25", "1"} {
		if response, _ := r.exchange(t, "GET", "/runs?before="+before, "", "X-Api-Key", secret); response.StatusCode != http.StatusBadRequest {
			t.Errorf("before %s: got %d", before, response.StatusCode)
		}
	}
}

// link is where the link with that text leads.
func link(t *testing.T, page, text string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Data != "a" || n.FirstChild == nil || n.FirstChild.Data != text {
			continue
		}
		for _, attribute := range n.Attr {
			if attribute.Key == "href" {
				return attribute.Val
			}
		}
	}
	return ""
}
