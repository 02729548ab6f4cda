package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"notionrelay/functions/publisher/publish"
	"notionrelay/shared/block"
	"notionrelay/shared/notion"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
	"notionrelay/test/ascommand"
	"notionrelay/test/planted"
)

// TestMain is also the command itself, for tests that kill it.
func TestMain(m *testing.M) { ascommand.Main(main, func() { goleak.VerifyTestMain(m) }) }

// quick is a Notion without the pauses that a real one needs.
var quick = settings{Publisher: publish.Settings{
	NotionBudget: 1_000_000, ReportTypeColumn: "Report Type", EmailColumn: "Contact Email",
}}

// running is a system under test and the way to it.
type running struct {
	*system
	url    string
	client *http.Client
	notion *notion.Client // reads the simulated pages
}

func start(t *testing.T, env settings, data string) *running {
	t.Helper()
	return startAt(t, env, place{addr: "127.0.0.1:0", data: data})
}

func startAt(t *testing.T, env settings, at place) *running {
	t.Helper()
	s, err := open(t.Context(), env, at, planted.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.serve(ctx) }()
	reader, err := notion.New(notion.Options{Token: "reader", Log: planted.Log(t), Budget: 1_000_000, Transport: s.simulator.Transport()})
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
		if err := s.close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return &running{system: s, url: s.url(), client: client, notion: reader}
}

// answer is what a caller reads.
type answer struct {
	Success bool
	Message string
	Error   string
	Code    string
	Field   string
	Data    struct {
		ReportID, Status, ParentPageID, BrandedHomepageID, ShareableURL, StatusURL, ProcessingTime string
		ChildPages                                                                                 []struct{ ID, URL, Title string }
	}
}

func (r *running) post(t *testing.T, path string, body []byte, header ...string) (int, answer) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := r.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var a answer
	if err := json.NewDecoder(response.Body).Decode(&a); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, a
}

func sample(t *testing.T, name string) []byte {
	t.Helper()
	body, err := os.ReadFile("../../testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestAPostedRunBecomesPages(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		file string
		path string
		want report.Subject
	}{
		{"webhook-small.json", "/api/add-to-notion", report.Subject{Company: "Example", Contact: "Test", Type: "Multi Community"}},
		{"webhook-gumloop.json", "/reports", report.Subject{}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			body := sample(t, tt.file)
			r := start(t, quick, t.TempDir())
			status, a := r.post(t, tt.path, body, "Prefer", "wait=25")
			if status != 200 || !a.Success || a.Data.ShareableURL == "" {
				t.Fatalf("got %d %+v", status, a)
			}
			payload, err := report.Parse(body)
			if err != nil {
				t.Fatal(err)
			}
			r.complete(t, a)
			// Without an AI nothing comes after the base tree.
			if got := r.simulator.Stats().Requests; got != 6 {
				t.Errorf("the tree took %d requests to Notion, want 6", got)
			}
			subject := payload.Subject()
			if tt.want != (report.Subject{}) && subject != tt.want {
				t.Errorf("got %+v, want %+v", subject, tt.want)
			}
			r.checkRow(t, a, payload)
			r.checkHomepage(t, a, subject)
			for i, d := range payload.Documents() {
				if diff := cmp.Diff(words(d.Markdown), strings.Fields(r.text(t, a.Data.ChildPages[i].ID))); diff != "" {
					t.Errorf("words of the %s (-sent +written):\n%s", d.Title, diff)
				}
			}
		})
	}
}

// complete returns when nothing more will happen to the report.
func (r *running) complete(t *testing.T, a answer) {
	t.Helper()
	for {
		page := r.get(t, a.Data.StatusURL, "application/json")
		var body statusAnswer
		if err := json.Unmarshal([]byte(page), &body); err != nil {
			t.Fatal(err)
		}
		switch body.Status {
		case "complete":
			return
		case "failed":
			t.Fatalf("the run failed: %s", page)
		}
		time.Sleep(10 * time.Millisecond) // which is left to the system
	}
}

func (r *running) checkRow(t *testing.T, a answer, p report.Payload) {
	t.Helper()
	rows, err := r.notion.RowsSince(t.Context(), r.simulator.DatabaseID(), "", time.Time{})
	if err != nil || len(rows) != 1 {
		t.Fatalf("got %d rows, %v", len(rows), err)
	}
	want := map[string]string{
		"Company":       p.Subject().RowTitle(time.Now()),
		"Report Type":   p.Subject().Type,
		"Contact Email": p.Email,
	}
	if diff := cmp.Diff(want, rows[0].Properties); diff != "" {
		t.Errorf("properties (-want +got):\n%s", diff)
	}
	if got, want := r.text(t, a.Data.ParentPageID), "["+p.Subject().HomepageTitle()+"] Click here to view your report"; got != want {
		t.Errorf("the row's page says %q, want %q", got, want)
	}
}

