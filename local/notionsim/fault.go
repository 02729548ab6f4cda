package notionsim

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"path"
	"syscall"
	"time"
)

// Fault is something that goes wrong with chosen requests. Which requests:
// those that Method, Path and Match all select, counted from the Nth one on,
// Times of them. What happens: Delay and Hold make a request wait; Drop, Status
// or Body take the place of its answer; with none of these three the request is
// served as usual after the wait.
//
// A request that is refused before it is looked at (401, 429, or a 409 for an
// overlap) has no fault and is not counted by one.
type Fault struct {
	Method string                   // selects by method; empty selects all
	Path   string                   // selects by path, a pattern for path.Match such as "/v1/blocks/*/children"; empty selects all
	Match  func(*http.Request) bool // selects by any other means; may read the body

	Nth   int // the first request that it happens to, counting selected ones from 1; 0 means 1
	Times int // how many it happens to; 0 means once, -1 all from the Nth on

	// After lets the request take effect before the fault happens; else it
	// never takes effect when its answer is replaced.
	After bool

	Delay time.Duration   // waits, or until the request's context ends
	Hold  <-chan struct{} // waits until it is closed or sends, or until the request's context ends

	// Drop closes the connection instead of answering. Err is what Transport
	// then returns; nil means a connection reset by the peer.
	Drop bool
	Err  error

	Status int         // answered with this status; 0 with a Body means 200
	Body   string      // answered as it stands; empty means an error in Notion's shape
	Header http.Header // added to the answer, such as Retry-After

	// Committed adds to Notion's error which object the request made although
	// it failed (committed_resource_id, committed_child_ids). It needs After.
	Committed bool
}

// Inject arms a fault. Of several that fit a request the first injected one
// happens; each counts the requests that it selects, whether or not it is its
// turn.
func (s *Sim) Inject(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &armedFault{Fault: f})
}

// armedFault is a fault with the count of requests that it has selected.
type armedFault struct {
	Fault
	seen int
}

// take counts r and tells whether the fault's turn has come.
func (f *armedFault) take(r *http.Request, body []byte) bool {
	if !f.selects(r, body) {
		return false
	}
	f.seen++
	first := max(f.Nth, 1)
	times := f.Times
	if times == 0 {
		times = 1
	}
	return f.seen >= first && (times < 0 || f.seen < first+times)
}

func (f *armedFault) selects(r *http.Request, body []byte) bool {
	if f.Method != "" && f.Method != r.Method {
		return false
	}
	if f.Path != "" {
		if ok, err := path.Match(f.Path, r.URL.Path); err != nil || !ok {
			return false
		}
	}
	if f.Match == nil {
		return true
	}
	readable := r.Clone(r.Context())
	readable.Body = io.NopCloser(bytes.NewReader(body))
	return f.Match(readable)
}

// wait is the part of a fault that takes time.
func (f *Fault) wait(ctx context.Context) error {
	if err := pause(ctx, f.Delay); err != nil {
		return err
	}
	if f.Hold == nil {
		return nil
	}
	select {
	case <-f.Hold:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// replaces tells whether the request's own answer is not sent.
func (f *Fault) replaces() bool { return f.Drop || f.Status != 0 || f.Body != "" }

// instead is what the caller gets in place of the answer. done is what the
// request has come to; nil when it had no effect.
func (f *Fault) instead(done *outcome) (*answer, error) {
	switch {
	case f.Drop && f.Err != nil:
		return nil, f.Err
	case f.Drop:
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	default:
		return f.answer(done), nil
	}
}

func (f *Fault) answer(done *outcome) *answer {
	a := &answer{status: f.Status, header: http.Header{}, body: []byte(f.Body)}
	if f.Status == 0 {
		a.status = http.StatusOK
	}
	if f.Body == "" {
		e := &apiError{status: f.Status, code: codeOf(f.Status), message: "Injected fault: " + http.StatusText(f.Status)}
		if f.Status == http.StatusConflict {
			e.message = conflict().message
		}
		if f.Committed && done != nil {
			e.additional = done.committed()
		}
		a = e.answer()
	}
	for name, values := range f.Header {
		a.header[http.CanonicalHeaderKey(name)] = values
	}
	return a
}

// pause waits for d, or until the context ends.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
