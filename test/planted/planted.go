// Package planted has what must never be told to others, a report's text, an
// e-mail address and a secret, and a listener that tests give to what they test
// as its log: it knows when it is told one of these.
package planted

import (
	"bytes"
	"io"
	"log/slog"
	"regexp"
	"slices"
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

var planted = []string{Text, "pangolin", Secret}

// address is any e-mail address: the reports of the tests have many.
var address = regexp.MustCompile(`[\w.+-]+@[\w.-]+\.[A-Za-z]+`)

// Find returns the lines of what was written that have something planted, an
// e-mail address, or one of these texts.
func Find(written string, texts ...string) (leaks []string) {
	l := Listen(texts...)
	_, _ = io.WriteString(l, written) // which never fails
	return l.Leaks()
}

// Log is for whatever a test tests. Lines of every level count, and figures. The
// test fails for a line that has something planted, an e-mail address, or one of
// these texts.
func Log(tb testing.TB, texts ...string) *slog.Logger {
	tb.Helper()
	return Output(tb, texts...).Log()
}

// Heard is a Log whose lines go to a handler as well.
func Heard(tb testing.TB, handler slog.Handler, texts ...string) *slog.Logger {
	tb.Helper()
	return slog.New(slog.NewMultiHandler(Output(tb, texts...).Log().Handler(), handler))
}

// Output is for what a process of a test writes. The test fails for what would
// fail it in a Log.
func Output(tb testing.TB, texts ...string) *Listener {
	tb.Helper()
	l := Listen(texts...)
	tb.Cleanup(func() {
		for _, leak := range l.Leaks() {
			tb.Errorf("it tells what it must not: %s", leak)
		}
	})
	return l
}

// Listener keeps those of the lines it hears that tell what they must not.
type Listener struct {
	texts [][]byte

	mu    sync.Mutex
	begun []byte // a line whose end is still to come
	leaks []string
}

var _ io.Writer = (*Listener)(nil)

// Listen makes a listener that knows these texts as well.
func Listen(texts ...string) *Listener {
	l := &Listener{}
	for _, text := range slices.Concat(planted, texts) {
		l.texts = append(l.texts, []byte(text))
	}
	return l
}

// Log is a log that the listener hears, at every level.
func (l *Listener) Log() *slog.Logger {
	return slog.New(logs.NewHandler(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug})))
}

// Leaks are the lines that have told something.
func (l *Listener) Leaks() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tells(l.begun) {
		return append(slices.Clone(l.leaks), string(l.begun))
	}
	return l.leaks
}

func (l *Listener) Write(written []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range bytes.Lines(written) {
		if len(l.begun) > 0 || !bytes.HasSuffix(line, []byte("\n")) {
			l.begun = append(l.begun, line...)
			line = l.begun
		}
		if !bytes.HasSuffix(line, []byte("\n")) {
			break
		}
		if l.tells(line) {
			l.leaks = append(l.leaks, string(bytes.TrimSpace(line)))
		}
		l.begun = l.begun[:0]
	}
	return len(written), nil
}

func (l *Listener) tells(line []byte) bool {
	return bytes.IndexByte(line, '@') >= 0 && address.Match(line) || // who looks for the @ first is fast
		slices.ContainsFunc(l.texts, func(text []byte) bool { return bytes.Contains(line, text) })
}
