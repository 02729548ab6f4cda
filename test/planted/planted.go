// Package planted has what must never be told to others, a report's text, an
// e-mail address and a secret, and a log that tests give to what they test: it
// fails them when it is told one of these.
package planted

import (
	"bytes"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"notionrelay/shared/logs"
)

// What tests send to see where it comes out.
const (
	Text   = "Zebrafish-prose"
	Email  = "quagga@pangolin.example"
	Secret = "okapi-token-of-the-tests" //nolint:gosec // that is what it is for
)

// address is any e-mail address: the reports of the tests have many.
var address = regexp.MustCompile(`[\w.+-]+@[\w-]+\.\w+`)

// Find returns the lines of what was written that have something planted, or an
// e-mail address.
func Find(written string) (leaks []string) {
	for line := range strings.Lines(written) {
		told := func(secret string) bool { return strings.Contains(line, secret) }
		if address.MatchString(line) || slices.ContainsFunc([]string{Text, "pangolin", Secret}, told) {
			leaks = append(leaks, line)
		}
	}
	return leaks
}

// Log is for whatever a test tests. Lines of every level count.
func Log(tb testing.TB) *slog.Logger {
	tb.Helper()
	w := new(writer)
	tb.Cleanup(func() {
		for _, leak := range w.found() {
			tb.Errorf("the log tells what it must not: %s", leak)
		}
	})
	return slog.New(logs.NewHandler(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug})))
}

// writer keeps the lines that tell something.
type writer struct {
	mu    sync.Mutex
	leaks []string
}

var _ io.Writer = (*writer)(nil)

func (w *writer) Write(line []byte) (int, error) {
	leaks := Find(string(bytes.TrimSpace(line)))
	w.mu.Lock()
	defer w.mu.Unlock()
	w.leaks = append(w.leaks, leaks...)
	return len(line), nil
}

func (w *writer) found() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.leaks
}
