package notion_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
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
	created  = answer(200, `{"object":"page","id":"new"}`)
	refused  = fail(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED})
	conflict = answer(409, errorBody(409, "conflict_error", ""))
	badReply = answer(502, "<html>")
	limited  = answer(429, errorBody(429, "rate_limited", ""), "Retry-After", "9")
	missing  = answer(404, errorBody(404, "object_not_found", ""))
	invalid  = answer(400, errorBody(400, "validation_error", ""))
	saved    = answer(503, errorBody(503, "service_unavailable", `"committed_resource_id":"c1"`))
)

func TestDo(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		intended  bool
		fresh     bool
		trips     []roundTrip
		found     []string // answers of Find in turn; "" is not found
		want      string
		wantFinds int
		wantWait  time.Duration
	}{
		{name: "works at once", trips: []roundTrip{created}, want: "new"},
		{name: "refused is repeated without a look", trips: []roundTrip{refused, refused, created}, want: "new", wantWait: 3 * time.Second},
		{name: "rate limited waits as told", trips: []roundTrip{limited, created}, want: "new", wantWait: 9 * time.Second},
		{name: "conflict is looked at", trips: []roundTrip{conflict}, found: []string{"old"}, want: "old", wantFinds: 1, wantWait: time.Second},
		{name: "conflict not applied is repeated", trips: []roundTrip{conflict, created}, found: []string{""}, want: "new", wantFinds: 1, wantWait: time.Second},
		{name: "ambiguous is looked at before every repetition", trips: []roundTrip{badReply, refused, created}, found: []string{"", ""}, want: "new", wantFinds: 2, wantWait: 3 * time.Second},
		{name: "ambiguous shows late", trips: []roundTrip{badReply, badReply}, found: []string{"", "late"}, want: "late", wantFinds: 2, wantWait: 3 * time.Second},
		{name: "an intent is looked at first", intended: true, found: []string{"old"}, want: "old", wantFinds: 1},
		{name: "an intent that did not happen is sent", intended: true, trips: []roundTrip{created}, found: []string{""}, want: "new", wantFinds: 1},
		{name: "committed id is handed on", trips: []roundTrip{saved}, found: []string{"committed"}, want: "c1", wantFinds: 1, wantWait: time.Second},
		{name: "a fresh parent is missing for a while", fresh: true, trips: []roundTrip{missing, created}, found: []string{""}, want: "new", wantFinds: 1, wantWait: time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newClient(t, script(t, tt.trips...))
				finds, started := 0, time.Now()
				got, err := notion.Do(t.Context(), c, notion.Once[string]{
					Send: createdID(c), Intended: tt.intended, Fresh: tt.fresh,
					Find: func(_ context.Context, committedID string) (string, bool, error) {
						id := tt.found[finds]
						finds++
						if id == "committed" {
							id = committedID
						}
						return id, id != "", nil
					},
				})
				if err != nil || got != tt.want {
					t.Errorf("got %q, %v, want %q", got, err, tt.want)
				}
				if finds != tt.wantFinds {
					t.Errorf("got %d looks, want %d", finds, tt.wantFinds)
				}
				if waited := time.Since(started); waited != tt.wantWait {
					t.Errorf("waited %s, want %s", waited, tt.wantWait)
				}
			})
		})
	}
}

func TestDoReturnsWhatRepeatingCannotHelp(t *testing.T) {
	t.Parallel()
	for name, trip := range map[string]roundTrip{"validation": invalid, "missing parent": missing} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, script(t, trip))
			_, err := notion.Do(t.Context(), c, notion.Once[string]{Send: createdID(c)})
			if notion.FateOf(err) != notion.Permanent {
				t.Errorf("got %v, want a permanent error", err)
			}
		})
	}
}

func TestDoPostponesWhatDoesNotFitItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, script(t, limited))
		ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
		defer cancel()
		_, err := notion.Do(ctx, c, notion.Once[string]{Send: createdID(c)})
		postponed, ok := errors.AsType[*notion.PostponedError](err)
		if !ok || postponed.Wait != 9*time.Second || postponed.Cause == nil {
			t.Errorf("got %v, want it postponed by 9s", err)
		}
	})
}

