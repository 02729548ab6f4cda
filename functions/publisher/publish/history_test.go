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
	Runs   []size
	Events []event
}

// size says how much a run has to write. Runs of one size are written alike.
type size struct {
	Blocks, Quotes int // Blocks of each of its two reports
	Anonymous      bool
}

func (s size) payload(run int) report.Payload {
	p := payload(s.Blocks, s.Quotes)
	p.RunID = fmt.Sprint("run-", run)
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
	Count   int // messages, or requests from now on
	Moment  moment
	Fault   int // of faults()
	Wait    time.Duration
}

// what can happen.
type what string

const (
	accept   what = "accept"   // the webhook accepts the next run
	repeat   what = "repeat"   // a run's message comes once more
	enrich   what = "enrich"   // the enricher answers what it was asked
	work     what = "work"     // a process takes messages
	loseAck  what = "lose ack" // a process works on a message, and the queue does not hear of it
	overlap  what = "overlap"  // both processes get the same message
	die      what = "die"      // a process will die at one of its next requests
	fail     what = "fail"     // something will go wrong with one of the next requests
	poison   what = "poison"   // one of the next requests will be refused for good
	redrive  what = "redrive"  // an operator brings the dead letters back
	passTime what = "pass time"
)

// later are the things that show only in what happens after them.
var later = map[what]bool{die: true, fail: true, poison: true, passTime: true}

// chances says how often each thing happens beside the others. Simple ones
// come first, as shrinking prefers them.
type chances []struct {
	what  what
	often int
}

var everything = chances{
	{work, 6}, {accept, 2}, {enrich, 3}, {die, 3}, {fail, 3}, {overlap, 2}, {loseAck, 2}, {repeat, 1}, {poison, 1}, {redrive, 1}, {passTime, 1},
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
			Anonymous: rapid.Bool().Draw(t, "anonymous"),
		}
	})
	events := rapid.Custom(func(t *rapid.T) event {
		return event{
			What:    rapid.SampledFrom(choices).Draw(t, "what"),
			Run:     rapid.IntRange(0, 2).Draw(t, "run"),
			Process: rapid.IntRange(0, 1).Draw(t, "process"),
			Count:   rapid.IntRange(1, 12).Draw(t, "count"),
			Moment:  moment(rapid.IntRange(0, 2).Draw(t, "moment")),
			Fault:   rapid.IntRange(0, len(faults())-1).Draw(t, "fault"),
			Wait:    time.Duration(rapid.IntRange(0, 60).Draw(t, "wait")) * time.Second / 2,
		}
	})
	return rapid.Custom(func(t *rapid.T) history {
		return history{
			Runs:   rapid.SliceOfN(sizes, 1, 3).Draw(t, "runs"),
			Events: rapid.SliceOfN(events, 1, 16).Draw(t, "events"),
		}
	})
}
