package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// Nobody may type an end. Who presses Ctrl-C instead is not kept.
func TestAnInterruptEndsTheReadOfAReport(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	in, typed := io.Pipe()
	defer typed.Close()
	go func() {
		_, _ = typed.Write([]byte("{")) // returns once it was read
		cancel()
	}()
	var out, errs bytes.Buffer
	if code := run(ctx, []string{"preview", "-"}, in, &out, &errs); code != exitFailed || errs.String() != "relayctl: interrupted\n" {
		t.Errorf("it ends with %d and says %q", code, &errs)
	}
}

func TestAPreviewIsServedUntilItIsToldToEnd(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var errs bytes.Buffer
	said := callback(func(p []byte) {
		defer cancel()
		var told struct {
			URL      string
			Requests int
		}
		if err := json.Unmarshal(p, &told); err != nil || told.Requests == 0 {
			t.Errorf("it says %s, %v", p, err)
			return
		}
		answer, err := http.Get(told.URL)
		if err != nil {
			t.Error(err)
			return
		}
		defer answer.Body.Close()
		if page, err := io.ReadAll(answer.Body); err != nil || !strings.Contains(string(page), "Pots") {
			t.Errorf("the page is %s, %v", page, err)
		}
	})
	report := strings.NewReader(`{"strategyReport": "# Plan", "email": "dana@pots.example"}`)
	if code := run(ctx, []string{"preview", "-", "--json"}, report, said, &errs); code != 0 {
		t.Errorf("it ends with %d and says %q", code, &errs)
	}
}
