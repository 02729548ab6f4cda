package notionsim_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"notionrelay/local/notionsim"
)

func TestBudgetIsPerMinuteAndToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := open(t, notionsim.Options{})
		for range 90 {
			c.must("GET", "/v1/users/me", "")
		}
		time.Sleep(20*time.Second + time.Millisecond)
		for range notionsim.DefaultBudget - 90 {
			c.must("GET", "/v1/users/me", "")
		}
		retryAfter := func() string {
			resp, err := c.sim.Transport().RoundTrip(c.request("GET", "/v1/users/me", ""))
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != http.StatusTooManyRequests {
				t.Fatalf("request above the budget: got %d, want 429", resp.StatusCode)
			}
			return resp.Header.Get("Retry-After")
		}
		if got, want := retryAfter(), "40"; got != want {
			t.Errorf("Retry-After: got %s s, want %s", got, want)
		}
		other := &client{t, c.sim, "another"}
		other.must("GET", "/v1/users/me", "")

		time.Sleep(40 * time.Second)
		for range 90 { // those of the first burst are a minute old
			c.must("GET", "/v1/users/me", "")
		}
		if got, want := retryAfter(), "20"; got != want {
			t.Errorf("Retry-After: got %s s, want %s", got, want)
		}
		if got := c.sim.Stats().RateLimited; got != 2 {
			t.Errorf("RateLimited: got %d, want 2", got)
		}
	})
}

func TestOverlappingWritesConflict(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := open(t, notionsim.Options{})
		row := c.row("Acme")
		hold := make(chan struct{})
		c.sim.Inject(notionsim.Fault{Method: "POST", Path: "/v1/pages", Hold: hold})
		first := make(chan string)
		go func() { first <- c.page(row, "first", "") }()
		synctest.Wait()

		status, o := c.do("PATCH", "/v1/blocks/"+row+"/children", children(item))
		if status != http.StatusConflict {
			t.Errorf("write during a write: got %d, want 409", status)
		}
		checkError(t, o, http.StatusConflict, "Conflict occurred while saving. Please try again.")
		c.must("GET", "/v1/pages/"+row, "") // reads never conflict
		c.must("POST", "/v1/databases/"+c.sim.DatabaseID()+"/query", "")
		close(hold)
		c.must("GET", "/v1/pages/"+<-first, "")
		c.must("PATCH", "/v1/blocks/"+row+"/children", children(item))

		got := c.sim.Stats()
		want := notionsim.Stats{
			Requests: 7, Writes: 3, Overlaps: 1, MaxWrites: 2, Conflicts: 1, Faults: 1,
			Routes: map[string]int{
				"POST /v1/pages": 2, "PATCH /v1/blocks/{id}/children": 2, "GET /v1/pages/{id}": 2, "POST /v1/databases/{id}/query": 1,
			},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("stats (-want +got):\n%s", diff)
		}
	})
}

func TestConflictWindowIsPerParent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := open(t, notionsim.Options{ConflictWindow: 100 * time.Millisecond})
		row := c.row("Acme")
		page := c.page(row, "Home", "") // below another parent
		if status, _ := c.do("PATCH", "/v1/blocks/"+row+"/children", children(item)); status != http.StatusConflict {
			t.Errorf("write below the same parent at once: got %d, want 409", status)
		}
		c.must("PATCH", "/v1/blocks/"+page+"/children", children(item))
		time.Sleep(99 * time.Millisecond)
		if status, _ := c.do("PATCH", "/v1/blocks/"+row+"/children", children(item)); status != http.StatusConflict {
			t.Errorf("write below the same parent after 99 ms: got %d, want 409", status)
		}
		time.Sleep(time.Millisecond) // the refused writes do not prolong the window
		c.must("PATCH", "/v1/blocks/"+row+"/children", children(item))
	})
}

func TestCancelledRequests(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		timeout time.Duration
		written bool
	}{
		{"before the effect", 400 * time.Millisecond, false},
		{"after the effect", 600 * time.Millisecond, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := open(t, notionsim.Options{Latency: time.Second})
				row := c.row("Acme")
				ctx, cancel := context.WithTimeout(t.Context(), tt.timeout)
				defer cancel()
				start := time.Now()
				r := c.request("PATCH", "/v1/blocks/"+row+"/children", children(item)).WithContext(ctx)
				_, err := c.sim.Transport().RoundTrip(r)
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != tt.timeout {
					t.Errorf("got %v after %v, want the context's error after %v", err, time.Since(start), tt.timeout)
				}
				written := len(ids(c.must("GET", "/v1/blocks/"+row+"/children", ""))) == 1
				if written != tt.written {
					t.Errorf("written: got %v, want %v", written, tt.written)
				}
				c.must("PATCH", "/v1/blocks/"+row+"/children", children(item)) // the cancelled write is over
			})
		})
	}
}

func TestTimesAreCutToTheMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := open(t, notionsim.Options{})
		time.Sleep(90 * time.Second)
		row := c.row("Acme")
		time.Sleep(time.Minute)
		c.must("PATCH", "/v1/pages/"+row, `{"icon":{"emoji":"📊"}}`)
		o := c.must("GET", "/v1/pages/"+row, "")
		got := []any{o["created_time"], o["last_edited_time"]}
		want := []any{"2000-01-01T00:01:00.000Z", "2000-01-01T00:02:00.000Z"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("created and edited (-want +got):\n%s", diff)
		}
	})
}
