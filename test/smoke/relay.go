package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"notionrelay/test/planted"
)

// build makes the program that is put to the test.
func build(ctx context.Context, folder string) (program string, err error) {
	program = filepath.Join(folder, "local")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "notionrelay/cmd/local").CombinedOutput() //nolint:gosec // a folder of our own
	if err != nil {
		return "", fmt.Errorf("build cmd/local: %w\n%s", err, out)
	}
	return program, nil
}

// publication is what became of a report.
type publication struct {
	rowID    string
	began    time.Time
	requests int
	writes   int
	killed   int
	refusals []string
	took     time.Duration
}

// publish has a program publish a report, a new one after each death, and sends
// the report once more.
func publish(ctx context.Context, t *target, program, data string, body []byte, deaths []death) (p publication, err error) {
	l, err := newLine(t, deaths)
	if err != nil {
		return p, err
	}
	address, server, err := listen(ctx, l)
	if err != nil {
		return p, err
	}
	defer server.Close()
	p.began = time.Now()
	for {
		r, err := startRelay(ctx, t, program, data, address)
		if err != nil {
			return p, err
		}
		l.watch(r.process.Process)
		a, err := r.see(ctx, body)
		if errors.Is(err, errKilled) && p.killed < len(deaths) {
			p.killed++
			continue
		}
		if err == nil {
			p.took = time.Since(p.began)
			p.rowID = a.Data.ParentPageID
			p.requests, p.writes, p.refusals = l.counts()
			err = r.repeat(ctx, body, a, l)
		}
		if err := errors.Join(err, r.stop()); err != nil {
			return p, err
		}
		break
	}
	if p.killed != len(deaths) {
		return p, fmt.Errorf("the program was killed %d times instead of %d: the report has changed, or what it is killed at", p.killed, len(deaths))
	}
	return p, nil
}

// relay is a running cmd/local.
type relay struct {
	process *exec.Cmd
	log     *bytes.Buffer
	url     string
}

var errKilled = errors.New("the program was killed")

func startRelay(ctx context.Context, t *target, program, data, notionURL string) (*relay, error) {
	process := exec.CommandContext(ctx, program, "-addr", "127.0.0.1:0", "-data", data) //nolint:gosec // built by us
	r := &relay{process: process, log: new(bytes.Buffer)}
	r.process.Env = append(os.Environ(), "NOTION_BASE_URL="+notionURL, "NOTION_API_KEY="+t.token, "NOTION_DATABASE_ID="+t.databaseID,
		"AI_API_KEY=", "RESEARCH_DATABASE_URL=", "WEBHOOK_SECRETS=") // what an AI writes cannot be compared
	if t.server != nil {
		r.process.Env = append(r.process.Env, "NOTION_MIN_GAP=0s", "NOTION_BUDGET=1000000")
	}
	r.process.Stderr = r.log
	stdout, err := r.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := r.process.Start(); err != nil {
		return nil, fmt.Errorf("start cmd/local: %w", err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if !ok {
		return nil, fmt.Errorf("start cmd/local: got %q, %w: %w\n%s", line, err, r.process.Wait(), r.log)
	}
	r.url = address
	return r, nil
}

// stop ends the program as an operator does.
func (r *relay) stop() error {
	if err := r.process.Process.Signal(os.Interrupt); err != nil {
		return fmt.Errorf("stop cmd/local: %w", err)
	}
	if err := r.process.Wait(); err != nil {
		return fmt.Errorf("cmd/local did not stop cleanly: %w\n%s", err, r.log)
	}
	if leaks := planted.Find(r.log.String()); len(leaks) > 0 {
		return fmt.Errorf("the log tells what it must not: %q", leaks)
	}
	return nil
}

// receipt is what the webhook answers.
type receipt struct {
	Data struct {
		ReportID          string `json:"reportId"`
		ParentPageID      string `json:"parentPageId"`
		BrandedHomepageID string `json:"brandedHomepageId"`
		StatusURL         string `json:"statusUrl"`
	} `json:"data"`
}

// see sends the report and waits until it is complete.
func (r *relay) see(ctx context.Context, body []byte) (receipt, error) {
	a, _, err := r.send(ctx, body, "wait=0")
	for err == nil {
		var state struct {
			Status string `json:"status"`
		}
		var raw []byte
		if _, raw, err = r.do(ctx, http.MethodGet, a.Data.StatusURL, nil, ""); err != nil {
			break
		}
		if err := json.Unmarshal(raw, &state); err != nil {
			return a, fmt.Errorf("read status %s: %w", raw, err)
		}
		switch state.Status {
		case "complete":
			a, _, err = r.send(ctx, body, "wait=0") // for the ids of its pages
			return a, err
		case "failed":
			return a, fmt.Errorf("the report failed: %s\n%s", raw, r.log)
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return a, fmt.Errorf("the report is not complete: %s: %w\n%s", raw, ctx.Err(), r.log)
		}
	}
	if _, cut := errors.AsType[*url.Error](err); cut && ctx.Err() == nil && r.process.Wait() != nil && r.process.ProcessState.String() == "signal: killed" {
		return a, errKilled
	}
	return a, fmt.Errorf("%w\n%s", err, r.log)
}

// repeat sends a report that is complete.
func (r *relay) repeat(ctx context.Context, body []byte, first receipt, l *line) error {
	_, before, _ := l.counts()
	again, status, err := r.send(ctx, body, "wait=25")
	_, after, _ := l.counts()
	switch {
	case err != nil:
		return fmt.Errorf("send the report again: %w", err)
	case status != http.StatusOK || again != first || first.Data.ParentPageID == "":
		return fmt.Errorf("the report was answered with %d %+v when it was sent again, and with %+v before", status, again, first)
	case after != before:
		return fmt.Errorf("%d writes were made when the report was sent again", after-before)
	}
	return nil
}

func (r *relay) send(ctx context.Context, body []byte, prefer string) (a receipt, status int, err error) {
	status, raw, err := r.do(ctx, http.MethodPost, r.url+"/reports", body, prefer)
	if err != nil {
		return a, status, err
	}
	return a, status, json.Unmarshal(raw, &a)
}

func (r *relay) do(ctx context.Context, method, address string, body []byte, prefer string) (status int, raw []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if prefer != "" {
		request.Header.Set("Prefer", prefer)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	raw, err = io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= http.StatusMultipleChoices {
		err = fmt.Errorf("%s %s: %d %s", method, address, answer.StatusCode, raw)
	}
	return answer.StatusCode, raw, err
}
