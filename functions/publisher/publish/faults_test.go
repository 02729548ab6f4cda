package publish_test

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"text/tabwriter"
	"time"

	"github.com/google/go-cmp/cmp"

	"notionrelay/local/notionsim"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
)

// fault is something that happens to one request, and what a run must survive.
type fault struct {
	name  string
	fault notionsim.Fault
}

func faults() []fault {
	html := "<html>Bad gateway"
	refused := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	all := []fault{
		{"409 not applied", notionsim.Fault{Status: 409}},
		{"409 applied", notionsim.Fault{Status: 409, After: true}},
		{"429", notionsim.Fault{Status: 429, Header: http.Header{"Retry-After": {"3"}}}},
		{"429 beyond the time left", notionsim.Fault{Status: 429, Header: http.Header{"Retry-After": {"300"}}}},
		{"529", notionsim.Fault{Status: 529}},
		{"503 committed", notionsim.Fault{Status: 503, After: true, Committed: true}},
		{"refused", notionsim.Fault{Drop: true, Err: refused}},
		{"200 with a cut body", notionsim.Fault{Status: 200, Body: `{"object":"pa`, After: true}},
	}
	for _, after := range []bool{false, true} {
		applied := map[bool]string{false: " not applied", true: " applied"}[after]
		all = append(all,
			fault{"500" + applied, notionsim.Fault{Status: 500, After: after}},
			fault{"502 HTML" + applied, notionsim.Fault{Status: 502, Body: html, After: after}},
			fault{"503" + applied, notionsim.Fault{Status: 503, After: after}},
			fault{"504 HTML" + applied, notionsim.Fault{Status: 504, Body: html, After: after}},
			fault{"reset" + applied, notionsim.Fault{Drop: true, After: after}},
			fault{"timeout" + applied, notionsim.Fault{Delay: 25 * time.Second, Drop: true, After: after}},
		)
	}
	return all
}

// TestFaultMatrix lets every fault happen to every request of a run. Each fault
// also happens twice in a row to a third of the requests, so that it meets the
// look for what has happened.
func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	const blocks, quotes = 120, 3
	want, requests := undisturbed(t, blocks, quotes)
	var mu sync.Mutex
	survived := map[string]map[string]int{} // by fault and endpoint
	t.Run("faults", func(t *testing.T) {
		for i, f := range faults() {
			survived[f.name] = map[string]int{}
			t.Run(f.name, func(t *testing.T) {
				t.Parallel()
				for k := 1; k <= len(requests); k += stride(6) {
					for times := 1; times <= 1+(k+i)%3/2; times++ {
						ok := t.Run(fmt.Sprintf("request %d, %d times", k, times), func(t *testing.T) {
							synctest.Test(t, func(t *testing.T) { survive(t, f.fault, k, times, payload(blocks, quotes), want) })
						})
						if ok {
							mu.Lock()
							survived[f.name][requests[k-1]]++
							mu.Unlock()
						}
					}
				}
			})
		}
	})
	t.Log("requests of each kind that met a fault, with the tree of an undisturbed run after it:\n" + table(survived, requests))
}

// survive publishes a run whose k-th request, and those behind it, meet a fault.
func survive(t *testing.T, f notionsim.Fault, k, times int, p report.Payload, want string) {
	t.Helper()
	w := newWorld(t, notionsim.Options{Budget: 1_000_000})
	f.Nth, f.Times = k, times
	w.sim.Inject(f)
	w.accept("rep_1", p)
	w.drain(w.publisher("a", nil), 2*visibility)
	if run := w.run("rep_1"); run.Status != runs.Complete {
		t.Errorf("the run ended %s: %+v", run.Status, run.Failures)
	}
	if got := w.sim.Stats().Faults; got < 1 || got > times {
		t.Errorf("got %d faults, want up to %d", got, times)
	}
	if diff := cmp.Diff(want, w.sim.Tree()); diff != "" {
		t.Errorf("tree (-undisturbed +faulty):\n%s", diff)
	}
}

// table shows counts by fault and endpoint.
func table(counts map[string]map[string]int, requests []string) string {
	endpoints := slices.Compact(slices.Sorted(slices.Values(requests)))
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "fault\t"+strings.Join(endpoints, "\t"))
	for _, f := range faults() {
		fmt.Fprint(w, f.name)
		for _, e := range endpoints {
			fmt.Fprintf(w, "\t%d", counts[f.name][e])
		}
		fmt.Fprintln(w)
	}
	w.Flush()
	return b.String()
}
