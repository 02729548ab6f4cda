package publish_test

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"notionrelay/local/notionsim"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
	"notionrelay/test/inmemory"
	"notionrelay/test/planted"
)

// Failures are enumerated, not drawn. A call that the publisher, or its event
// source, makes while a run is played undisturbed has a number, and a failure is
// a trouble at one of them. A pair is two failures: the second is at any call
// behind the first one in the play that the first one has disturbed, where the
// calls are others than in the undisturbed play. So the numbers of the pairs
// are known once all single failures have been played, which takes seconds.
var (
	pairsFrom = flag.Int("pairs.from", 0, "plays the pairs of failures from this number on; -pairs.to ends them")
	pairsTo   = flag.Int("pairs.to", 0, "plays the pairs below this number; 0 plays a sample of all, -1 all of them")
	pairsPart = flag.String("pairs.part", "0/1", "plays each n-th pair: 37/100 those whose number has 37 as the rest of its division by 100")
	onePair   = flag.Int("pair", -1, "plays the pair of failures with this number and shows every call")
)

// failure is a trouble at the call with a number.
type failure struct {
	call    int
	place   string
	trouble trouble
}

func (f failure) String() string { return fmt.Sprintf("call %d (%s) %s", f.call, f.place, f.trouble) }

// site is a call that was made, and what can go wrong with it.
type site struct {
	place string
	can   []trouble
}

// played is what a play has come to.
type played struct {
	tree     string
	sites    []site
	problems []string
}

// playWith plays the small run with these failures, in the order of their calls,
// and shows every call and line of the log, unless show is nil.
func playWith(t *testing.T, show *slog.Logger, failures ...failure) (p played) {
	t.Helper()
	left := failures
	var problems []string
	synctest.Test(t, func(t *testing.T) {
		p.tree, p.problems = playSmallRun(t, show, func(place string, can []trouble) trouble {
			p.sites = append(p.sites, site{place, can})
			what := none
			if len(left) > 0 && left[0].call == len(p.sites) {
				what, left = left[0].trouble, left[1:]
				if !slices.Contains(can, what) {
					problems = append(problems, fmt.Sprintf("call %d is %s this time, so a play is not always the same", len(p.sites), place))
				}
			}
			if show != nil {
				show.Info("call", "number", len(p.sites), "place", place, "trouble", what)
			}
			return what
		})
	})
	p.problems = append(p.problems, problems...)
	if len(left) > 0 {
		p.problems = append(p.problems, fmt.Sprintf("%s did not come about", left[0]))
	}
	return p
}

// smallRun has two reports: one long enough for an append to its page, one so
// deep that an append goes below one of its blocks. Its quotes come in two parts.
func smallRun() report.Payload {
	p := report.Payload{
		Reports: map[string]string{"strategyReport": marked("Do", 1, true), "comprehensiveReport": marked("See", 101, false)},
		Email:   "dana@salt-and-pepper.com", RunID: "run-1",
	}
	for i := range 2 {
		p.Quotes = append(p.Quotes, report.Quote{Text: fmt.Sprint("number ", i), Category: "user_needs", Sentiment: "positive", Theme: fmt.Sprint("theme ", i), URL: fmt.Sprintf("https://www.reddit.com/r/cooking/comments/%d/", i)})
	}
	return p
}

