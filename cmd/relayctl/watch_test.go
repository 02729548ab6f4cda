package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notionrelay/local/embedded"
	"notionrelay/shared/runs"
)

// callback is a writer that calls for each write.
type callback func(p []byte)

func (f callback) Write(p []byte) (int, error) {
	f(p)
	return len(p), nil
}

func TestWatchPrintsFramesUntilItIsToldToEnd(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	db, err := embedded.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var printed, errs bytes.Buffer
	out := callback(func(p []byte) {
		printed.Write(p)
		switch strings.Count(printed.String(), "Notion Relay ·") {
		case 1: // what is printed next has to be another frame
			if _, _, err := db.Runs().Create(ctx, runs.Run{ReportID: "rep_1", Status: runs.Queued, AcceptedAt: time.Now(), UpdatedAt: time.Now()}); err != nil {
				t.Error(err)
			}
		case 2:
			cancel()
		}
	})
	if code := run(ctx, []string{"--data", dir, "watch", "--every", "100ms"}, strings.NewReader(""), out, &errs); code != 0 || errs.Len() > 0 {
		t.Errorf("it ends with %d and says %q", code, &errs)
	}
	first, second, _ := strings.Cut(printed.String(), "\n\nNotion Relay ·")
	if strings.Contains(first, "rep_1") || !strings.Contains(second, "rep_1") {
		t.Errorf("it printed:\n%s", &printed)
	}
}
