package publish_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"notionrelay/functions/publisher/publish"
	"notionrelay/local/notionsim"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
)

// TestEveryHistoryEndsInTheSameTree plays random histories: faults and deaths at
// any call, effects that come late, people who edit, other versions, duplicates,
// redrives, two publishers at once. The invariants hold after every event, and in
// the end each run's tree is that of a quiet life plus what people did.
func TestEveryHistoryEndsInTheSameTree(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the matrices' samples are enough where the race detector is slow")
	}
	rapid.Check(t, func(rt *rapid.T) {
		h := histories(everything).Draw(rt, "history")
		for _, problem := range play(t, h, nil) {
			rt.Error(problem)
		}
	})
}

// TestHistoriesThatOnceWentWrong plays what the model has found.
func TestHistoriesThatOnceWentWrong(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]history{
		// A row's answer was lost and the look for it refused, and the title's
		// intent took the place of the row's.
		"an intent outlives the work of other messages": {
			Runs: []size{{Blocks: 2, Quotes: 1}},
			Events: []event{{What: work, Count: 1}, {What: fail, Count: 4, Fault: 4}, {What: poison, Count: 1},
				{What: fail, Count: 3, Fault: 1}, {What: poison, Count: 5}},
		},
		// One publisher puts the message aside, the other one begins anew and
		// has to wait.
		"texts wait for a base that is put aside": {
			Runs:   []size{{Blocks: 2}},
			Events: []event{{What: poison, Count: 1}, {What: fail, Count: 5, Fault: 3}, {What: overlap, Process: 1, Wait: 9 * time.Second}},
		},
		// The quotes of one answer were put aside, and those of another cleared
		// the failure away.
		"a second answer does not hide that the first one is put aside": {
			Runs: []size{{Blocks: 2, Quotes: 1}},
			Events: []event{{What: poison, Count: 5}, {What: work, Process: 1, Count: 2}, {What: repeat}, {What: work, Process: 1, Count: 1},
				{What: enrich}, {What: loseAck}, {What: work, Process: 1, Count: 7}, {What: poison, Count: 1}},
		},
		// The place for the quotes was half taken away when they came.
		"quotes come while the timer ends their waiting": {
			Runs:   []size{{Blocks: 2, Quotes: 1, Nested: true}},
			Events: []event{{What: fail, Count: 13, Fault: 3, Place: 11}, {What: mute, Wait: 15500 * time.Millisecond}},
		},
		// A person had deleted the end of a lost append. What was written once more was
		// refused, and with it was forgotten that the rest was there.
		"the rest of a lost append is refused": {
			Runs:   []size{{Blocks: 110}},
			Events: []event{{What: meddle, Count: 1, Fault: 1}, {What: poison, Count: 9, Place: 12}, {What: work, Count: 7}},
		},
		// A person had corrected the end of a lost append and deleted the block before it:
		// what was corrected counted as what was deleted, and the end was written again.
		"the end of a lost append is corrected, and the block before it deleted": {
			Runs:   []size{{Blocks: 110}},
			Events: []event{{What: meddle, Count: 1, Wait: time.Second}, {What: work, Count: 9}},
		},
		// A base was redriven so late that its messages are lost by then: what came for
		// it, though it was published, was put aside again and again.
		"a base is written after its messages' retention": {
			Runs:   []size{{Blocks: 2, Quotes: 1}},
			Events: []event{{What: age}},
		},
		"a part waits for an earlier one after its messages' retention": {
			Runs: []size{{Blocks: 2, Quotes: 2}}, PerPart: 1, Latency: 4 * time.Second,
			Events: []event{{What: mute, Place: 7}, {What: work, Count: 2}, {What: age}, {What: fail, Count: 2}},
		},
		// The timer waited out a conflict when the quotes came and completed the run.
		"a complete run waits for nothing": {
			Runs: []size{{Blocks: 2, Quotes: 1}, {Blocks: 2}}, Latency: 50 * time.Millisecond,
			Events: []event{{What: work, Count: 1}, {What: fail, Count: 9}, {What: halt}, {What: fail, Process: 1, Count: 8, Fault: 1},
				{What: sick, Run: 1, Count: 8}},
		},
		// The enricher's queue delivered a question twice: of two answers the title was
		// one's, the introduction the other's.
		"a question has two answers": {
			Runs: []size{{Blocks: 2, Quotes: 1}}, Latency: 50 * time.Millisecond,
			Events: []event{{What: work, Count: 1}, {What: cut, Count: 2}, {What: fail, Count: 2, Fault: 13}},
		},
		// The enricher died before it had sent all parts of the quotes, and found others
		// when it was asked again.
		"the rest of an answer never comes": {
			Runs: []size{{Blocks: 2, Quotes: 3}}, PerPart: 1, Latency: 50 * time.Millisecond,
			Events: []event{{What: work, Count: 1}, {What: cut, Count: 3}, {What: work, Count: 5}, {What: twice}},
		},
		// Quotes came when their run had ended without them. The process died in the
		// midst of them, and they were dropped, as of a run that is complete.
		"quotes that come late are interrupted": {
			Runs: []size{{Blocks: 2, Quotes: 1}}, Latency: 50 * time.Millisecond,
			Events: []event{{What: work, Count: 1}, {What: age, Count: 1}, {What: work, Count: 1}, {What: enrich, Count: 1}, {What: upgrade, Count: 5}, {What: work, Count: 2}},
		},
		// A person had moved the standard introduction away, and Notion was slow: to look
		// where it is took longer than a write may be sent behind its intent, each time.
		"what is deleted has been moved, and Notion is slow": {
			Runs: []size{{Blocks: 2}}, Latency: 4 * time.Second,
			Events: []event{{What: work, Count: 1}, {What: enrich}, {What: meddle, Count: 1, Fault: 2, Wait: time.Second}, {What: work, Count: 2}},
		},
		// Two publishers asked the enricher at the same moment: of two answers the title
		// was one's, the introduction the other's.
		"two publishers ask at the same moment": {
			Runs: []size{{Blocks: 110}, {Blocks: 2, Twins: true}, {Blocks: 110, Quotes: 1, Nested: true}}, PerPart: 2, Latency: 50 * time.Millisecond,
			Events: []event{{What: halt, Run: 2, Process: 1, Count: 4, Fault: 7, Place: 5, Wait: time.Second}, {What: overlap, Count: 11, Fault: 5, Place: 1},
				{What: ring, Run: 1, Count: 11, Fault: 9}, {What: poison, Run: 1, Count: 18, Fault: 1, Place: 8, Wait: 15500 * time.Millisecond},
				{What: accept, Run: 2, Count: 26, Fault: 5, Place: 6, Wait: 13500 * time.Millisecond}, {What: work, Run: 2, Process: 1, Count: 2, Fault: 18, Place: 11, Wait: 8500 * time.Millisecond},
				{What: enrich, Run: 2, Process: 1, Count: 7, Fault: 8, Place: 12, Wait: 500 * time.Millisecond}},
		},
		// The homepage was refused without its banner as well, written with it when it
		// was redriven, and the warning stayed.
		"not the banner was refused": {
			Runs:   []size{{Blocks: 2}},
			Events: []event{{What: poison, Count: 2, Place: 11}},
		},
		"the same, with the first one poisoned": {
			Runs: []size{{Blocks: 2, Quotes: 1}},
			Events: []event{{What: poison, Count: 5}, {What: work, Count: 2}, {What: repeat}, {What: work, Count: 1},
				{What: enrich}, {What: work, Count: 1}, {What: poison, Count: 1}, {What: work, Count: 9}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, problem := range play(t, h, nil) {
				t.Error(problem)
			}
		})
	}
}

