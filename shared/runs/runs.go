// Package runs is the record of a run: what was accepted, which steps of its
// plan are done, what is intended next, and how it ended. The record in Amazon
// DynamoDB is in dynamoruns, the one on one machine in local/embedded, which needs
// nothing of AWS; both pass the suite in test/runstest.
package runs

import (
	"errors"
	"slices"
	"strings"
	"time"

	"notionrelay/shared/report"
)

// Retention is how long a record lives, and therefore how long the same
// identity means the same report.
const Retention = 90 * 24 * time.Hour

// ErrNotFound is returned when there is no record, or no longer.
var ErrNotFound = errors.New("run not found")

// ErrStale is returned by Save when the record was saved by somebody else
// since it was read. Whoever gets it owns the run no longer and writes nothing more.
var ErrStale = errors.New("run was changed by another writer")

// ErrRowTaken is returned by Save when the run's row belongs to another run:
// one of the two adopted a row that it did not make.
var ErrRowTaken = errors.New("row belongs to another run")

// Status is where a run stands.
type Status string

// The states of a run, in the order in which it passes through them. Failed
// can follow any of the first three, and a redrive leads from it to Publishing.
const (
	Queued     Status = "queued"
	Publishing Status = "publishing"
	Published  Status = "published" // the base pages exist
	Complete   Status = "complete"  // title, introduction and quotes as well
	Failed     Status = "failed"
)

// Run is the record of one report's way to Notion. Its size does not grow with
// the report: long contents are a step's cursor, not a list of ids.
type Run struct {
	ReportID      string `json:"id"`              // the report id
	ResearchRunID string `json:"runId,omitempty"` // the caller's id of its research run
	Fingerprint   string `json:"fingerprint"`     // of the accepted content, to notice a reused idempotency key; empty when that is not known
	Status        Status `json:"status"`

	AcceptedAt  time.Time `json:"acceptedAt"`
	UpdatedAt   time.Time `json:"updatedAt"`
	PublishedAt time.Time `json:"publishedAt,omitzero"`
	EndedAt     time.Time `json:"endedAt,omitzero"`

	// Subject and Statistics are what the pages say; they are settled before
	// the first page, so that every delivery writes the same.
	Subject    *report.Subject    `json:"subject,omitempty"`
	Statistics *report.Statistics `json:"statistics,omitempty"` // nil when unknown

	// Asked is how often the enricher was asked for title, introduction and
	// quotes, and TimerAt when the message was sent that looks whether they have come.
	Asked   int       `json:"asked,omitempty"`
	TimerAt time.Time `json:"timerAt,omitzero"`
	// QuotesAnswer names the answer of the enricher whose quotes are written. Others
	// may differ, and one of them has to be followed to its end.
	QuotesAnswer string `json:"quotesAnswer,omitempty"`
	// TextsAnswer is the same for title and introduction.
	TextsAnswer string `json:"textsAnswer,omitempty"`
	// Homepage are the ids of the blocks that the homepage began with, in their
	// order; empty for one that is not known yet, "deleted" for one that people have
	// taken away. Places are where among them the blocks stand that later content
	// replaces, by the step that does so.
	Homepage []string       `json:"homepage,omitempty"`
	Places   map[string]int `json:"places,omitempty"`

	// RowID is the run's row in the reports database. Once saved, OwnerOf
	// finds the run by it.
	RowID string `json:"rowId,omitempty"`

	Steps    []Step    `json:"steps,omitempty"`
	Warnings []string  `json:"warnings,omitempty"`
	Failures []Failure `json:"failures,omitempty"` // one per message that was put aside
	Waits    []Wait    `json:"waits,omitempty"`    // one per message that is waited out off the queue
	Notes    []Note    `json:"notes,omitempty"`    // what operators did to it
	Counts   Counts    `json:"counts"`
	Lease    Lease     `json:"lease,omitzero"`

	// Version counts the saves. A store sets it; Save succeeds only if the
	// stored version is still this one.
	Version int64 `json:"version"`
}

// Expires is when the record counts as absent. DynamoDB's time to live is in
// whole seconds, so this is, too.
func (r *Run) Expires() time.Time { return r.AcceptedAt.Add(Retention).Truncate(time.Second) }

