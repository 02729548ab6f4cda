package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"notionrelay/functions/webhook/intake"
	"notionrelay/test/planted"
)

// Where one connection too many comes, the one goes that has had its time for
// longest, and none to which an answer is owed.
func TestTheDoorClosesWhoHasHadHisTime(t *testing.T) {
	t.Parallel()
	d := newDoor(crowded{}, 3)
	var open []*visit
	enter := func() *visit {
		connection, err := d.Accept()
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, connection.(*visit))
		return connection.(*visit)
	}
	wantGone := func(want ...*visit) {
		t.Helper()
		for i, v := range open {
			if v.gone != slices.Contains(want, v) {
				t.Errorf("connection %d is closed: %t", i, v.gone)
			}
		}
	}
	first, second, third := enter(), enter(), enter()
	wantGone()
	first.owe(true)
	enter()
	wantGone(second)
	third.owe(true)
	third.owe(false) // it has got its answer
	fifth := enter()
	wantGone(second, open[3])
	if err := fifth.Close(); err != nil {
		t.Fatal(err)
	}
	_ = fifth.Close() // as net/http may do
	fifth.owe(false)
	enter()
	wantGone(second, open[3], fifth)
	first.owe(false)
	enter()
	wantGone(second, open[3], fifth, third)
	enter()
	enter()
	wantGone(second, open[3], fifth, third, first, open[5])
}

// crowded is a listener that never lacks callers.
type crowded struct{ net.Listener }

func (crowded) Accept() (net.Conn, error) {
	connection, _ := net.Pipe()
	return connection, nil
}

// Who has a secret is answered, however many others take their time in whatever way,
// with a server that waits for each of them for ever.
func TestTheSlowKeepNobodyOut(t *testing.T) {
	t.Parallel()
	const most = 8
	s := guardedSystem(t)
	addr := serveAt(t, s, most)
	claim := fmt.Sprintf("Webhook-Id: 1\r\nWebhook-Timestamp: %d\r\nWebhook-Signature: v1,x\r\n", time.Now().Unix())
	for _, begun := range []string{
		"", "POST /reports HTTP/1.1\r\nHost: x\r\n", "POST /reports HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n",
		"POST /reports HTTP/1.1\r\nHost: x\r\n" + claim + "Content-Length: 5\r\n\r\n{", "POST /login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
	} {
		for range 2 * most {
			connection := dial(t, addr)
			if _, err := io.WriteString(connection, begun); err != nil {
				t.Fatal(err)
			}
		}
		if status := ask(t, addr, "GET /nowhere HTTP/1.1\r\nHost: x\r\nX-Api-Key: "+secret+"\r\n\r\n"); status != http.StatusNotFound {
			t.Errorf("behind %q: got %d", begun, status)
		}
	}
}

// Who is refused is told before he sends the body that nobody wants.
func TestARefusalWaitsForNoBody(t *testing.T) {
	t.Parallel()
	s := guardedSystem(t)
	addr := serveAt(t, s, maxConnections)
	for _, body := range []string{"Content-Length: 5", "Content-Length: 100000", "Content-Length: 5000000", "Transfer-Encoding: chunked"} {
		if status := ask(t, addr, "POST /reports HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"+body+"\r\n\r\n"); status != http.StatusUnauthorized {
			t.Errorf("%s: got %d", body, status)
		}
	}
}

// Who has said all that he has to say and closes his half of the connection, as nc
// does, is not one who has gone.
func TestWhoHasSaidAllIsAnswered(t *testing.T) {
	t.Parallel()
	r := start(t, guarded(), t.TempDir())
	const member = "HTTP/1.1\r\nHost: x\r\nX-Api-Key: " + secret + "\r\n"
	for i := range 20 { // net/http notices it sooner or later
		body := fmt.Sprintf(`{"strategyReport":"%d"}`, i)
		for request, want := range map[string]int{
			fmt.Sprintf("POST /reports %sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", member, len(body), body): http.StatusAccepted,
			"GET /runs " + member + "\r\n":                              http.StatusOK,
			"GET /api/add-to-notion/status?runId=x " + member + "\r\n":  http.StatusNotFound,
			"GET /reports/rep_" + fmt.Sprint(i) + " " + member + "\r\n": http.StatusNotFound,
		} {
			connection := dial(t, r.listener.Addr().String())
			if _, err := io.WriteString(connection, request); err != nil {
				t.Fatal(err)
			}
			if err := connection.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if got := answered(t, connection); got != want {
				t.Errorf("%.40s: got %d, want %d", request, got, want)
			}
		}
	}
}

// guardedSystem has secrets, and a webhook that knows no report.
func guardedSystem(t *testing.T) *system {
	t.Helper()
	auth, err := intake.NewAuth([]string{secret}, "")
	if err != nil {
		t.Fatal(err)
	}
	s := &system{log: planted.Log(t), auth: auth, members: newMembers(auth)}
	s.webhook = &intake.Handler{Auth: auth, Log: s.log}
	return s
}

// serveAt serves it without any limit of time.
func serveAt(t *testing.T, s *system, most int) (addr string) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.Config = s.newServer(s.routes(s.webhook.Routes()), s.log)
	server.Config.ReadHeaderTimeout, server.Config.ReadTimeout = 0, 0
	server.Listener = newDoor(server.Listener, most)
	server.Start()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// dial opens a connection that gives up after minutes.
func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	connection, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	if err := connection.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	return connection
}

func ask(t *testing.T, addr, request string) (status int) {
	t.Helper()
	connection := dial(t, addr)
	if _, err := io.WriteString(connection, request); err != nil {
		t.Fatal(err)
	}
	return answered(t, connection)
}

func answered(t *testing.T, connection net.Conn) (status int) {
	t.Helper()
	defer connection.Close()
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Errorf("no answer: %v", err)
		return 0
	}
	defer response.Body.Close()
	return response.StatusCode
}
