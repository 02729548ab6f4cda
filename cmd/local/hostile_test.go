//go:build integration

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notionrelay/local/embedded"
	"notionrelay/local/notionsim"
	"notionrelay/shared/notion"
	"notionrelay/shared/runs"
	"notionrelay/test/hostile"
	"notionrelay/test/planted"
)

// TestHostileRequestsToTheProcess sends the whole table to the system as it runs.
// None of it is in the store, in Notion or in the log afterwards, and the process
// never had much memory.
func TestHostileRequestsToTheProcess(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	process, base := command(t, data, "NOTION_MIN_GAP=0s", "NOTION_BUDGET=1000000", "WEBHOOK_SECRETS="+hostile.Secret+","+hostile.SigningSecret)
	addr := strings.TrimPrefix(base, "http://")
	accepted := map[string]bool{}
	post := func(body string) (id string, link *url.URL) {
		response, said := hostile.Request{Line: "POST /reports", Body: body}.Send(t, addr)
		var a answer
		if err := json.Unmarshal(said, &a); err != nil || response.StatusCode >= 300 {
			t.Fatalf("got %d %s", response.StatusCode, said)
		}
		link, err := url.Parse(a.Data.StatusURL)
		if err != nil {
			t.Fatal(err)
		}
		accepted[a.Data.ReportID] = true
		return a.Data.ReportID, link
	}
	known, link := post(hostile.Good)

	var slowest time.Duration
	var which string
	for _, h := range hostile.Requests(t, known, link.Query().Get("token")) {
		began := time.Now()
		response, body := h.Send(t, addr)
		status, code := answerOf(h)
		if took := time.Since(began); took > slowest && status != 431 { // where net/http waits before it closes
			slowest, which = took, h.Name
		}
		if got := hostile.Code(response, body); got != code || response.StatusCode != status && (status != 202 || response.StatusCode != 200) {
			t.Errorf("%s: got %d %q, want %d %q: %.300s", h.Name, response.StatusCode, got, status, code, body)
		}
		if strings.Contains(string(body)+fmt.Sprint(response.Header), hostile.Marker) {
			t.Errorf("%s: the answer repeats it: %v %.300s", h.Name, response.Header, body)
		}
		if status == 202 {
			var a answer
			if err := json.Unmarshal(body, &a); err != nil {
				t.Fatal(err)
			}
			accepted[a.Data.ReportID] = true
		}
	}
	_, last := post(`{"strategyReport":"the last one"}`)
	for until := time.Now().Add(time.Minute); status(t, base+last.RequestURI()).Status != "complete"; {
		if time.Now().After(until) {
			t.Fatal("the reports behind the hostile requests do not become complete")
		}
		time.Sleep(50 * time.Millisecond)
	}
	peak := peakMemory(t, process.Process.Pid)
	t.Logf("the slowest is %q with %v, the most memory %d MB", which, slowest, peak)
	if peak > 200 {
		t.Errorf("the process had %d MB of memory", peak)
	}
	stop(t, process)
	for line := range strings.Lines(process.Stderr.(*bytes.Buffer).String()) {
		if strings.Contains(line, hostile.Marker) || strings.Contains(line, hostile.Secret) || len(line) > 1000 {
			t.Errorf("a line of the log repeats it, or is long: %.1000s", line)
		}
	}
	wantOnly(t, data, accepted)
}

// wantOnly expects these reports, complete, and no byte of any other one.
func wantOnly(t *testing.T, data string, accepted map[string]bool) {
	t.Helper()
	err := filepath.WalkDir(data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(hostile.Marker)) {
			t.Errorf("%s has something of a hostile request", entry.Name())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	db, err := embedded.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	list, err := db.Runs().List(t.Context(), runs.Query{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range list {
		if !accepted[run.ReportID] || run.Status != runs.Complete {
			t.Errorf("%s is %s, and was accepted: %t", run.ReportID, run.Status, accepted[run.ReportID])
		}
	}
	sim, err := notionsim.Open(notionsim.Options{Dir: filepath.Join(data, "notion")})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	reader, err := notion.New(notion.Options{Token: "reader", Log: planted.Log(t), Budget: 1_000_000, Transport: sim.Transport()})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := reader.RowsSince(t.Context(), sim.DatabaseID(), "", time.Time{})
	if err != nil || len(rows) != len(accepted) || len(list) != len(accepted) {
		t.Errorf("%d were accepted, %d are recorded, %d are in Notion, %v", len(accepted), len(list), len(rows), err)
	}
}
