package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"notionrelay/functions/webhook/intake"
	"notionrelay/local/notionview"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
)

// What the listener takes at once and of each caller. What that costs in memory
// is shown by make memory.
const (
	// maxConnections bounds what costs memory before anybody is asked for a
	// secret, some 40 KB each.
	maxConnections = 512
	// maxRequests bounds those with a secret, most of which wait for their pages.
	maxRequests = maxConnections / 2
	// maxStrangers bounds all others: what they have instead, a signature or a
	// form, is only known once they have sent it, and they may take their time.
	// A quarter of the connections is left, so that who is too much hears it, and
	// there are always some that the door can close.
	maxStrangers = maxConnections / 4
	// maxHeader is more than a proxy and a browser send, and a link's token.
	maxHeader = 16 << 10
	// largeBody is what every request may have: all of them together 16 MiB.
	largeBody = 64 << 10
	// maxLarge is how many larger bodies are read, understood and stored at
	// once. The worst take some 50 MB each, and more of them than there are
	// processors would not be faster.
	maxLarge = 2
	// maxLargeOfStrangers are those of them that come without a secret.
	maxLargeOfStrangers = 1
	// strangersPatience is how long the body of one may take, from its turn on.
	strangersPatience = 10 * time.Second
	// maxHeard is how much of a body that is refused is thrown away before the
	// connection is closed, and hearing how long that may take.
	maxHeard = 3 * report.MaxBody
	hearing  = 10 * time.Second
	// lastHearing is how long that may go on when the system ends.
	lastHearing = time.Second
	// largePatience is how long the next one waits for its turn; its sender
	// goes on waiting in the same way after the 503.
	largePatience = 20 * time.Second
)

func (s *system) newServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           s.limit(s.fromHere(handler)),
		ConnContext:       withVisit,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// routes are the listener's own addresses; all others are the webhook's, which
// judges them by itself: a ServeMux would redirect some.
func (s *system) routes(webhook http.Handler) http.Handler {
	own := s.ownRoutes()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := own.Handler(r); pattern == "" {
			webhook.ServeHTTP(w, r)
			return
		}
		if !intake.IsHost(r.Host) { // pages show it; the webhook judges it as well
			s.refuse(w, r, noHost)
			return
		}
		own.ServeHTTP(w, r)
	})
}

func (s *system) ownRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.Handle("GET "+runsPath, s.view(http.HandlerFunc(s.listRuns)))
	mux.HandleFunc("POST "+loginPath, s.logIn)
	if s.simulator == nil {
		return mux
	}
	mux.Handle(notionview.Path, s.view(notionview.New(s.simulator, notionview.Options{
		ImagesOf: []string{s.publisher.CoverURL}, Links: []notionview.Link{{Text: "Status", Address: runsPath}},
	})))
	if addr, ok := s.listener.Addr().(*net.TCPAddr); ok && addr.IP.IsLoopback() && isThisMachine(s.public) {
		mux.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) {
			if !s.auth.Knows(r.Header) {
				s.refuse(w, r, unauthorized)
				return
			}
			s.simulator.ServeHTTP(w, r)
		})
	}
	return mux
}

