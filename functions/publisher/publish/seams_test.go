package publish_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"notionrelay/functions/publisher/publish"
	"notionrelay/local/notionsim"
	"notionrelay/shared/queue"
	"notionrelay/shared/runs"
)

// trouble is what goes wrong with a call of the publisher to something outside
// of it, or of the event source to the queue.
type trouble string

const (
	none       trouble = ""
	refused    trouble = "refused"     // nothing has happened, and that is certain
	answerLost trouble = "answer lost" // it has happened, and the caller gets an error
	diesBefore trouble = "dies before"
	diesAfter  trouble = "dies after"
	// It has happened, its answer was lost, and the SDK's own repetition is told
	// that the record has changed meanwhile.
	repeated trouble = "repeated by the SDK"

	// Of Notion.
	cutOff          trouble = "cut off, never applied"
	late            trouble = "cut off, applied after 30 s"
	diesLate        trouble = "dies, applied after 30 s"
	conflict        trouble = "409, not applied"
	conflictApplied trouble = "409, applied"
	failed          trouble = "500, not applied"
	failedApplied   trouble = "500, applied"
	committed       trouble = "503, with the id that it was saved under"
	tokenRefused    trouble = "401" // once: the next process is answered
)

// What can go wrong with each sort of call. Whether a read was made before the
// process died, or before its answer was lost, makes no difference.
var (
	ofWrite       = []trouble{refused, answerLost, cutOff, late, diesBefore, diesAfter, diesLate, conflict, conflictApplied, failed, failedApplied, committed, tokenRefused}
	ofRead        = []trouble{refused, cutOff, diesBefore, failed, tokenRefused}
	ofSave        = []trouble{refused, answerLost, repeated, diesBefore, diesAfter}
	ofCreate      = []trouble{refused, answerLost, diesBefore, diesAfter}
	ofQuestion    = []trouble{refused, diesBefore}
	ofQueue       = []trouble{refused, answerLost, diesBefore, diesAfter}
	ofEventSource = []trouble{refused, answerLost} // it is no process of ours that could die
)

// faultOf is what the simulator has to do for a trouble.
var faultOf = map[trouble]notionsim.Fault{
	refused:         {Drop: true, Err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}},
	answerLost:      {Drop: true, After: true},
	diesAfter:       {Drop: true, After: true},
	cutOff:          {Drop: true},
	late:            {Drop: true, Late: 30 * time.Second},
	diesLate:        {Drop: true, Late: 30 * time.Second},
	conflict:        {Status: http.StatusConflict},
	conflictApplied: {Status: http.StatusConflict, After: true},
	tokenRefused:    {Status: http.StatusUnauthorized},
	failed:          {Status: http.StatusInternalServerError},
	failedApplied:   {Status: http.StatusInternalServerError, After: true},
	committed:       {Status: http.StatusServiceUnavailable, After: true, Committed: true},
}

// script is told of every call before it is made, and what can go wrong with
// it, and decides what does.
type script func(place string, can []trouble) trouble

// life is that of a process.
type life struct {
	context.Context

	end context.CancelFunc
}

func newLife(ctx context.Context) life {
	ctx, end := context.WithCancel(ctx)
	return life{ctx, end}
}

// seam is where calls of a process go out. Nothing passes once it is dead.
type seam struct {
	life   life
	script script
}

// disturbed puts all that a publisher calls under a script, but for Notion,
// which is reached through a notionSeam.
func (s seam) disturbed(p *publish.Publisher) *publish.Publisher {
	p.Runs = storeSeam{s, p.Runs}
	p.PublishQueue = queueSeam{senderSeam{s, "publish queue", p.PublishQueue}, p.PublishQueue}
	p.DeadLetters = senderSeam{s, "dead letters", p.DeadLetters}
	p.EnrichQueue = senderSeam{s, "enrich queue", p.EnrichQueue}
	p.WaitingQueue = senderSeam{s, "waiting queue", p.WaitingQueue}
	return p
}

func (s seam) pass(place string, can []trouble, happen func() error) error {
	if err := s.life.Err(); err != nil {
		return err
	}
	trouble := s.script(place, can)
	switch trouble {
	case none:
		return happen()
	case diesBefore:
		s.life.end()
		return s.life.Err()
	case diesAfter:
		_ = happen()
		s.life.end()
		return s.life.Err()
	case answerLost:
		_ = happen()
	case repeated:
		_ = happen()
		return fmt.Errorf("%s: %w", place, runs.ErrStale)
	}
	return errors.New(place + ": " + string(trouble))
}