func (r *running) checkHomepage(t *testing.T, a answer, s report.Subject) {
	t.Helper()
	children, err := r.notion.Children(t.Context(), a.Data.BrandedHomepageID)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range children {
		if strings.Contains(c.Icon+c.Plain(), "⏳") {
			t.Errorf("a placeholder is left: %s", c.Plain())
		}
		got = append(got, string(c.Kind)+" "+c.Plain())
	}
	want := []string{
		"paragraph Hey " + s.Contact + " and the rest of the " + s.Company + " team!",
		"divider ",
		"paragraph We analysed what people say about the topics that matter to " + s.Company,
		"child_page " + s.Company + " - Strategy Report",
		"child_page " + s.Company + " - Comprehensive Analysis",
		"paragraph View Strategy Report",
		"paragraph View Comprehensive Analysis",
	}
	if !slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("homepage (-want +got):\n%s", cmp.Diff(want, got))
	}
}

// text is everything that stands on a page, with child pages in brackets.
func (r *running) text(t *testing.T, id string) string {
	t.Helper()
	children, err := r.notion.Children(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, c := range children {
		switch c.Kind {
		case block.ChildPage:
			parts = append(parts, "["+c.Title+"]")
		case block.TableRow:
			for _, cell := range c.Cells {
				parts = append(parts, block.Block{Text: cell}.Plain())
			}
		default:
			parts = append(parts, c.Plain())
		}
		if c.HasChildren && c.Kind != block.ChildPage {
			parts = append(parts, r.text(t, c.ID))
		}
	}
	return strings.Join(parts, " ")
}

var (
	markers = regexp.MustCompile(`(?m)^[ \t]*(#+|[-*+>]|\d+\.)[ \t]+|\*+|^---$|^[|: -]+$|\||^</?[a-z_]+>$`)
	links   = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// words are those of a sample's markdown, without its markers.
func words(markdown string) []string {
	return strings.Fields(markers.ReplaceAllString(links.ReplaceAllString(markdown, "$1"), ""))
}

func TestAWebhookAnswersWithoutWaiting(t *testing.T) {
	t.Parallel()
	r := start(t, quick, t.TempDir())
	status, a := r.post(t, "/reports", []byte(`{"strategyReport":"# Plan"}`))
	if status != 202 || a.Data.Status != "queued" || a.Data.ShareableURL != "" || a.Data.StatusURL == "" {
		t.Errorf("got %d %+v", status, a)
	}
}

func TestManyRunsNeverCollide(t *testing.T) {
	t.Parallel()
	r := start(t, quick, t.TempDir())
	post := func(name string) {
		body, _ := json.Marshal(map[string]string{"strategyReport": "# Plan " + name, "comprehensiveReport": "All of " + name, "email": "x@acme.com"})
		status, a := r.post(t, "/reports", body, "Prefer", "wait=25")
		if status != 200 {
			t.Errorf("%s: got %d %+v", name, status, a)
			return
		}
		r.complete(t, a)
	}
	for i := range 10 {
		post(fmt.Sprint("in turn ", i))
	}
	var all sync.WaitGroup
	for i := range 30 {
		all.Go(func() { post(fmt.Sprint("at once ", i)) })
	}
	all.Wait()
	stats := r.simulator.Stats()
	if stats.Overlaps != 0 || stats.Conflicts != 0 || stats.MaxWrites != 1 {
		t.Errorf("got %d overlapping writes, %d conflicts, %d writes at once", stats.Overlaps, stats.Conflicts, stats.MaxWrites)
	}
	if stats.Writes != 40*6 {
		t.Errorf("got %d writes for 40 runs, want 6 each", stats.Writes)
	}
}

func TestTheSamePostTwiceGivesOneTree(t *testing.T) {
	t.Parallel()
	r := start(t, quick, t.TempDir())
	body := []byte(`{"strategyReport":"# Plan","email":"x@acme.com","metadata":{"generatedAt":"1"}}`)
	_, first := r.post(t, "/reports", body, "Prefer", "wait=25")
	r.complete(t, first)
	first.Data.Status = "complete"
	tree := r.simulator.Tree()
	status, second := r.post(t, "/reports", bytes.Replace(body, []byte(`"1"`), []byte(`"2"`), 1))
	if status != 200 {
		t.Errorf("got %d for the repetition, want 200", status)
	}
	if diff := cmp.Diff(first.Data, second.Data); diff != "" {
		t.Errorf("data (-first +second):\n%s", diff)
	}
	if diff := cmp.Diff(tree, r.simulator.Tree()); diff != "" {
		t.Errorf("tree (-before +after):\n%s", diff)
	}
}

func TestWithoutASecretOnlyLoopbackIsServed(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{":0", "0.0.0.0:0", "192.0.2.1:0", "example.com:0", "[::]:0"} {
		if _, err := open(t.Context(), quick, place{addr: addr, data: t.TempDir()}, planted.Log(t)); err == nil || !strings.Contains(err.Error(), "WEBHOOK_SECRETS") {
			t.Errorf("%s: got %v, want a refusal", addr, err)
		}
	}
}

func TestStatusIsShownToPeople(t *testing.T) {
	t.Parallel()
	r := start(t, quick, t.TempDir())
	_, a := r.post(t, "/reports", []byte(`{"strategyReport":"# Plan","runId":"run-7"}`), "Prefer", "wait=25")
	r.complete(t, a)
	page := r.get(t, a.Data.StatusURL, "text/html")
	for _, want := range []string{"Report complete", a.Data.ShareableURL, "strategy-report", "100 %"} {
		if !strings.Contains(page, want) {
			t.Errorf("the status page does not say %q", want)
		}
	}
	if got := r.get(t, r.url+"/api/add-to-notion/status?runId=run-7", "application/json"); !strings.Contains(got, a.Data.ReportID) {
		t.Errorf("the status by run id is %s", got)
	}
}

func TestSimulatedPagesAreShown(t *testing.T) {
	t.Parallel()
	r := start(t, quick, t.TempDir())
	_, a := r.post(t, "/reports", []byte(`{"strategyReport":"# Plan\n\n<script>alert(1)</script>\n\nDo it *now*","email":"x@acme.com"}`), "Prefer", "wait=25")
	if page := r.get(t, r.url+"/notion/", "text/html"); !strings.Contains(page, "Acme Market Research Report") {
		t.Error("the database does not show the row")
	}
	if page := r.get(t, a.Data.ShareableURL, "text/html"); !strings.Contains(page, "Acme Market Research Analysis") {
		t.Error("the homepage does not show its title")
	}
	page := r.get(t, a.Data.ChildPages[0].URL, "text/html")
	if !strings.Contains(page, "<em>now</em>") || strings.Contains(page, "<script") {
		t.Error("the report is not rendered, or not escaped")
	}
}

// Many reports that wait for their quotes have more pages than the simulator has room
// for. Every one of them becomes complete all the same.
func TestReportsBeyondTheSimulatorsRoomBecomeComplete(t *testing.T) {
	t.Parallel()
	r := start(t, quick, t.TempDir())
	text := strings.Repeat(strings.Repeat("word ", 390)+"\n\n", 1000) // 5 MB as pages
	var accepted []answer
	for i := range 6 {
		body, err := json.Marshal(map[string]any{"strategyReport": text, "runId": strconv.Itoa(i), "quotes": []any{map[string]any{"text": "good"}}})
		if err != nil {
			t.Fatal(err)
		}
		status, a := r.post(t, "/reports", body)
		if status != http.StatusAccepted {
			t.Fatalf("got %d %+v", status, a)
		}
		accepted = append(accepted, a)
	}
	for _, a := range accepted {
		r.complete(t, a)
	}
}

// Half-written pages that the simulator forgets would make their run fail.
func TestTheSimulatorIsToldWhatIsBeingWritten(t *testing.T) {
	t.Parallel()
	s, err := open(t.Context(), quick, place{addr: "127.0.0.1:0", data: t.TempDir()}, planted.Log(t)) // nobody publishes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.close() })
	for status, want := range map[runs.Status]bool{runs.Queued: true, runs.Publishing: true, runs.Published: true, runs.Complete: false, runs.Failed: false} {
		run, _, err := s.db.Runs().Create(t.Context(), runs.Run{ReportID: "rep_" + string(status), Status: runs.Queued, AcceptedAt: time.Now(), UpdatedAt: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		run.Status, run.RowID = status, "row of "+run.ReportID
		if err := s.db.Runs().Save(t.Context(), &run); err != nil {
			t.Fatal(err)
		}
		if got := s.isWritten(run.RowID); got != want {
			t.Errorf("a row of a run that is %s counts as being written: %t", status, got)
		}
	}
	if s.isWritten("nobody's") {
		t.Error("a row counts as being written that is nobody's")
	}
}

func (r *running) get(t *testing.T, url, accept string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", accept)
	response, err := r.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 200 {
		t.Fatalf("GET %s: %d, %v", url, response.StatusCode, err)
	}
	return string(body)
}
