package publish_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	enricher "notionrelay/functions/enricher/enrich"
	"notionrelay/functions/publisher/publish"
	"notionrelay/local/notionsim"
	"notionrelay/shared/block"
	"notionrelay/shared/metrics"
	"notionrelay/shared/notion"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
	"notionrelay/shared/tree"
	"notionrelay/test/inmemory"
	"notionrelay/test/planted"
)

// stage is where plays take place: a world without a database, so that a hundred
// thousand plays end within minutes, in which every call can go wrong. It has a
// simulated Notion, a store, the queues with their event source, an enricher
// whose answers never have the same words, and processes that may be of another
// version.
type stage struct {
	t    testing.TB
	said *planted.Listener // what everyone logs, figures included, and what dead letters say of themselves
	log  *slog.Logger

	sim                            *notionsim.Sim
	runs                           inmemory.Runs
	publish, dead, enrich, waiting *inmemory.Queue

	perPart int              // quotes in a part of them
	version int              // of the converter that is deployed
	answers int              // of the enricher
	asked   []queue.Incoming // what it has answered
	omits   omissions
	started int // processes
}

// omissions are what the enricher never finds, or what has not come in time, or was
// refused. The homepage is the same in each case.
type omissions struct{ title, introduction, quotes bool }

func newStage(t testing.TB, o notionsim.Options) *stage {
	t.Helper()
	sim, err := notionsim.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	g := &stage{t: t, said: planted.Listen(reportTexts...), sim: sim, perPart: 1}
	g.log = g.said.Log()
	var all inmemory.Queues
	g.dead = all.Queue(inmemory.Options{FIFO: true, Visibility: visibility})
	g.publish = all.Queue(inmemory.Options{FIFO: true, Visibility: visibility, MaxReceives: publish.MaxReceives, DeadLetter: g.dead})
	g.enrich = all.Queue(inmemory.Options{Visibility: visibility})
	g.waiting = all.Queue(inmemory.Options{Visibility: visibility})
	return g
}

// queues are those whose messages have to be worked off.
func (g *stage) queues() []*inmemory.Queue {
	return []*inmemory.Queue{g.publish, g.enrich, g.waiting}
}

// process is a publisher that may die, and the event sources that feed it: that
// of its own queue, and that of the waiting queue with its forwarder.
type process struct {
	*publish.Publisher
	life

	source    sourceSeam
	waiting   sourceSeam
	forwarder *enricher.Enricher
	stop      chan struct{} // closed when its end is announced
}

// process begins one. Its calls are under the script; what it asks of Notion
// passes through the way, and what it stores through the store.
func (g *stage) process(s script, way func(http.RoundTripper) http.RoundTripper, store func(publish.Store) publish.Store) *process {
	g.started++
	p := &process{life: newLife(g.t.Context()), stop: make(chan struct{})}
	seam := seam{p.life, s}
	client, err := notion.New(notion.Options{
		Token: "t", MinGap: minGap, Transport: way(notionSeam{seam, g.sim, g.sim.Transport()}), Jitter: func() float64 { return 0.5 }, Log: g.log,
	})
	if err != nil {
		g.t.Fatal(err)
	}
	p.Publisher = seam.disturbed(&publish.Publisher{
		Notion: client, Runs: store(&g.runs), PublishQueue: g.publish, DeadLetters: g.dead, EnrichQueue: g.enrich,
		WaitingQueue: g.waiting, Database: publish.Database{ID: g.sim.DatabaseID(), Columns: tree.StandardColumns}, CoverURL: "https://example.com/banner.png",
		Owner: fmt.Sprint("process ", g.started), Stop: p.stop, Exit: p.end, Log: g.log, Metrics: metrics.Recorder{Function: "publisher", Log: g.log},
	})
	seam.life = newLife(g.t.Context()) // the event sources outlive its processes
	p.source = sourceSeam{seam, "publish queue", g.publish}
	p.waiting = sourceSeam{seam, "waiting queue", g.waiting}
	p.forwarder = &enricher.Enricher{PublishQueue: backSeam{seam, g.publish}, WaitingQueue: g.waiting, Log: g.log, Metrics: metrics.Recorder{Function: "enricher", Log: g.log}}
	return p
}

const minGap = 100 * time.Millisecond

// asItIs is a way to Notion, or a store, with nothing in it.
func asItIs[T any](v T) T { return v }

