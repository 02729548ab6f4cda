package notion_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"notionrelay/shared/notion"
	"notionrelay/test/planted"
)

var created = answer(200, `{"object":"page","id":"new"}`)

func TestWritesKeepTheirGapAndTheBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		started := time.Now()
		c, err := notion.New(notion.Options{Token: "t", Log: planted.Log(t), MinGap: 100 * time.Millisecond, Budget: 10, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
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

// Bulk work uses nearly all of the budget, and leaves enough for a new report to
// begin at once. What else that needs becomes free as steadily as bulk work has
// come, whenever it has begun and whatever came in a burst beside it.
func TestBulkWorkLeavesRoomForOthers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		burst int // of others, at first
		bulk  time.Duration
		least int // requests of bulk work in that time
	}{
		"from the beginning":       {0, 55 * time.Second, 155},
		"for some minutes":         {0, 5 * time.Minute, 873}, // 97 % of the budget
		"after many other reports": {60, 58 * time.Second, 110},
		"minutes after such":       {60, 5*time.Minute - 2*time.Second, 810},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, started := newClient(t, created), time.Now()
				create := func(ctx context.Context) {
					if err := c.Pace(ctx); err != nil {
						t.Fatal(err)
					}
					if _, err := c.CreatePage(ctx, notion.NewPage{PageID: "p"}); err != nil {
						t.Fatal(err)
					}
				}
				for range tt.burst {
					create(t.Context())
				}
				made := 0
				for bulk := notion.WithBulk(t.Context(), stays); time.Since(started) < tt.bulk; made++ {
					create(bulk)
				}
				if made < tt.least {
					t.Errorf("bulk work made %d requests, want %d", made, tt.least)
				}
				for i, most := range []time.Duration{0, 0, 0, 0, 500 * time.Millisecond, time.Second, 1500 * time.Millisecond} {
					began := time.Now()
					create(t.Context())
					if waited := time.Since(began); waited > most {
						t.Errorf("request %d of a new report waited %s", i+1, waited)
					}
				}
			})
		})
	}
}

// A process that is to end waits for no budget, whatever its work is.
func TestNothingIsWaitedForAtTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, created)
		for range 180 {
			if _, err := c.CreatePage(t.Context(), notion.NewPage{PageID: "p"}); err != nil {
				t.Fatal(err)
			}
		}
		stop := make(chan struct{})
		time.AfterFunc(10*time.Second, func() { close(stop) })
		began := time.Now()
		ctx := notion.WithStop(t.Context(), stop)
		for name, wait := range map[string]func() error{
			"pace":         func() error { return c.Pace(ctx) },
			"pace of bulk": func() error { return c.Pace(notion.WithBulk(ctx, stays)) },
			"a request":    func() error { _, err := c.CreatePage(ctx, notion.NewPage{PageID: "p"}); return err },
			"a pause":      func() error { return c.Pause(ctx, time.Minute, errors.New("a conflict")) },
		} {
			err := wait()
			if postponed, ok := errors.AsType[*notion.PostponedError](err); !ok || postponed.Cause != nil || time.Since(began) > 11*time.Second {
				t.Errorf("%s: got %v after %s", name, err, time.Since(began))
			}
		}
		if err := c.Pause(ctx, 999*time.Millisecond, nil); err != nil {
			t.Errorf("a moment: got %v", err)
		}
	})
}

// stays is bulk work for which nobody waits.
func stays(context.Context) error { return nil }

// Bulk work that is told to leave off does so within a second, and leaves its share to
// others.
func TestBulkWorkThatLeavesOffTakesNoShare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, other := newClient(t, created), errors.New("somebody waits")
		create := func(n int) {
			for range n {
				if _, err := c.CreatePage(t.Context(), notion.NewPage{PageID: "p"}); err != nil {
					t.Fatal(err)
				}
			}
		}
		create(175)
		turn := time.Now()
		if err := c.Pace(notion.WithBulk(t.Context(), stays)); err != nil {
			t.Fatal(err)
		}
		for i, after := range []time.Duration{0, 2500 * time.Millisecond, 0, 1500 * time.Millisecond} {
			if i == 3 {
				create(5) // after which it waits for the budget
			}
			started := time.Now()
			err := c.Pace(notion.WithBulk(t.Context(), func(context.Context) error {
				if time.Since(started) < after {
					return nil
				}
				return other
			}))
			if waited := time.Since(started); !errors.Is(err, other) || waited < after || waited > after+time.Second {
				t.Errorf("got %v after %s, want it after %s", err, waited, after)
			}
		}
		ended, end := context.WithCancel(t.Context())
		time.AfterFunc(time.Second/2, end)
		if err := c.Pace(notion.WithBulk(ended, stays)); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v from a wait that was broken off", err)
		}
		if err := c.Pace(notion.WithBulk(t.Context(), stays)); err != nil || time.Since(turn) > time.Minute {
			t.Errorf("got %v, %s after its last turn", err, time.Since(turn))
		}
	})
}

// Bulk work for which there is no time any more leaves its share to others.
func TestBulkWorkThatIsPutOffTakesNoShare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, created)
		bulk := notion.WithBulk(t.Context(), stays)
		if err := c.Pace(bulk); err != nil { // who comes first need not wait
			t.Fatal(err)
		}
		short, cancel := context.WithTimeout(bulk, notion.LateEffect)
		defer cancel()
		for range 100 {
			if err := c.Pace(short); !notion.IsPostponed(err) {
				t.Fatalf("got %v", err)
			}
		}
		started := time.Now()
		if err := c.Pace(bulk); err != nil || time.Since(started) > 400*time.Millisecond {
			t.Errorf("got %v after %s", err, time.Since(started))
		}
	})
}

// Notion's usual limit holds where none is given.
func TestTheUsualBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, started := newClient(t, created), time.Now()
		for i := range 181 {
			if _, err := c.CreatePage(t.Context(), notion.NewPage{PageID: "p"}); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(started); (took >= time.Minute) != (i >= 180) {
				t.Fatalf("request %d was made after %s", i+1, took)
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
