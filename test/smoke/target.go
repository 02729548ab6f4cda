package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"notionrelay/local/notionsim"
	"notionrelay/shared/notion"
)

// target is a Notion.
type target struct {
	name       string
	url        string // scheme and host
	token      string
	databaseID string
	server     *http.Server // of a simulator

	mu   sync.Mutex
	rows []string // made in the reports database
}

// chooseTarget is the Notion that is configured, or a simulator.
func chooseTarget(ctx context.Context) (*target, error) {
	token, database := os.Getenv("NOTION_API_KEY"), os.Getenv("NOTION_DATABASE_ID")
	if token == "" && database == "" {
		return startSimulator(ctx)
	}
	if token == "" || database == "" {
		return nil, errors.New("NOTION_API_KEY and NOTION_DATABASE_ID are both needed, or neither")
	}
	url := cmp.Or(strings.TrimSuffix(os.Getenv("NOTION_BASE_URL"), "/"), notion.DefaultBaseURL)
	return &target{name: "Notion", url: url, token: token, databaseID: database}, nil
}

const simulatorToken = "smoke"

// startSimulator serves a simulator over HTTP.
func startSimulator(ctx context.Context) (*target, error) {
	sim, err := notionsim.Open(notionsim.Options{Token: simulatorToken, Budget: 1_000_000})
	if err != nil {
		return nil, err
	}
	return serve(ctx, "the simulator", sim.DatabaseID(), sim)
}

func serve(ctx context.Context, name, databaseID string, handler http.Handler) (*target, error) {
	url, server, err := listen(ctx, handler)
	return &target{name: name, url: url, token: simulatorToken, databaseID: databaseID, server: server}, err
}

// listen serves on a free port of this machine.
func listen(ctx context.Context, handler http.Handler) (url string, server *http.Server, err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("serve on this machine: %w", err)
	}
	server = &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	return "http://" + listener.Addr().String(), server, nil
}

func (t *target) close() {
	if t.server != nil {
		_ = t.server.Close()
	}
}

func (t *target) introduction() string {
	if t.server == nil {
		return "Against " + t.url + "."
	}
	return "Against a simulator: with NOTION_API_KEY and NOTION_DATABASE_ID in the environment it would be Notion itself."
}

func (t *target) client() (*notion.Client, error) {
	return notion.New(notion.Options{Token: t.token, BaseURL: t.url, Log: slog.New(slog.DiscardHandler)}) //nolint:forbidigo // it only reads what the relay has written
}

// answered is what came back from a request of one's own.
type answered struct {
	status int
	object map[string]any // nil where it is no JSON
}

func (a answered) text(name string) string {
	s, _ := a.object[name].(string)
	return s
}

// passes tells whether waiting mends an answer.
func (a answered) passes() bool {
	return a.status == http.StatusTooManyRequests || a.status >= http.StatusInternalServerError || a.text("code") == "conflict_error"
}

// ask makes a request, some times where its answer passes.
func (t *target) ask(ctx context.Context, method, path, body string, change func(http.Header)) (answered, error) {
	for attempt := 1; ; attempt++ {
		a, wait, err := t.askOnce(ctx, method, path, body, change)
		if err != nil || !a.passes() || attempt == 5 {
			return a, err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return a, ctx.Err()
		}
	}
}

func (t *target) askOnce(ctx context.Context, method, path, body string, change func(http.Header)) (a answered, wait time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, method, t.url+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return answered{}, 0, err
	}
	r.Header.Set("Authorization", "Bearer "+t.token)
	r.Header.Set("Notion-Version", notionsim.Version)
	r.Header.Set("Content-Type", "application/json")
	if change != nil {
		change(r.Header)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return answered{}, 0, err
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	if err != nil {
		return answered{}, 0, fmt.Errorf("%s %s: %w", method, path, err)
	}
	a = answered{status: answer.StatusCode}
	if json.Unmarshal(read, &a.object) == nil {
		t.remember(a)
	}
	seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
	return a, time.Duration(max(1, seconds)) * time.Second, nil
}

// remember takes down a row that is to go to the trash in the end.
func (t *target) remember(a answered) {
	parent, _ := a.object["parent"].(map[string]any)
	in, _ := parent["database_id"].(string)
	if a.status != http.StatusOK || a.text("object") != "page" || undashed(in) != undashed(t.databaseID) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows = append(t.rows, a.text("id"))
}

func undashed(id string) string { return strings.ReplaceAll(id, "-", "") }

// trash takes all rows away that were made, and looks whether they are gone.
func (t *target) trash(ctx context.Context) (trashed int, err error) {
	t.mu.Lock()
	rows := t.rows
	t.mu.Unlock()
	seen := map[string]bool{}
	for _, id := range rows {
		if seen[id] {
			continue
		}
		seen[id] = true
		if _, err := t.ask(ctx, http.MethodDelete, "/v1/blocks/"+id, "", nil); err != nil {
			return trashed, err
		}
		gone, err := t.ask(ctx, http.MethodGet, "/v1/blocks/"+id, "", nil)
		if err != nil {
			return trashed, err
		}
		if gone.object["archived"] != true && gone.object["in_trash"] != true {
			return trashed, fmt.Errorf("row %s is not in the trash: %d %v", id, gone.status, gone.object["message"])
		}
		trashed++
	}
	return trashed, nil
}
