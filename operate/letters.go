package operate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/shared/runs"
)

// Letter is a dead letter as an operator sees it: never its text.
type Letter struct {
	ID       string      `json:"id"`    // of its message, where there is one
	Queue    string      `json:"queue"` // publish, enrich or waiting
	ReportID string      `json:"reportId,omitempty"`
	Kind     string      `json:"kind,omitempty"`
	Part     int         `json:"part,omitempty"` // its first quote, where quotes are divided
	Since    time.Time   `json:"since"`          // when it was put aside, or, of the other queues, sent
	Reason   string      `json:"reason,omitempty"`
	Step     string      `json:"step,omitempty"`
	Request  string      `json:"notionRequestId,omitempty"`
	Status   runs.Status `json:"status,omitempty"` // of its run; empty when that is unknown
	Company  string      `json:"company,omitempty"`
	Bytes    int         `json:"bytes,omitempty"`   // of its message
	Outline  []string    `json:"outline,omitempty"` // of what it carries
	// Recorded says that the letter is only known from the record of its run: it
	// stands behind others that SQS shows first, or was moved or dropped elsewhere.
	Recorded bool `json:"recorded,omitempty"`
	// Stale says that there is nothing left to do for it: its run is complete.
	Stale bool `json:"stale,omitempty"`

	failed string // the message that its run's failure names
}

// Letters lists the dead letters of all queues, each queue's in its order. It
// changes nothing, though SQS keeps from others for a moment what it shows.
func (s *System) Letters(ctx context.Context) ([]Letter, error) {
	var all []Letter
	for _, q := range s.Queues() {
		shown, err := peek(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("list dead letters of the %s queue: %w", q.Name, err)
		}
		for _, m := range shown {
			letter, err := s.letter(ctx, q.Name, m)
			if err != nil {
				return nil, err
			}
			all = append(all, letter)
		}
	}
	recorded, err := s.recorded(ctx, all)
	return append(all, recorded...), err
}

// receiveLimit is the most that SQS gives at once.
const receiveLimit = 10

// peek reads what a dead-letter queue shows. Of a FIFO queue's group those are ten
// messages at most, since none is given while an earlier one is in flight.
func peek(ctx context.Context, q Queue) (messages []queue.Incoming, err error) {
	defer func() { err = errors.Join(err, giveBack(ctx, q.Dead, messages)) }()
	for {
		batch, err := q.Dead.Receive(ctx, receiveLimit, 0)
		if err != nil || len(batch) == 0 {
			return messages, err
		}
		messages = append(messages, batch...)
	}
}

// letter tells what a message of a dead-letter queue is about.
func (s *System) letter(ctx context.Context, name string, m queue.Incoming) (Letter, error) {
	l := Letter{
		ID: m.ID, Queue: name, Since: m.SentAt, Bytes: len(m.Body),
		Reason: m.Attributes["reason"], Step: m.Attributes["step"], Request: m.Attributes["notionRequestId"], ReportID: m.Attributes["reportId"],
	}
	message, err := queue.Decode(m.Body)
	if err != nil {
		l.Reason = cmp.Or(l.Reason, "unreadable_message: "+err.Error())
		return l, nil //nolint:nilerr // that is what there is to tell about it
	}
	l.ReportID, l.Kind, l.Outline = message.ReportID, string(message.Kind), outline(message)
	if message.Quotes != nil {
		l.Part = message.Quotes.Offset
	}
	run, err := s.Runs.Get(ctx, l.ReportID)
	if errors.Is(err, runs.ErrNotFound) {
		return l, nil
	}
	if err != nil {
		return l, fmt.Errorf("look up the run of a dead letter: %w", err)
	}
	l.Status, l.Company, l.Stale = run.Status, Company(run), run.Status == runs.Complete
	if f := run.Failed(l.Kind, l.Part); f != nil {
		l.failed = f.MessageID
		l.Reason, l.Step = cmp.Or(l.Reason, f.Code+": "+f.Unquoted()), cmp.Or(l.Step, f.Step)
	}
	l.Reason = cmp.Or(l.Reason, "process_died: SQS put it aside after too many deliveries.")
	return l, nil
}

// outline says what a message carries, without a word of it.
func outline(m queue.Message) (lines []string) {
	if p := m.Payload; p != nil {
		for _, kind := range report.Kinds {
			if text, ok := p.Reports[kind.Field]; ok {
				lines = append(lines, fmt.Sprintf("%s: %d characters in %d lines", kind.Title, len([]rune(text)), 1+strings.Count(text, "\n")))
			}
		}
		if len(p.Quotes) > 0 {
			lines = append(lines, fmt.Sprintf("quotes: %d", len(p.Quotes)))
		}
	}
	if t := m.Texts; t != nil {
		lines = append(lines, fmt.Sprintf("title: %d characters, introduction: %d characters", len([]rune(t.Title)), len([]rune(t.Introduction))))
	}
	if q := m.Quotes; q != nil {
		lines = append(lines, fmt.Sprintf("quotes: %d to %d of %d", q.Offset+1, q.Offset+len(q.Quotes), q.Total))
	}
	return lines
}

// maxRecorded is how many failed runs are looked at for letters that no queue shows.
const maxRecorded = 200

// recorded lists the failures of runs whose letters are not among those shown.
func (s *System) recorded(ctx context.Context, shown []Letter) (list []Letter, err error) {
	failed, err := s.Runs.List(ctx, runs.Query{Status: runs.Failed, Limit: maxRecorded})
	if err != nil {
		return nil, fmt.Errorf("list failed runs: %w", err)
	}
	slices.Reverse(failed) // oldest first, as a queue has them
	for _, run := range failed {
		for _, f := range run.Failures {
			if slices.ContainsFunc(shown, func(l Letter) bool { return l.ReportID == run.ReportID && l.Kind == f.Kind && l.Part == f.Part }) {
				continue
			}
			list = append(list, Letter{
				Queue: s.Publish.Name, ReportID: run.ReportID, Kind: f.Kind, Part: f.Part, Since: run.EndedAt, Reason: f.Code + ": " + f.Unquoted(),
				Step: f.Step, Request: f.NotionRequestID, Status: run.Status, Company: Company(run), Recorded: true,
			})
		}
	}
	return list, nil
}

// Is tells whether the letter is meant by an id: its own, or that of its report.
func (l Letter) Is(id string) bool { return id != "" && (l.ID == id || l.ReportID == id) }
