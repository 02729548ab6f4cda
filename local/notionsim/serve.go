package notionsim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Version is the API version that is spoken, as the Notion-Version header
// names it.
const Version = "2022-06-28"

// call is one API request on its way through the simulator.
type call struct {
	request request
	token   string
	route   *route // nil when there is none with this method and path
	fault   *Fault // that happens to this request, or nil
	refusal error  // of the gate: the request is answered with it and has no effect
	write   bool
	saving  bool   // a write that was let in
	parent  string // below which it wrote, once it took effect
}

// serve answers a request. An error means that there is no answer: the
// request's context has ended, or a fault drops the connection.
func (s *Sim) serve(r *http.Request) (*answer, error) {
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	c := s.arrive(r, body)
	a, err := s.process(r.Context(), c, body)
	s.leave(c, a)
	return a, err
}

// readBody reads a request's body, but no more of one that is too large than
// shows that it is.
func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	return io.ReadAll(io.LimitReader(r.Body, maxBodyBytes+1))
}

// arrive does what happens the moment a request comes in: it is counted,
// authenticated, charged to its budget, checked against the writes in progress,
// and meets its fault.
func (s *Sim) arrive(r *http.Request, body []byte) *call {
	s.lock()
	defer s.mu.Unlock()
	now := time.Now()
	c := &call{}
	c.route, c.request = findRoute(r)
	c.token, _ = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	c.request.bot = botID(s.access.integration(c.token))
	c.request.now, c.request.indexLag, c.request.parentLag = now, s.opts.IndexLag, s.opts.ParentLag
	c.write = c.route != nil && c.route.writes()

	s.stats.Requests++
	if c.route != nil {
		s.stats.Routes[c.route.String()]++
	}
	if c.refusal = s.admit(c, r, now); c.refusal == nil {
		c.fault = s.takeFault(r, body)
	}
	if c.write {
		s.gate.inFlight++
		s.stats.MaxWrites = max(s.stats.MaxWrites, s.gate.inFlight)
	}
	return c
}

// admit decides whether a request is let in. s.mu is held.
func (s *Sim) admit(c *call, r *http.Request, now time.Time) error {
	if c.token == "" || !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") || (s.opts.Token != "" && s.access.integration(c.token) != s.opts.Token) || s.access.revoked[c.token] {
		return &apiError{status: http.StatusUnauthorized, code: "unauthorized", message: "API token is invalid."}
	}
	if s.access.barred {
		return barred()
	}
	if retryAfter, ok := s.gate.spend(c.token, s.opts.Budget, now); !ok {
		return rateLimited(retryAfter)
	}
	if !c.write {
		return nil
	}
	if s.gate.saving > 0 {
		s.stats.Overlaps++
		return conflict()
	}
	s.gate.saving++
	c.saving = true
	return nil
}

func (s *Sim) takeFault(r *http.Request, body []byte) *Fault {
	var taken *Fault
	for _, f := range s.faults {
		if f.take(r, body) && taken == nil {
			taken = &f.Fault
			s.stats.Faults++
		}
	}
	s.faults = slices.DeleteFunc(s.faults, (*armedFault).over)
	return taken
}

// process takes a request from its arrival to its answer, with the waits and
// the fault that are due on the way.
func (s *Sim) process(ctx context.Context, c *call, body []byte) (*answer, error) {
	if f := c.fault; f != nil && f.Late > 0 {
		if c.write {
			return s.processLate(ctx, c, body)
		}
		if err := pause(ctx, f.Late); err != nil {
			return nil, err
		}
	}
	if err := pause(ctx, s.opts.Latency/2); err != nil {
		return nil, err
	}
	if f := c.fault; f != nil && !f.After {
		if err := f.wait(ctx); err != nil {
			return nil, err
		}
		if f.replaces() {
			return f.instead(nil)
		}
	}
	done, a := s.execute(c, body)
	if f := c.fault; f != nil && f.After {
		if err := f.wait(ctx); err != nil {
			return nil, err
		}
		if f.replaces() {
			return f.instead(done)
		}
	}
	return a, pause(ctx, s.opts.Latency/2)
}

// execute judges a request, makes its change and encodes the answer, in one
// piece: requests take effect one after the other.
func (s *Sim) execute(c *call, body []byte) (*outcome, *answer) {
	s.lock()
	defer s.mu.Unlock()
	return s.perform(c, body)
}

// perform is execute for who holds s.mu.
func (s *Sim) perform(c *call, body []byte) (*outcome, *answer) {
	done, err := s.effect(c, body)
	if err == nil {
		object := done.reply()
		if c.fault != nil && c.fault.Partial || s.access.withheld[ReadContent] && c.write {
			object = partial(object)
		}
		return done, jsonAnswer(http.StatusOK, object)
	}
	var refused *apiError
	if !errors.As(err, &refused) {
		refused = &apiError{status: http.StatusInternalServerError, code: "internal_server_error", message: err.Error()}
	}
	if s.opts.Terse && refused.terse != "" {
		refused.message = refused.terse
	}
	return nil, refused.answer()
}

