//go:build integration

package deployed_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"notionrelay/shared/queue"
	"notionrelay/shared/queue/sqsqueue"
	"notionrelay/shared/runs"
	"notionrelay/test/lambdatest"
)

var (
	kills = flag.Int("kills", 8, "how often TestKilledPublishersLeaveOneTree kills a publisher")
	seed  = flag.Uint64("kill.seed", 0, "where and when it does; 0 chooses")
)

const (
	killsPerRun = 3
	// killedTimeout is the publisher's here. It must leave room for a request that
	// takes 65 s and for closing in 5 s.
	killedTimeout = 85 * time.Second
	// atOnce is how many publishers of the test work at one time, so that each
	// has the time that it needs.
	atOnce = 4
)

// arrived is when the reports of all runs did, before or after midnight.
var arrived = time.Now()

// TestKilledPublishersLeaveOneTree kills the publisher's process at random
// requests, again and again in each run. Every run ends in the tree of an
// undisturbed one.
func TestKilledPublishersLeaveOneTree(t *testing.T) {
	t.Parallel()
	total, perRun, from := *kills, killsPerRun, *seed
	if testing.Short() || total <= 100 {
		perRun = 1 // each death is waited for, for a minute and a half
	}
	if from == 0 {
		from = rand.Uint64()
	}
	t.Logf("-kill.seed=%d", from)
	c := startCloud(t)
	turns := make(chan struct{}, atOnce)
	var mu sync.Mutex
	happened := map[moment]int{}

	want, requests := "", 0
	t.Run("undisturbed", func(t *testing.T) {
		k := newKiller(rand.New(rand.NewPCG(from, 0)), 0, 0)
		want = publishUnder(t, c, k, turns)
		requests = k.requests
	})
	if t.Failed() {
		return
	}
	t.Run("killed", func(t *testing.T) {
		for i := 0; i*perRun < total; i++ {
			t.Run(fmt.Sprint("run ", i), func(t *testing.T) {
				t.Parallel()
				deaths := min(perRun, total-i*perRun)
				k := newKiller(rand.New(rand.NewPCG(from, uint64(i))), deaths, requests)
				if diff := cmp.Diff(want, publishUnder(t, c, k, turns)); diff != "" {
					t.Errorf("tree (-undisturbed +killed):\n%s", diff)
				}
				died := k.deaths()
				if len(died) != deaths {
					t.Errorf("the publisher was killed %d times, want %d", len(died), deaths)
				}
				mu.Lock()
				defer mu.Unlock()
				for _, m := range died {
					happened[m]++
				}
			})
		}
	})
	t.Logf("a run makes %d requests to Notion; processes were killed %v", requests, happened)
}

// publishUnder publishes one run while the killer is at work, and returns the tree.
func publishUnder(t *testing.T, c cloud, k *killer, turns chan struct{}) (tree string) {
	t.Helper()
	d := c.deploy(t, killedTimeout, k.between)
	k.publisher = d.publisher
	d.serve(t, k.redelivering(d.publish, func(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
		turns <- struct{}{}
		defer func() { <-turns }()
		return invoke(d.publisher)(ctx, event)
	}))
	d.accept(t, "rep_1", arrived, payload(110, 12))
	complete(t, func() runs.Status {
		run, err := d.runs.Get(t.Context(), "rep_1")
		if err != nil {
			t.Fatal(err)
		}
		return run.Status
	})
	if stats := d.sim.Stats(); stats.Overlaps != 0 || stats.SchemaChanges != 0 {
		t.Errorf("got %d overlapping writes and %d schema changes", stats.Overlaps, stats.SchemaChanges)
	}
	return d.sim.Tree()
}

// moment is when a process is killed, seen from one of its requests to Notion.
type moment int

const (
	beforeRequest moment = iota
	beforeAnswer         // Notion has applied the request
	beforeRecord         // the answer has come
	afterRecord          // the record has been saved, without an answer
	moments
)

func (m moment) String() string {
	return [...]string{"before the request", "before the answer", "before the record", "after the record"}[m]
}

// death is when a process is killed.
type death struct {
	request int // to Notion, counted over all of the run's processes
	moment  moment
}

// killer stands between a publisher and the world and kills it as planned.
type killer struct {
	publisher *lambdatest.Function

	mu        sync.Mutex
	random    *rand.Rand
	plan      []death // the next is the first
	requests  int
	happened  []moment
	recording *death // which waits for the record to be saved
}

// newKiller plans deaths at different requests of a run that makes so many.
func newKiller(random *rand.Rand, deaths, requests int) *killer {
	at := random.Perm(requests)[:deaths]
	slices.Sort(at)
	k := &killer{random: random}
	for _, request := range at {
		k.plan = append(k.plan, death{request + 1, moment(random.IntN(int(moments)))})
	}
	return k
}

func (k *killer) between(w http.ResponseWriter, r *http.Request, outside http.Handler) {
	m, dies := k.due(r)
	if !dies {
		outside.ServeHTTP(w, r)
		return
	}
	if m == beforeAnswer || m == afterRecord {
		outside.ServeHTTP(httptest.NewRecorder(), r.WithContext(context.WithoutCancel(r.Context())))
	}
	k.publisher.Kill()
	panic(http.ErrAbortHandler) // drops the connection, which nobody listens at any more
}

// due tells whether the process dies at a request, to Notion or to DynamoDB.
func (k *killer) due(r *http.Request) (moment, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r.URL.Path == "/" { // DynamoDB's only one
		if k.recording == nil {
			return 0, false
		}
		m := k.recording.moment
		k.recording = nil
		k.happened = append(k.happened, m)
		return m, true
	}
	k.requests++
	if len(k.plan) == 0 || k.requests < k.plan[0].request || k.recording != nil {
		return 0, false
	}
	next := k.plan[0]
	k.plan = k.plan[1:]
	if next.moment == beforeRecord || next.moment == afterRecord {
		k.recording = &next
		return 0, false
	}
	k.happened = append(k.happened, next.moment)
	return next.moment, true
}

// deaths are the moments of those that have happened.
func (k *killer) deaths() []moment {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.happened
}

// redelivering sometimes brings the message of a killed process back at once,
// so that the next process meets the lease of the dead one. Else the message
// waits for the time that the process has set.
func (k *killer) redelivering(q *sqsqueue.Queue, handler queue.Handler) queue.Handler {
	return func(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
		response, err := handler(ctx, event)
		if err == nil || k.coin() != 0 {
			return response, err
		}
		return response, errors.Join(err, q.ChangeVisibility(ctx, event.Records[0].ReceiptHandle, 0))
	}
}

func (k *killer) coin() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.random.IntN(4)
}
