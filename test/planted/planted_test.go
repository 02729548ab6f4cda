package planted_test

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notionrelay/test/planted"
)

// recorder is a test that is looked at.
type recorder struct {
	testing.TB

	failed   int
	cleanups []func()
}

func (r *recorder) Helper()               {}
func (r *recorder) Cleanup(f func())      { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(string, ...any) { r.failed++ }

func TestALogThatTellsFailsItsTest(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		write func(*slog.Logger)
		want  int
	}{
		"ids and sizes":            {func(l *slog.Logger) { l.Info("accepted", "reportId", "rep_1", "bytes", 7) }, 0},
		"a text":                   {func(l *slog.Logger) { l.Info("accepted", "body", "# "+planted.Text) }, 1},
		"a text of the test's own": {func(l *slog.Logger) { l.Info("accepted", "title", "How to do it") }, 1},
		"a secret as a message":    {func(l *slog.Logger) { l.Debug("token " + planted.Secret) }, 1},
		"an address in an error": {func(l *slog.Logger) {
			l.Error("failed", "error", errors.New(`parse "<`+planted.Email+`>"`))
			l.With("email", "jane.doe@acme.com").Warn("twice")
		}, 2},
	} {
		r := &recorder{TB: t}
		tt.write(planted.Log(r, "How to do it"))
		for _, end := range r.cleanups {
			end()
		}
		if r.failed != tt.want {
			t.Errorf("%s: failed %d times, want %d", name, r.failed, tt.want)
		}
	}
}

func TestALineCountsHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	l := planted.Listen("a text of its own")
	for _, part := range []string{"one\ntwo zebra", planted.Text, "\nthree a text", " of its", " own"} {
		l.Write([]byte(part))
	}
	want := []string{"two zebra" + planted.Text, "three a text of its own"}
	if diff := cmp.Diff(want, l.Leaks()); diff != "" {
		t.Errorf("leaks (-want +found):\n%s", diff)
	}
}
