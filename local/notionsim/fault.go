package notionsim

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path"
	"syscall"
	"time"
)

// Fault is something that goes wrong with chosen requests. It says three
// things: which requests, whether and when they take effect, and what is
// answered and when.
//
// Which: those that Method, Path and Match all select, counted from the Nth one
// on, Times of them. A request that is refused before it is looked at (401, 429,
// or a 409 for an overlap) has no fault and is not counted by one.
//
// Effect: a request takes effect once its waits are over, unless Drop, Status
// or Body take the place of its answer: then it takes none. After makes it take
// effect first in either case, and Late so long after its arrival, whatever
// became of the caller meanwhile.
//
// Answer: after Delay and Hold, and where there is Late and nothing in its
// place, not before the effect.
type Fault struct {
	Method string                   // selects by method; empty selects all
	Path   string                   // selects by path, a pattern for path.Match such as "/v1/blocks/*/children"; empty selects all
	Match  func(*http.Request) bool // selects by any other means; may read the body

	Nth   int // the first request that it happens to, counting selected ones from 1; 0 means 1
	Times int // how many it happens to; 0 means once, -1 all from the Nth on

	After bool          // the request takes effect, and then the fault happens
	Late  time.Duration // a write takes effect so long after its arrival, also when its caller has gone; a read is only answered so late

	Delay time.Duration   // waits, or until the request's context ends
	Hold  <-chan struct{} // waits until it is closed or sends, or until the request's context ends

	// Drop closes the connection instead of answering. Err is what Transport
	// then returns; nil means a connection reset by the peer.
	Drop bool
	Err  error

	// Status is answered with an error in Notion's shape: Code and Message,
	// which have a default for each status, and Additional as additional_data.
	Status        int
	Code, Message string
	Additional    map[string]any

	Body   string      // answered as it stands, with Status or 200: what is cut, or does not come from Notion's application
	Header http.Header // added to the answer, such as Retry-After

	// Committed adds to Notion's error which object the request made although
	// it failed (committed_resource_id, committed_child_ids). It needs After.
	Committed bool

	// Partial leaves nothing of the objects in a good answer but their kind and
	// id, as for an integration that may write content but not read it.
	Partial bool
}

// Edge is an answer of the edge in front of Notion: HTML with a cf-ray, and
// nothing of Notion's, as with 403, 413, 502 and 504. With Late it is an edge
// that gave up while Notion went on.
func Edge(status int) Fault {
	title := fmt.Sprintf("%d %s", status, http.StatusText(status))
	return Fault{
		Status: status,
		Body:   "<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<center><h1>" + title + "</h1></center>\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n",
		Header: http.Header{"Content-Type": {"text/html"}, "Server": {"cloudflare"}, "Cf-Ray": {"8f3b1c2d4e5f6071-FRA"}},
	}
}

// Inject arms a fault. Of several that fit a request the first injected one
// happens; each counts the requests that it selects, whether or not it is its
// turn.
func (s *Sim) Inject(f Fault) {
	s.lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &armedFault{Fault: f})
}

// Mend takes all faults away. Effects that are late come all the same.
func (s *Sim) Mend() {
	s.lock()
	defer s.mu.Unlock()
	s.faults = nil
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
	return f.seen >= max(f.Nth, 1)
}

// over tells whether the fault has happened as often as it may.
func (f *armedFault) over() bool {
	return f.Times >= 0 && f.seen >= max(f.Nth, 1)+max(f.Times, 1)-1
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
// request has come to; nil when it had no effect by then.
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
		a = f.refusal(done).answer()
	}
	for name, values := range f.Header {
		a.header[http.CanonicalHeaderKey(name)] = values
	}
	return a
}

// refusal is the fault as an error of Notion's.
func (f *Fault) refusal(done *outcome) *apiError {
	e := &apiError{status: f.Status, code: f.Code, message: f.Message, additional: f.Additional}
	if e.code == "" {
		e.code = codeOf(f.Status)
	}
	switch {
	case e.message != "":
	case e.code == conflict().code:
		e.message = conflict().message
	default:
		e.message = "Injected fault: " + http.StatusText(f.Status)
	}
	if f.Committed && done != nil {
		e.additional = done.committed()
	}
	return e
}

// pause waits for d, or until the context ends.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