// playSmallRun plays the run to its end, dead letters included, on a Notion that
// shows rows in queries only after a while. It returns the tree and what is wrong.
func playSmallRun(t *testing.T, show *slog.Logger, s script) (tree string, problems []string) {
	t.Helper()
	g := newStage(t, notionsim.Options{Latency: 100 * time.Millisecond, IndexLag: 2 * time.Second})
	if show != nil {
		g.log = show
	}
	g.accept(reportID(0), smallRun())
	p := g.process(s, asItIs, asItIs)
	const most = 5 // dead letters of two failures come back less often
	for range most {
		if p = g.workOff(p, s); g.left() {
			return "", []string{"the queues do not come to rest"}
		}
		if g.dead.Len() == 0 {
			break
		}
		g.redrive()
	}
	p.end()
	time.Sleep(time.Minute) // for effects that come late
	tree = g.sim.Tree()
	problems = append(mixed(tree), g.leaks()...)
	if run := g.run(reportID(0)); run.Status != runs.Complete || len(run.Failures) > 0 || len(run.Warnings) > 0 {
		problems = append(problems, fmt.Sprintf("the run is %s, failures %+v, warnings %q", run.Status, run.Failures, run.Warnings))
	}
	if s := g.sim.Stats(); s.Overlaps > 0 || s.MaxWrites > 1 || s.SchemaChanges > 0 || s.Pending > 0 {
		problems = append(problems, fmt.Sprintf("%d overlaps, %d writes at once, %d schema changes, %d effects still to come", s.Overlaps, s.MaxWrites, s.SchemaChanges, s.Pending))
	}
	if n := g.dead.Len(); n > 0 {
		problems = append(problems, fmt.Sprintf("%d dead letters are left", n))
	}
	return unmarked(tree), problems
}

// workOff delivers until the queues are empty, or too much was delivered. A
// process that dies is replaced.
func (g *stage) workOff(p *process, s script) *process {
	const most = 200 // a quiet run takes 4
	for i := 0; i < most && g.left(); i++ {
		g.answer()
		g.deliver(p, 12*time.Hour)
		g.answer()
		if p.Err() != nil {
			p = g.process(s, asItIs, asItIs)
		}
	}
	return p
}

// left tells whether a message is left to be worked off.
func (g *stage) left() bool {
	return slices.ContainsFunc(g.queues(), func(q *inmemory.Queue) bool { return q.Len() > 0 })
}

// failuresAfter are all single failures at the calls behind one.
func failuresAfter(call int, sites []site) (all []failure) {
	for i, s := range sites {
		for _, what := range s.can {
			if i+1 > call {
				all = append(all, failure{i + 1, s.place, what})
			}
		}
	}
	return all
}

// TestEverySingleAndPairOfFailures plays every single failure, and of the pairs
// those that are asked for: in the end there is the tree of the undisturbed run.
func TestEverySingleAndPairOfFailures(t *testing.T) {
	t.Parallel()
	undisturbed := playWith(t, nil)
	if len(undisturbed.problems) > 0 {
		t.Fatal(undisturbed.problems)
	}
	e := &enumeration{t: t, want: undisturbed.tree, singles: failuresAfter(0, undisturbed.sites)}
	e.playSingles()
	sayf("the undisturbed run makes %d calls: %d single failures, %d pairs", len(undisturbed.sites), len(e.singles), e.pairs())
	if *onePair >= 0 {
		e.show(*onePair)
		return
	}
	if *pairsTo == 0 && testing.Short() { // the singles are enough where the race detector is slow
		return
	}
	e.playPairs()
}

// sayf tells whoever asked for pairs how they go on.
func sayf(format string, arguments ...any) {
	if *pairsTo != 0 || *onePair >= 0 {
		fmt.Fprintf(os.Stderr, format+"\n", arguments...)
	}
}

// enumeration numbers the pairs of failures.
type enumeration struct {
	t       *testing.T
	want    string
	singles []failure
	seconds [][]failure // by the first failure
	before  []int       // how many pairs there are before those of each first failure, and in all

	wrong atomic.Int32
}

const most = 10 // failures that are shown in full

