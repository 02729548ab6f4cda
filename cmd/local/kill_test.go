//go:build integration

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notionrelay/local/notionsim"
	"notionrelay/shared/report"
	"notionrelay/test/planted"
)

// moment is when a process is killed, seen from its request to Notion.
type moment string

const (
	beforeRequest moment = "before the request"
	beforeAnswer  moment = "before the answer" // Notion has applied the request
	withAnswer    moment = "with the answer"   // the process may or may not have stored it
)

// deadlyNotion is a Notion on whose k-th request a process is killed.
type deadlyNotion struct {
	sim    *notionsim.Sim
	k      int
	moment moment

	mu      sync.Mutex
	arrived int
	process *os.Process // nil until it is ready
	dead    chan struct{}
}

func (n *deadlyNotion) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !n.isTheOne() {
		n.sim.ServeHTTP(w, r)
		return
	}
	switch n.moment {
	case beforeAnswer:
		n.sim.ServeHTTP(httptest.NewRecorder(), r)
	case withAnswer:
		n.sim.ServeHTTP(w, r)
		http.NewResponseController(w).Flush()
	}
	n.process.Kill()
	close(n.dead)
	panic(http.ErrAbortHandler)
}

func (n *deadlyNotion) isTheOne() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.process == nil { // it looks at its Notion before it is ready
		return false
	}
	n.arrived++
	return n.arrived == n.k
}

// TestAKilledProcessLeavesNoTrace kills the whole system with SIGKILL at a
// sample of its requests to Notion, at three moments of each, and lets a new
// process finish. The publisher's crash matrix has all of them in one process.
func TestAKilledProcessLeavesNoTrace(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("what a process leaves behind does not depend on the race detector")
	}
	body := bigRun(t)
	want, requests := killedAt(t, body, 0, "")
	t.Logf("the run makes %d requests", requests)
	const sample = 8
	for i := range sample {
		k := 1 + i*(requests-1)/(sample-1)
		for _, m := range []moment{beforeRequest, beforeAnswer, withAnswer} {
			t.Run(fmt.Sprintf("request %d %s", k, m), func(t *testing.T) {
				t.Parallel()
				if got, _ := killedAt(t, body, k, m); got != want {
					t.Errorf("tree (-undisturbed +killed):\n%s", cmp.Diff(want, got))
				}
			})
		}
	}
}

// killedAt publishes a run, with a kill at the k-th request unless it is 0, and
// returns the tree and the number of requests.
func killedAt(t *testing.T, body []byte, k int, m moment) (tree string, requests int) {
	t.Helper()
	sim, err := notionsim.Open(notionsim.Options{Budget: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	notion := &deadlyNotion{sim: sim, k: k, moment: m, dead: make(chan struct{})}
	server := httptest.NewServer(notion)
	t.Cleanup(server.Close)
	data := t.TempDir()
	env := []string{"NOTION_BASE_URL=" + server.URL, "NOTION_API_KEY=key", "NOTION_DATABASE_ID=" + sim.DatabaseID(), "NOTION_MIN_GAP=0s", "NOTION_BUDGET=1000000"}

	process, url := command(t, data, env...)
	notion.mu.Lock()
	notion.process = process.Process
	notion.mu.Unlock()
	if k > 0 {
		send(t, url, body, "wait=0")
		<-notion.dead
		process.Wait()
		process, url = command(t, data, env...)
	}
	waitFor(t, url, body)
	stop(t, process)
	return sim.Tree(), notion.arrived // the process has ended
}

// bigRun is a run with two reports of 250 blocks and thirty quotes.
func bigRun(t *testing.T) []byte {
	t.Helper()
	var plan, all strings.Builder
	for i := range 250 {
		fmt.Fprintf(&plan, "Do item %d of "+planted.Text+".\n\n", i)
		fmt.Fprintf(&all, "See item %d.\n\n", i)
	}
	var quotes []report.Quote
	for i := range 30 {
		quotes = append(quotes, report.Quote{Text: fmt.Sprintf("Quote %d", i), Theme: fmt.Sprintf("theme %d", i%7), URL: fmt.Sprintf("https://example.com/%d", i)})
	}
	body, err := json.Marshal(map[string]any{"strategyReport": plan.String(), "comprehensiveReport": all.String(), "email": "dana@acme.com", "quotes": quotes})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestARunKilledBetweenStepsIsFinishedAfterARestart(t *testing.T) {
	t.Parallel()
	body := []byte(`{"strategyReport":"# Plan\n\nDo it.","comprehensiveReport":"# All\n\nOf it.","email":"x@acme.com"}`)
	undisturbed := t.TempDir()
	process, url := command(t, undisturbed, "NOTION_MIN_GAP=0s")
	waitFor(t, url, body)
	stop(t, process)
	want := tree(t, undisturbed)

	data := t.TempDir()
	process, url = command(t, data, "NOTION_MIN_GAP=300ms")
	accepted := send(t, url, body, "wait=0")
	for status(t, accepted.Data.StatusURL).Progress.Done < 2 {
	}
	process.Process.Kill()
	process.Wait()
	if got := tree(t, data); got == want {
		t.Fatal("the run had ended before it was killed")
	}
	process, url = command(t, data, "NOTION_MIN_GAP=0s")
	waitFor(t, url, body)
	stop(t, process)
	if diff := cmp.Diff(want, tree(t, data)); diff != "" {
		t.Errorf("tree (-undisturbed +killed):\n%s", diff)
	}
}
