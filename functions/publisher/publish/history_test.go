package publish_test

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"notionrelay/shared/report"
)

// history is what happens to some runs. It is drawn in full before it is
// played, so that one that goes wrong can be shown, shrunk and played again.
type history struct {
	Runs    []size
	PerPart int // quotes in a part of them; 0 is as many as there are

	// How Notion is all the time.
	Latency, IndexLag, ParentLag time.Duration

	Events []event
}

// size says how much a run has to write. Runs of one size are written alike.
type size struct {
	Blocks, Quotes int // Blocks of each of its two reports
	Nested         bool
	Twins          bool // its quotes have the same words, which counts where they are in one part
	Anonymous      bool
}

func (s size) payload(run int) report.Payload {
	p := payload(2, s.Quotes)
	p.Reports = map[string]string{"strategyReport": marked("Do", s.Blocks, s.Nested), "comprehensiveReport": marked("See", s.Blocks, false)}
	p.RunID = fmt.Sprint("run-", run)
	for i := range p.Quotes {
		if s.Twins {
			p.Quotes[i].Text = p.Quotes[0].Text
		}
		if s.Twins && i == 1 {
			p.Quotes[i].URL = p.Quotes[0].URL
		}
	}
	if s.Anonymous {
		p.Email = ""
	}
	return p
}

// event is one thing that happens. Which fields count depends on What.
type event struct {
	What    what
	Run     int // modulo those that were accepted
	Process int // of the two that there are at a time
	Count   int // messages; or calls, or requests, from now on
	Fault   int // of anyFault(), several times where Place is high; or of what can go wrong with a call; or of what people do
	Place   int // where on the page a person does it
	Wait    time.Duration
}

// what can happen.
type what string

const (
	accept   what = "accept"   // the webhook accepts the next run
	repeat   what = "repeat"   // a run's message comes once more
	enrich   what = "enrich"   // the enricher answers what it was asked
	twice    what = "twice"    // a question comes to the enricher once more, after it was answered
	cut      what = "cut"      // the enricher dies between the messages of an answer, and is asked again
	work     what = "work"     // a process takes messages
	loseAck  what = "lose ack" // a process works on a message, and the queue does not hear of it
	overlap  what = "overlap"  // both processes get the same message
	stumble  what = "stumble"  // something will go wrong with one of a process's next calls, whatever it calls
	stop     what = "stop"     // a process will be told, at one of its next calls, that it is about to end
	person   what = "person"   // a person edits pages, at one of a process's next calls
	meddle   what = "meddle"   // a process's next append is lost after it was applied, and people edit before anybody looks
	upgrade  what = "upgrade"  // a process dies at one of its next creations, and the next one is of another version
	deploy   what = "deploy"   // from one of a process's next calls on there is another version of the program
	fail     what = "fail"     // something will go wrong with one of the next requests to Notion
	poison   what = "poison"   // one of the next requests will be refused for good
	redrive  what = "redrive"  // an operator brings the dead letters back
	passTime what = "pass time"
	ring     what = "ring" // as much time passes that timers ring
	halt     what = "halt" // the token is revoked, the database unshared, or Notion down for a while
	mend     what = "mend" // all that is wrong with everyone is put right
	mute     what = "mute" // the enricher does not answer, for a while or till the end
	shut     what = "shut" // a queue, or the record, refuses everything for a while
	sick     what = "sick" // writes fail for longer than patience lasts, though Notion can be asked
	age      what = "age"  // messages pass their retention
)

// later are the things that show only in what happens after them.
var later = map[what]bool{stumble: true, stop: true, person: true, meddle: true, upgrade: true, deploy: true, fail: true, poison: true, passTime: true, ring: true, halt: true, mend: true, mute: true, shut: true, age: true}

// chances says how often each thing happens beside the others. Simple ones
// come first, as shrinking prefers them.
type chances []struct {
	what  what
	often int
}

var everything = chances{
	{work, 7}, {accept, 2}, {enrich, 3}, {twice, 2}, {cut, 1}, {stumble, 4}, {fail, 3}, {person, 2}, {meddle, 2}, {overlap, 2}, {loseAck, 2}, {stop, 1}, {deploy, 1}, {upgrade, 1}, {repeat, 1}, {poison, 1}, {redrive, 1}, {passTime, 1},
	{halt, 2}, {mend, 1}, {mute, 1}, {shut, 2}, {ring, 1}, {sick, 1}, {age, 1},
}

func histories(of chances) *rapid.Generator[history] {
	var choices []what
	for _, c := range of {
		for range c.often {
			choices = append(choices, c.what)
		}
	}
	sizes := rapid.Custom(func(t *rapid.T) size {
		return size{
			Blocks:    rapid.SampledFrom([]int{2, 110}).Draw(t, "blocks"),
			Quotes:    rapid.IntRange(0, 3).Draw(t, "quotes"),
			Nested:    rapid.Bool().Draw(t, "nested"),
			Twins:     rapid.IntRange(0, 3).Draw(t, "twins") == 3,
			Anonymous: rapid.Bool().Draw(t, "anonymous"),
		}
	})
	events := rapid.Custom(func(t *rapid.T) event {
		return event{
			What:    rapid.SampledFrom(choices).Draw(t, "what"),
			Run:     rapid.IntRange(0, 2).Draw(t, "run"),
			Process: rapid.IntRange(0, 1).Draw(t, "process"),
			Count:   rapid.IntRange(1, 30).Draw(t, "count"),
			Fault:   rapid.IntRange(0, len(anyFault())-1).Draw(t, "fault"),
			Place:   rapid.IntRange(0, 12).Draw(t, "place"),
			Wait:    time.Duration(rapid.IntRange(0, 60).Draw(t, "wait")) * time.Second / 2,
		}
	})
	return rapid.Custom(func(t *rapid.T) history {
		return history{
			Runs:      rapid.SliceOfN(sizes, 1, 3).Draw(t, "runs"),
			PerPart:   rapid.IntRange(0, 2).Draw(t, "quotes in a part"),
			Latency:   rapid.SampledFrom([]time.Duration{50 * time.Millisecond, 50 * time.Millisecond, 4 * time.Second}).Draw(t, "latency"),
			IndexLag:  rapid.SampledFrom([]time.Duration{0, 2 * time.Second}).Draw(t, "index lag"),
			ParentLag: rapid.SampledFrom([]time.Duration{0, 0, 1500 * time.Millisecond}).Draw(t, "parent lag"),
			Events:    rapid.SliceOfN(events, 1, 20).Draw(t, "events"),
		}
	})
}
