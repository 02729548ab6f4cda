package notion

import (
	"context"
	"errors"
	"time"
)

// PostponedError says that the next attempt is left to a later delivery: it does not
// fit into the time left, or others shall go on meanwhile.
type PostponedError struct {
	Wait  time.Duration // before that attempt
	Cause error         // of the last attempt; nil when there was none
}

func (e *PostponedError) Error() string {
	says := "a request to Notion is put off for " + e.Wait.Round(time.Millisecond).String()
	if e.Cause == nil {
		return says
	}
	return says + ": " + e.Cause.Error()
}

func (e *PostponedError) Unwrap() error { return e.Cause }

// MaxAttempts bounds the attempts of one request in one place; whoever delivers
// the message again continues from there. Together they wait some four seconds.
const MaxAttempts = 3

// repeat makes a request that has no effect until it is answered. One whose time
// runs out without an answer is not repeated here: others wait for the turn.
func (c *Client) repeat(ctx context.Context, request func() error) error {
	for attempt := 1; ; attempt++ {
		err := request()
		if err == nil || FateOf(err) == Permanent || IsPostponed(err) || ctx.Err() != nil {
			return err
		}
		wait := c.Backoff(attempt, err)
		if attempt == MaxAttempts || errors.Is(err, context.DeadlineExceeded) {
			return &PostponedError{Wait: wait, Cause: err}
		}
		if err := c.Pause(ctx, wait, err); err != nil {
			return err
		}
	}
}

// IsPostponed tells whether an error is a PostponedError.
func IsPostponed(err error) bool {
	_, ok := errors.AsType[*PostponedError](err)
	return ok
}

// Backoff is the wait before the next attempt. It starts at one second, the
// least that Notion advises after a conflict, doubles, and spreads by half. An
// answer that asks for more gets it.
func (c *Client) Backoff(attempt int, err error) time.Duration {
	wait := time.Second << (attempt - 1)
	if e, ok := errors.AsType[*Error](err); ok {
		wait = max(wait, e.RetryAfter)
	}
	return wait + time.Duration(c.jitter()*float64(wait)/2)
}

// Pause waits, unless a request after the wait could outlive the context: then
// it returns a *PostponedError with the cause at once. It returns one without a
// cause when the process is to end, and a second or more would be waited for.
func (c *Client) Pause(ctx context.Context, wait time.Duration, cause error) error {
	if !c.fits(ctx, wait) {
		return &PostponedError{Wait: wait, Cause: cause}
	}
	if wait <= 0 {
		return ctx.Err()
	}
	var stop <-chan struct{}
	if wait >= time.Second { // an intent may be stored where it is less
		stop = stopOf(ctx)
	}
	select {
	case <-time.After(wait):
		return nil
	case <-stop:
		return &PostponedError{Wait: wait}
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fits tells whether there is time for a request after the wait.
func (c *Client) fits(ctx context.Context, wait time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) >= wait+c.limit(ctx, true)
}
