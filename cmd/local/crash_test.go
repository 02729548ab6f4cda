package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"notionrelay/local/notionsim"
	"notionrelay/test/ascommand"
	"notionrelay/test/planted"
)

// command starts the command in a process of its own and waits until it is
// ready.
func command(t testing.TB, data string, env ...string) (process *exec.Cmd, url string) {
	t.Helper()
	process = ascommand.Command(context.WithoutCancel(t.Context()), append(os.Environ(), env...), "-addr", "127.0.0.1:0", "-data", data)
	stdout, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	process.Stderr = &stderr
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		process.Process.Kill()
		process.Wait()
		for _, leak := range planted.Find(stderr.String()) {
			t.Errorf("the log tells what it must not: %s", leak)
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if !ok {
		t.Fatalf("got %q, %v; %s", line, err, stderr.String())
	}
	return process, url
}

func TestTheCommandStopsCleanly(t *testing.T) {
	t.Parallel()
	process, url := command(t, t.TempDir())
	send(t, url, []byte(`{"strategyReport":"# Plan"}`), "wait=0")
	stop(t, process)
}

// Notion may take a minute over the write under way. Who does not want to wait for
// its end says so once more, which is no worse than a kill.
func TestASecondSignalStopsTheCommandAtOnce(t *testing.T) {
	t.Parallel()
	writing, over := make(chan struct{}, 1), make(chan struct{})
	sim, err := notionsim.Open(notionsim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	notion := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/pages" {
			sim.ServeHTTP(w, r)
			return
		}
		writing <- struct{}{}
		<-over
	}))
	defer notion.Close()
	defer close(over)
	process := ascommand.Command(context.WithoutCancel(t.Context()), append(os.Environ(), "NOTION_API_KEY=k", "NOTION_DATABASE_ID="+sim.DatabaseID(), "NOTION_BASE_URL="+notion.URL), "-addr", "127.0.0.1:0", "-data", t.TempDir())
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	errs, err := process.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	defer process.Process.Kill()
	url := strings.TrimPrefix(lineWith(t, out, "ready "), "ready ")
	send(t, url, []byte(`{"strategyReport":"# Plan"}`), "wait=0")
	<-writing
	if err := process.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	lineWith(t, errs, "Once more")
	if err := process.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := process.Wait(); err == nil || !strings.Contains(err.Error(), "interrupt") {
		t.Errorf("it has ended with %v, want its end by the signal", err)
	}
}

// lineWith waits for a line with a text.
func lineWith(t *testing.T, output io.Reader, text string) string {
	t.Helper()
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if strings.Contains(lines.Text(), text) {
			return lines.Text()
		}
	}
	t.Fatalf("no line with %q: %v", text, lines.Err())
	return ""
}

// stop ends the command as an operator does.
func stop(t *testing.T, process *exec.Cmd) {
	t.Helper()
	if err := process.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := process.Wait(); err != nil {
		t.Errorf("the command did not stop cleanly: %v", err)
	}
}

// waitFor posts a report, perhaps for the second time, and returns when it is
// complete. A killed process may have left a request open, which is waited out.
func waitFor(t *testing.T, url string, body []byte) {
	t.Helper()
	a := send(t, url, body, "wait=25")
	for until := time.Now().Add(3 * time.Minute); ; {
		switch s := status(t, a.Data.StatusURL); {
		case s.Status == "complete":
			return
		case s.Status == "failed" || time.Now().After(until):
			t.Fatalf("the run is %s", s.Status)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func send(t *testing.T, url string, body []byte, prefer string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/reports", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Prefer", prefer)
	var a answer
	do(t, request, &a)
	return a
}

type statusAnswer struct {
	Status   string
	Progress struct{ Done, Total, Percent int }
}

func status(t *testing.T, url string) (s statusAnswer) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	do(t, request, &s)
	return s
}

func do(t *testing.T, request *http.Request, into any) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 300 {
		t.Fatalf("%s %s: %d %s, %v", request.Method, request.URL, response.StatusCode, body, err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatal(err)
	}
}

// tree reads the pages that a stopped command has left.
func tree(t *testing.T, data string) string {
	t.Helper()
	sim, err := notionsim.Open(notionsim.Options{Dir: data + "/notion"})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	return sim.Tree()
}

var highWater = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peakMemory is the most that a process has had in memory, in MB.
func peakMemory(t testing.TB, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	kB, err := strconv.Atoi(string(highWater.FindSubmatch(status)[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kB / 1000
}