// Step is one step of a run's plan. A step makes one or more requests to
// Notion; Done of them have surely happened. What the fields are for is told in
// shared/ledger, which writes them.
type Step struct {
	Name  string `json:"name"`
	Done  int    `json:"done"`
	Total int    `json:"total"`
	// Part counts what has happened of number Done where one number takes several
	// requests: a quote's row, and then what did not fit into it.
	Part int `json:"part,omitempty"`

	// IntendedAt is stored before a request is sent, and taken away once its
	// outcome is known: while it is not zero the request may have happened.
	// Each step has its own, since the messages of a run may take turns.
	IntendedAt time.Time `json:"intendedAt,omitzero"`
	// EndedAt is when Notion answered that request without telling its outcome:
	// from then on it can have no effect any more. Zero while it still can.
	EndedAt time.Time `json:"endedAt,omitzero"`

	At    time.Time `json:"at,omitzero"`     // of the last change
	ID    string    `json:"id,omitempty"`    // the page, database or block that the step made
	Title string    `json:"title,omitempty"` // of that page

	// Plan is the fingerprint of the requests that write the step's page. A
	// program that plans others begins the page anew.
	Plan string `json:"plan,omitempty"`
	// Discard is a page of another plan, on its way to the trash.
	Discard string `json:"discard,omitempty"`
	// Last is the id of the last block of ours below a parent, and Open are the
	// ids of the blocks that later requests append to; both by the block's path,
	// and only while a later request needs them.
	Last map[string]string `json:"last,omitempty"`
	Open map[string]string `json:"open,omitempty"`
	// Twins are the ids of rows that look like one that is still to be written.
	Twins []string `json:"twins,omitempty"`
}

// Finished tells whether every request of the step has happened.
func (s *Step) Finished() bool { return s.Total > 0 && s.Done >= s.Total }

// Failure says why a run ended in the dead-letter queue.
type Failure struct {
	Kind            string `json:"kind,omitempty"`      // of the message that is there
	Part            int    `json:"part,omitempty"`      // its first quote, where the quotes are divided
	MessageID       string `json:"messageId,omitempty"` // SQS's, before it was put there
	Code            string `json:"code"`
	Message         string `json:"message"`
	Step            string `json:"step,omitempty"`
	NotionRequestID string `json:"notionRequestId,omitempty"`
	Remedy          string `json:"remedy,omitempty"` // what to do, in words for a person
}

// Unquoted is the message without what Notion quotes of the report, for lists:
// they are for people who need not see that. The record, which is shown to those
// who may see the report, has all of it.
func (f *Failure) Unquoted() string {
	message, _, quotes := strings.Cut(f.Message, ", instead was ")
	if quotes {
		message += "."
	}
	return message
}

// Failed finds the failure of a message, by its kind and part; nil when it was
// not put aside.
func (r *Run) Failed(kind string, part int) *Failure {
	i := slices.IndexFunc(r.Failures, func(f Failure) bool { return f.Kind == kind && f.Part == part })
	if i < 0 {
		return nil
	}
	return &r.Failures[i]
}

// LastFailure is the newest failure; nil when there is none.
func (r *Run) LastFailure() *Failure {
	if len(r.Failures) == 0 {
		return nil
	}
	return &r.Failures[len(r.Failures)-1]
}

// Fail adds a failure, in the place of an earlier one of the same message.
func (r *Run) Fail(f Failure) {
	r.Mend(f.Kind, f.Part)
	r.GoOn(f.Kind, f.Part)
	r.Failures = append(r.Failures, f)
	r.Status, r.EndedAt = Failed, r.UpdatedAt
}

// Mend takes a message's failure away: it was redriven.
func (r *Run) Mend(kind string, part int) {
	r.Failures = slices.DeleteFunc(r.Failures, func(f Failure) bool { return f.Kind == kind && f.Part == part })
}

// Wait is the patience with a message that does not get on. Progress ends it.
type Wait struct {
	Kind     string        `json:"kind"` // of the message
	Part     int           `json:"part,omitempty"`
	Reason   string        `json:"reason"`   // in words for a person
	Attempts int           `json:"attempts"` // deliveries that have ended in it
	Spent    time.Duration `json:"spent"`    // of the patience: what its deliveries took and its waits, without halts
	Since    time.Time     `json:"since"`
	Next     time.Time     `json:"next"` // it is not tried again before
}