func TestDoSendsNothingThatCouldOutliveItsDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, script(t))
		ctx, cancel := context.WithTimeout(t.Context(), 19*time.Second)
		defer cancel()
		_, err := notion.Do(ctx, c, notion.Once[string]{Send: createdID(c)})
		if postponed, ok := errors.AsType[*notion.PostponedError](err); !ok || postponed.Wait != 0 || postponed.Cause != nil {
			t.Errorf("got %v, want it postponed for want of time", err)
		}
	})
}

func TestDoEndsAfterItsAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, script(t, refused, refused, refused, refused, refused, refused, refused, refused))
		_, err := notion.Do(t.Context(), c, notion.Once[string]{Send: createdID(c)})
		if _, ok := errors.AsType[*notion.PostponedError](err); !ok {
			t.Errorf("got %v, want it postponed", err)
		}
	})
}

func TestWritesKeepTheirGapAndTheBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		started := time.Now()
		c, err := notion.New(notion.Options{Token: "t", MinGap: 100 * time.Millisecond, Budget: 10, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			at = append(at, time.Since(started))
			time.Sleep(50 * time.Millisecond)
			return created(r)
		})})
		if err != nil {
			t.Fatal(err)
		}
		for range 21 {
			if _, err := c.CreatePage(t.Context(), notion.NewPage{PageID: "p"}); err != nil {
				t.Fatal(err)
			}
		}
		if at[0] < 100*time.Millisecond {
			t.Errorf("the first request came %s after the client was made, when another process may have written", at[0])
		}
		for i := 1; i < len(at); i++ {
			if gap := at[i] - at[i-1] - 50*time.Millisecond; gap < 100*time.Millisecond {
				t.Errorf("request %d came %s after the one before it", i, gap)
			}
			if i >= 10 && at[i]-at[i-10] < time.Minute {
				t.Errorf("requests %d to %d came within %s", i-10, i, at[i]-at[i-10])
			}
		}
	})
}

func TestBulkWorkLeavesRoomForOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, err := notion.New(notion.Options{Token: "t", Budget: 180, Transport: created})
		if err != nil {
			t.Fatal(err)
		}
		create := func(ctx context.Context) time.Duration {
			started := time.Now()
			if _, err := c.CreatePage(ctx, notion.NewPage{PageID: "p"}); err != nil {
				t.Fatal(err)
			}
			return time.Since(started)
		}
		bulk, started := notion.WithBulk(t.Context()), time.Now()
		for range 765 { // five minutes of 85 % of the budget
			create(bulk)
		}
		if took := time.Since(started); took > 5*time.Minute {
			t.Errorf("bulk work took %s", took)
		}
		for range 15 {
			if waited := create(t.Context()); waited != 0 {
				t.Fatalf("a new report waited %s", waited)
			}
		}
	})
}

func TestOneWriteIsInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inFlight := 0
		c := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
			inFlight++
			if inFlight > 1 {
				t.Errorf("got %d requests in flight", inFlight)
			}
			time.Sleep(time.Second)
			inFlight--
			return created(r)
		}))
		done := make(chan error)
		for range 5 {
			go func() {
				_, err := c.CreatePage(t.Context(), notion.NewPage{PageID: "p"})
				done <- err
			}()
		}
		for range 5 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

func createdID(c *notion.Client) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		page, err := c.CreatePage(ctx, notion.NewPage{PageID: "p"})
		return page.ID, err
	}
}

func ExampleDo() {
	client, err := notion.New(notion.Options{Token: "secret", Transport: created})
	if err != nil {
		panic(err)
	}
	page, err := notion.Do(context.Background(), client, notion.Once[notion.Page]{
		Send: func(ctx context.Context) (notion.Page, error) {
			return client.CreatePage(ctx, notion.NewPage{PageID: "parent", Properties: notion.Properties{"title": notion.Title("Plan")}})
		},
		Find: func(context.Context, string) (notion.Page, bool, error) {
			return notion.Page{}, false, nil // would list the parent's children
		},
	})
	fmt.Println(page.ID, err)
	// Output: new <nil>
}
