package publish

import (
	"context"
	"errors"
	"time"

	"notionrelay/shared/ledger"
	"notionrelay/shared/metrics"
	"notionrelay/shared/notion"
	"notionrelay/shared/runs"
)

// sign is what a delivery tells about whether writing is possible at all.
type sign struct {
	problem *notion.Problem // of everyone
	trouble *notion.Error   // Notion failed for this run, though it can be asked
	fine    bool            // something was written, or Notion has answered to the point
}

// Codes of a halt that is not the workspace's problem.
const (
	// NotionUnreachable says that Notion does not even answer questions.
	NotionUnreachable = "notion_unreachable"
	// NotionFailing says that the writes of different runs fail one after the other.
	NotionFailing = "notion_failing"
	// RowLimit says that the reports database has no room for another row.
	RowLimit = "row_limit_exceeded"
)

// haltAfter is the halt after a delivery of a run. A problem is certain, and
// begins one at once. Trouble that two different runs have one after the other is
// everyone's until another run's delivery goes well.
func haltAfter(h runs.Halt, reportID string, s sign, now time.Time) runs.Halt {
	switch {
	case s.problem != nil:
		return goOn(h, s.problem, now)
	case s.trouble != nil && (h.Halted() || h.Suspect != "" && h.Suspect != reportID):
		h = goOn(h, &notion.Problem{
			Code: NotionFailing, Message: sentence("writing fails for one report after the other: " + s.trouble.Outcome()), Remedy: waitForNotion,
		}, now)
		h.Suspect = reportID
		return h
	case s.trouble != nil:
		return runs.Halt{Suspect: reportID}
	case s.fine:
		return runs.Halt{}
	}
	return h
}

const waitForNotion = "Nothing needs to be done; status.notion.so tells of outages."

// goOn begins a halt, or goes on with it after a probe that has failed.
func goOn(h runs.Halt, p *notion.Problem, now time.Time) runs.Halt {
	if h.Halted() {
		h.Probes++
	} else {
		h = runs.Halt{Since: now}
	}
	h.Code, h.Reason, h.Remedy = p.Code, p.Message, p.Remedy
	h.Next = now.Add(probeAfter(h.Probes))
	return h
}

// probeAfter is how long a halt waits for its next probe: 15, 30, 60 seconds, at
// most five minutes.
func probeAfter(probes int) time.Duration {
	return min(15*time.Second<<min(probes, 5), 5*time.Minute)
}

// halts keeps the halt of all runs. Only the publisher changes it, so a process reads
// it once.
type halts struct {
	known    bool
	now      runs.Halt
	unstored bool      // now is not what the record holds
	fineAt   time.Time // when something was written last
}

// recently is how long a write that went well says that Notion works.
const recently = 15 * time.Second

// halt reads the halt. Where the record cannot be read, a write will tell.
func (p *Publisher) halt(ctx context.Context) runs.Halt {
	if p.halts.known {
		return p.halts.now
	}
	h, err := p.Runs.Halt(ctx)
	if err != nil {
		p.Log.WarnContext(ctx, "halt was not read", "error", err)
		return p.halts.now
	}
	p.halts.known, p.halts.now = true, h
	return h
}

// setHalt stores what a delivery tells about it.
func (p *Publisher) setHalt(ctx context.Context, reportID string, s sign) {
	if s.fine {
		p.halts.fineAt = time.Now()
	}
	was := p.halt(ctx)
	is := haltAfter(was, reportID, s, time.Now())
	if is.Halted() {
		p.Metrics.Record(ctx, metrics.Count(metrics.PublisherHalted, 1))
	}
	if is == was && !p.halts.unstored {
		return
	}
	switch {
	case is.Halted() && !was.Halted():
		p.Log.InfoContext(ctx, "halted", "code", is.Code, "reason", is.Reason, "remedy", is.Remedy)
	case is.Halted():
		p.Log.WarnContext(ctx, "still halted", "code", is.Code, "reason", is.Reason, "since", is.Since, "next", is.Next)
	case was.Halted():
		p.Metrics.Record(ctx, metrics.Count(metrics.PublisherHalted, 0))
		p.Log.InfoContext(ctx, "going on", "code", was.Code, "lasted", time.Since(was.Since))
	}
	err := p.Runs.SetHalt(ctx, is)
	if err != nil {
		p.Log.WarnContext(ctx, "halt was not stored", "error", err)
	}
	p.halts.known, p.halts.now, p.halts.unstored = true, is, err != nil
}

// signOf finds out what the end of a delivery tells. Notion is asked where an
// error may be everyone's: a refusal may blame a report for a column that was
// renamed, and one run's trouble differs from an outage in that Notion can be
// asked. A first failure tells nothing, for it may be over at the second try; nor
// does any while others get on.
func (d *delivery) signOf(ctx context.Context, err error, halted bool) sign {
	if p := notion.ProblemOf(err); p != nil {
		return sign{problem: p}
	}
	e, fromNotion := errors.AsType[*notion.Error](err)
	if !fromNotion || notion.IsRateLimit(e) {
		return sign{fine: d.wrote()}
	}
	if e.Code == RowLimit && d.ledger.Step == stepRow {
		return sign{problem: &notion.Problem{
			Code: RowLimit, Message: "The reports database has as many rows as Notion allows.", Remedy: "Move rows to another database, or set NOTION_DATABASE_ID to one with room.",
		}}
	}
	refused := !notion.IsPostponed(err) && notion.FateOf(e) == notion.Permanent || errors.Is(err, ledger.ErrTrashed)
	first := d.wrote() || d.found.Waiting(string(d.message.Kind), partOf(d.message)) == nil
	if (first || time.Since(d.halts.fineAt) < recently) && !halted && !refused {
		return sign{fine: d.wrote()}
	}
	switch problem := d.inspect(ctx); {
	case problem != nil:
		return sign{problem: problem}
	case refused:
		return sign{fine: true}
	}
	return sign{trouble: e}
}

// inspect asks Notion for the first problem of everyone. A banner that it will not
// take is none: a homepage can do without.
func (d *delivery) inspect(ctx context.Context) *notion.Problem {
	found, err := d.Notion.Inspect(ctx, Setup(d.Database, ""))
	if len(found) > 0 {
		return found[0]
	}
	e, answered := errors.AsType[*notion.Error](err)
	if !answered || notion.IsRateLimit(e) { // there was no time to ask, or nothing is wrong
		return nil
	}
	d.Log.WarnContext(ctx, "Notion cannot be asked", "error", err)
	return &notion.Problem{Code: NotionUnreachable, Message: sentence(e.Outcome()), Remedy: waitForNotion}
}
