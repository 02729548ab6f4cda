package publish_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notionrelay/functions/publisher/publish"
	"notionrelay/local/notionsim"
	"notionrelay/shared/notion"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
	"notionrelay/test/inmemory"
)

// stage plays one small run to its end, with an event source, an enricher and
// an operator, while a script says what goes wrong. It is small and without a
// database, so that a hundred thousand plays end within minutes.
type stage struct {
	t      testing.TB
	script script
	log    *slog.Logger

	sim                   *notionsim.Sim
	runs                  inmemory.Runs
	publish, dead, enrich *inmemory.Queue

	life      life
	publisher *publish.Publisher
	processes int
	answers   int // of the enricher
}

// newStage opens a stage whose Notion shows rows in queries only after a while.
func newStage(t testing.TB, s script, log *slog.Logger) *stage {
	t.Helper()
	sim, err := notionsim.Open(notionsim.Options{Budget: 1_000_000, Latency: 100 * time.Millisecond, IndexLag: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	g := &stage{t: t, script: s, log: log, sim: sim}
	var all inmemory.Queues
	g.dead = all.Queue(inmemory.Options{FIFO: true, Visibility: visibility})
	g.publish = all.Queue(inmemory.Options{FIFO: true, Visibility: visibility, MaxReceives: publish.MaxReceives, DeadLetter: g.dead})
	g.enrich = all.Queue(inmemory.Options{Visibility: visibility})
	return g
}

// queues are those whose messages have to be worked off. The waiting queue will
// be one more.
func (g *stage) queues() []*inmemory.Queue { return []*inmemory.Queue{g.publish, g.enrich} }

// start begins a process.
func (g *stage) start() {
	g.processes++
	g.life = newLife(g.t.Context())
	s := seam{g.life, g.script}
	client, err := notion.New(notion.Options{
		Token: "t", MinGap: 100 * time.Millisecond, Budget: 1_000_000, Transport: notionSeam{s, g.sim, g.sim.Transport()}, Jitter: func() float64 { return 0.5 },
	})
	if err != nil {
		g.t.Fatal(err)
	}
	g.publisher = s.disturbed(&publish.Publisher{
		Notion: client, Runs: &g.runs, PublishQueue: g.publish, DeadLetters: g.dead, EnrichQueue: g.enrich,
		DatabaseID: g.sim.DatabaseID(), Owner: fmt.Sprint("process ", g.processes), Log: g.log,
	})
}

// smallRun has two reports: one long enough for an append to its page, one so
// deep that an append goes below one of its blocks.
func smallRun() report.Payload {
	p := report.Payload{
		Reports: map[string]string{"strategyReport": "- a\n  - b\n    - c\n      - d\n", "comprehensiveReport": paragraphs("See", 101)},
		Email:   "dana@salt-and-pepper.com", RunID: "run-1",
	}
	for i := range 2 {
		p.Quotes = append(p.Quotes, report.Quote{Text: fmt.Sprint("Quote ", i), URL: fmt.Sprintf("https://www.reddit.com/r/cooking/comments/%d/", i)})
	}
	return p
}

// play plays the run to its end, dead letters included, and returns its tree
// and what is wrong.
func (g *stage) play() (tree string, problems []string) {
	p := smallRun()
	run := runs.Run{ReportID: "rep_1", ResearchRunID: p.RunID, Fingerprint: p.Fingerprint(), Status: runs.Queued, AcceptedAt: time.Now(), UpdatedAt: time.Now()}
	if _, _, err := g.runs.Create(g.t.Context(), run); err != nil {
		g.t.Fatal(err)
	}
	g.send(queue.Message{Kind: queue.Publish, ReportID: "rep_1", Payload: &p}, "")
	g.start()
	defer func() { g.life.end() }()
	const most = 5 // dead letters of two failures come back less often
	for range most {
		if !g.workOff() {
			return "", []string{"the queues do not come to rest"}
		}
		if g.dead.Len() == 0 {
			break
		}
		if err := g.publish.Redrive(g.t.Context()); err != nil {
			g.t.Fatal(err)
		}
	}
	return g.outcome()
}

// workOff delivers until the queues are empty.
func (g *stage) workOff() bool {
	const most = 200 // a quiet run takes 4
	for range most {
		g.answer()
		if !slices.ContainsFunc(g.queues(), func(q *inmemory.Queue) bool { return q.Len() > 0 }) {
			return true
		}
		g.deliver()
		if g.life.Err() != nil {
			g.start()
		}
	}
	return false
}

// deliver does what Lambda's event source does.
func (g *stage) deliver() {
	ctx := g.t.Context()
	source := sourceSeam{seam{newLife(ctx), g.script}, "publish queue", g.publish}
	defer source.life.end()
	const patience = 12 * time.Hour // a long poll that has come to nothing is no call worth a failure
	batch, err := source.Receive(ctx, 1, patience)
	if err != nil {
		time.Sleep(time.Second)
		return
	}
	if len(batch) == 0 {
		return
	}
	invocation, cancel := context.WithTimeout(g.life, publish.Timeout)
	defer cancel()
	response, err := g.publisher.Handle(invocation, eventOf(batch[0]))
	if err != nil {
		g.t.Fatal(err)
	}
	if len(response.BatchItemFailures) == 0 && g.life.Err() == nil {
		_ = source.Delete(ctx, batch[0].Receipt)
	}
}

// answer does what the enricher does. No two of its answers have the same words.
func (g *stage) answer() {
	ctx := g.t.Context()
	for g.enrich.Len() > 0 {
		asked, err := g.enrich.Receive(ctx, 1, visibility)
		if err != nil || len(asked) == 0 {
			g.t.Fatal("the enrich queue gives no message", err)
		}
		m, err := queue.Decode(asked[0].Body)
		if err != nil {
			g.t.Fatal(err)
		}
		g.answers++
		g.send(queue.Message{Kind: queue.Texts, ReportID: m.ReportID, Asked: m.Asked, Texts: &queue.HomepageTexts{
			Title: fmt.Sprint("Title, text of answer ", g.answers), Introduction: fmt.Sprintf("Introduction, text of answer %d.", g.answers),
		}}, asked[0].ID)
		for i, q := range m.Payload.Quotes {
			q.Text += fmt.Sprint(", quote of answer ", g.answers)
			g.send(queue.Message{Kind: queue.Quotes, ReportID: m.ReportID, Asked: m.Asked, Cursor: int64(i), Subject: m.Subject, Quotes: &queue.QuotesPart{
				Offset: i, Total: len(m.Payload.Quotes), Quotes: []report.Quote{q},
			}}, asked[0].ID)
		}
		if err := g.enrich.Delete(ctx, asked[0].Receipt); err != nil {
			g.t.Fatal(err)
		}
	}
}

func (g *stage) send(m queue.Message, distinct string) {
	body, err := queue.Encode(m)
	if err != nil {
		g.t.Fatal(err)
	}
	if err := g.publish.Send(g.t.Context(), queue.Outgoing{Body: body, Group: queue.PublishGroup, DeduplicationID: m.DeduplicationID() + distinct}); err != nil {
		g.t.Fatal(err)
	}
}

var answerMark = regexp.MustCompile(`(text|quote) of answer (\d+)`)

// outcome is the tree in the end, whichever answer of the enricher was
// followed, and what is wrong besides.
func (g *stage) outcome() (tree string, problems []string) {
	time.Sleep(time.Minute) // for effects that come late
	tree = g.sim.Tree()
	followed := map[string]map[string]bool{"text": {}, "quote": {}}
	for _, mark := range answerMark.FindAllStringSubmatch(tree, -1) {
		followed[mark[1]][mark[2]] = true
	}
	for kind, answers := range followed {
		if len(answers) != 1 {
			problems = append(problems, fmt.Sprintf("each %s is of answer %v", kind, slices.Sorted(maps.Keys(answers))))
		}
	}
	run, err := g.runs.Get(g.t.Context(), "rep_1")
	if err != nil || run.Status != runs.Complete || len(run.Failures) > 0 || len(run.Warnings) > 0 {
		problems = append(problems, fmt.Sprintf("the run is %s, failures %+v, warnings %q, %v", run.Status, run.Failures, run.Warnings, err))
	}
	if s := g.sim.Stats(); s.Overlaps > 0 || s.MaxWrites > 1 || s.SchemaChanges > 0 || s.Pending > 0 {
		problems = append(problems, fmt.Sprintf("%d overlaps, %d writes at once, %d schema changes, %d effects still to come", s.Overlaps, s.MaxWrites, s.SchemaChanges, s.Pending))
	}
	if n := g.dead.Len(); n > 0 {
		problems = append(problems, fmt.Sprintf("%d dead letters are left", n))
	}
	return answerMark.ReplaceAllString(tree, "$1 of an answer"), problems
}

// compared adds how a tree differs from the one that it shall be.
func compared(want, tree string, problems []string) []string {
	if want == tree || tree == "" {
		return problems
	}
	if rows := strings.Count(tree, "\n  #"); rows != 1 {
		problems = append(problems, fmt.Sprintf("there are %d rows", rows))
	}
	return append(problems, "tree (-undisturbed +this):\n"+cmp.Diff(want, tree))
}
