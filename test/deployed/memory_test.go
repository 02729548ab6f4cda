//go:build integration && memory

package deployed_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"notionrelay/functions/publisher/publish"
	"notionrelay/shared/markdown"
	"notionrelay/shared/notion"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/test/lambdatest"
	"notionrelay/test/planted"
	"notionrelay/test/worstmarkdown"
)

// hungriest names the documents that take most memory at the greatest length at
// which they are accepted.
var hungriest = []string{
	"uses of a URL", "items of 80 characters", "URLs with parentheses", "images by reference", "items of strong words",
	"addresses in text", "short rows of HTML", "items, lines and cells", "paragraphs of code spans", "paragraphs of links",
}

const (
	// twice is how often each function works on a body in one process.
	twice = 2
	// briefly is a timeout of the publisher's that leaves a delivery some seconds to
	// write, besides a request that takes 65 s and closing in 5 s.
	briefly = notion.LateEffect + 10*time.Second
)

// slowly lets a delivery end because its time is over, not with the whole report.
func slowly(w http.ResponseWriter, r *http.Request, outside http.Handler) {
	if strings.HasPrefix(r.URL.Path, "/v1/") {
		select {
		case <-time.After(250 * time.Millisecond):
		case <-r.Context().Done():
		}
	}
	outside.ServeHTTP(w, r)
}

// cost is what a body takes at most of either function's process.
type cost struct {
	name               string
	size               int // of the body, in bytes
	webhook, publisher int // in bytes
}

func (c cost) String() string {
	return fmt.Sprintf("%-25s %7d KB %5d MB %5d MB", c.name, c.size>>10, c.webhook>>20, c.publisher>>20)
}

// TestMemoryOfTheFunctions shows what the worst bodies that are accepted cost the
// functions, each in fresh processes. The rest of a report is left unwritten.
func TestMemoryOfTheFunctions(t *testing.T) {
	c := startCloud(t)
	var mu sync.Mutex
	var costs []cost
	t.Run("bodies", func(t *testing.T) {
		turns := make(chan struct{}, atOnce)
		for _, name := range hungriest {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				turns <- struct{}{}
				defer func() { <-turns }()
				of := c.costOf(t, name)
				mu.Lock()
				defer mu.Unlock()
				costs = append(costs, of)
			})
		}
	})
	slices.SortFunc(costs, func(a, b cost) int {
		return cmp.Compare(max(b.webhook, b.publisher), max(a.webhook, a.publisher))
	})
	t.Logf("%-25s %10s %8s %8s", "body", "size", "webhook", "publisher")
	for _, of := range costs {
		t.Log(of)
		if max(of.webhook, of.publisher) > worstmarkdown.MaxMemory {
			t.Errorf("more than %d MB: %s", worstmarkdown.MaxMemory>>20, of.name)
		}
	}
}

// costOf sends a body as two runs and has both delivered.
func (c cloud) costOf(t *testing.T, name string) cost {
	t.Helper()
	d := c.deploy(t, briefly, slowly)
	document := worstmarkdown.Longest(worstmarkdown.Documents(report.MaxBody)[name].String(), func(s string) bool {
		_, err := markdown.Measure(s)
		return err == nil
	})
	size := 0
	for i := range twice {
		body := legalBody(t, document, fmt.Sprint("run-", i))
		size = len(body)
		var a accepted
		if status := d.request(t, http.MethodPost, "/reports", body, &a); status != http.StatusAccepted {
			t.Fatalf("the report was answered with %d", status)
		}
	}
	d.deliver(t, twice)
	return cost{name: name, size: size, webhook: peakMemory(t, d.webhook), publisher: peakMemory(t, d.publisher)}
}

// legalBody is a body with that document. What is left of its size is filled with
// quotes.
func legalBody(t *testing.T, document, run string) string {
	t.Helper()
	body := map[string]any{"strategyReport": document, "runId": run}
	left := report.MaxBody - len(encoded(t, body)) - len(`,"quotes":[]`)
	quote := strings.Repeat("a", left/report.MaxQuotes-len(`{"text":""},`))
	body["quotes"] = slices.Repeat([]report.Quote{{Text: quote}}, report.MaxQuotes)
	return encoded(t, body)
}

func encoded(t *testing.T, body any) string {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// deliver lets the publisher work on what is in its queue, so many times.
func (d *deployment) deliver(t *testing.T, times int) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	handled := 0
	queue.Poll(ctx, impatient{d.publish, nil}, func(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
		requests := d.sim.Stats().Requests
		response, err := invoke(d.publisher)(ctx, event)
		if err != nil || d.sim.Stats().Requests == requests {
			t.Errorf("delivery %d wrote nothing: %v\n%s", handled+1, err, d.publisher.Logs())
		}
		if handled++; handled == times || t.Failed() {
			stop()
		}
		return response, err
	}, queue.Mapping{BatchSize: 1, Timeout: publish.Timeout, Logger: planted.Log(t)})
	if handled != times && !t.Failed() {
		t.Errorf("got %d deliveries, want %d", handled, times)
	}
}

func peakMemory(t *testing.T, f *lambdatest.Function) int {
	t.Helper()
	peak, err := f.PeakMemory()
	if err != nil {
		t.Fatal(err)
	}
	return peak
}
