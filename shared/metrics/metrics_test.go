package metrics_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notionrelay/shared/logs"
	"notionrelay/shared/metrics"
)

func lines(t *testing.T, out *bytes.Buffer) (all []map[string]any) {
	t.Helper()
	for line := range strings.Lines(out.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		all = append(all, fields)
	}
	return all
}

func TestRecordWritesALineInTheEmbeddedMetricFormat(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	before := time.Now().UnixMilli()
	metrics.Recorder{Function: "relay-publisher", Log: logs.New(&out)}.Record(t.Context(),
		metrics.Count(metrics.NotionConflicts, 0),
		metrics.Times(metrics.NotionLatency, 1500*time.Microsecond, time.Second),
		metrics.Times(metrics.TimeToPublish))
	got := lines(t, &out)
	if len(got) != 1 {
		t.Fatalf("%d lines, want 1", len(got))
	}
	aws := got[0]["_aws"].(map[string]any)
	if at := int64(aws["Timestamp"].(float64)); at < before || at > time.Now().UnixMilli() {
		t.Errorf("timestamp %d is not now, in milliseconds", at)
	}
	delete(aws, "Timestamp")
	delete(got[0], "timestamp")
	want := map[string]any{
		"level": "INFO", "message": "figures", "FunctionName": "relay-publisher",
		"NotionConflicts": []any{0.0}, "NotionLatency": []any{1.5, 1000.0},
		"_aws": map[string]any{"CloudWatchMetrics": []any{map[string]any{
			"Namespace": "NotionRelay", "Dimensions": []any{[]any{"FunctionName"}},
			"Metrics": []any{
				map[string]any{"Name": "NotionConflicts", "Unit": "Count"},
				map[string]any{"Name": "NotionLatency", "Unit": "Milliseconds"},
			},
		}}},
	}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("line (-want +got):\n%s", diff)
	}
}

// CloudWatch drops a line with more than a hundred values of a metric.
func TestRecordDividesMoreThanAHundredValues(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	metrics.Recorder{Function: "f", Log: logs.New(&out)}.Record(t.Context(),
		metrics.Count(metrics.NotionRequests, 250), metrics.Times(metrics.NotionLatency, make([]time.Duration, 250)...))
	var requests, latencies []int
	for _, line := range lines(t, &out) {
		count, _ := line["NotionRequests"].([]any)
		values, _ := line["NotionLatency"].([]any)
		requests, latencies = append(requests, len(count)), append(latencies, len(values))
	}
	if diff := cmp.Diff([]int{1, 0, 0}, requests); diff != "" {
		t.Errorf("values of the count (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{100, 100, 50}, latencies); diff != "" {
		t.Errorf("values of the times (-want +got):\n%s", diff)
	}
}

func TestTheZeroRecorderRecordsNothing(t *testing.T) {
	t.Parallel()
	metrics.Recorder{}.Record(t.Context(), metrics.Count(metrics.RunsFailed, 1)) // and does not panic
}
