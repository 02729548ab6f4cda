package publish

import (
	"context"

	"notionrelay/shared/metrics"
)

// measure records what the delivery has come to. A state counts once it is
// stored, a request once it was made.
func (d *delivery) measure(ctx context.Context) {
	if d.ledger == nil {
		return
	}
	was := d.found
	is, latencies := d.ledger.Stored()
	var figures []metrics.Figure
	if was.PublishedAt.IsZero() && !is.PublishedAt.IsZero() {
		d.Log.InfoContext(ctx, "published", "after", is.PublishedAt.Sub(is.AcceptedAt))
		figures = append(figures, metrics.Count(metrics.RunsPublished, 1), metrics.Times(metrics.TimeToPublish, is.PublishedAt.Sub(is.AcceptedAt)))
	}
	if is.Ended() && !is.EndedAt.Equal(was.EndedAt) {
		name, after := metrics.RunsCompleted, is.EndedAt.Sub(is.AcceptedAt)
		if f := is.LastFailure(); f != nil {
			name = metrics.RunsFailed
			d.Log.InfoContext(ctx, "failed", "after", after, "code", f.Code, "notionRequestId", f.NotionRequestID)
		} else {
			d.Log.InfoContext(ctx, "complete", "after", after, "warnings", len(is.Warnings))
		}
		figures = append(figures, metrics.Count(name, 1))
	}
	if requests := d.ledger.Run.Counts.Requests - was.Counts.Requests; requests > 0 {
		figures = append(figures,
			metrics.Count(metrics.NotionRequests, requests),
			metrics.Times(metrics.NotionLatency, latencies...),
			metrics.Count(metrics.NotionConflicts, d.ledger.Run.Counts.Conflicts-was.Counts.Conflicts),
			metrics.Count(metrics.NotionRateLimits, d.ledger.Run.Counts.RateLimits-was.Counts.RateLimits))
	}
	d.Metrics.Record(ctx, figures...)
}