// playSingles plays the single failures, each with a share of the cores.
func (e *enumeration) playSingles() {
	e.seconds = make([][]failure, len(e.singles))
	step := stride(9)
	e.t.Run("singles", func(t *testing.T) {
		for lane := range lanes {
			t.Run(fmt.Sprint("lane ", lane), func(t *testing.T) {
				t.Parallel()
				for i := lane * step; i < len(e.singles); i += lanes * step {
					p := playWith(t, nil, e.singles[i])
					e.seconds[i] = failuresAfter(e.singles[i].call, p.sites)
					e.judge(t, p, fmt.Sprintf("single failure %d: %s", i, e.singles[i]))
				}
			})
		}
	})
	e.before = make([]int, 1, len(e.singles)+1)
	for i, seconds := range e.seconds {
		e.before = append(e.before, e.before[i]+len(seconds))
	}
}

// lanes are the plays that go on side by side.
const lanes = 2

func (e *enumeration) judge(t *testing.T, p played, name string) {
	t.Helper()
	problems := p.problems
	if p.tree != e.want && p.tree != "" {
		problems = append(problems, fmt.Sprintf("there are %d rows; tree (-undisturbed +this):\n%s", strings.Count(p.tree, "\n  #"), cmp.Diff(e.want, p.tree)))
	}
	if len(problems) == 0 {
		return
	}
	if e.wrong.Add(1) <= most {
		t.Errorf("%s:\n%s", name, strings.Join(problems, "\n"))
	} else {
		t.Errorf("%s: %s", name, strings.SplitN(problems[0], "\n", 2)[0])
	}
}

func (e *enumeration) pairs() int { return e.before[len(e.before)-1] }

func (e *enumeration) pair(n int) (first, second failure) {
	i := sort.SearchInts(e.before, n+1) - 1
	return e.singles[i], e.seconds[i][n-e.before[i]]
}

// show plays one pair and shows every call of it.
func (e *enumeration) show(n int) {
	first, second := e.pair(n)
	log := planted.Heard(e.t, slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}), reportTexts...)
	e.judge(e.t, playWith(e.t, log, first, second), fmt.Sprintf("pair %d: %s, then %s", n, first, second))
}

// playPairs plays the pairs that the flags ask for, a few of them when they ask
// for none.
func (e *enumeration) playPairs() {
	to, step := *pairsTo, 1
	switch {
	case to == 0:
		to, step = e.pairs(), 1000
	case to < 0 || to > e.pairs():
		to = e.pairs()
	}
	var rest, of int
	if n, err := fmt.Sscanf(*pairsPart, "%d/%d", &rest, &of); n != 2 || err != nil || of < 1 {
		e.t.Fatalf("-pairs.part %s is not of the form 37/100", *pairsPart)
	}
	var numbers []int
	for n := *pairsFrom; n < to; n++ {
		if n%of == rest && n/of%step == 0 {
			numbers = append(numbers, n)
		}
	}
	progress := &progress{of: len(numbers), at: [lanes]int{*pairsFrom, *pairsFrom}, started: time.Now(), said: time.Now()}
	e.t.Run("pairs", func(t *testing.T) {
		for lane := range lanes {
			t.Run(fmt.Sprint("lane ", lane), func(t *testing.T) {
				t.Parallel()
				for i := lane; i < len(numbers); i += lanes {
					first, second := e.pair(numbers[i])
					e.judge(t, playWith(t, nil, first, second), fmt.Sprintf("pair %d: %s, then %s", numbers[i], first, second))
					progress.count(lane, numbers[i], e.wrong.Load())
				}
			})
		}
	})
	sayf("%d pairs in %s, %d plays went wrong", len(numbers), time.Since(progress.started).Round(time.Second), e.wrong.Load())
}

// progress says how far the pairs have come, now and then.
type progress struct {
	mu      sync.Mutex
	of      int
	played  int
	at      [lanes]int // the pair that each lane has played last
	started time.Time
	said    time.Time
}

func (p *progress) count(lane, number int, wrong int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.played++
	p.at[lane] = number
	if time.Since(p.said) < 10*time.Second {
		return
	}
	p.said = time.Now()
	sayf("%d of %d pairs in %s, all up to number %d; %d plays went wrong", p.played, p.of, time.Since(p.started).Round(time.Second), slices.Min(p.at[:]), wrong)
}