// TestTheModelNoticesABrokenStore takes away what exactly-once stands on, one
// thing at a time, and wants the model to notice.
func TestTheModelNoticesABrokenStore(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("what the model notices does not depend on the race detector")
	}
	for _, tt := range []struct {
		name   string
		broken func(publish.Store) publish.Store
		of     chances // in which it shows soon
	}{
		{"that forgets the intent", func(s publish.Store) publish.Store { return forgetful{s} }, everything},
		{"that lets everybody save", func(s publish.Store) publish.Store { return unfenced{s} }, chances{{overlap, 1}, {enrich, 1}}},
		{"that does not know an owner", func(s publish.Store) publish.Store { return ownerless{s} }, chances{{work, 1}, {accept, 1}, {fail, 1}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			const most = 1000
			for seed := range most {
				if problems := play(t, histories(tt.of).Example(seed), tt.broken); len(problems) > 0 {
					t.Logf("history %d: %s", seed, strings.SplitN(problems[0], "\n", 2)[0])
					return
				}
			}
			t.Errorf("%d histories went well with a store %s", most, tt.name)
		})
	}
}

// forgetful stores runs without what they intend.
type forgetful struct{ publish.Store }

func (f forgetful) Save(ctx context.Context, run *runs.Run) error {
	stored := *run
	stored.Steps = slices.Clone(run.Steps)
	for i := range stored.Steps {
		stored.Steps[i].IntendedAt = time.Time{}
	}
	err := f.Store.Save(ctx, &stored)
	run.Version = stored.Version
	return err
}

