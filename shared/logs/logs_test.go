package logs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"

	"notionrelay/shared/logs"
)

// line reads the only line of a log, less its time.
func line(t *testing.T, log *bytes.Buffer) map[string]any {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal(log.Bytes(), &fields); err != nil {
		t.Fatalf("%v: %s", err, log.String())
	}
	if _, ok := fields["timestamp"]; !ok {
		t.Errorf("%s has no timestamp", log.String())
	}
	delete(fields, "timestamp")
	log.Reset()
	return fields
}

func TestALineSaysWhatItBelongsTo(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := logs.New(&out).With("function", "f")
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "request-1"})
	ctx = context.WithValue(ctx, "x-amzn-trace-id", "Root=1-2-3;Sampled=1") //nolint:staticcheck // as aws-lambda-go does it
	ctx = logs.Begin(ctx)
	logs.Set(ctx, "reportId", "rep_1")
	logs.Set(ctx, "step", "row")
	log.InfoContext(ctx, "working", "status", 200)
	want := map[string]any{"level": "INFO", "message": "working", "function": "f", "status": 200.0,
		"requestId": "request-1", "traceId": "1-2-3", "reportId": "rep_1", "step": "row"}
	if diff := cmp.Diff(want, line(t, &out)); diff != "" {
		t.Errorf("line (-want +got):\n%s", diff)
	}

	logs.Set(ctx, "step", "homepage")
	logs.Set(ctx, "reportId", "")
	log.WarnContext(ctx, "again")
	want = map[string]any{"level": "WARN", "message": "again", "function": "f", "requestId": "request-1", "traceId": "1-2-3", "step": "homepage"}
	if diff := cmp.Diff(want, line(t, &out)); diff != "" {
		t.Errorf("next line (-want +got):\n%s", diff)
	}
}

func TestOutsideOfARequestALineIsPlain(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logs.Set(t.Context(), "reportId", "rep_1")
	logs.New(&out).InfoContext(t.Context(), "starting")
	if diff := cmp.Diff(map[string]any{"level": "INFO", "message": "starting"}, line(t, &out)); diff != "" {
		t.Errorf("line (-want +got):\n%s", diff)
	}
}

// It sets a variable of the process, so it cannot run in parallel.
func TestTheLevelIsTheFunctions(t *testing.T) {
	for level, want := range map[string]int{"DEBUG": 2, "": 1, "INFO": 1, "TRACE": 1, "WARN": 0} {
		t.Setenv("AWS_LAMBDA_LOG_LEVEL", level)
		var out bytes.Buffer
		log := logs.New(&out)
		log.Debug("debug")
		log.Info("info")
		if got := bytes.Count(out.Bytes(), []byte("\n")); got != want {
			t.Errorf("level %q: %d lines, want %d", level, got, want)
		}
	}
}

func TestDurationsAreInMilliseconds(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logs.New(&out).Info("done", "took", 1500*time.Microsecond)
	if !strings.Contains(out.String(), `"tookMs":1.5`) {
		t.Errorf("got %s", out.String())
	}
}
