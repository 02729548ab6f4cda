package notionsim_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"notionrelay/local/notionsim"
)

// appendItem appends a list item to a page with what is left of the context.
func (c *client) appendItem(ctx context.Context, page string) (int, error) {
	c.tb.Helper()
	resp, err := c.sim.Transport().RoundTrip(c.request("PATCH", "/v1/blocks/"+page+"/children", children(item)).WithContext(ctx))
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

func (c *client) blocks(page string) int {
	c.tb.Helper()
	return len(ids(c.must("GET", "/v1/blocks/"+page+"/children", "")))
}

// The rule: Notion works on a request for a while, also when nobody waits for
// its answer any more.
func TestLateEffect(t *testing.T) {
	t.Parallel()
	edge := notionsim.Edge(http.StatusGatewayTimeout)
	edge.Late = 30 * time.Second
	for _, tt := range []struct {
		name   string
		fault  notionsim.Fault
		status int // 0 where there is no answer
		err    error
		after  time.Duration // of the answer, or the end of waiting
	}{
		{"connection cut at once", notionsim.Fault{Late: 30 * time.Second, Drop: true}, 0, syscall.ECONNRESET, 0},
		{"connection cut after a while", notionsim.Fault{Late: 30 * time.Second, Drop: true, Delay: 10 * time.Second}, 0, syscall.ECONNRESET, 10 * time.Second},
		{"the edge gives up", edge, 504, nil, 0},
		{"the client gives up before", notionsim.Fault{Late: 30 * time.Second, Delay: time.Hour, Drop: true}, 0, context.DeadlineExceeded, 25 * time.Second},
		{"the client gives up before a slow answer", notionsim.Fault{Late: 30 * time.Second}, 0, context.DeadlineExceeded, 25 * time.Second},
		{"the client waits", notionsim.Fault{Late: 20 * time.Second}, 200, nil, 20 * time.Second},
		{"the client waits for less than the answer takes", notionsim.Fault{Late: 20 * time.Second, Delay: time.Minute}, 0, context.DeadlineExceeded, 25 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := open(t, notionsim.Options{})
				row := c.row("Acme")
				tt.fault.Method = "PATCH"
				c.sim.Inject(tt.fault)
				ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
				defer cancel()
				start := time.Now()
				status, err := c.appendItem(ctx, row)
				if status != tt.status || !errors.Is(err, tt.err) || time.Since(start) != tt.after {
					t.Errorf("got %d, %v after %v, want %d, %v after %v", status, err, time.Since(start), tt.status, tt.err, tt.after)
				}
				time.Sleep(tt.fault.Late - time.Since(start) - time.Millisecond)
				if status == 0 && tt.after < tt.fault.Late {
					if got := c.blocks(row); got != 0 {
						t.Errorf("a millisecond before the effect: got %d blocks, want 0", got)
					}
					if got := c.sim.Stats().Pending; got != 1 {
						t.Errorf("a millisecond before the effect: got %d pending, want 1", got)
					}
				}
				time.Sleep(time.Millisecond)
				if got := c.blocks(row); got != 1 {
					t.Errorf("after the effect: got %d blocks, want 1", got)
				}
				if got := c.sim.Stats(); got.Late != 1 || got.Pending != 0 || got.Writes != 2 {
					t.Errorf("got %d late effects, %d pending, %d writes, want 1, 0 and 2", got.Late, got.Pending, got.Writes)
				}
			})
		})
	}
}

// The rule: effects come in the order of their times, not of their requests, and
// what came late has the time at which it came.
func TestLateEffectsComeInTheOrderOfTheirTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := open(t, notionsim.Options{})
		for i, late := range []time.Duration{3 * time.Minute, time.Minute, 3 * time.Minute} {
			c.sim.Inject(notionsim.Fault{Method: "POST", Nth: i + 1, Late: late, Drop: true})
		}
		for _, name := range []string{"first", "second", "third"} {
			r := c.request("POST", "/v1/pages", strings.ReplaceAll(reportsRow(`"Company":{"title":[`+rich(name)+`]}`), "{db}", c.sim.DatabaseID()))
			if _, err := c.sim.Transport().RoundTrip(r); !errors.Is(err, syscall.ECONNRESET) {
				t.Fatalf("got %v, want a reset", err)
			}
		}
		c.row("at once")
		time.Sleep(time.Hour)
		var got []string
		for _, r := range c.must("POST", "/v1/databases/"+c.sim.DatabaseID()+"/query", "")["results"].([]any) {
			row := r.(map[string]any)
			title := row["properties"].(map[string]any)["Company"].(map[string]any)["title"].([]any)[0].(map[string]any)["plain_text"].(string)
			got = append(got, row["created_time"].(string)[14:16]+" "+title)
		}
		if diff := cmp.Diff([]string{"00 at once", "01 second", "03 first", "03 third"}, got); diff != "" {
			t.Errorf("minute and title of the rows (-want +got):\n%s", diff)
		}
	})
}

