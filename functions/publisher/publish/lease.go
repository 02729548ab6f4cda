package publish

import (
	"context"
	"fmt"
	"time"

	"notionrelay/shared/runs"
)

// leasedError says that another publisher works on the run.
type leasedError struct{ until time.Time }

func (e *leasedError) Error() string {
	return "run is being published by another process until " + e.until.UTC().Format(time.RFC3339)
}

// leaseTime is the lease of a process without a deadline.
const leaseTime = time.Minute

// takeLease makes this process the run's only writer until its deadline, after
// which it cannot be running any more. The record's version is the fencing
// token: every save raises it, so whoever lost the lease fails to save the
// next intent and therefore writes nothing more.
func (d *delivery) takeLease(ctx context.Context) error {
	if l := d.run.Lease; l.Owner != d.Owner && time.Now().Before(l.Until) {
		return &leasedError{until: l.Until}
	}
	until, ok := ctx.Deadline()
	if !ok {
		until = time.Now().Add(leaseTime)
	}
	d.run.Lease = runs.Lease{Owner: d.Owner, Until: until}
	if f := d.run.Failure; f != nil && f.Kind == string(d.message.Kind) && f.Part == d.part() {
		d.run.Failure, d.run.EndedAt = nil, time.Time{} // redriven
		d.run.EnrichedAt = time.Time{}                  // what had come for it was dropped
	}
	if d.run.PublishedAt.IsZero() {
		d.run.Status = runs.Publishing
	}
	d.run.Counts.Deliveries++
	d.sliceEnd = time.Now().Add(sliceTime)
	return nil // stored with the first intent
}

// save stores the record with what has happened since the last time.
func (d *delivery) save(ctx context.Context) error {
	c := &d.run.Counts
	c.Requests += d.trace.Requests
	c.Conflicts += d.trace.Conflicts
	c.RateLimits += d.trace.RateLimits
	c.Recoveries += d.trace.Recoveries
	d.trace.Requests, d.trace.Conflicts, d.trace.RateLimits, d.trace.Recoveries = 0, 0, 0, 0
	d.run.UpdatedAt = time.Now()
	if err := d.Runs.Save(ctx, d.run); err != nil {
		return fmt.Errorf("save run %s: %w", d.run.ReportID, err)
	}
	d.stored = *d.run
	return nil
}

// close gives the lease up, so that the next delivery need not wait for it.
func (d *delivery) close(ctx context.Context) error {
	d.run.Lease = runs.Lease{}
	return d.save(ctx)
}
