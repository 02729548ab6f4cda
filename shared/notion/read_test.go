package notion_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"notionrelay/shared/notion"
)

// script answers one request after the other and fails the test past its end.
func script(t *testing.T, trips ...roundTrip) roundTrip {
	t.Helper()
	return func(r *http.Request) (*http.Response, error) {
		if len(trips) == 0 {
			t.Errorf("got one request too many: %s %s", r.Method, r.URL.Path)
			return nil, errors.New("the script is over")
		}
		next := trips[0]
		trips = trips[1:]
		return next(r)
	}
}

var (
	me      = answer(200, `{"object":"user","id":"bot"}`)
	limited = answer(429, errorBody(429, "rate_limited", ""), "Retry-After", "9")
	broken  = answer(500, errorBody(500, "internal_server_error", ""))
)

func TestAReadIsRepeatedUntilItIsAnswered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, started := newClient(t, script(t, limited, broken, me)), time.Now()
		for range 2 { // the second time it is known
			if id, err := c.Me(t.Context()); err != nil || id != "bot" {
				t.Errorf("got %q, %v", id, err)
			}
		}
		if took := time.Since(started); took != 9*time.Second+2*time.Second {
			t.Errorf("waited %s", took)
		}
	})
}

func TestAReadIsPostponedAfterItsAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, err := newClient(t, script(t, broken, broken, broken, broken)).Me(t.Context())
		if postponed, ok := errors.AsType[*notion.PostponedError](err); !ok || postponed.Cause == nil {
			t.Errorf("got %v, want it postponed", err)
		}
	})
}

func TestAReadIsPostponedWhereItsWaitDoesNotFit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), notion.LateEffect+5*time.Second)
		defer cancel()
		_, err := newClient(t, script(t, limited)).Me(ctx)
		if postponed, ok := errors.AsType[*notion.PostponedError](err); !ok || postponed.Wait != 9*time.Second || postponed.Cause == nil {
			t.Errorf("got %v, want it postponed by 9 s", err)
		}
	})
}

func TestNothingIsSentThatCouldOutliveItsDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), notion.LateEffect-time.Second)
		defer cancel()
		_, err := newClient(t, script(t)).CreatePage(ctx, notion.NewPage{PageID: "p"})
		if postponed, ok := errors.AsType[*notion.PostponedError](err); !ok || postponed.Wait != 0 || postponed.Cause != nil {
			t.Errorf("got %v, want it postponed for want of time", err)
		}
	})
}

// A process may be suspended between the intent and the request, and go on when
// others have found that it never happened.
func TestAnOldIntentIsNotSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := notion.WithIntent(t.Context(), time.Now())
		time.Sleep(notion.SendLimit + time.Millisecond)
		_, err := newClient(t, script(t)).CreatePage(ctx, notion.NewPage{PageID: "p"})
		if notion.FateOf(err) != notion.Repeat {
			t.Errorf("got %v", err)
		}
	})
}