// unfenced stores runs whoever has changed them meanwhile.
type unfenced struct{ publish.Store }

func (u unfenced) Save(ctx context.Context, run *runs.Run) error {
	current, _, err := u.Create(ctx, runs.Run{ReportID: run.ReportID, AcceptedAt: run.AcceptedAt}) // reads it
	if err != nil {
		return err
	}
	run.Version = current.Version
	return u.Store.Save(ctx, run)
}

// ownerless does not tell whose row a row is.
type ownerless struct{ publish.Store }

func (ownerless) OwnerOf(context.Context, string) (string, error) { return "", nil }

// play plays a history and returns what broke an invariant.
func play(t *testing.T, h history, broken func(publish.Store) publish.Store) (problems []string) {
	t.Helper()
	quiet := map[size]quietRun{}
	for _, s := range h.Runs {
		quiet[s] = quietly(t, ending{size: s})
	}
	var others []claim
	synctest.Test(t, func(t *testing.T) {
		p := &player{
			stage:   newStage(t, notionsim.Options{Latency: h.Latency, IndexLag: h.IndexLag, ParentLag: h.ParentLag}),
			history: h, quiet: quiet, broken: broken, edited: map[int]bool{}, delisted: map[int]lists{}, waits: map[string]waited{},
		}
		if p.perPart = h.PerPart; p.perPart == 0 || slices.ContainsFunc(h.Runs, func(s size) bool { return s.Twins }) {
			p.perPart = 100
		}
		p.replace(0)
		p.replace(1)
		p.accept()
		for i, e := range h.Events {
			p.happen(e)
			if !later[e.What] {
				p.check(fmt.Sprintf("event %d, %s", i, e.What))
			}
			if len(p.problems) > 0 {
				break
			}
		}
		if len(p.problems) == 0 {
			p.end()
		}
		for _, process := range p.processes {
			process.end()
		}
		problems, others = slices.Concat(p.problems, p.leaks()), p.others
	})
	for _, c := range others {
		if diff := c.differs(quietly(t, c.ending)); diff != "" {
			problems = append(problems, diff)
		}
	}
	return problems
}

// player plays a history.
type player struct {
	*stage
	history   history
	quiet     map[size]quietRun
	broken    func(publish.Store) publish.Store
	accepted  int
	processes [2]*actor
	soon      []func() // what happens at the next call of whatever process
	edits     []edit
	edited    map[int]bool // runs by people
	delisted  map[int]lists

	own    bool      // whether something is wrong with a run itself
	gaveUp bool      // whether one may have been given up
	shut   []outage  // what refuses for a while
	muteTo time.Time // until when the enricher does not answer
	waits  map[string]waited
	others []claim // about runs that have ended otherwise than a quiet one

	mu       sync.Mutex // two processes may meet their events at once
	problems []string
}

// actor is a process and what will happen at its next calls.
type actor struct {
	*process
	armed []armed
}

// outage is what is wrong with all calls of some places, until then.
type outage struct {
	of    string // how the places begin
	what  trouble
	until time.Time
}

// armed is what happens at the call of a process after so many others, of those
// at that place if it names one.
type armed struct {
	after int
	at    string
	do    func(can []trouble) trouble
}