// fromHere refuses, where no secret protects anything, what a page of another
// site has a browser send: directly, which its Origin shows, or under a name of
// that site that leads to this machine, which the Host shows (DNS rebinding).
func (s *system) fromHere(next http.Handler) http.Handler {
	if !s.auth.Open() {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		u, err := url.Parse(origin)
		if !s.isHere(r.Host) || origin != "" && (err != nil || !s.isHere(u.Host)) {
			s.refuse(w, r, notLocal)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isHere tells whether a host is this machine, or the name that it was given.
func (s *system) isHere(host string) bool {
	_, name, _ := strings.Cut(s.public, "://")
	return isLoopback(host) || name != "" && strings.EqualFold(host, name)
}

// isLoopback tells whether a host, with or without a port, is this machine by its
// name or address.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}

// lastPatience is how long a request may go on when the system ends, so that who
// takes his time does not hold that up.
const lastPatience = 3 * time.Second

// room is what requests of a kind have at once.
type room struct {
	requests, large chan struct{}
	patience        time.Duration // with a large body; as long as the server has when 0
}

// limit keeps to the limits of requests and bodies. Who has a secret does not
// wait for others.
func (s *system) limit(next http.Handler) http.Handler {
	members := room{requests: make(chan struct{}, maxRequests), large: make(chan struct{}, maxLarge)}
	strangers := room{make(chan struct{}, maxStrangers), make(chan struct{}, maxLargeOfStrangers), strangersPatience}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Without it net/http answers only when it has waited for a body that
		// nobody reads.
		_ = http.NewResponseController(w).EnableFullDuplex() // every connection of HTTP/1 has it
		sent := &arriving{ReadCloser: r.Body, visit: visitOf(r.Context())}
		in := strangers
		if s.auth.Knows(r.Header) {
			in = members
			sent.visit.owe(true)
		}
		if r.ContentLength == 0 {
			sent.end()
		}
		// One byte more, so that the webhook sees that it is too much.
		r.Body = http.MaxBytesReader(w, sent, report.MaxBody+1)
		in.serve(w, r, next, func() { s.refuse(w, r, busy) })
		sent.visit.owe(false)
		if !sent.whole {
			hearOut(w, r, sent)
		}
	})
}

// serve serves a request where there is room, and refuses it where there is none.
func (in room) serve(w http.ResponseWriter, r *http.Request, next http.Handler, refuse func()) {
	select {
	case in.requests <- struct{}{}:
		defer func() { <-in.requests }()
	default:
		refuse()
		return
	}
	defer context.AfterFunc(r.Context(), func() {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now()) // the server's own is there in any case
	})()
	if r.ContentLength >= 0 && r.ContentLength <= largeBody {
		next.ServeHTTP(w, r)
		return
	}
	inTurn(w, r, in, next)
}

// arriving is the body of a request. Once all of it is there an answer is owed to
// whoever has sent it.
type arriving struct {
	io.ReadCloser

	visit *visit
	whole bool
}

func (b *arriving) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		b.end()
	}
	return n, err
}

func (b *arriving) end() {
	b.whole = true
	b.visit.owe(true)
}

// inTurn serves a request with a large body.
func inTurn(w http.ResponseWriter, r *http.Request, in room, next http.Handler) {
	t := &turn{slots: in.large, ctx: r.Context(), begun: func() {
		if in.patience > 0 {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(in.patience)) // as above
		}
	}}
	defer t.end()
	r = r.WithContext(context.WithValue(r.Context(), turnKey{}, t))
	r.Body = turnBody{r.Body, t}
	next.ServeHTTP(w, r)
}

// hearOut answers, and throws away what is still being sent: many clients read
// no answer before they have sent all, and find the connection broken instead.
func hearOut(w http.ResponseWriter, r *http.Request, sent io.Reader) {
	if r.Header.Get("Expect") != "" { // who expects to be told has not sent it
		return
	}
	connection := http.NewResponseController(w)
	if connection.Flush() == nil && connection.SetReadDeadline(time.Now().Add(hearing)) == nil {
		defer context.AfterFunc(r.Context(), func() { _ = connection.SetReadDeadline(time.Now().Add(lastHearing)) })()
		_, _ = io.CopyN(io.Discard, sent, maxHeard) // ends with the connection at the latest
	}
}

// turn is a large request's: it begins when the body is read, which is after the
// headers were judged, and ends when the report is stored. A caller that waits
// for the pages holds up nobody. One goroutine has it.
type turn struct {
	slots     chan struct{}
	ctx       context.Context //nolint:containedctx // of the request, which the turn is a part of
	begun     func()
	has, over bool
}

type turnKey struct{}

func (t *turn) begin() error {
	if t.has || t.over {
		return nil
	}
	select {
	case t.slots <- struct{}{}:
		t.has = true
		t.begun()
		return nil
	case <-time.After(largePatience):
	case <-t.ctx.Done():
	}
	return intake.ErrBusy
}

func (t *turn) end() {
	if t.has {
		<-t.slots
	}
	t.has, t.over = false, true
}

type turnBody struct {
	io.ReadCloser
	turn *turn
}

func (b turnBody) Read(p []byte) (int, error) {
	if err := b.turn.begin(); err != nil {
		return 0, err
	}
	return b.ReadCloser.Read(p)
}

// turnEnding is the publish queue, in which a request ends its turn.
type turnEnding struct{ queue intake.Queue }

func (q turnEnding) Send(ctx context.Context, m queue.Outgoing) error {
	defer endTurn(ctx)
	return q.queue.Send(ctx, m)
}

func endTurn(ctx context.Context) {
	if t, ok := ctx.Value(turnKey{}).(*turn); ok {
		t.end()
	}
}
