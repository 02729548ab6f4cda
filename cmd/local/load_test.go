//go:build integration

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"notionrelay/local/embedded"
	"notionrelay/local/notionsim"
	"notionrelay/shared/notion"
	"notionrelay/shared/runs"
	"notionrelay/test/planted"
)

var (
	loadTime = flag.Duration("load.for", 2*time.Second, "how long reports are sent")
	loadRate = flag.Int("load.rate", 200, "how many reports are sent in a second")
)

// TestLoadAndAKill sends reports of 10 KB at an even pace to the system with its
// simulator and kills it in the middle. Who gets no answer sends again. In the end
// each report is complete, with one row, and neither process had much memory.
func TestLoadAndAKill(t *testing.T) {
	t.Parallel()
	l := &load{data: t.TempDir(), reports: int(loadTime.Seconds() * float64(*loadRate)), client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 200}}}
	defer l.client.CloseIdleConnections()
	l.start(t)
	var senders sync.WaitGroup
	pace := time.NewTicker(time.Second / time.Duration(*loadRate))
	defer pace.Stop()
	for i := range l.reports {
		<-pace.C
		senders.Go(func() { l.send(t, i) })
		if i == l.reports/2 {
			l.checkMemory(t)
			l.process.Process.Kill()
			l.process.Wait()
			l.start(t)
		}
	}
	senders.Wait()
	slices.Sort(l.took)
	t.Logf("%d reports acknowledged, half in %v, 99 of 100 in %v; %d had to be sent again", len(l.took), l.took[len(l.took)/2], l.took[len(l.took)*99/100], l.again.Load())
	l.checkMemory(t)
	began := time.Now()
	l.wait(t)
	t.Logf("complete %v after the last one", time.Since(began).Round(time.Second))
	l.checkMemory(t)
	stop(t, l.process)
	l.checkOnce(t)
}

type load struct {
	data    string
	reports int
	client  *http.Client
	process *exec.Cmd
	url     atomic.Pointer[string] // of the process that runs
	again   atomic.Int64

	mu   sync.Mutex
	took []time.Duration // from sending to the acknowledgement, of those that needed no other try
	ids  []string        // of the reports
}

func (l *load) start(t *testing.T) {
	t.Helper()
	process, url := command(t, l.data, "NOTION_MIN_GAP=0s", "NOTION_BUDGET=100000000")
	l.process = process
	l.url.Store(&url)
}

// send sends report i until it is acknowledged.
func (l *load) send(t *testing.T, i int) {
	body := fmt.Appendf(nil, `{"runId":"run-%d","email":"x@company-%d.com","strategyReport":"# Plan %d\n\n%s"}`, i, i, i, planted.Text+strings.Repeat(" All of it, word by word.", 400))
	for try := 0; ; try++ {
		began := time.Now()
		id, err := l.post(t.Context(), body)
		took := time.Since(began)
		if err == nil {
			l.acknowledged(id, took, try == 0)
			return
		}
		if t.Context().Err() != nil {
			return
		}
		if try == 0 {
			l.again.Add(1)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (l *load) acknowledged(id string, took time.Duration, atOnce bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ids = append(l.ids, id)
	if atOnce {
		l.took = append(l.took, took)
	}
}

func (l *load) post(ctx context.Context, body []byte) (id string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, *l.url.Load()+"/reports", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := l.client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	var a answer
	if err := json.Unmarshal(said, &a); err != nil || a.Data.ReportID == "" {
		return "", errors.Join(err, fmt.Errorf("status %d", response.StatusCode))
	}
	return a.Data.ReportID, nil
}

// mostOfReport is more than the simulator needs for one.
const mostOfReport = 48 << 10

// wait returns when every report is complete.
func (l *load) wait(t *testing.T) {
	t.Helper()
	until := time.Now().Add(max(10*time.Minute, 40*time.Duration(l.reports)*time.Second/100))
	for _, id := range l.ids {
		for {
			var s statusAnswer
			said := l.get(t, "/reports/"+id)
			if err := json.Unmarshal(said, &s); err != nil || s.Status == "failed" || time.Now().After(until) {
				t.Fatalf("report %s: %s, %v", id, said, err)
			}
			if s.Status == "complete" {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
}

func (l *load) get(t *testing.T, path string) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, *l.url.Load()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := l.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return said
}

func (l *load) checkMemory(t *testing.T) {
	t.Helper()
	peak := peakMemory(t, l.process.Process.Pid)
	t.Logf("%d MB at most", peak)
	if peak > 300 {
		t.Error("that is more than 300 MB")
	}
}

// checkOnce expects one record for each report, and one row unless the simulator
// has forgotten the oldest.
func (l *load) checkOnce(t *testing.T) {
	t.Helper()
	db, err := embedded.Open(l.data)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	list, err := db.Runs().List(t.Context(), runs.Query{Limit: 10 * l.reports})
	if err != nil || len(list) != l.reports || len(l.ids) != l.reports {
		t.Fatalf("%d reports were sent, %d acknowledged, %d are recorded, %v", l.reports, len(l.ids), len(list), err)
	}
	owned := map[string]bool{}
	for _, run := range list {
		if run.Status != runs.Complete || owned[run.RowID] {
			t.Errorf("%s is %s with the row %s, which is another one's as well: %t", run.ReportID, run.Status, run.RowID, owned[run.RowID])
		}
		owned[run.RowID] = true
	}
	sim, err := notionsim.Open(notionsim.Options{Dir: filepath.Join(l.data, "notion")})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	reader, err := notion.New(notion.Options{Token: "reader", Log: planted.Log(t), Budget: 1_000_000, Transport: sim.Transport()})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := reader.RowsSince(t.Context(), sim.DatabaseID(), "", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d rows are left", len(rows))
	for _, row := range rows {
		if !owned[row.ID] {
			t.Errorf("row %s is no report's, or is there twice", row.ID)
		}
		delete(owned, row.ID)
	}
	if l.reports <= simulatorKeeps/mostOfReport && len(owned) > 0 {
		t.Errorf("%d reports have no row", len(owned))
	}
}
