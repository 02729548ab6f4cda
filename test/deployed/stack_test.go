//go:build integration

package deployed_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notionrelay/functions/publisher/publish"
	"notionrelay/local/notionsim"
	"notionrelay/shared/runs"
	"notionrelay/test/planted"
)

// What callers send.
var samples = []string{
	"../../events/sample-report.json",
	"../../testdata/webhook-small.json",
	"../../testdata/webhook-gumloop.json",
}

// accepted is what a caller reads of the answer to a report.
type accepted struct {
	Data struct{ ReportID, StatusURL string }
}

// progress is what a caller reads of a report's status.
type progress struct{ Status runs.Status }

// TestTheStackWritesWhatOneMachineWrites sends each sample, twice, to the
// functions as they are deployed, and to the command for one machine.
func TestTheStackWritesWhatOneMachineWrites(t *testing.T) {
	t.Parallel()
	c := startCloud(t)
	command := filepath.Join(t.TempDir(), "local")
	if said, err := exec.CommandContext(t.Context(), "go", "build", "-o", command, "notionrelay/cmd/local").CombinedOutput(); err != nil {
		t.Fatalf("build the command: %v\n%s", err, said)
	}
	for _, path := range samples {
		t.Run(filepath.Base(path), func(t *testing.T) {
			body, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			d := c.deploy(t, publish.Timeout, untouched)
			d.serve(t, invoke(d.publisher))
			var first, second accepted
			for _, a := range []*accepted{&first, &second} {
				if status := d.request(t, http.MethodPost, "/reports", string(body), a); status/100 != 2 {
					t.Fatalf("the report was answered with %d", status)
				}
			}
			if first.Data.ReportID == "" || first.Data.ReportID != second.Data.ReportID {
				t.Errorf("the same report has the ids %q and %q", first.Data.ReportID, second.Data.ReportID)
			}
			complete(t, func() runs.Status {
				var p progress
				d.request(t, http.MethodGet, "/reports/"+first.Data.ReportID, "", &p)
				return p.Status
			})
			if diff := cmp.Diff(oneMachine(t, command, body), d.sim.Tree()); diff != "" {
				t.Errorf("tree (-one machine +stack):\n%s", diff)
			}
			if left, err := d.dead.Receive(t.Context(), 10, 0); err != nil || len(left) != 0 {
				t.Errorf("got dead letters %v, %v", left, err)
			}
		})
	}
}

// oneMachine publishes a report with the command and returns the tree that it
// has left behind.
func oneMachine(t *testing.T, command string, body []byte) (tree string) {
	t.Helper()
	data := t.TempDir()
	process := exec.CommandContext(context.WithoutCancel(t.Context()), command, "-addr", "127.0.0.1:0", "-data", data)
	process.Env = append(os.Environ(), "NOTION_MIN_GAP=0s", "NOTION_BUDGET=1000000")
	process.Stderr = planted.Output(t)
	stdout, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		process.Process.Kill()
		process.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if !ok {
		t.Fatalf("the command said %q, %v", line, err)
	}
	var a accepted
	call(t, http.MethodPost, url+"/reports", body, &a)
	complete(t, func() runs.Status {
		var p progress
		call(t, http.MethodGet, a.Data.StatusURL, nil, &p)
		return p.Status
	})
	process.Process.Signal(os.Interrupt)
	if err := process.Wait(); err != nil {
		t.Errorf("the command did not stop cleanly: %v", err)
	}
	return treeIn(t, filepath.Join(data, "notion"))
}

func treeIn(t *testing.T, folder string) string {
	t.Helper()
	sim, err := notionsim.Open(notionsim.Options{Dir: folder})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	return sim.Tree()
}

func call(t *testing.T, method, url string, body []byte, into any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil || answer.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %s, %v", method, url, answer.Status, err)
	}
}