type storeSeam struct {
	seam

	store publish.Store
}

func (s storeSeam) Create(ctx context.Context, run runs.Run) (stored runs.Run, created bool, err error) {
	err = s.pass("store: create", ofCreate, func() (err error) {
		stored, created, err = s.store.Create(ctx, run)
		return err
	})
	return stored, created, err
}

func (s storeSeam) Save(ctx context.Context, run *runs.Run) error {
	next := *run // a caller without an answer learns no version
	err := s.pass("store: save", ofSave, func() error { return s.store.Save(ctx, &next) })
	if err == nil {
		run.Version = next.Version
	}
	return err
}

func (s storeSeam) OwnerOf(ctx context.Context, rowID string) (owner string, err error) {
	err = s.pass("store: owner", ofQuestion, func() (err error) {
		owner, err = s.store.OwnerOf(ctx, rowID)
		return err
	})
	return owner, err
}

func (s storeSeam) LastAccepted(ctx context.Context) (last time.Time, err error) {
	err = s.pass("store: last accepted", ofQuestion, func() (err error) {
		last, err = s.store.LastAccepted(ctx)
		return err
	})
	return last, err
}

func (s storeSeam) Halt(ctx context.Context) (halt runs.Halt, err error) {
	err = s.pass("store: halt", ofQuestion, func() (err error) {
		halt, err = s.store.Halt(ctx)
		return err
	})
	return halt, err
}

func (s storeSeam) SetHalt(ctx context.Context, halt runs.Halt) error {
	return s.pass("store: set halt", ofCreate, func() error { return s.store.SetHalt(ctx, halt) })
}

type senderSeam struct {
	seam

	name string
	to   publish.Sender
}

func (s senderSeam) Send(ctx context.Context, m queue.Outgoing) error {
	return s.pass(s.name+": send", ofQueue, func() error { return s.to.Send(ctx, m) })
}

type queueSeam struct {
	senderSeam

	queue publish.Queue
}

func (s queueSeam) ChangeVisibility(ctx context.Context, receipt string, d time.Duration) error {
	return s.pass(s.name+": hide", ofQueue, func() error { return s.queue.ChangeVisibility(ctx, receipt, d) })
}

// sourceSeam is what the event source calls.
type sourceSeam struct {
	seam

	name   string
	source queue.Source
}

func (s sourceSeam) Receive(ctx context.Context, limit int, wait time.Duration) (batch []queue.Incoming, err error) {
	err = s.pass(s.name+": receive", ofEventSource, func() (err error) {
		batch, err = s.source.Receive(ctx, limit, wait)
		return err
	})
	if err != nil {
		return nil, err
	}
	return batch, nil
}

func (s sourceSeam) Delete(ctx context.Context, receipt string) error {
	return s.pass(s.name+": delete", ofEventSource, func() error { return s.source.Delete(ctx, receipt) })
}

// backSeam is how the enricher's function sends back what has waited. Should it
// die, the event source has the message still.
type backSeam struct {
	seam

	to publish.Sender
}

func (s backSeam) Send(ctx context.Context, m queue.Outgoing) error {
	return s.pass("publish queue: send back", ofEventSource, func() error { return s.to.Send(ctx, m) })
}

// notionSeam is a process's way to Notion.
type notionSeam struct {
	seam

	sim *notionsim.Sim
	to  http.RoundTripper
}

func (n notionSeam) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := n.life.Err(); err != nil {
		return nil, err
	}
	can := ofRead
	if isWrite(r) {
		can = ofWrite
	}
	trouble := n.script("Notion: "+r.Method+" "+ids.ReplaceAllString(r.URL.Path, "…"), can)
	if trouble == diesBefore {
		n.life.end()
		return nil, n.life.Err()
	}
	if trouble != none {
		n.sim.Inject(faultOf[trouble])
	}
	answer, err := n.to.RoundTrip(r)
	if trouble == diesAfter || trouble == diesLate {
		n.life.end()
		return nil, n.life.Err()
	}
	return answer, err
}

func isWrite(r *http.Request) bool {
	return r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "/query")
}