// replace starts a process in the place of one that has died.
func (p *player) replace(i int) {
	broken := asItIs[publish.Store]
	if p.broken != nil {
		broken = p.broken
	}
	a := &actor{}
	a.process = p.process(func(place string, can []trouble) trouble {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, do := range p.soon {
			do()
		}
		p.soon = nil
		what := a.call(place, can)
		for _, o := range p.shut {
			if what == none && strings.HasPrefix(place, o.of) && time.Now().Before(o.until) && slices.Contains(can, o.what) {
				what = o.what
			}
		}
		return what
	}, func(way http.RoundTripper) http.RoundTripper {
		return &watched{notion: way, player: p, lastWrite: time.Now()}
	}, broken)
	p.processes[i] = a
}

// call lets happen what is to happen at this call. Of several troubles the last
// one does.
func (a *actor) call(place string, can []trouble) (what trouble) {
	waiting := a.armed[:0]
	for _, event := range a.armed {
		if strings.Contains(place, event.at) {
			event.after--
		}
		if event.after > 0 {
			waiting = append(waiting, event)
		} else if trouble := event.do(can); trouble != none {
			what = trouble
		}
	}
	a.armed = waiting
	return what
}

func (p *player) happen(e event) {
	by := p.processes[e.Process]
	p.own = p.own || slices.Contains([]what{person, meddle, poison, sick, age}, e.What)
	arm := func(do func(can []trouble) trouble) { by.armed = append(by.armed, armed{e.Count, "", do}) }
	switch e.What {
	case accept:
		p.accept()
	case repeat:
		run := e.Run % p.accepted
		payload := p.history.Runs[run].payload(run)
		p.send(queue.Message{Kind: queue.Publish, ReportID: reportID(run), Payload: &payload}, fmt.Sprint("again", time.Now().UnixNano()))
	case enrich:
		p.answer()
	case twice:
		if len(p.asked) > 0 && !p.isMute() {
			p.reply(p.asked[e.Run%len(p.asked)], math.MaxInt)
		}
	case cut:
		p.cut(e.Count % 4)
	case work:
		for range e.Count {
			if !p.deliver(by.process, 10*time.Second) || by.Err() != nil || isClosed(by.stop) {
				break
			}
		}
	case loseAck:
		p.handOver(false, 0, by)
	case overlap:
		p.handOver(true, e.Wait, by, p.processes[1-e.Process])
	case stumble:
		arm(func(can []trouble) trouble { return can[e.Fault%len(can)] })
	case stop:
		arm(func([]trouble) trouble {
			if !isClosed(by.stop) {
				close(by.stop)
			}
			return none
		})
	case person:
		at := []string{"", "DELETE /v1/blocks", "PATCH /v1/blocks"}[e.Place%3]
		by.armed = append(by.armed, armed{1 + e.Count%6, at, func([]trouble) trouble {
			p.edit(e)
			return none
		}})
	case meddle:
		by.armed = append(by.armed, armed{1 + e.Count%4, "PATCH /v1/blocks", func([]trouble) trouble {
			for i := range 1 + int(e.Wait/time.Second)%3 {
				p.soon = append(p.soon, func() { p.editLast(e, i) })
			}
			return []trouble{answerLost, diesAfter}[e.Process]
		}})
	case upgrade:
		by.armed = append(by.armed, armed{1 + e.Count%5, "POST /v1/pages", func([]trouble) trouble {
			p.version++
			return []trouble{diesBefore, diesAfter, diesLate}[e.Fault%3]
		}})
	case deploy:
		arm(func([]trouble) trouble {
			p.version++
			return none
		})
	case fail, poison:
		fault := anyFault()[e.Fault].fault
		if e.What == poison {
			fault = notionsim.Fault{Status: 400}
		}
		if fault.Nth = e.Count; e.Place > 10 {
			fault.Times = 6
		}
		p.sim.Inject(fault)
	case redrive:
		p.redrive()
	case passTime:
		time.Sleep(e.Wait * 30)
	case age:
		time.Sleep(15 * 24 * time.Hour)
	case sick:
		p.sick(by)
	case ring:
		time.Sleep(6 * time.Minute)
	case halt:
		p.halt(e)
	case mend:
		p.mend()
	case mute:
		p.muteTo = time.Now().Add(e.Wait * 20)
		if e.Place > 6 {
			p.muteTo = time.Now().Add(runs.Retention)
		}
	case shut:
		of := []string{"store", "enrich queue", "waiting queue", "publish queue", "dead letters"}[e.Place%5]
		p.shut = append(p.shut, outage{of, refused, time.Now().Add(e.Wait * 20)})
	}
	for i, process := range p.processes {
		if process.Err() != nil || isClosed(process.stop) {
			process.end()
			p.replace(i)
		}
	}
}