// accept does what the webhook does.
func (g *stage) accept(id string, p report.Payload) {
	run := runs.Run{ReportID: id, ResearchRunID: p.RunID, Fingerprint: p.Fingerprint(), Status: runs.Queued, AcceptedAt: time.Now(), UpdatedAt: time.Now()}
	if _, _, err := g.runs.Create(g.t.Context(), run); err != nil {
		g.t.Fatal(err)
	}
	g.send(queue.Message{Kind: queue.Publish, ReportID: id, Payload: &p}, "")
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

// deliver does what Lambda's event source does, and tells whether a message came
// within the wait.
func (g *stage) deliver(p *process, wait time.Duration) bool {
	for until := time.Now().Add(wait); g.comes(p, until); {
		batch, err := p.source.Receive(g.t.Context(), 1, 0)
		if err != nil {
			time.Sleep(time.Second)
			return true
		}
		if len(batch) == 0 {
			continue // it has become a dead letter
		}
		if g.hand(p, batch[0]) {
			_ = p.source.Delete(g.t.Context(), batch[0].Receipt) // what is not deleted comes again
		}
		return true
	}
	return false
}

// comes waits for the next message of the publish queue, and tells whether there
// is one in time. What has waited out its time goes back there meanwhile. Nobody
// polls: a poll that comes to nothing would be a call that is not worth a failure.
func (g *stage) comes(p *process, until time.Time) bool {
	for {
		g.sendBack(p)
		next := g.publish.Next()
		if !next.IsZero() && !next.After(time.Now()) {
			return true
		}
		if back := g.waiting.Next(); next.IsZero() || !back.IsZero() && back.Before(next) {
			next = back
		}
		if next.IsZero() || next.After(until) {
			time.Sleep(time.Until(until))
			return false
		}
		time.Sleep(time.Until(next))
	}
}

// sendBack does with the waiting queue what its event source and the enricher's
// function do.
func (g *stage) sendBack(p *process) {
	for next := g.waiting.Next(); !next.IsZero() && !next.After(time.Now()); next = g.waiting.Next() {
		back, err := p.waiting.Receive(g.t.Context(), 1, 0)
		if err != nil {
			time.Sleep(time.Second)
			return
		}
		response, err := p.forwarder.Handle(g.t.Context(), eventOf(back[0]))
		if err == nil && len(response.BatchItemFailures) == 0 {
			_ = p.waiting.Delete(g.t.Context(), back[0].Receipt) // what is not deleted comes again
		}
	}
}

// hand invokes a process with a message, and tells whether it wants it deleted.
func (g *stage) hand(p *process, m queue.Incoming) bool {
	ctx, cancel := context.WithTimeout(p.life, publish.Timeout)
	defer cancel()
	response, err := p.Handle(ctx, eventOf(g.asRead(m)))
	return err == nil && len(response.BatchItemFailures) == 0 && p.Err() == nil
}

// answer does what the enricher does with all that it was asked.
func (g *stage) answer() {
	ctx := g.t.Context()
	for {
		asked, err := g.enrich.Receive(ctx, 1, 0)
		if err != nil {
			g.t.Fatal(err)
		}
		if len(asked) == 0 {
			return
		}
		g.asked = append(g.asked, asked[0])
		g.reply(asked[0], math.MaxInt)
		if err := g.enrich.Delete(ctx, asked[0].Receipt); err != nil {
			g.t.Fatal(err)
		}
	}
}

// reply does what the enricher does with one delivery of a question, unless it dies
// before it has sent so many messages. Its words are others at each delivery.
func (g *stage) reply(question queue.Incoming, most int) {
	asked, err := queue.Decode(question.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	g.answers++
	all := append([]queue.Message{g.texts(asked)}, g.quotes(asked)...)
	for _, m := range all[:min(most, len(all))] {
		g.send(m, fmt.Sprint(question.ID, g.answers))
	}
}

func (g *stage) texts(asked queue.Message) queue.Message {
	var texts queue.HomepageTexts
	if !g.omits.title {
		texts.Title = fmt.Sprint("Analysis, text of answer ", g.answers)
	}
	if !g.omits.introduction {
		texts.Introduction = fmt.Sprintf("We read a lot, text of answer %d.\n\n- **Plan**: what to do\n- **All**: why\n", g.answers)
	}
	return queue.Message{Kind: queue.Texts, ReportID: asked.ReportID, Answer: fmt.Sprint(g.answers), Texts: &texts}
}

// quotes are the parts of an answer's quotes in the order in which they are sent,
// the first one last.
func (g *stage) quotes(asked queue.Message) (parts []queue.Message) {
	if g.omits.quotes {
		return nil
	}
	all := quotesOf(asked.Payload)
	for i := range all.Quotes {
		all.Quotes[i].Text = fmt.Sprintf("Quote of answer %d: %s", g.answers, all.Quotes[i].Text)
	}
	for offset := 0; offset < max(1, all.Total); offset += g.perPart {
		part := *all
		part.Offset, part.Quotes = offset, all.Quotes[offset:min(offset+g.perPart, all.Total)]
		parts = append(parts, queue.Message{Kind: queue.Quotes, ReportID: asked.ReportID, Answer: fmt.Sprint(g.answers), Cursor: int64(offset), Subject: asked.Subject, Quotes: &part})
	}
	return append(parts[1:], parts[0])
}

func (g *stage) redrive() {
	g.readDeadLetters()
	if err := g.publish.Redrive(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
}

// readDeadLetters reads what lists of dead letters show, with what the records say
// of why they are there.
func (g *stage) readDeadLetters() {
	for _, m := range g.dead.Peek() {
		fmt.Fprintln(g.said, m.Attributes)
		if message, err := queue.Decode(m.Body); err == nil {
			fmt.Fprintln(g.said, g.run(message.ReportID).Failures)
		}
	}
}

// leaks are the lines that have told something of the reports or the answers.
func (g *stage) leaks() (problems []string) {
	g.readDeadLetters()
	for _, line := range g.said.Leaks() {
		problems = append(problems, "it tells what it must not: "+line)
	}
	return problems
}

// reportTexts are in the reports of plays, and in what the enricher answers.
var reportTexts = []string{"Do item", "See item", "How to Do", "How to See", outerList, longList, "Quote of answer", "text of answer", "We read a lot", "what people say", "It says so."}

func (g *stage) run(id string) runs.Run {
	run, err := g.runs.Get(g.t.Context(), id)
	if err != nil {
		g.t.Fatal(err)
	}
	return run
}

// Which answer of the enricher is followed, and by which version a page is
// written, depends on what goes wrong; that it is one does not.
var (
	answerMark  = regexp.MustCompile(`(text|Quote) of answer (\d+)`)
	versionMark = regexp.MustCompile(`(Do|See) (item \d+|it) \(version (\d+)\)`)
)

// unmarked is a tree, or a text in it, whatever answers and versions it is of.
func unmarked(tree string) string {
	return versionMark.ReplaceAllString(answerMark.ReplaceAllString(tree, "$1 of an answer"), "$1 $2")
}

// mixed says where a run's tree is of more than one answer or version.
func mixed(tree string) (problems []string) {
	of := map[string]map[string]bool{}
	add := func(what, which string) {
		if of[what] == nil {
			of[what] = map[string]bool{}
		}
		of[what][which] = true
	}
	for _, m := range answerMark.FindAllStringSubmatch(tree, -1) {
		add(m[1]+" of answer", m[2])
	}
	for _, m := range versionMark.FindAllStringSubmatch(tree, -1) {
		add(m[1]+" item by version", m[3])
	}
	for what, which := range of {
		if len(which) > 1 {
			problems = append(problems, fmt.Sprintf("%s %v", what, slices.Sorted(maps.Keys(which))))
		}
	}
	return problems
}

// asRead is a message as the deployed version reads it. Another version of the
// converter is played by another text of the same report: each version marks
// what it has converted, and every second one makes so many blocks more at the top
// that a page takes more requests.
func (g *stage) asRead(m queue.Incoming) queue.Incoming {
	if g.version == 0 {
		return m
	}
	message, err := queue.Decode(m.Body)
	if err != nil || message.Kind != queue.Publish {
		return m
	}
	for name, text := range message.Payload.Reports {
		message.Payload.Reports[name] = converted(text, g.version)
	}
	if m.Body, err = queue.Encode(message); err != nil {
		g.t.Fatal(err)
	}
	return m
}

var (
	marks      = regexp.MustCompile(`\(version \d+\)`)
	extraLines = regexp.MustCompile(`^(An extra block of version \d+\.\n\n)+`)
)

func converted(text string, version int) string {
	text = marks.ReplaceAllString(extraLines.ReplaceAllString(text, ""), fmt.Sprintf("(version %d)", version))
	if version%2 == 1 {
		text = strings.Repeat(fmt.Sprintf("An extra block of version %d.\n\n", version), block.MaxChildren+5) + text
	}
	return text
}

// marked is a report of so many items, or of twice as many below a heading and in
// lists so deep and long that they take requests of their own.
func marked(word string, items int, nested bool) string {
	var b strings.Builder
	item := func(indent string, i int) { fmt.Fprintf(&b, "%s%s item %d (version 0)\n\n", indent, word, i) }
	if !nested {
		for i := range items {
			item("", i)
		}
		return b.String()
	}
	fmt.Fprintf(&b, "# How to %s it (version 0)\n\n- %s\n  - second\n    - third\n      - fourth\n        - fifth\n          - sixth\n            - %s item 0 (version 0)\n\n- %s\n", word, outerList, word, longList)
	for i := range 2*items - 1 {
		item("  - ", i+1)
	}
	return b.String() + "\nThe end.\n"
}
