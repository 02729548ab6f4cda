// Package halfopen is an HTTP/2 server behind a line that can go dead without a
// word: what is sent from then on is swallowed, nothing comes back, and neither
// end is told. So does a connection look that was lost while a process was
// suspended, as Lambda does between two invocations.
package halfopen

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
)

// Server is the server with the line to it.
type Server struct {
	URL string

	server *httptest.Server
	dials  atomic.Int32

	mu    sync.Mutex
	links []*link
}

// Start serves until the test ends.
func Start(tb testing.TB, handler http.Handler) *Server {
	tb.Helper()
	s := &Server{server: httptest.NewUnstartedServer(handler)}
	s.server.EnableHTTP2 = true
	s.server.StartTLS()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s.URL = "https://" + listener.Addr().String()
	var wait sync.WaitGroup
	wait.Go(func() { s.accept(tb, listener, &wait) })
	tb.Cleanup(func() {
		_ = listener.Close()
		s.mu.Lock()
		for _, l := range s.links {
			l.close()
		}
		s.mu.Unlock()
		wait.Wait()
		s.server.Close()
	})
	return s
}

// Trust lets a transport take the server's certificate.
func (s *Server) Trust(t *http.Transport) {
	t.TLSClientConfig = s.server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
}

// Cut lets every connection that there is go dead. New ones are alive.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.links {
		l.dead.Store(true)
	}
}

// Dials is how many connections have been made.
func (s *Server) Dials() int { return int(s.dials.Load()) }

func (s *Server) accept(tb testing.TB, listener net.Listener, wait *sync.WaitGroup) {
	for {
		client, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			tb.Error(err)
			return
		}
		s.dials.Add(1)
		server, err := new(net.Dialer).DialContext(tb.Context(), "tcp", s.server.Listener.Addr().String())
		if err != nil {
			_ = client.Close()
			continue
		}
		l := &link{client: client, server: server}
		s.mu.Lock()
		s.links = append(s.links, l)
		s.mu.Unlock()
		wait.Go(func() { l.carry(client, server) })
		wait.Go(func() { l.carry(server, client) })
	}
}

// link is a connection, in two halves.
type link struct {
	client, server net.Conn
	dead           atomic.Bool
}

// carry moves bytes from one end to the other, or nowhere when the link is dead.
func (l *link) carry(from, to net.Conn) {
	defer l.close()
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if l.dead.Load() {
			_, _ = io.Copy(io.Discard, from) // until it is closed
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (l *link) close() {
	_ = l.client.Close()
	_ = l.server.Close()
}
