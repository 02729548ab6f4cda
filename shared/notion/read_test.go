package notion_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"notionrelay/shared/notion"
	"notionrelay/test/planted"
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
		tooShort, cancel := context.WithTimeout(t.Context(), 65*time.Second-1)
		defer cancel()
		_, err := newClient(t, script(t)).CreatePage(tooShort, notion.NewPage{PageID: "p"})
		if postponed, ok := errors.AsType[*notion.PostponedError](err); !ok || postponed.Wait != 0 || postponed.Cause != nil {
			t.Errorf("got %v, want it postponed for want of time", err)
		}
		enough, cancel := context.WithTimeout(t.Context(), 65*time.Second)
		defer cancel()
		if _, err := newClient(t, script(t, created)).CreatePage(enough, notion.NewPage{PageID: "p"}); err != nil {
			t.Errorf("got %v, though there is just time for it", err)
		}
	})
}

// A process may be suspended between the intent and the request, and go on when
// others have found that it never happened.
func TestAnOldIntentIsNotSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := notion.WithIntent(t.Context(), time.Now())
		time.Sleep(5 * time.Second)
		c := newClient(t, script(t, created))
		if _, err := c.CreatePage(ctx, notion.NewPage{PageID: "p"}); err != nil {
			t.Errorf("got %v", err)
		}
		time.Sleep(time.Nanosecond)
		if _, err := c.CreatePage(ctx, notion.NewPage{PageID: "p"}); notion.FateOf(err) != notion.Repeat {
			t.Errorf("got %v", err)
		}
	})
}

// What Notion says of a write may have to be looked into. However slow it is, that is
// not too late.
func TestAReadIsSentHoweverOldItsIntent(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"children", "block", "rows"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sent := false
				c := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
					sent = true
					return nil, errors.New("no")
				}))
				_, _ = requests[name](notion.WithIntent(t.Context(), time.Now().Add(-time.Minute)), c)
				if !sent {
					t.Error("it is not sent")
				}
			})
		})
	}
}

// Notion works on a write for as long as it is waited for here. A read has no
// effect, and others wait for the turn.
func TestHowLongAnAnswerIsWaitedFor(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ask  func(context.Context, *notion.Client) error
		want time.Duration
	}{
		"a write": {func(ctx context.Context, c *notion.Client) error { return c.DeleteBlock(ctx, "b") }, 65 * time.Second},
		"a read": {func(ctx context.Context, c *notion.Client) error {
			_, err := c.Block(ctx, "b")
			return err
		}, 20 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				silent := roundTrip(func(r *http.Request) (*http.Response, error) {
					<-r.Context().Done()
					return nil, r.Context().Err()
				})
				c, started := newClient(t, script(t, silent)), time.Now()
				if err := tt.ask(t.Context(), c); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
				if took := time.Since(started); took != tt.want {
					t.Errorf("waited %s, want %s", took, tt.want)
				}
			})
		})
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		attempt int
		err     error
		jitter  float64
		want    time.Duration
	}{
		{1, nil, 0, time.Second},
		{2, nil, 0, 2 * time.Second},
		{3, nil, 0, 4 * time.Second},
		{3, nil, 0.5, 5 * time.Second},
		{1, &notion.Error{RetryAfter: 9 * time.Second}, 0, 9 * time.Second},
		{1, &notion.Error{RetryAfter: 8 * time.Second}, 0.5, 10 * time.Second},
		{3, &notion.Error{RetryAfter: time.Second}, 0, 4 * time.Second},
	} {
		c, err := notion.New(notion.Options{Token: "t", Log: planted.Log(t), Jitter: func() float64 { return tt.jitter }})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Backoff(tt.attempt, tt.err); got != tt.want {
			t.Errorf("after attempt %d with %+v, jitter %v: got %s, want %s", tt.attempt, tt.err, tt.jitter, got, tt.want)
		}
	}
	c, err := notion.New(notion.Options{Token: "t", Log: planted.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Backoff(1, nil); got < time.Second || got >= 1500*time.Millisecond {
		t.Errorf("at random: got %s", got)
	}
}

// What was read of an answer of another shape is forgotten with it.
func TestAnAnswerIsNotMixedWithTheOneBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, script(t, answer(200, `{"results":[{"id":"1"}],"has_more":true,"next_cursor":7}`), answer(200, `{"results":[]}`)))
		if children, err := c.Children(t.Context(), "p"); len(children) > 0 || err != nil {
			t.Errorf("got %v, %v", children, err)
		}
		c = newClient(t, script(t, answer(200, `{"id":"d","archived":true,"properties":7}`), answer(200, `{"id":"d","properties":{}}`)))
		if found, err := c.Inspect(t.Context(), notion.Setup{DatabaseID: strings.Repeat("1", 32)}); len(found) > 0 || err != nil {
			t.Errorf("got %v, %v", found, err)
		}
	})
}

func TestAListingIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func(context.Context, *notion.Client) (int, error){
		"children": func(ctx context.Context, c *notion.Client) (int, error) {
			children, err := c.Children(ctx, "p")
			return len(children), err
		},
		"rows": func(ctx context.Context, c *notion.Client) (int, error) {
			rows, err := c.RowsSince(ctx, "d", "", time.Time{})
			return len(rows), err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			second := roundTrip(func(r *http.Request) (*http.Response, error) {
				if line := sent(t, r); !strings.Contains(line, "cursor-2") {
					t.Errorf("asked for %s", line)
				}
				return answer(200, `{"results":[{"id":"2"}]}`)(r)
			})
			c := newClient(t, script(t, answer(200, `{"results":[{"id":"1"}],"has_more":true,"next_cursor":"cursor-2"}`), second))
			if n, err := read(t.Context(), c); n != 2 || err != nil {
				t.Errorf("got %d, %v", n, err)
			}
		})
	}
}

// Versions of the API say it in different words.
func TestABlockInTheTrash(t *testing.T) {
	t.Parallel()
	for says, want := range map[string]bool{`"archived":true`: true, `"in_trash":true`: true, `"archived":false,"in_trash":false`: false} {
		b, err := newClient(t, answer(200, `{"id":"1","type":"divider","divider":{},`+says+`}`)).Block(t.Context(), "1")
		if err != nil || b.Trashed != want {
			t.Errorf("%s: got %t, %v", says, b.Trashed, err)
		}
	}
}

// A log tells of a failed request what Notion's support asks for.
func TestAFailedRequestIsLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	c, err := notion.New(notion.Options{
		Token: "t", Log: planted.Heard(t, slog.NewTextHandler(&log, nil)),
		Transport: answer(400, errorBody(400, "validation_error", ""), "Cf-Ray", "8a-FRA"),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = c.CreatePage(t.Context(), notion.NewPage{PageID: "p"})
	for _, part := range []string{"method=POST", "path=/v1/pages", "status=400", "took=", "code=validation_error", "notionRequestId=req-1", "cfRay=8a-FRA", "fate=permanent"} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("it does not say %s: %s", part, log.String())
		}
	}
}

func TestATraceCountsItsRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var trace notion.Trace
		before := 0
		ctx := notion.WithBefore(notion.WithTrace(t.Context(), &trace), func(context.Context) { before++ })
		slow := roundTrip(func(r *http.Request) (*http.Response, error) {
			time.Sleep(300 * time.Millisecond)
			return created(r)
		})
		overloaded := answer(529, errorBody(529, "service_overload", ""))
		conflict := answer(409, errorBody(409, "conflict_error", ""))
		c := newClient(t, script(t, slow, conflict, limited, overloaded))
		for range 4 {
			_, _ = c.CreatePage(ctx, notion.NewPage{PageID: "p"})
		}
		want := notion.Trace{Requests: 4, Conflicts: 1, RateLimits: 2, Latencies: []time.Duration{300 * time.Millisecond, 0, 0, 0}}
		if diff := cmp.Diff(want, trace); diff != "" {
			t.Errorf("trace (-want +got):\n%s", diff)
		}
		if before != 4 {
			t.Errorf("told before %d requests", before)
		}
	})
}

// A long answer is read whole, and one without an end does not take the memory.
func TestTheLengthOfAnAnswerIsBounded(t *testing.T) {
	t.Parallel()
	blank := func(r *http.Request, n int64, end string) (*http.Response, error) {
		body := io.MultiReader(io.LimitReader(spaces{}, n), strings.NewReader(end))
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(body), Request: r}, nil
	}
	long := roundTrip(func(r *http.Request) (*http.Response, error) { return blank(r, 20<<20, `{"id":"1"}`) })
	endless := roundTrip(func(r *http.Request) (*http.Response, error) { return blank(r, 1<<30, "") })
	c := newClient(t, script(t, long, endless))
	if p, err := c.CreatePage(t.Context(), notion.NewPage{PageID: "p"}); err != nil || p.ID != "1" {
		t.Errorf("got %+v, %v", p, err)
	}
	_, err := c.CreatePage(t.Context(), notion.NewPage{PageID: "p"})
	if notion.FateOf(err) != notion.Await || !strings.Contains(err.Error(), "answer of 33554432 bytes is no JSON") {
		t.Errorf("got %v", err)
	}
}

// spaces reads as spaces without an end.
type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestABaseURLHasASchemeAndAHost(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"https://", "api.notion.com", "https://[::1"} {
		if _, err := notion.New(notion.Options{Token: "t", Log: planted.Log(t), BaseURL: base}); err == nil || !strings.Contains(err.Error(), base) {
			t.Errorf("%s: got %v", base, err)
		}
	}
}