// halt makes something wrong with everyone.
func (p *player) halt(e event) {
	switch people := p.sim.People(); e.Place % 3 {
	case 0:
		people.RevokeToken("t")
	case 1:
		people.Unshare(p.sim.DatabaseID())
	case 2:
		p.shut = append(p.shut, outage{"Notion", []trouble{refused, failed}[e.Fault%2], time.Now().Add(e.Wait * 60)})
	}
}

// sick lets writes fail while a process works. That is one run's trouble if there is
// no other one to tell by.
func (p *player) sick(by *actor) {
	p.gaveUp = true
	p.shut = append(p.shut, outage{"Notion: P", failed, time.Now().Add(4 * time.Hour)})
	const most = 40 // at most 15 minutes apart at first
	for range most {
		if !p.deliver(by.process, 20*time.Minute) || by.Err() != nil || isClosed(by.stop) {
			return
		}
	}
}

// mend puts right all that is wrong with everyone.
func (p *player) mend() {
	people := p.sim.People()
	people.RenewToken("t", "t")
	people.Share(p.sim.DatabaseID())
	p.shut = nil
}

// answer lets the enricher answer unless it is mute.
func (p *player) answer() {
	if !p.isMute() {
		p.stage.answer()
	}
}

func (p *player) isMute() bool { return time.Now().Before(p.muteTo) }

// cut lets the enricher die when it has sent so many messages of an answer. The
// question comes again, and has another answer.
func (p *player) cut(after int) {
	if next := p.enrich.Peek(); len(next) > 0 && !p.isMute() {
		p.reply(next[0], after)
		p.answer()
	}
}