func (s *Sim) effect(c *call, body []byte) (*outcome, error) {
	if c.refusal != nil {
		return nil, c.refusal
	}
	if c.route == nil {
		return nil, &apiError{status: http.StatusBadRequest, code: "invalid_request_url", message: "Invalid request URL."}
	}
	if err := c.request.decode(body); err != nil {
		return nil, err
	}
	if err := s.access.permit(c.route.needs); err != nil {
		return nil, err
	}
	for _, id := range c.request.names() {
		if err := s.reach(id); err != nil {
			return nil, err
		}
	}
	done, err := c.route.handle(s.space, &c.request)
	if err != nil {
		return nil, err
	}
	if !c.write {
		return done, nil
	}
	if s.gate.recentlySaved(done.parent, s.opts.ConflictWindow, time.Now()) || s.gate.collided(done.parent, c.request.now) {
		return nil, conflict()
	}
	if err := s.commit(done.change); err != nil {
		return nil, err
	}
	c.parent = done.parent
	s.stats.Writes++
	s.stats.SchemaChanges += done.newOptions
	return done, nil
}

// leave does what happens when a request is answered or given up.
func (s *Sim) leave(c *call, a *answer) {
	s.lock()
	defer s.mu.Unlock()
	if a != nil {
		s.stats.countAnswer(a.status)
	}
	if c.write {
		s.gate.answered()
	}
	if c.saving {
		s.gate.saving--
	}
	if c.parent != "" {
		s.gate.ended(c.parent, s.opts.ConflictWindow, time.Now())
	}
}

// request is what a route's handler is given.
type request struct {
	bot     string
	now     time.Time
	id      string // of the object that the path names, in its usual form
	rawID   string // as the path has it
	header  http.Header
	query   map[string]string
	body    map[string]any
	hasBody bool // the method takes a body

	indexLag, parentLag time.Duration // as in Options
}

// names are the ids of what a request is about: the one in its path, and the parent of
// what it makes.
func (q *request) names() []string {
	ids := []string{q.id}
	parent, _ := q.body["parent"].(map[string]any)
	for _, kind := range []string{"page_id", "database_id"} {
		if given, ok := parent[kind].(string); ok {
			id, _ := parseID(given) // one that is none is refused by the route
			ids = append(ids, id)
		}
	}
	return ids
}

// decode checks what all requests have in common, and reads the body.
func (q *request) decode(body []byte) error {
	switch v := q.header.Get("Notion-Version"); v {
	case Version:
	case "":
		return &apiError{
			status: http.StatusBadRequest, code: "missing_version",
			message: "Notion-Version header failed validation: Notion-Version header should be defined, instead was `undefined`.",
		}
	default:
		return &apiError{
			status: http.StatusBadRequest, code: "missing_version",
			message: "Notion-Version header failed validation: Notion-Version header should be `\"" + Version + "\"`, instead was `\"" + v + "\"`.",
		}
	}
	if q.rawID != "" {
		id, err := parseID(q.rawID)
		if err != nil {
			return invalid("path failed validation: path.id should be a valid uuid, instead was `%s`.", shown(q.rawID))
		}
		q.id = id
	}
	if !q.hasBody {
		return nil
	}
	return q.decodeBody(body)
}

func (q *request) decodeBody(body []byte) error {
	if len(body) > maxBodyBytes {
		return invalid("body failed validation: the request should be ≤ `%d` bytes.", maxBodyBytes)
	}
	q.body = map[string]any{}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil // an empty body is an empty object: what it lacks is complained of next
	}
	if kind, _, err := mime.ParseMediaType(q.header.Get("Content-Type")); err != nil || kind != "application/json" {
		return &apiError{status: http.StatusBadRequest, code: "invalid_request", message: "Content-Type should be `application/json`, instead was `" + q.header.Get("Content-Type") + "`."}
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil || !utf8.Valid(body) {
		return &apiError{status: http.StatusBadRequest, code: "invalid_json", message: "Error parsing JSON body."}
	}
	object, ok := v.(map[string]any)
	if !ok {
		return invalid("body failed validation: body should be an object, instead was `%s`.", shown(v))
	}
	q.body = object
	return nil
}

// parseID reads an id with or without dashes.
func parseID(s string) (string, error) {
	if len(s) != 32 && len(s) != 36 {
		return "", errors.New("an id has 32 hexadecimal digits")
	}
	u, err := uuid.Parse(s)
	return u.String(), err
}
