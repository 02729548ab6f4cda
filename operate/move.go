package operate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
)

// Redrive moves the dead letters that are chosen back to their queues, in their
// order. Each goes on where its run has stopped: what is written is not written
// again. A crash in between leaves a letter in both places, which does no harm.
func (s *System) Redrive(ctx context.Context, chosen func(Letter) bool) (moved []Letter, err error) {
	for _, q := range s.Queues() {
		some, err := s.take(ctx, q, chosen, func(l Letter, m queue.Incoming) error {
			if err := s.note(ctx, l, "redriven"); err != nil {
				return err
			}
			return q.Main.Send(ctx, again(q, m, "-redrive"))
		})
		moved = append(moved, some...)
		if err != nil {
			return moved, fmt.Errorf("redrive dead letters of the %s queue: %w", q.Name, err)
		}
	}
	return moved, nil
}

// Drop deletes the dead letters that are chosen, each of them after a copy of it
// was written into the folder.
func (s *System) Drop(ctx context.Context, folder string, chosen func(Letter) bool) (dropped []Letter, err error) {
	for _, q := range s.Queues() {
		some, err := s.take(ctx, q, chosen, func(l Letter, m queue.Incoming) error {
			if err := keep(folder, q, m); err != nil {
				return err
			}
			return s.note(ctx, l, "dropped")
		})
		dropped = append(dropped, some...)
		if err != nil {
			return dropped, fmt.Errorf("drop dead letters of the %s queue: %w", q.Name, err)
		}
	}
	return dropped, nil
}

// title names a letter within its report.
func (l Letter) title() string {
	if l.Part > 0 {
		return fmt.Sprintf("%s from %d on", l.Kind, l.Part+1)
	}
	return l.Kind
}

// code is that of the reason.
func (l Letter) code() string {
	code, _, _ := strings.Cut(l.Reason, ":")
	return code
}

// keep writes a copy of a message, which only its owner can read: it has a
// client's report in it.
func keep(folder string, q Queue, m queue.Incoming) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("make folder for copies: %w", err)
	}
	var body any = m.Body
	if json.Valid([]byte(m.Body)) {
		body = json.RawMessage(m.Body)
	}
	content, err := json.MarshalIndent(struct {
		Queue      string            `json:"queue"`
		ID         string            `json:"id"`
		SentAt     time.Time         `json:"sentAt"`
		Attributes map[string]string `json:"attributes,omitempty"`
		Body       any               `json:"body"`
	}{q.Name, m.ID, m.SentAt, m.Attributes, body}, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "dead-letter-"+m.ID+".json"), content, 0o600)
	}
	if err != nil {
		return fmt.Errorf("write copy of dead letter %s: %w", m.ID, err)
	}
	return nil
}

// round goes through the dead letters of a queue once, does something with those
// that are chosen, and deletes them then.
//
// A FIFO queue gives the first ten of a group and no more before they are gone.
// Those behind can only be reached if the others go to the tail; then all of them
// go there, so that their order is the same again at the end.
type round struct {
	system *System
	queue  Queue
	chosen func(Letter) bool
	do     func(Letter, queue.Incoming) error

	turns  bool             // those that are not chosen go to the tail
	turned map[string]bool  // the deduplication ids of those that have; the first to be seen again ends the round
	kept   []queue.Incoming // to be given back
	taken  []Letter
}

func (s *System) take(ctx context.Context, q Queue, chosen func(Letter) bool, do func(Letter, queue.Incoming) error) (taken []Letter, err error) {
	depth, err := q.Dead.Depth(ctx)
	if err != nil {
		return nil, err
	}
	r := round{system: s, queue: q, chosen: chosen, do: do, turns: q.FIFO && depth.All() > receiveLimit, turned: map[string]bool{}}
	err = r.goThrough(ctx)
	return r.taken, errors.Join(err, giveBack(ctx, q.Dead, r.kept))
}

func (r *round) goThrough(ctx context.Context) error {
	for {
		batch, err := r.queue.Dead.Receive(ctx, receiveLimit, 0)
		if err != nil || len(batch) == 0 {
			return err
		}
		r.turns = r.turns || r.queue.FIFO && len(batch) == receiveLimit // the figure may be too small
		for i, m := range batch {
			if r.turned[m.DeduplicationID] {
				r.kept = append(r.kept, batch[i:]...)
				return nil
			}
			if err := r.handle(ctx, m); err != nil {
				r.kept = append(r.kept, batch[i:]...)
				return err
			}
		}
	}
}

func (r *round) handle(ctx context.Context, m queue.Incoming) error {
	letter, err := r.system.letter(ctx, r.queue.Name, m)
	if err != nil {
		return err
	}
	switch {
	case r.chosen(letter):
		if err := r.do(letter, m); err != nil {
			return err
		}
		r.taken = append(r.taken, letter)
	case r.turns:
		turn := again(r.queue, m, "-turn")
		if err := r.queue.Dead.Send(ctx, turn); err != nil {
			return err
		}
		r.turned[turn.DeduplicationID] = true
	default:
		r.kept = append(r.kept, m)
		return nil
	}
	return r.queue.Dead.Delete(ctx, m.Receipt)
}

// giveBack lets others receive messages again, in their order.
func giveBack(ctx context.Context, box Box, messages []queue.Incoming) (err error) {
	ctx = context.WithoutCancel(ctx)
	for _, m := range slices.Backward(messages) {
		if e := box.ChangeVisibility(ctx, m.Receipt, 0); !errors.Is(e, queue.ErrReceipt) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// again is a message to be sent once more, as a new one. Should it be sent twice
// after a crash, a FIFO queue drops the second.
func again(q Queue, m queue.Incoming, suffix string) queue.Outgoing {
	out := queue.Outgoing{Body: m.Body, Group: m.Group, Attributes: m.Attributes}
	if q.FIFO {
		out.DeduplicationID = m.ID + suffix
	}
	return out
}

// Ended waits until each letter that was moved has come to an end: its run is
// complete, or has ended without the letter's failure, or has failed once more. It
// tells of each run that has changed meanwhile.
func (s *System) Ended(ctx context.Context, moved []Letter, tell func(runs.Run)) (all []runs.Run, err error) {
	waiting := map[string][]Letter{}
	var order []string
	for _, l := range moved {
		if waiting[l.ReportID] == nil {
			order = append(order, l.ReportID)
		}
		waiting[l.ReportID] = append(waiting[l.ReportID], l)
	}
	versions := map[string]int64{}
	for len(all) < len(order) {
		for _, id := range order {
			if waiting[id] == nil {
				continue
			}
			run, err := s.Runs.Get(ctx, id)
			switch {
			case errors.Is(err, runs.ErrNotFound): // there is nothing to wait for
				run = runs.Run{ReportID: id}
			case err != nil:
				return all, fmt.Errorf("wait for %s: %w", id, err)
			}
			if run.Version != versions[id] {
				versions[id] = run.Version
				tell(run)
			}
			if err != nil || over(run, waiting[id]) {
				all, waiting[id] = append(all, run), nil
			}
		}
		select {
		case <-ctx.Done():
			return all, ctx.Err()
		case <-time.After(lookEvery):
		}
	}
	return all, nil
}

// lookEvery is how often a run is looked at that is waited for.
const lookEvery = 500 * time.Millisecond

// over tells whether a run that has ended has done so after its letters were moved:
// a failure from before names an earlier message.
func over(run runs.Run, letters []Letter) bool {
	if !run.Ended() {
		return false
	}
	for _, l := range letters {
		if f := run.Failed(l.Kind, l.Part); f != nil && f.MessageID == l.failed {
			return false
		}
	}
	return true
}