// anyFault is every fault that can happen to a request.
func anyFault() []fault { return append(faults(), lateFaults()...) }

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// handOver gives the next message to processes, one some time after the other,
// and lets the queue hear of it or not.
func (p *player) handOver(acknowledged bool, between time.Duration, to ...*actor) {
	p.comes(to[0].process, time.Now().Add(10*time.Second))
	batch, err := p.publish.Receive(p.t.Context(), 1, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	if len(batch) == 0 {
		return
	}
	settled := make(chan bool, len(to))
	for i, process := range to {
		go func() {
			time.Sleep(time.Duration(i) * between)
			settled <- p.hand(process.process, batch[0])
		}()
	}
	some := false
	for range to {
		some = <-settled || some
	}
	if !some || !acknowledged {
		return
	}
	if err := p.publish.Delete(p.t.Context(), batch[0].Receipt); err != nil && !errors.Is(err, queue.ErrReceipt) {
		p.t.Fatal(err)
	}
}

// accept does what the webhook does with the next run, if there is one.
func (p *player) accept() {
	if p.accepted < len(p.history.Runs) {
		p.stage.accept(reportID(p.accepted), p.history.Runs[p.accepted].payload(p.accepted))
		p.accepted++
	}
}

func reportID(run int) string { return fmt.Sprint("rep_", run) }

// end lets everything that is on its way arrive, dead letters included.
func (p *player) end() {
	for p.accepted < len(p.history.Runs) {
		p.accept()
	}
	p.processes[0].end()
	p.replace(0)
	p.restorePages()
	p.mend()
	p.restAndRedrive("at the end")
	if p.muteTo = (time.Time{}); p.enrich.Len() > 0 { // the enricher is mended after everything has ended
		p.restAndRedrive("after late answers")
	}
	time.Sleep(time.Minute) // for effects that come late
	p.undoEdits()
	clear(p.edited)
	p.check("in the end")
	if rows := strings.Count(p.sim.Tree(), "\n  #"); rows != p.accepted {
		p.problemf("%d rows for %d runs", rows, p.accepted) // no row is ever taken away
	}
	for run := range p.accepted {
		if r := p.run(reportID(run)); r.Status != runs.Complete {
			p.problemf("run %d ended %s: %+v", run, r.Status, r.Failures)
		}
	}
}

// restAndRedrive goes on until there are no dead letters.
func (p *player) restAndRedrive(when string) {
	const most = 20 // armed faults and deaths are fewer
	for range most {
		p.rest()
		p.check(when)
		if p.dead.Len() == 0 || len(p.problems) > 0 {
			break
		}
		p.redrive()
	}
}

// rest delivers until nothing has come for longer than any wait.
func (p *player) rest() {
	most := 2000 // three runs take some forty; one whose base is dead is waited for a second at a time
	if p.broken != nil {
		most = 300
	}
	for range most {
		p.answer()
		if !p.deliver(p.processes[0].process, 45*time.Minute) {
			return
		}
		if p.processes[0].Err() != nil { // a token was refused
			p.replace(0)
		}
	}
	p.problemf("the queue does not come to rest")
}

func (p *player) problemf(format string, arguments ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.problems = append(p.problems, fmt.Sprintf(format, arguments...))
}

// check looks at everything that must hold at any time.
func (p *player) check(when string) {
	if s := p.sim.Stats(); s.Overlaps > 0 || s.MaxWrites > 1 || s.SchemaChanges > 0 {
		p.problemf("%s: %d overlaps, %d writes at once, %d schema changes", when, s.Overlaps, s.MaxWrites, s.SchemaChanges)
	}
	waiting, dead := p.messages()
	if !p.own && len(dead) > 0 {
		p.problemf("%s: dead letters of %v, though nothing is wrong with a run itself", when, slices.Collect(maps.Keys(dead)))
	}
	for i := range p.accepted {
		run := p.run(reportID(i))
		switch {
		case run.Status == runs.Complete || waiting[run.ReportID]:
		case run.Status == runs.Failed && run.LastFailure() != nil && run.LastFailure().Code != "" && dead[run.ReportID]:
		default:
			p.problemf("%s: run %d is %s, and no message speaks of it", when, i, run.Status)
		}
		if record, err := json.Marshal(run); err != nil || len(record) > maxRecord {
			p.problemf("%s: the record of run %d has %d bytes, %v", when, i, len(record), err)
		}
		p.checkFailures(when, i, run)
		p.checkWaits(when, i, run)
		p.checkTree(when, i, run)
	}
}

// checkFailures wants what is wrong with everyone to fail nobody.
func (p *player) checkFailures(when string, i int, run runs.Run) {
	for _, f := range run.Failures {
		if !p.own || f.Code == "gave_up" && !p.gaveUp || f.Code == "unauthorized" || slices.Contains(publish.HaltCodes(), f.Code) {
			p.problemf("%s: run %d has failed of what is no trouble of its own: %+v", when, i, f)
		}
	}
}

// waited is a wait as it was seen last, and how far the run was.
type waited struct {
	runs.Wait
	done int
}

// checkWaits wants the patience with a message to be restored when it gets on.
func (p *player) checkWaits(when string, i int, run runs.Run) {
	if run.Status == runs.Complete && len(run.Waits) > 0 {
		p.problemf("%s: run %d is complete and waits: %+v", when, i, run.Waits)
	}
	for _, w := range run.Waits {
		key, now := fmt.Sprint(i, w.Kind, w.Part), waited{w, doneOf(run, queue.Kind(w.Kind))}
		if was := p.waits[key]; was.Since.Equal(w.Since) && was.done < now.done && was.Attempts < w.Attempts {
			p.problemf("%s: run %d has got on from %d to %d, and its patience is not restored: %+v", when, i, was.done, now.done, w)
		}
		p.waits[key] = now
	}
}

// doneOf counts the requests that have happened of what messages of a kind write.
func doneOf(run runs.Run, kind queue.Kind) (done int) {
	for _, s := range run.Steps {
		of := queue.Publish
		switch {
		case s.Name == "title" || s.Name == "introduction":
			of = queue.Texts
		case strings.HasPrefix(s.Name, "quotes"):
			of = queue.Quotes
		}
		if of == kind {
			done += s.Done
		}
	}
	return done
}

// maxRecord is the most that a run's record may take, in bytes.
const maxRecord = 32_000

// checkTree compares a run's pages with those of a quiet life: a complete run
// has the same, any other, and one that people have edited, no more.
func (p *player) checkTree(when string, i int, run runs.Run) {
	if run.RowID == "" {
		return
	}
	tree := p.treeOf(run)
	quiet := p.quiet[p.history.Runs[i]]
	if run.Status == runs.Complete && !p.edited[i] && strings.Contains(tree, "⏳") {
		p.problemf("%s: run %d is complete, and its homepage waits for something:\n%s", when, i, tree)
	}
	if run.Status == runs.Complete && !p.edited[i] && !strings.Contains(tree, "An extra block") {
		c := claim{fmt.Sprintf("%s: run %d", when, i), endingOf(p.history.Runs[i], run), p.gone(i), tree, warned(run, "HOMEPAGE_COVER_URL")}
		if c.omissions != (omissions{}) {
			p.others = append(p.others, c)
		} else if diff := c.differs(quiet); diff != "" {
			p.problemf("%s", diff)
		}
		for _, problem := range mixed(tree) {
			p.problemf("%s: run %d is complete: %s", when, i, problem)
		}
		return
	}
	for line, n := range lines(tree) {
		if n > quiet.most[line] && !strings.Contains(line, "by a person") && !strings.Contains(line, "An extra block") {
			p.problemf("%s: run %d has %d times %q", when, i, n, line)
		}
	}
}

// claim is that a complete run has the tree of a quiet one that ends alike.
type claim struct {
	of string // when, and which run
	ending
	gone    lists
	tree    string
	uncover bool // its banner was refused
}

var coverLine = regexp.MustCompile(`(?m)^ *cover .*\n`)

// differs says how the tree differs from the quiet one; not at all if it is empty.
func (c claim) differs(quiet quietRun) string {
	want := quiet.without[c.gone]
	if c.uncover {
		want = coverLine.ReplaceAllString(want, "")
	}
	if got := unmarked(c.tree); want != got {
		return fmt.Sprintf("%s is complete, without %+v, and its tree is another (-quiet +this):\n%s", c.of, c.omissions, cmp.Diff(want, got))
	}
	return ""
}

// ending is how the tree of a run of a size may end: an AI's text that Notion has
// refused, or that has not come in time, leaves the standard one.
type ending struct {
	size
	omissions
}

// endingOf reads a run's ending in its warnings.
func endingOf(s size, run runs.Run) ending {
	late := warned(run, "keeps its standard title and introduction")
	return ending{s, omissions{
		title: late || warned(run, "refused the AI's title"), introduction: late || warned(run, "refused the AI's introduction"),
		quotes: warned(run, "so the report has no quotes"),
	}}
}

func warned(run runs.Run, words string) bool {
	return slices.ContainsFunc(run.Warnings, func(w string) bool { return strings.Contains(w, words) })
}

// messages tells which reports wait in a queue and which were put aside.
func (p *player) messages() (waiting, dead map[string]bool) {
	waiting = map[string]bool{}
	reports := func(messages []queue.Incoming) map[string]bool {
		ids := map[string]bool{}
		for _, m := range messages {
			message, err := queue.Decode(m.Body)
			if err != nil {
				p.t.Fatal(err)
			}
			ids[message.ReportID] = true
		}
		return ids
	}
	for _, q := range p.queues() {
		maps.Copy(waiting, reports(q.Peek()))
	}
	return waiting, reports(p.dead.Peek())
}

// quietRun is a run that nothing happens to.
type quietRun struct {
	without map[lists]string // its tree in the end, and without what people may delete for good
	most    map[string]int   // how often each line is in the tree at most, at any time
}

var (
	quietRuns   = map[ending]quietRun{}
	quietRunsMu sync.Mutex
)

// quietly writes a run with that ending in peace, once.
func quietly(t *testing.T, e ending) quietRun {
	t.Helper()
	quietRunsMu.Lock()
	defer quietRunsMu.Unlock()
	if q, ok := quietRuns[e]; ok {
		return q
	}
	q := quietRun{most: map[string]int{}}
	synctest.Test(t, func(t *testing.T) {
		g := newStage(t, notionsim.Options{})
		g.perPart, g.omits = 100, e.omissions
		g.accept(reportID(0), e.payload(0))
		p := g.process(func(string, []trouble) trouble { return none }, asItIs, asItIs)
		defer p.end()
		for {
			delivered := g.deliver(p, 6*time.Minute) // timers included
			for line, n := range lines(g.treeOf(g.run(reportID(0)))) {
				q.most[line] = max(q.most[line], n)
			}
			if !delivered {
				break
			}
			g.answer()
		}
		if run := g.run(reportID(0)); run.Status != runs.Complete {
			t.Fatalf("a quiet run ended %s: %+v", run.Status, run.Failures)
		}
		for _, problem := range g.leaks() {
			t.Error(problem)
		}
		q.without = g.without(g.run(reportID(0)))
	})
	quietRuns[e] = q
	return q
}

// treeOf is a run's row with all below it. Runs are accepted on different days.
func (w *world) treeOf(run runs.Run) string { return treeOf(w.sim, run) }

func (g *stage) treeOf(run runs.Run) string { return treeOf(g.sim, run) }

func treeOf(sim *notionsim.Sim, run runs.Run) string {
	return strings.ReplaceAll(sim.TreeBelow(run.RowID), run.AcceptedAt.Format("01/02/2006"), "(day)")
}

// positions are the names of things in a tree; what a person has put in the
// trash has only its id where something links to it.
var positions = regexp.MustCompile(`#\d+|\b[0-9a-f]{32}\b`)

// lines counts the lines of a tree, wherever they stand in it.
func lines(tree string) map[string]int {
	count := map[string]int{}
	for line := range strings.Lines(positions.ReplaceAllString(unmarked(tree), "#")) {
		count[strings.TrimSpace(line)]++
	}
	return count
}

// watched is a process's way to Notion, on which its pace and the rows that it
// makes are looked at.
type watched struct {
	notion    http.RoundTripper
	player    *player
	lastWrite time.Time   // or the start of the process
	starts    []time.Time // of the requests of the last minute
}

func (w *watched) RoundTrip(r *http.Request) (*http.Response, error) {
	now := time.Now()
	if isWrite(r) && now.Sub(w.lastWrite) < minGap {
		w.player.problemf("a write came %s after the one before it", now.Sub(w.lastWrite))
	}
	for len(w.starts) > 0 && now.Sub(w.starts[0]) >= time.Minute {
		w.starts = w.starts[1:]
	}
	if w.starts = append(w.starts, now); len(w.starts) > notionsim.DefaultBudget {
		w.player.problemf("%d requests came within a minute", len(w.starts))
	}
	if r.Method == http.MethodPost && r.URL.Path == "/v1/pages" {
		w.checkRow(bodyOf(w.player.t, r))
	}
	answer, err := w.notion.RoundTrip(r)
	if isWrite(r) {
		w.lastWrite = time.Now()
	}
	return answer, err
}

// checkRow wants exactly three properties of a row of the reports database, and
// an unknown e-mail address to be null.
func (w *watched) checkRow(body string) {
	var page struct {
		Parent struct {
			DatabaseID string `json:"database_id"`
		} `json:"parent"`
		Properties map[string]map[string]any `json:"properties"`
	}
	if err := json.Unmarshal([]byte(body), &page); err != nil {
		w.player.problemf("a page is made with %q: %v", body, err)
		return
	}
	if page.Parent.DatabaseID != w.player.sim.DatabaseID() {
		return
	}
	_, hasCompany := page.Properties["title"]
	_, hasType := page.Properties["Report Type"]
	email, hasEmail := page.Properties["Contact Email"]["email"]
	if len(page.Properties) != 3 || !hasCompany || !hasType || !hasEmail || email == "" {
		w.player.problemf("a row is made with %v", page.Properties)
	}
}
