// Package metrics records figures for CloudWatch in its embedded metric
// format: a line of the log that names its fields which are metrics
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
package metrics

import (
	"context"
	"log/slog"
	"time"
)

// Namespace is where the figures are found in CloudWatch. Their one dimension
// is FunctionName, as with Lambda's own.
const Namespace = "NotionRelay"

// Name is what a figure is called in CloudWatch.
type Name string

// The figures.
const (
	ReportsAccepted Name = "ReportsAccepted" // put on the publish queue
	WrongSecrets    Name = "WrongSecrets"    // reports refused though they came with a secret or a signature

	RunsPublished Name = "RunsPublished" // whose base pages exist now
	RunsCompleted Name = "RunsCompleted" // that have title, introduction and quotes as well
	RunsFailed    Name = "RunsFailed"
	TimeToPublish Name = "TimeToPublish" // from accepted to published
	DeadLetters   Name = "DeadLetters"   // put aside by the publisher itself, not by SQS

	NotionRequests   Name = "NotionRequests"
	NotionLatency    Name = "NotionLatency"    // of each request
	NotionConflicts  Name = "NotionConflicts"  // answers 409
	NotionRateLimits Name = "NotionRateLimits" // answers 429 and 529

	PublisherHalted Name = "PublisherHalted" // 1 at each delivery while nothing is written, 0 when it goes on

	EnricherFallbacks Name = "EnricherFallbacks" // texts or quotes done without their source
)

// Names are all figures.
func Names() []Name {
	return []Name{
		ReportsAccepted, WrongSecrets, RunsPublished, RunsCompleted, RunsFailed, TimeToPublish, DeadLetters,
		NotionRequests, NotionLatency, NotionConflicts, NotionRateLimits, PublisherHalted, EnricherFallbacks,
	}
}

// Recorder records the figures of one function. The zero Recorder records
// nothing, for there is no CloudWatch on one machine.
type Recorder struct {
	Function string // its name in Lambda
	// Log writes JSON, and is not kept from writing at level info.
	Log *slog.Logger
}

// Figure is a name with what was counted or measured.
type Figure struct {
	name   Name
	unit   string
	values []float64
}

// Count is a number of events, which may be 0: a metric that is there and 0 is
// told from one that is missing.
func Count(name Name, n int) Figure { return Figure{name, "Count", []float64{float64(n)}} }

// Times are durations, each of which counts by itself.
func Times(name Name, took ...time.Duration) Figure {
	f := Figure{name: name, unit: "Milliseconds"}
	for _, d := range took {
		f.values = append(f.values, float64(d.Microseconds())/1000)
	}
	return f
}

// maxValues is how many values a metric may have in one line.
const maxValues = 100

// Record writes the figures that have a value.
func (r Recorder) Record(ctx context.Context, figures ...Figure) {
	if r.Log == nil {
		return
	}
	for len(figures) > 0 {
		var now, rest []Figure
		for _, f := range figures {
			if len(f.values) > maxValues {
				rest = append(rest, Figure{f.name, f.unit, f.values[maxValues:]})
				f.values = f.values[:maxValues]
			}
			if len(f.values) > 0 {
				now = append(now, f)
			}
		}
		r.write(ctx, now)
		figures = rest
	}
}

type metadata struct {
	Timestamp         int64 // milliseconds since 1970
	CloudWatchMetrics []directive
}

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []definition
}

type definition struct{ Name, Unit string }

const dimension = "FunctionName"

func (r Recorder) write(ctx context.Context, figures []Figure) {
	if len(figures) == 0 {
		return
	}
	definitions := make([]definition, len(figures))
	attributes := []slog.Attr{slog.String(dimension, r.Function)}
	for i, f := range figures {
		definitions[i] = definition{string(f.name), f.unit}
		attributes = append(attributes, slog.Any(string(f.name), f.values))
	}
	attributes = append(attributes, slog.Any("_aws", metadata{
		Timestamp:         time.Now().UnixMilli(),
		CloudWatchMetrics: []directive{{Namespace: Namespace, Dimensions: [][]string{{dimension}}, Metrics: definitions}},
	}))
	r.Log.LogAttrs(ctx, slog.LevelInfo, "figures", attributes...)
}
