package notionsim

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"time"
)

// DefaultBudget is the number of requests that Notion lets one connection make
// in any 60 seconds.
const DefaultBudget = 180

// Options sets how a [Sim] behaves. The zero value is an instant Notion in
// memory with Notion's own request budget.
type Options struct {
	// Token is the only bearer token that is accepted. Empty accepts any, but
	// still requires one. Each token is an integration: a bot of its own, with
	// a budget of its own.
	Token string

	// Budget is how many requests a token may make in any 60 seconds before it
	// is answered 429. Zero means DefaultBudget.
	Budget int

	// ConflictWindow models that Notion goes on saving for a while after it has
	// answered: a write that begins within this time after the end of another
	// write below the same parent is answered 409. Zero means that only writes
	// that overlap in time conflict.
	ConflictWindow time.Duration

	// Latency is the time that a request takes, half of it before its effect
	// and half after: a caller that gives up can do so on either side.
	Latency time.Duration

	// IndexLag is how long after its creation a row is left out of the answers
	// to queries. By its id it can be read at once.
	IndexLag time.Duration

	// ParentLag is how long what was just created answers 404 to a request that
	// puts something below it or queries it.
	ParentLag time.Duration

	// Terse refuses a URL without saying where in the request it stands, as
	// Notion has been seen to.
	Terse bool

	// Dir is the folder in which the state is kept. Empty keeps it in memory.
	Dir string

	// Keep is how many bytes of state the folder may hold, and at most twice as
	// many on disk; memory takes about three times as many. What is too much is
	// forgotten row by row, with everything below, the row first that was not
	// changed for longest; it is answered 404 from then on. The row that is
	// being written stays, however large it is. Zero forgets nothing.
	Keep int64

	// Spare tells that somebody will still write to a row. It is not forgotten then,
	// but set aside: it is on disk alone, in no listing, and back once it is asked
	// for by its id or that of something below it. Nil spares none. It may not call
	// the simulator.
	Spare func(row string) bool
}

// Sim is a simulated Notion workspace. It is safe for concurrent use.
type Sim struct {
	opts    Options
	journal *journal // nil when the state is in memory only

	mu     sync.Mutex
	space  *workspace
	kept   keeper
	aside  *aside // nil when the state is in memory only
	gate   gate
	access access
	faults []*armedFault
	late   []*lateEffect // in the order in which they are due
	stats  Stats
}

// Open makes a simulator, with the state that an earlier one left in
// Options.Dir if there is any. The workspace always holds one reports database,
// under the same id.
func Open(opts Options) (*Sim, error) {
	if opts.Budget == 0 {
		opts.Budget = DefaultBudget
	}
	s := &Sim{opts: opts, space: newWorkspace(), kept: newKeeper(), gate: newGate(), access: newAccess(), stats: newStats()}
	if opts.Dir != "" {
		j, err := openJournal(opts.Dir, s.apply)
		if err != nil {
			return nil, fmt.Errorf("open simulator state in %q: %w", opts.Dir, err)
		}
		s.journal = j
		if s.aside, err = openAside(filepath.Join(opts.Dir, "aside"), s.useless); err != nil {
			return nil, errors.Join(fmt.Errorf("open what the simulator has set aside: %w", err), j.close())
		}
	}
	if s.space.nodes[reportsDatabaseID] == nil {
		if err := s.commit(seed(time.Now())); err != nil {
			return nil, fmt.Errorf("seed simulator: %w", err)
		}
	}
	return s, nil
}

// DatabaseID is the id of the reports database that every workspace has, with
// the properties Company (title), Report Type (rich_text) and Contact Email
// (email).
func (s *Sim) DatabaseID() string { return reportsDatabaseID }

// Close releases the files of a simulator that keeps its state in a folder.
// Nothing is lost without it: each change is on file before it is answered.
func (s *Sim) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.journal == nil {
		return nil
	}
	return s.journal.close()
}

// ServeHTTP serves the API, which is below /v1/.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, err := s.serve(r)
	if err != nil {
		// The client is gone, or a fault drops the connection: net/http closes
		// it without an answer and without a log line.
		panic(http.ErrAbortHandler)
	}
	a.writeTo(w)
}

// Transport is the simulator as a client's transport, without sockets and
// without goroutines, so that it works in a testing/synctest bubble. Scheme and
// host of a request are ignored. When the request's context ends, RoundTrip
// returns the context's error, and a write that had taken effect by then stays.
func (s *Sim) Transport() http.RoundTripper { return transport{s} }

type transport struct{ sim *Sim }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	a, err := t.sim.serve(r)
	if err != nil {
		return nil, err
	}
	return a.response(r), nil
}

// commit makes a change durable and then visible, and gives up what there is no
// room for. s.mu is held.
func (s *Sim) commit(c change) error {
	if err := s.put(c); err != nil {
		return err
	}
	for s.opts.Keep > 0 && s.kept.total > s.opts.Keep {
		row := s.kept.oldest()
		if row == "" || s.giveUp(row) != nil { // the next change tries it again
			break
		}
	}
	if s.journal != nil && s.journal.overgrown() {
		s.compact()
	}
	return nil
}

// giveUp sets a row aside that is spared, and forgets any other one.
func (s *Sim) giveUp(row string) error {
	if s.spares(row) {
		if err := s.aside.put(s.space.row(row)); err != nil {
			return err
		}
	}
	return s.put(change{Forget: row})
}

func (s *Sim) spares(row string) bool { return s.opts.Spare != nil && s.opts.Spare(row) }

// useless tells whether a row needs not be aside: the process that has set it aside,
// or brought it back, died in the midst of it, or nobody writes to it any more.
func (s *Sim) useless(row string) bool { return s.space.nodes[row] != nil || !s.spares(row) }

// reach brings back the row that something is below, if it was set aside. s.mu is
// held.
func (s *Sim) reach(id string) error {
	if s.aside == nil || s.space.nodes[id] != nil {
		return nil
	}
	c, found, err := s.aside.find(id)
	if err != nil || !found {
		return err
	}
	c.Insert[0] = s.space.inItsPlace(c)
	if err := s.commit(c); err != nil {
		return err
	}
	s.aside.drop(c)
	return nil
}

func (s *Sim) put(c change) error {
	if s.journal == nil {
		s.apply(c, 0)
		return nil
	}
	bytes, err := s.journal.append(c)
	if err != nil {
		return err
	}
	s.apply(c, bytes)
	return nil
}

// compact writes the journal anew without what was overtaken. A failure costs
// room and nothing else.
func (s *Sim) compact() {
	changes := s.space.snapshot()
	sizes, err := s.journal.compact(changes)
	if err != nil {
		return
	}
	for i, c := range changes {
		s.kept.resize(s.space.rowOf(c), sizes[i])
	}
}

// apply makes a change visible that takes so many bytes in the journal.
func (s *Sim) apply(c change, bytes int64) {
	if c.Forget != "" {
		s.kept.forget(c.Forget)
	}
	s.space.apply(c)
	s.kept.count(s.space.rowOf(c), bytes)
}