// Waiting finds the wait of a message, by its kind and part; nil when it gets on.
func (r *Run) Waiting(kind string, part int) *Wait {
	i := slices.IndexFunc(r.Waits, func(w Wait) bool { return w.Kind == kind && w.Part == part })
	if i < 0 {
		return nil
	}
	return &r.Waits[i]
}

// Await adds a wait, in the place of an earlier one of the same message.
func (r *Run) Await(w Wait) {
	r.GoOn(w.Kind, w.Part)
	r.Waits = append(r.Waits, w)
}

// GoOn ends the wait of a message, if there is one.
func (r *Run) GoOn(kind string, part int) {
	r.Waits = slices.DeleteFunc(r.Waits, func(w Wait) bool { return w.Kind == kind && w.Part == part })
}

// Note is something that an operator did to a run.
type Note struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
}

// maxNotes keeps the record small.
const maxNotes = 20

// Note adds a note, and forgets the oldest of too many.
func (r *Run) Note(at time.Time, what string) {
	r.Notes = append(r.Notes, Note{at, what})
	r.Notes = r.Notes[max(0, len(r.Notes)-maxNotes):]
}

// Halt says that nothing is written at present, for a reason that is everyone's.
// There is one for all runs; the zero Halt says that all goes well.
type Halt struct {
	Code   string    `json:"code,omitempty"`
	Reason string    `json:"reason,omitempty"` // in words for a person
	Remedy string    `json:"remedy,omitempty"`
	Since  time.Time `json:"since,omitzero"` // zero: no halt
	Next   time.Time `json:"next,omitzero"`  // the next probe
	Probes int       `json:"probes,omitempty"`
	// Suspect is the run whose requests have failed last, with none of another
	// that went well since. When another one's fail, too, it is everyone's trouble.
	Suspect string `json:"suspect,omitempty"`
}

// Halted tells whether there is a halt.
func (h Halt) Halted() bool { return !h.Since.IsZero() }

// Pause says that an operator has stopped the publisher. There is one for all runs;
// the zero Pause says that nobody has.
type Pause struct {
	Since  time.Time `json:"since,omitzero"`
	Reason string    `json:"reason,omitempty"` // in the operator's words
}

// Paused tells whether there is a pause.
func (p Pause) Paused() bool { return !p.Since.IsZero() }

// Query says which runs to list.
type Query struct {
	Status Status    // any when empty
	Since  time.Time // accepted then or later
	Before time.Time // accepted earlier; whenever when zero
	Limit  int       // the newest so many
}

// Statuses are all states of a run, in the order in which it passes through them.
func Statuses() []Status { return []Status{Queued, Publishing, Published, Complete, Failed} }

// Counts says what a run went through.
type Counts struct {
	Deliveries int `json:"deliveries"` // messages received for it
	Requests   int `json:"requests"`   // sent to Notion
	Conflicts  int `json:"conflicts"`  // answers 409
	RateLimits int `json:"rateLimits"` // answers 429 and 529
	Waits      int `json:"waits"`      // times that a message had to wait
	Recoveries int `json:"recoveries"` // reads of Notion to learn what had happened
}

// Lease says which publisher works on the run, and until when nobody else may.
type Lease struct {
	Owner string    `json:"owner,omitempty"`
	Until time.Time `json:"until,omitzero"`
}

// Step finds a step by name; nil when the plan has no such step.
func (r *Run) Step(name string) *Step {
	for i := range r.Steps {
		if r.Steps[i].Name == name {
			return &r.Steps[i]
		}
	}
	return nil
}

// AllFinished tells whether every step of the plan is done.
func (r *Run) AllFinished() bool {
	return !slices.ContainsFunc(r.Steps, func(s Step) bool { return !s.Finished() })
}

// Warn adds a warning once.
func (r *Run) Warn(warning string) {
	if !slices.Contains(r.Warnings, warning) {
		r.Warnings = append(r.Warnings, warning)
	}
}

// Ended tells whether nothing more will happen to the run by itself.
func (r *Run) Ended() bool { return r.Status == Complete || r.Status == Failed }
