package intake_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"notionrelay/shared/logs"
	"notionrelay/test/hostile"
	"notionrelay/test/planted"
)

// TestHostileRequests sends every one of them over a real connection. Nothing of
// what is refused is in the table, the queue or the log, and no answer repeats it.
func TestHostileRequests(t *testing.T) {
	t.Parallel()
	var log syncBuffer
	b := setup(t, hostile.Secret, hostile.SigningSecret)
	b.Log = planted.Heard(t, logs.NewHandler(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	server := httptest.NewServer(b.Routes())
	defer server.Close()
	server.Config.ErrorLog = slog.NewLogLogger(b.Log.Handler(), slog.LevelWarn)
	_, known := b.do(t, post("/reports", hostile.Good, "X-Api-Key", hostile.Secret))
	_, token, _ := strings.Cut(known.Data.StatusURL, "?token=")

	requests := hostile.Requests(t, known.Data.ReportID, token)
	if len(requests) < 120 {
		t.Errorf("there are %d requests, want at least 120", len(requests))
	}
	names := map[string]bool{}
	for _, h := range requests {
		if names[h.Name] {
			t.Errorf("two are called %q", h.Name)
		}
		names[h.Name] = true
		t.Run(h.Name, func(t *testing.T) {
			records, messages := b.runs.created, len(b.queue.sent)
			response, body := h.Send(t, server.Listener.Addr().String())
			if got := hostile.Code(response, body); response.StatusCode != h.Status || got != h.Code {
				t.Errorf("got %d %q, want %d %q: %.300s", response.StatusCode, got, h.Status, h.Code, body)
			}
			if h.Status >= 400 && (b.runs.created != records || len(b.queue.sent) != messages) {
				t.Errorf("it left %d records and %d messages", b.runs.created-records, len(b.queue.sent)-messages)
			}
			if strings.Contains(string(body)+fmt.Sprint(response.Header), hostile.Marker) {
				t.Errorf("the answer repeats it: %v %.300s", response.Header, body)
			}
		})
	}
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, hostile.Marker) || strings.Contains(line, hostile.Secret) || len(line) > 1000 {
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
