package publish

import (
	"context"

	"notionrelay/shared/metrics"
	"notionrelay/shared/runs"
)

// measure records what the delivery has come to. A state counts once it is
// stored, a request once it was made.
func (d *delivery) measure(ctx context.Context) {
	if d.run == nil {
		return
	}
	was, is := d.found, d.stored
	var figures []metrics.Figure
	if was.PublishedAt.IsZero() && !is.PublishedAt.IsZero() {
		figures = append(figures, metrics.Count(metrics.RunsPublished, 1), metrics.Times(metrics.TimeToPublish, is.PublishedAt.Sub(is.AcceptedAt)))
	}
	if is.Ended() && !is.EndedAt.Equal(was.EndedAt) {
		name := metrics.RunsCompleted
		if is.Status == runs.Failed {
			name = metrics.RunsFailed
		}
		figures = append(figures, metrics.Count(name, 1))
	}
	if requests := d.run.Counts.Requests - was.Counts.Requests; requests > 0 {
		figures = append(figures,
			metrics.Count(metrics.NotionRequests, requests),
			metrics.Times(metrics.NotionLatency, d.trace.Latencies...),
			metrics.Count(metrics.NotionConflicts, d.run.Counts.Conflicts-was.Counts.Conflicts),
			metrics.Count(metrics.NotionRateLimits, d.run.Counts.RateLimits-was.Counts.RateLimits))
	}
	d.Metrics.Record(ctx, figures...)
}