// The rule: a write is in flight as long as its client waits. What Notion goes
// on doing afterwards overlaps with nothing.
func TestLateEffectIsNotInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := open(t, notionsim.Options{})
		row := c.row("Acme")
		c.sim.Inject(notionsim.Fault{Method: "PATCH", Late: time.Minute, Drop: true})
		if _, err := c.appendItem(t.Context(), row); err == nil {
			t.Fatal("got an answer, want none")
		}
		if status, err := c.appendItem(t.Context(), row); status != http.StatusOK {
			t.Errorf("write while an effect is pending: got %d, %v, want 200", status, err)
		}
		if got := c.sim.Stats(); got.Overlaps != 0 || got.MaxWrites != 1 {
			t.Errorf("got %d overlaps and %d writes at once, want 0 and 1", got.Overlaps, got.MaxWrites)
		}

		c.sim.Inject(notionsim.Fault{Method: "PATCH", Late: time.Minute})
		answered := make(chan int)
		go func() {
			status, _ := c.appendItem(t.Context(), row)
			answered <- status
		}()
		synctest.Wait()
		if status, err := c.appendItem(t.Context(), row); status != http.StatusConflict {
			t.Errorf("write while another waits for its late effect: got %d, %v, want 409", status, err)
		}
		if got := <-answered; got != http.StatusOK {
			t.Errorf("the write that waited: got %d, want 200", got)
		}
		if got := c.sim.Stats(); got.Overlaps != 1 || got.MaxWrites != 2 {
			t.Errorf("got %d overlaps and %d writes at once, want 1 and 2", got.Overlaps, got.MaxWrites)
		}
	})
}

// The rule: a late effect between a write's arrival and its saving below the
// same parent is a collision, and the write is answered 409. Nobody has done
// wrong, so it is no overlap.
func TestLateEffectCollides(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := open(t, notionsim.Options{Latency: 2 * time.Second})
		row, other := c.row("Acme"), c.row("Other")
		appendAt := func(page string, before time.Duration) int { // so long before the effect
			c.sim.Inject(notionsim.Fault{Method: "PATCH", Late: time.Minute, Drop: true})
			if _, err := c.appendItem(t.Context(), row); err == nil {
				t.Fatal("got an answer, want none")
			}
			time.Sleep(time.Minute - before)
			status, err := c.appendItem(t.Context(), page)
			if err != nil {
				t.Fatal(err)
			}
			return status
		}
		if got := appendAt(row, 500*time.Millisecond); got != http.StatusConflict {
			t.Errorf("write below the same parent: got %d, want 409", got)
		}
		if got := appendAt(other, 500*time.Millisecond); got != http.StatusOK {
			t.Errorf("write below another parent: got %d, want 200", got)
		}
		if got := appendAt(row, 1500*time.Millisecond); got != http.StatusOK {
			t.Errorf("write that was saved before: got %d, want 200", got)
		}
		if got := appendAt(row, 0); got != http.StatusOK {
			t.Errorf("write that came after: got %d, want 200", got)
		}
		if got := c.sim.Stats(); got.Overlaps != 0 || got.Conflicts != 1 || got.MaxWrites != 1 {
			t.Errorf("got %d overlaps, %d conflicts and %d writes at once, want 0, 1 and 1", got.Overlaps, got.Conflicts, got.MaxWrites)
		}
	})
}

// The rule: a request is judged when it takes effect.
func TestLateEffectCanBeRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := open(t, notionsim.Options{})
		row := c.row("Acme")
		before := c.sim.Tree()
		c.sim.Inject(notionsim.Fault{Method: "PATCH", Late: time.Minute, Drop: true})
		if _, err := c.appendItem(t.Context(), row); err == nil {
			t.Fatal("got an answer, want none")
		}
		c.must("DELETE", "/v1/blocks/"+row, "")
		time.Sleep(time.Minute)
		c.must("PATCH", "/v1/pages/"+row, `{"archived":false}`)
		if diff := cmp.Diff(before, c.sim.Tree()); diff != "" {
			t.Errorf("tree (-want +got):\n%s", diff)
		}
		if got := c.sim.Stats(); got.Late != 0 || got.Pending != 0 {
			t.Errorf("got %d late effects and %d pending, want none", got.Late, got.Pending)
		}
	})
}

