package intake_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"notionrelay/shared/logs"
)

// hostile is a request that means no good, and what it gets.
type hostile struct {
	name string
	line string // method and target; the version is HTTP/1.1 if it names none
	// header replaces what a good request has: "Name: value" lines. One without
	// a value takes the header away.
	header string
	body   string

	status int
	code   string // of the answer, and the field that it blames; empty where net/http refuses by itself
}

// marker is in whatever a hostile request could have repeated to others.
const marker = "evil"

// TestHostileRequests sends every one of them over a real connection. Nothing of
// what is refused is in the table, the queue or the log, and no answer repeats it.
func TestHostileRequests(t *testing.T) {
	t.Parallel()
	var log syncBuffer
	b := setup(t, secret, signingSecret)
	b.Log = slog.New(logs.NewHandler(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	server := httptest.NewServer(b.Routes())
	defer server.Close()
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // what net/http says itself
	_, known := b.do(t, post("/reports", good, "X-Api-Key", secret))

	requests := hostileRequests(t, known)
	if len(requests) < 120 {
		t.Errorf("there are %d requests, want at least 120", len(requests))
	}
	names := map[string]bool{}
	for _, h := range requests {
		if names[h.name] {
			t.Errorf("two are called %q", h.name)
		}
		names[h.name] = true
		t.Run(h.name, func(t *testing.T) {
			records, messages := b.runs.created, len(b.queue.sent)
			response, body := h.send(t, server.Listener.Addr().String())
			if got := codeOf(response, body); response.StatusCode != h.status || got != h.code {
				t.Errorf("got %d %q, want %d %q: %.300s", response.StatusCode, got, h.status, h.code, body)
			}
			if h.status >= 400 && (b.runs.created != records || len(b.queue.sent) != messages) {
				t.Errorf("it left %d records and %d messages", b.runs.created-records, len(b.queue.sent)-messages)
			}
			if strings.Contains(string(body)+fmt.Sprint(response.Header), marker) {
				t.Errorf("the answer repeats it: %v %.300s", response.Header, body)
			}
		})
	}
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, marker) || strings.Contains(line, secret) || len(line) > 1000 {
			t.Errorf("a line of the log repeats it, or is long: %.1000s", line)
		}
	}
}

// syncBuffer is a log that several goroutines write.
type syncBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// send writes the request as it stands and reads the answer. Where it promises
// more than it has, it says that there is no more; the server would otherwise
// take that for a caller who has gone.
func (h hostile) send(t *testing.T, addr string) (*http.Response, []byte) {
	t.Helper()
	connection, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	written := make(chan struct{})
	go func() { // the answer may come, and the connection end, before all is written
		defer close(written)
		io.WriteString(connection, h.raw())
		if h.status >= 400 && strings.Contains(h.header, "Content-Length:") {
			connection.(*net.TCPConn).CloseWrite()
		}
	}()
	defer func() { <-written }()
	method, _, _ := strings.Cut(h.line, " ")
	response, err := http.ReadResponse(bufio.NewReader(connection), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("half an answer: %v", err)
	}
	return response, body
}

func (h hostile) raw() string {
	line := h.line
	if !strings.Contains(line, " HTTP/") {
		line += " HTTP/1.1"
	}
	replaced := map[string]bool{}
	var raw strings.Builder
	raw.WriteString(line + "\r\n")
	for header := range strings.SplitSeq(h.header, "\n") {
		name, value, _ := strings.Cut(header, ":")
		if replaced[strings.ToLower(name)] = true; value != "" {
			raw.WriteString(header + "\r\n")
		}
	}
	for _, header := range []string{"Host: relay.example", "Authorization: Bearer " + secret, "Content-Type: application/json", fmt.Sprint("Content-Length: ", len(h.body))} {
		if name, _, _ := strings.Cut(header, ":"); !replaced[strings.ToLower(name)] {
			raw.WriteString(header + "\r\n")
		}
	}
	return raw.String() + "Connection: close\r\n\r\n" + h.body
}

// codeOf is the code of an answer and the field that it blames. Every error of
// ours is JSON, names its request, and is kept by nobody on the way.
func codeOf(response *http.Response, body []byte) string {
	var answer answerBody
	if response.Header.Get("Content-Type") != "application/json; charset=utf-8" || json.Unmarshal(body, &answer) != nil {
		return ""
	}
	switch {
	case answer.Code != "" && (answer.RequestID == "" || answer.Error == ""):
		return "an error without a sentence or a request id"
	case response.Header.Get("Cache-Control") != "no-store" || response.Header.Get("X-Content-Type-Options") != "nosniff":
		return "an answer that may be kept or guessed at"
	}
	return strings.TrimSpace(answer.Code + " " + answer.Field)
}

// signedHeader is the header of a request without a secret but with a signature.
func signedHeader(t *testing.T, secret, id string, at time.Time, body string) string {
	t.Helper()
	lines := []string{"Authorization:"}
	signature := sign(t, secret, id, at, body)
	for i := 0; i < len(signature); i += 2 {
		lines = append(lines, signature[i]+": "+signature[i+1])
	}
	return strings.Join(lines, "\n")
}
