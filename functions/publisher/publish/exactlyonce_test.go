package publish_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"notionrelay/functions/publisher/publish"
	"notionrelay/local/notionsim"
	"notionrelay/shared/runs"
)

// undisturbed publishes a run without any trouble and returns its tree and the
// requests to Notion that it took, each by its method and path.
func undisturbed(t *testing.T, blocks, quotes int) (tree string, requests []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, notionsim.Options{Budget: 1_000_000})
		w.accept("rep_1", payload(blocks, quotes))
		w.drain(w.publisher("a", roundTrip(func(r *http.Request) (*http.Response, error) {
			requests = append(requests, r.Method+" "+ids.ReplaceAllString(r.URL.Path, "…"))
			return w.sim.Transport().RoundTrip(r)
		})), visibility)
		if run := w.run("rep_1"); run.Status != runs.Complete {
			t.Fatalf("the undisturbed run ended %s: %+v", run.Status, run)
		}
		tree = w.sim.Tree()
	})
	return tree, requests
}

// ids are what tells one path to an endpoint from another.
var ids = regexp.MustCompile(`[0-9a-f-]{32,36}`)

// stride is how far apart the cases of a matrix are: all of them count, and a
// sample where the race detector makes them slow.
func stride(sample int) int {
	if testing.Short() {
		return sample
	}
	return 1
}

// moment is when a process dies, seen from its request to Notion.
type moment int

const (
	beforeRequest moment = iota
	beforeAnswer         // Notion has applied the request
	beforeRecord         // the answer has come
)

func (m moment) String() string {
	return [...]string{"before the request", "before the answer", "before the record"}[m]
}

// dying is a way to Notion on which the process dies at its k-th request.
type dying struct {
	notion  http.RoundTripper
	k       int
	moment  moment
	kill    context.CancelFunc
	arrived int
}

func (d *dying) RoundTrip(r *http.Request) (*http.Response, error) {
	if d.arrived++; d.arrived != d.k {
		return d.notion.RoundTrip(r)
	}
	if d.moment == beforeRequest {
		d.kill()
		return nil, context.Canceled
	}
	answer, err := d.notion.RoundTrip(r)
	d.kill()
	if d.moment == beforeAnswer {
		return nil, context.Canceled
	}
	return answer, err
}

// TestCrashMatrix kills the publisher at every request to Notion, at three
// moments of each, and lets another process finish.
func TestCrashMatrix(t *testing.T) {
	t.Parallel()
	const blocks, quotes = 250, 30
	want, requests := undisturbed(t, blocks, quotes)
	t.Logf("a run of two reports of %d blocks and %d quotes makes %d requests", blocks, quotes, len(requests))
	for k := 1; k <= len(requests); k += stride(7) {
		for _, m := range []moment{beforeRequest, beforeAnswer, beforeRecord} {
			t.Run(fmt.Sprintf("request %d %s", k, m), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, notionsim.Options{Budget: 1_000_000})
					w.accept("rep_1", payload(blocks, quotes))
					alive, kill := context.WithCancel(t.Context())
					defer kill()
					first := w.publisher("first", &dying{notion: w.sim.Transport(), k: k, moment: m, kill: kill})
					for alive.Err() == nil {
						w.answerEnrichRequests()
						if !w.deliver(alive, first, 20*time.Second) {
							t.Fatal("the process was not killed")
						}
					}
					w.drain(w.publisher("second", nil), 2*publish.Timeout)
					if run := w.run("rep_1"); run.Status != runs.Complete {
						t.Errorf("the run ended %s: %+v", run.Status, run)
					}
					if diff := cmp.Diff(want, w.sim.Tree()); diff != "" {
						t.Errorf("tree (-undisturbed +killed):\n%s", diff)
					}
					if stats := w.sim.Stats(); stats.SchemaChanges != 0 || stats.Overlaps != 0 {
						t.Errorf("got %d schema changes and %d overlapping writes", stats.SchemaChanges, stats.Overlaps)
					}
				})
			})
		}
	}
}
