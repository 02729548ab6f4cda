package notionsim_test

import (
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"notionrelay/local/notionsim"
)

const clients = 50

// TestParallelOverlapsAreCounted lets one write wait in the middle while all
// other clients write, so that it is known how many overlaps there are.
func TestParallelOverlapsAreCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const rounds = 20
		c := open(t, notionsim.Options{Budget: 1 << 20})
		row := c.row("Acme")
		for range rounds {
			hold := make(chan struct{})
			c.sim.Inject(notionsim.Fault{Method: "PATCH", Hold: hold})
			var held, others sync.WaitGroup
			held.Go(func() { c.must("PATCH", "/v1/blocks/"+row+"/children", children(item)) })
			synctest.Wait() // the write is held
			var refused atomic.Int32
			for range clients - 1 {
				others.Go(func() {
					if status, _ := c.do("POST", "/v1/pages", `{"parent":{"page_id":"`+row+`"},"properties":{}}`); status == http.StatusConflict {
						refused.Add(1)
					}
				})
			}
			others.Wait()
			close(hold)
			held.Wait()
			if got := refused.Load(); got != clients-1 {
				t.Errorf("refused writes during another: got %d, want %d", got, clients-1)
			}
		}
		got := c.sim.Stats()
		if want := rounds * (clients - 1); got.Overlaps != want || got.Conflicts != want {
			t.Errorf("got %d overlaps and %d conflicts, want %d of each", got.Overlaps, got.Conflicts, want)
		}
		if want := rounds + 1; got.Writes != want {
			t.Errorf("got %d writes, want %d", got.Writes, want)
		}
		if got := len(ids(c.must("GET", "/v1/blocks/"+row+"/children", ""))); got != rounds {
			t.Errorf("blocks: got %d, want %d", got, rounds)
		}
	})
}

// TestParallelWritesAreSerialised lets all clients append to one page as fast as
// they can and read it when they are done: every reading must be what some order
// of whole appends gives, and the last one must have each append once.
func TestParallelWritesAreSerialised(t *testing.T) {
	t.Parallel()
	const each = 4
	c := open(t, notionsim.Options{Budget: 1 << 30})
	row := c.row("Acme")
	var refused atomic.Int64
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			for n := range each {
				pair := paragraph(fmt.Sprintf("%d-%d a", i, n)) + "," + paragraph(fmt.Sprintf("%d-%d b", i, n))
				for status := 0; status != http.StatusOK; {
					status, _ = c.do("PATCH", "/v1/blocks/"+row+"/children", children(pair))
					if status == http.StatusConflict {
						refused.Add(1)
						runtime.Gosched() // let the write that was in the way come to its end
					}
				}
			}
			checkPairs(t, texts(c, row))
		})
	}
	wg.Wait()

	if got, want := checkPairs(t, texts(c, row)), clients*each; got != want {
		t.Errorf("appends on the page: got %d, want %d", got, want)
	}
	stats := c.sim.Stats()
	if int64(stats.Overlaps) != refused.Load() || int64(stats.Conflicts) != refused.Load() {
		t.Errorf("got %d overlaps and %d conflicts, but clients were refused %d times", stats.Overlaps, stats.Conflicts, refused.Load())
	}
	if want := clients*each + 1; stats.Writes != want {
		t.Errorf("writes: got %d, want %d", stats.Writes, want)
	}
}

// texts are the texts of all blocks on a page.
func texts(c *client, page string) (all []string) {
	path := "/v1/blocks/" + page + "/children"
	for cursor := ""; ; {
		list := c.must("GET", path+cursor, "")
		for _, b := range list["results"].([]any) {
			rich := b.(map[string]any)["paragraph"].(map[string]any)["rich_text"].([]any)
			all = append(all, rich[0].(map[string]any)["plain_text"].(string))
		}
		if list["has_more"] != true {
			return all
		}
		cursor = "?start_cursor=" + list["next_cursor"].(string)
	}
}

// checkPairs checks that texts are whole appends, each once and each client's in
// order, and returns how many appends they are.
func checkPairs(t *testing.T, texts []string) int {
	t.Helper()
	if len(texts)%2 != 0 {
		t.Errorf("half an append is on the page: %q", texts)
		return 0
	}
	next := map[int]int{}
	for pair := range slices.Chunk(texts, 2) {
		name := strings.TrimSuffix(pair[0], " a")
		if pair[1] != name+" b" {
			t.Errorf("appends are mixed: %q", pair)
		}
		var i, n int
		if _, err := fmt.Sscanf(name, "%d-%d", &i, &n); err != nil || n != next[i] {
			t.Errorf("append %q: want number %d of its client (%v)", name, next[i], err)
		}
		next[i]++
	}
	return len(texts) / 2
}

func BenchmarkCreatePageWith100Blocks(b *testing.B) {
	for _, kept := range []bool{false, true} {
		b.Run(fmt.Sprintf("kept=%v", kept), func(b *testing.B) {
			opts := notionsim.Options{Budget: 1 << 30}
			if kept {
				opts.Dir = b.TempDir()
			}
			c := open(b, opts)
			row := c.row("Acme")
			body := `{"parent":{"page_id":"` + row + `"},"properties":{},"children":[` +
				times(100, `{"paragraph":{"rich_text":[`+rich(strings.Repeat("Research ", 30))+`,`+rich("more")+`]}}`) + `]}`
			var took []time.Duration
			for b.Loop() {
				start := time.Now()
				c.must("POST", "/v1/pages", body)
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		})
	}
}
