package notion

import (
	"context"
	"net/http"
	"time"
)

// Trace counts what the requests of a context went through. Requests of one
// context follow one another, so it needs no lock.
type Trace struct {
	Requests   int
	Conflicts  int             // answers 409
	RateLimits int             // answers 429 and 529
	Recoveries int             // reads made to learn what had happened
	Latencies  []time.Duration // of the requests, from each one's start to its answer
}

type traceKey struct{}

// WithTrace lets requests made with the context be counted in t.
func WithTrace(ctx context.Context, t *Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

func traceOf(ctx context.Context) *Trace {
	if t, ok := ctx.Value(traceKey{}).(*Trace); ok {
		return t
	}
	return new(Trace)
}

func (t *Trace) count(x *exchange, took time.Duration) {
	t.Requests++
	t.Latencies = append(t.Latencies, took)
	switch x.status {
	case http.StatusConflict:
		t.Conflicts++
	case http.StatusTooManyRequests, statusOverloaded:
		t.RateLimits++
	}
}

type bulkKey struct{}

// WithBulk marks the requests of a context as bulk work, which leaves a part of
// the budget to others. While Pace lets it wait, it asks each second whether to leave
// off, and returns the reason if there is one.
func WithBulk(ctx context.Context, leaveOff func(context.Context) error) context.Context {
	return context.WithValue(ctx, bulkKey{}, leaveOff)
}

// bulkOf is what bulk work asks while it waits; nil for other work.
func bulkOf(ctx context.Context) func(context.Context) error {
	leaveOff, _ := ctx.Value(bulkKey{}).(func(context.Context) error)
	return leaveOff
}

type stopKey struct{}

// WithStop ends the waits of a context's requests when stop is closed, since the
// process is to end. Nil never is.
func WithStop(ctx context.Context, stop <-chan struct{}) context.Context {
	return context.WithValue(ctx, stopKey{}, stop)
}

func stopOf(ctx context.Context) <-chan struct{} {
	stop, _ := ctx.Value(stopKey{}).(<-chan struct{})
	return stop
}

type beforeKey struct{}

// WithBefore lets something happen before each request of a context, such as
// keeping what its caller holds.
func WithBefore(ctx context.Context, before func(context.Context)) context.Context {
	return context.WithValue(ctx, beforeKey{}, before)
}

func beforeOf(ctx context.Context) func(context.Context) {
	if before, ok := ctx.Value(beforeKey{}).(func(context.Context)); ok {
		return before
	}
	return func(context.Context) {}
}
