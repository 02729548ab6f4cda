package notion

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Once is a request that must take effect exactly once, however often it has
// to be sent.
type Once[T any] struct {
	// Send makes the request a single time.
	Send func(context.Context) (T, error)
	// Find reads Notion to learn whether the request has already taken effect.
	// It is given the id under which Notion said to have saved it, if Notion
	// did. Nil means that sending twice does no harm.
	Find func(ctx context.Context, committedID string) (T, bool, error)
	// Look asks for a look before the first attempt in any case.
	Look bool
	// Intended says that an earlier process may have sent the request.
	Intended bool
	// Fresh says that the parent was made a moment ago: Notion may still answer
	// 404 for it.
	Fresh bool
}

// PostponedError says that the next attempt does not fit into the time left.
// The request may have happened; it is to be recovered after Wait.
type PostponedError struct {
	Wait  time.Duration
	Cause error // of the last attempt; nil when there was none
}

func (e *PostponedError) Error() string {
	return fmt.Sprintf("no time left for a request to Notion that has to wait %s: %v", e.Wait.Round(time.Millisecond), e.Cause)
}

func (e *PostponedError) Unwrap() error { return e.Cause }

// maxAttempts bounds the attempts of one Do; the queue continues from there.
const maxAttempts = 8

// Do sends a request until it has surely taken effect once. It returns a
// *PostponedError when that has to wait beyond the context's deadline, and the
// request's own error when repeating cannot help.
func Do[T any](ctx context.Context, c *Client, o Once[T]) (T, error) {
	var committedID string
	look := o.Intended || o.Look
	for attempt := 1; ; attempt++ {
		if look && o.Find != nil {
			if o.Intended || attempt > 1 {
				traceOf(ctx).Recoveries++
			}
			if found, ok, err := o.Find(ctx, committedID); ok || err != nil {
				return found, err
			}
		}
		result, err := o.Send(ctx)
		if err == nil {
			return result, nil
		}
		fate := fateOf(err, o.Fresh)
		if fate == Permanent || isPostponed(err) || ctx.Err() != nil {
			return result, err
		}
		if fate == Recover {
			look = true // and stays so: a late effect may still appear
			committedID = orElse(committedIDOf(err), committedID)
		}
		wait := c.backoff(attempt, err)
		if attempt == maxAttempts {
			return result, &PostponedError{Wait: wait, Cause: err}
		}
		if err := c.pause(ctx, wait, err); err != nil {
			return result, err
		}
	}
}

func fateOf(err error, fresh bool) Fate {
	if e, ok := errors.AsType[*Error](err); ok && fresh && e.Status == http.StatusNotFound {
		return Recover
	}
	return FateOf(err)
}

func isPostponed(err error) bool {
	_, ok := errors.AsType[*PostponedError](err)
	return ok
}

func committedIDOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.CommittedID
	}
	return ""
}

// backoff starts at one second, the least that Notion advises after a
// conflict, doubles up to half a minute, and spreads by half.
func (c *Client) backoff(attempt int, err error) time.Duration {
	wait := min(time.Second<<(attempt-1), 30*time.Second)
	if e, ok := errors.AsType[*Error](err); ok {
		wait = max(wait, e.RetryAfter)
	}
	return wait + time.Duration(c.jitter()*float64(wait)/2)
}

// pause waits, unless a request after the wait could outlive the context.
func (c *Client) pause(ctx context.Context, wait time.Duration, cause error) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait+c.timeout {
		return &PostponedError{Wait: wait, Cause: cause}
	}
	if wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