// The rule: late effects come in real time too, behind a server whose caller has
// gone.
func TestLateEffectBehindAServer(t *testing.T) {
	t.Parallel()
	c := open(t, notionsim.Options{})
	server := httptest.NewServer(c.sim)
	t.Cleanup(server.Close)
	row := c.row("Acme")
	c.sim.Inject(notionsim.Fault{Method: "PATCH", Late: time.Millisecond, Drop: true})
	r := c.request("PATCH", "/v1/blocks/"+row+"/children", children(item))
	r.URL.Scheme, r.URL.Host, r.Host = "http", strings.TrimPrefix(server.URL, "http://"), ""
	if resp, err := server.Client().Do(r); err == nil {
		resp.Body.Close()
		t.Errorf("got %s, want no answer", resp.Status)
	}
	for c.sim.Stats().Pending > 0 {
		runtime.Gosched()
	}
	if got := c.blocks(row); got != 1 {
		t.Errorf("got %d blocks, want 1", got)
	}
}

// The rule: the edge answers in HTML, with a cf-ray and without Notion's request
// id; Notion's own answers have one, in a header and, when they are errors, in
// the body too.
func TestWhoAnswers(t *testing.T) {
	t.Parallel()
	c := open(t, notionsim.Options{})
	for _, tt := range []struct {
		name  string
		fault notionsim.Fault
		edge  bool
	}{
		{"edge 403", notionsim.Edge(403), true},
		{"edge 413", notionsim.Edge(413), true},
		{"edge 502", notionsim.Edge(502), true},
		{"edge 504", notionsim.Edge(504), true},
		{"Notion's 502", notionsim.Fault{Status: 502}, false},
		{"Notion's 403", notionsim.Fault{Status: 403}, false},
		{"a good answer", notionsim.Fault{Delay: time.Nanosecond}, false},
	} {
		c.sim.Inject(tt.fault)
		resp, err := c.sim.Transport().RoundTrip(c.request("GET", "/v1/users/me", ""))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		id, ray := resp.Header.Get("X-Notion-Request-Id"), resp.Header.Get("Cf-Ray")
		if html := strings.HasPrefix(string(body), "<html>"); html != tt.edge || (ray != "") != tt.edge || (id == "") != tt.edge {
			t.Errorf("%s: got request id %q, cf-ray %q and %s", tt.name, id, ray, body)
		}
		if !tt.edge && !strings.Contains(string(body), id) {
			t.Errorf("%s: the body lacks the request id: %s", tt.name, body)
		}
		if tt.fault.Status != 0 && resp.StatusCode != tt.fault.Status {
			t.Errorf("%s: got %d", tt.name, resp.StatusCode)
		}
	}
}

// The rule: an answer may hold partial objects. What was written is written.
func TestPartialObjects(t *testing.T) {
	t.Parallel()
	c := open(t, notionsim.Options{})
	row := c.row("Acme")
	c.sim.Inject(notionsim.Fault{Times: -1, Partial: true})
	appended := c.must("PATCH", "/v1/blocks/"+row+"/children", children(item+","+paragraph("x")))
	listed := c.must("GET", "/v1/blocks/"+row+"/children", "")
	page := c.must("POST", "/v1/pages", `{"parent":{"page_id":"`+row+`"},"properties":{}}`)
	delete(page, "request_id")
	c.sim.Mend()
	want := []any{}
	for _, id := range ids(c.must("GET", "/v1/blocks/"+row+"/children", ""))[:2] {
		want = append(want, map[string]any{"object": "block", "id": id})
	}
	if diff := cmp.Diff(want, appended["results"]); diff != "" {
		t.Errorf("answer to an append (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, listed["results"]); diff != "" {
		t.Errorf("listing (-want +got):\n%s", diff)
	}
	if listed["has_more"] != false {
		t.Errorf("a partial listing is still a list: %v", listed)
	}
	if diff := cmp.Diff(map[string]any{"object": "page", "id": page["id"]}, page); diff != "" {
		t.Errorf("new page (-want +got):\n%s", diff)
	}
}
