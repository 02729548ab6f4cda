package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"notionrelay/functions/webhook/intake"
	"notionrelay/local/notionsim"
	"notionrelay/shared/config"
	"notionrelay/shared/queue"
	"notionrelay/shared/report"
	"notionrelay/test/planted"
)

const secret = "a secret of the tests"

// guarded are settings with secrets.
func guarded() settings {
	env := quick
	env.Webhook.WebhookSecrets = []config.Secret{"another secret entirely", secret}
	return env
}

// exchange is one request to the system, without following where it leads.
func (r *running) exchange(t *testing.T, method, path, body string, header ...string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if request.Header.Set(header[i], header[i+1]); header[i] == "Host" {
			request.Host = header[i+1]
		}
	}
	response, err := r.client.Transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(said)
}

// Whatever shows or changes pages asks for a secret where there are secrets.
func TestPagesAreShownToMembersOnly(t *testing.T) {
	t.Parallel()
	r := start(t, guarded(), t.TempDir())
	_, a := r.post(t, "/reports", []byte(`{"strategyReport":"# Plan","email":"x@acme.com"}`), "Prefer", "wait=25", "X-Api-Key", secret)
	homepage := strings.TrimPrefix(a.Data.ShareableURL, r.url)
	for _, path := range []string{"/notion/", "/runs", homepage, "/notion/x", "/v1/users/me", "/v1/databases/" + r.simulator.DatabaseID()} {
		for name, header := range map[string][]string{
			"nothing": {}, "any bearer": {"Authorization", "Bearer anything"}, "a cookie made up": {"Cookie", sessionCookie + "=99999999999.00"},
			"a browser": {"Accept", "text/html"}, "half a secret": {"X-Api-Key", secret[:10]},
		} {
			if response, said := r.exchange(t, "GET", path, "", header...); response.StatusCode != http.StatusUnauthorized || strings.Contains(said, "Acme") {
				t.Errorf("%s with %s: got %d", path, name, response.StatusCode)
			}
		}
	}
	if response, said := r.exchange(t, "POST", "/v1/pages", "{}", "Authorization", "Bearer x"); response.StatusCode != http.StatusUnauthorized || !strings.Contains(said, `"code":"unauthorized"`) {
		t.Errorf("POST /v1/pages: got %d %s", response.StatusCode, said)
	}
	for _, header := range [][]string{{"Authorization", "Bearer " + secret}, {"X-Api-Key", secret}} {
		if response, said := r.exchange(t, "GET", homepage, "", header...); response.StatusCode != http.StatusOK || !strings.Contains(said, "Acme") {
			t.Errorf("with a secret in %s: got %d", header[0], response.StatusCode)
		}
	}
	response, _ := r.exchange(t, "GET", "/v1/users/me", "", "Authorization", "Bearer "+secret, "Notion-Version", notionsim.Version)
	if response.StatusCode != http.StatusOK {
		t.Errorf("/v1 with a secret: got %d", response.StatusCode)
	}
}

// A person logs in with a secret, and has a cookie from then on that tells
// nothing about it.
func TestAPersonLogsIn(t *testing.T) {
	t.Parallel()
	r := start(t, guarded(), t.TempDir())
	_, form := r.exchange(t, "GET", "/notion/abc", "", "Accept", "text/html")
	for _, part := range []string{`action="/login"`, `name="next" value="/notion/abc"`, `name="secret" type="password"`} {
		if !strings.Contains(form, part) {
			t.Errorf("the form lacks %s:\n%s", part, form)
		}
	}
	logIn := func(secret, next string, header ...string) (*http.Response, string) {
		header = append([]string{"Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html", "Origin", r.url}, header...)
		return r.exchange(t, "POST", loginPath, url.Values{"secret": {secret}, "next": {next}}.Encode(), header...)
	}
	if response, said := logIn("none of them, really", "/notion/"); response.StatusCode != http.StatusUnauthorized || len(response.Cookies()) != 0 || !strings.Contains(said, "That is none of them.") {
		t.Errorf("a wrong secret: got %d", response.StatusCode)
	}
	if response, _ := logIn(secret, "/notion/", "Origin", "https://elsewhere.example"); response.StatusCode != http.StatusForbidden || len(response.Cookies()) != 0 {
		t.Errorf("another site's form: got %d", response.StatusCode)
	}
	if response, _ := logIn(secret+strings.Repeat(" ", maxLogin), "/notion/"); response.StatusCode != http.StatusBadRequest {
		t.Errorf("a form without end: got %d", response.StatusCode)
	}
	if response, _ := logIn(secret, "https://elsewhere.example/"); response.Header.Get("Location") != "/runs" {
		t.Errorf("it leads to %s", response.Header.Get("Location"))
	}
	response, _ := logIn(secret, "/notion/abc")
	if response.StatusCode != http.StatusSeeOther || response.Header.Get("Location") != "/notion/abc" || len(response.Cookies()) != 1 {
		t.Fatalf("got %d to %s", response.StatusCode, response.Header.Get("Location"))
	}
	cookie := response.Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Secure || cookie.Path != "/" || strings.Contains(cookie.Value, secret) {
		t.Errorf("the cookie is %s", cookie)
	}
	if response, said := r.exchange(t, "GET", "/notion/", "", "Cookie", cookie.Name+"="+cookie.Value); response.StatusCode != http.StatusOK || !strings.Contains(said, "Reports") {
		t.Errorf("with the cookie: got %d", response.StatusCode)
	}
	if response, said := r.exchange(t, "GET", "/runs", "", "Cookie", cookie.Name+"="+cookie.Value); response.StatusCode != http.StatusOK || !strings.Contains(said, "There are none") {
		t.Errorf("the runs with the cookie: got %d", response.StatusCode)
	}
	if response, _ := r.exchange(t, "POST", "/reports", `{}`, "Cookie", cookie.Name+"="+cookie.Value); response.StatusCode != http.StatusUnauthorized {
		t.Errorf("a report with the cookie: got %d", response.StatusCode)
	}
	if other := start(t, guarded(), t.TempDir()); other.members.valid(cookie.Value) {
		t.Error("the cookie is good for another process")
	}
}

// A proxy may speak TLS for us; only the browser's own word tells.
func TestTheCookieIsSecureWhereTheBrowserSpeaksTLS(t *testing.T) {
	t.Parallel()
	r := start(t, guarded(), t.TempDir())
	response, _ := r.exchange(t, "POST", loginPath, url.Values{"secret": {secret}}.Encode(),
		"Content-Type", "application/x-www-form-urlencoded", "Host", "relay.example", "Origin", "https://relay.example")
	if len(response.Cookies()) != 1 || !response.Cookies()[0].Secure {
		t.Errorf("got %d, %v", response.StatusCode, response.Cookies())
	}
}

func TestALoginEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		auth, err := intake.NewAuth([]string{secret}, "")
		if err != nil {
			t.Fatal(err)
		}
		m := newMembers(auth)
		session := m.session("946684801") // a second after the bubble's begin
		if !m.valid(session) || m.valid(strings.Replace(session, "9", "8", 1)) {
			t.Error("a login is not valid, or one that was changed is")
		}
		time.Sleep(2 * time.Second) // of the bubble
		if m.valid(session) {
			t.Error("it never ends")
		}
	})
}

// Other machines get neither the simulator nor, without a login, its pages.
func TestTheSimulatorIsForThisMachineAlone(t *testing.T) {
	t.Parallel()
	s, err := open(t.Context(), guarded(), place{addr: "0.0.0.0:0", data: t.TempDir()}, planted.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if !regexp.MustCompile(`^http://127\.0\.0\.1:\d+$`).MatchString(s.url()) {
		t.Errorf("it says that it is at %s", s.url())
	}
	get := func(path string) int {
		recorder := httptest.NewRecorder()
		request := httptest.NewRequestWithContext(t.Context(), "GET", "http://relay.example"+path, nil)
		request.Header.Set("Authorization", "Bearer "+secret)
		s.server.Handler.ServeHTTP(recorder, request)
		return recorder.Code
	}
	if status := get("/v1/users/me"); status != http.StatusNotFound {
		t.Errorf("/v1: got %d, want that there is nothing", status)
	}
	if status := get("/notion/"); status != http.StatusOK {
		t.Errorf("/notion/ with a secret: got %d", status)
	}
}

// A page that a browser shows on this machine must not reach the system through
// it where there are no secrets.
func TestWithoutSecretsOnlyThisMachineIsAnswered(t *testing.T) {
	t.Parallel()
	r := start(t, quick, t.TempDir())
	for _, path := range []string{"/", "/reports", "/notion/", "/v1/users/me", "/nowhere"} {
		for _, header := range [][]string{
			{"Host", "rebound.example"}, {"Host", "localhost.example:80"}, {"Host", "10.0.0.1"}, {"Host", "[::]:80"},
			{"Origin", "https://elsewhere.example"}, {"Origin", "null"}, {"Origin", "http://127.0.0.1.elsewhere.example"}, {"Origin", "%"},
		} {
			if response, said := r.exchange(t, "GET", path, "", header...); response.StatusCode != http.StatusForbidden || !strings.Contains(said, `"code":"forbidden"`) {
				t.Errorf("%s with %s: got %d %s", path, header, response.StatusCode, said)
			}
		}
		for _, header := range [][]string{{"Host", "localhost:8080"}, {"Host", "LOCALHOST"}, {"Host", "127.8.9.1:1"}, {"Host", "[::1]:8080"}, {"Origin", "http://localhost:3000"}, {"Origin", r.url}} {
			if response, _ := r.exchange(t, "GET", path, "", header...); response.StatusCode == http.StatusForbidden {
				t.Errorf("%s with %s is refused", path, header)
			}
		}
	}
	response, said := r.exchange(t, "GET", "/notion/", "", "Host", "rebound.example", "Accept", "text/html")
	if response.StatusCode != http.StatusForbidden || !strings.Contains(said, "<h1>") {
		t.Errorf("a browser: got %d %s", response.StatusCode, said)
	}
}

// A page shows the Host, so it has to be one.
func TestNoPageShowsAHostThatIsNone(t *testing.T) {
	t.Parallel()
	r := start(t, guarded(), t.TempDir())
	for _, path := range []string{"/", "/runs", "/notion/", "/v1/users/me"} {
		for _, host := range []string{"evil'-alert(1)-'", "$(evil)", "evil,relay.example"} {
			if response, said := r.exchange(t, "GET", path, "", "Host", host, "X-Api-Key", secret); response.StatusCode != http.StatusBadRequest || !strings.Contains(said, `"code":"invalid_payload"`) || strings.Contains(said, "evil") {
				t.Errorf("%s at %s: got %d %s", path, host, response.StatusCode, said)
			}
		}
	}
}

// What is at the address is said at its top, with a real Notion as well.
func TestTheTopOfTheAddressIsUseful(t *testing.T) {
	t.Parallel()
	configured := guarded()
	configured.Publisher.NotionAPIKey, configured.Publisher.NotionDatabaseID, configured.Publisher.NotionBaseURL = "k", "d", "http://127.0.0.1:1"
	for name, tt := range map[string]struct {
		env       settings
		has, lack []string
	}{
		"simulated": {quick, []string{"curl -sS http://relay.local/reports -H &#39;Content-Type", `href="/notion/"`, `href="/runs"`}, []string{"Bearer"}},
		"real":      {configured, []string{"Authorization: Bearer $SECRET", "/reports", `href="/runs"`}, []string{"/notion/", secret}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := open(t.Context(), tt.env, place{addr: "127.0.0.1:0", data: t.TempDir()}, planted.Log(t))
			if err != nil {
				t.Fatal(err)
			}
			defer s.close()
			recorder := httptest.NewRecorder()
			s.routes(http.NotFoundHandler()).ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "GET", "http://relay.local/", nil))
			page := recorder.Body.String()
			for _, part := range tt.has {
				if recorder.Code != http.StatusOK || !strings.Contains(page, part) {
					t.Errorf("%d, and it does not say %s:\n%s", recorder.Code, part, page)
				}
			}
			for _, part := range tt.lack {
				if strings.Contains(page, part) {
					t.Errorf("it says %s", part)
				}
			}
		})
	}
}

// Too many requests are told so, and the listener goes on when they have ended.
func TestRequestsAreCounted(t *testing.T) {
	t.Parallel()
	auth, err := intake.NewAuth(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	s := &system{log: planted.Log(t), auth: auth}
	held, arrived := make(chan struct{}), make(chan struct{})
	handler := s.limit(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-held
	}))
	ask := func() *httptest.ResponseRecorder {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "POST", "/reports", nil))
		return recorder
	}
	ended := make(chan int)
	for range maxRequests {
		go func() { ended <- ask().Code }()
		<-arrived
	}
	if a := ask(); a.Code != http.StatusServiceUnavailable || a.Header().Get("Retry-After") == "" || !strings.Contains(a.Body.String(), `"code":"unavailable"`) {
		t.Errorf("one too many: got %d %s", a.Code, a.Body)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	if status, err := sendAll(t, server.Listener.Addr().String(), 10<<20); status != http.StatusServiceUnavailable {
		t.Errorf("one too many with a large body: got %d, %v", status, err)
	}
	close(held)
	for range maxRequests {
		<-ended
	}
	go func() { ended <- ask().Code }()
	<-arrived
	if code := <-ended; code != http.StatusOK {
		t.Errorf("after that: got %d", code)
	}
}

// sendAll is a client that looks for an answer only when it has sent everything.
func sendAll(t *testing.T, addr string, length int) (status int, err error) {
	t.Helper()
	connection, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := fmt.Fprintf(connection, "POST /reports HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\nConnection: close\r\n\r\n", length); err != nil {
		t.Fatal(err)
	}
	if _, err := connection.Write(make([]byte, length)); err != nil {
		return 0, err
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// Large bodies are read in turns. A turn ends when the report is stored, and one
// that does not come in time is a 503 of the webhook.
func TestLargeBodiesTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		auth, err := intake.NewAuth(nil, "")
		if err != nil {
			t.Fatal(err)
		}
		s := &system{log: planted.Log(t), auth: auth}
		reading, stored, done := 0, make(chan struct{}), make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		handler := s.limit(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if _, err := r.Body.Read(make([]byte, 1)); err != nil {
				t.Errorf("read: %v", err)
			}
			reading++
			<-stored
			turnEnding{discard{}}.Send(r.Context(), queue.Outgoing{})
			<-done // as one that waits for its pages
		}))
		post := func(handler http.Handler) {
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "POST", "/reports", bytes.NewReader(make([]byte, largeBody+1))))
		}
		for range maxLarge + 1 {
			go post(handler)
			synctest.Wait()
		}
		if reading != maxLarge {
			t.Errorf("%d are read at once, want %d", reading, maxLarge)
		}
		stored <- struct{}{}
		synctest.Wait()
		if reading != maxLarge+1 {
			t.Errorf("%d were read after one was stored, want %d", reading, maxLarge+1)
		}
		close(stored)
		close(done)
	})
}

func TestALargeBodyThatGetsNoTurnIsToSendAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		webhook := &intake.Handler{Auth: new(intake.Auth), Log: planted.Log(t)}
		full := make(chan struct{}) // no slot is ever free
		request := httptest.NewRequestWithContext(t.Context(), "POST", "http://localhost/reports", nil)
		request.Body = turnBody{http.NoBody, &turn{slots: full, ctx: t.Context()}}
		request.Header.Set("Content-Type", "application/json")
		recorder := httptest.NewRecorder()
		webhook.Routes().ServeHTTP(recorder, request)
		if recorder.Code != http.StatusServiceUnavailable || recorder.Header().Get("Retry-After") == "" {
			t.Errorf("got %d %s", recorder.Code, recorder.Body)
		}
	})
}

// Who has no secret can say that he has a signature, or log in, and then take his
// time over a body that nobody can judge before it is there. That holds up others
// without a secret, and nobody who has one.
func TestStrangersHoldUpNobodyWithASecret(t *testing.T) {
	t.Parallel()
	r := start(t, guarded(), t.TempDir())
	claim := fmt.Sprintf("Webhook-Id: 1\r\nWebhook-Timestamp: %d\r\nWebhook-Signature: v1,x\r\nContent-Type: application/json\r\n", time.Now().Unix())
	const form, expects = "Content-Type: application/x-www-form-urlencoded\r\n", "Host: relay.example\r\nExpect: 100-continue\r\n"
	dawdle := func(request string) {
		connection, err := net.Dial("tcp", r.listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { connection.Close() })
		// What the server has read by the answer to Expect is a request under way.
		if _, err := io.WriteString(connection, request); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(connection).ReadString('\n'); err != nil || !strings.Contains(line, " 100 ") && !strings.Contains(line, " 503 ") {
			t.Fatalf("%.40s: got %q, %v", request, line, err)
		}
	}
	for range maxLargeOfStrangers {
		dawdle("POST /reports HTTP/1.1\r\n" + expects + claim + "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"str\r\n")
	}
	for i := range maxStrangers {
		if i%2 == 0 {
			dawdle("POST /reports HTTP/1.1\r\n" + expects + claim + "Content-Length: 100\r\n\r\n{")
		} else {
			dawdle("POST /login HTTP/1.1\r\n" + expects + form + "Content-Length: 100\r\n\r\nsecret=")
		}
	}
	for name, text := range map[string]string{"small": "# Plan", "large": strings.Repeat("# Plan\n\n", largeBody/4)} {
		body, err := json.Marshal(map[string]string{"strategyReport": text})
		if err != nil {
			t.Fatal(err)
		}
		if status, a := r.post(t, "/reports", body, "X-Api-Key", secret, "Prefer", "wait=0"); status != http.StatusAccepted {
			t.Errorf("a %s report: got %d %+v", name, status, a)
		}
	}
	if response, said := r.exchange(t, "GET", "/reports/x", ""); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one stranger too many: got %d %s", response.StatusCode, said)
	}
}

// Who takes his time over a body does not keep the system from ending: start looks
// at that once the test is over.
func TestWhoTakesHisTimeHoldsUpNoEnd(t *testing.T) {
	t.Parallel()
	var open []net.Conn
	t.Cleanup(func() { // after the end
		for _, connection := range open {
			connection.Close()
		}
	})
	r := start(t, guarded(), t.TempDir())
	for _, header := range []string{"Content-Length: 100\r\n", "Content-Length: 100000\r\n", "Transfer-Encoding: chunked\r\n"} {
		connection, err := net.Dial("tcp", r.listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, connection)
		if _, err := io.WriteString(connection, "POST /reports HTTP/1.1\r\nHost: relay.example\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nX-Api-Key: "+secret+"\r\n"+header+"\r\n5\r\n"); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(connection).ReadString('\n'); err != nil || !strings.Contains(line, " 100 ") {
			t.Fatalf("got %q, %v", line, err)
		}
	}
}

// Nor does what he has still to send, where he has not asked whether he may, nor
// an answer that he does not take.
func TestWhoIsNotDoneHoldsUpNoEnd(t *testing.T) {
	t.Parallel()
	endless := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
	})
	for name, tt := range map[string]struct {
		header string
		serves http.Handler // nil: the system's own
	}{
		"with a secret":           {"X-Api-Key: " + secret + "\r\n", nil},
		"with what may be proven": {fmt.Sprintf("Webhook-Id: 1\r\nWebhook-Timestamp: %d\r\nWebhook-Signature: v1,x\r\n", time.Now().Unix()), nil},
		"with an answer to take":  {"", endless},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := open(t.Context(), guarded(), place{addr: "127.0.0.1:0", data: t.TempDir()}, planted.Log(t))
			if err != nil {
				t.Fatal(err)
			}
			begun, serves := make(chan struct{}), s.server.Handler
			s.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Body = &telling{ReadCloser: r.Body, begun: begun}
				if tt.serves != nil {
					close(begun)
					tt.serves.ServeHTTP(w, r)
					return
				}
				serves.ServeHTTP(w, r)
			})
			ctx, end := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- s.serve(ctx) }()
			connection, err := net.Dial("tcp", s.listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer connection.Close()
			if _, err := io.WriteString(connection, "POST /reports HTTP/1.1\r\nHost: relay.example\r\nContent-Type: application/json\r\n"+tt.header+"Content-Length: 100\r\n\r\n{"); err != nil {
				t.Fatal(err)
			}
			<-begun
			end()
			if err := errors.Join(<-done, s.close()); err != nil {
				t.Error(err)
			}
		})
	}
}

// telling is a body that tells when somebody begins to read it.
type telling struct {
	io.ReadCloser

	begun chan struct{}
	once  sync.Once
}

func (b *telling) Read(p []byte) (int, error) {
	b.once.Do(func() { close(b.begun) })
	return b.ReadCloser.Read(p)
}

// A request that is under way when the system ends is still answered as ever: what
// it has sent is stored, and who waits for pages hears that they will come.
func TestWhatIsUnderWayIsAnsweredWhenItEnds(t *testing.T) {
	t.Parallel()
	s, err := open(t.Context(), guarded(), place{addr: "127.0.0.1:0", data: t.TempDir()}, planted.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.serve(ctx) }()
	const body = `{"strategyReport":"# Plan"}`
	var connections []net.Conn
	for _, size := range []string{fmt.Sprintf("Content-Length: %d\r\n", len(body)), "Transfer-Encoding: chunked\r\n"} {
		connection, err := net.Dial("tcp", s.listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		if _, err := io.WriteString(connection, "POST /reports HTTP/1.1\r\nHost: relay.example\r\nExpect: 100-continue\r\nPrefer: wait=20\r\nContent-Type: application/json\r\nX-Api-Key: "+secret+"\r\n"+size+"\r\n"); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(connection).ReadString('\n'); err != nil || !strings.Contains(line, " 100 ") {
			t.Fatalf("got %q, %v", line, err)
		}
		connections = append(connections, connection)
	}
	end()
	for refused := false; !refused; { // which begins when the end is known
		connection, err := net.Dial("tcp", s.listener.Addr().String())
		if refused = err != nil; !refused {
			connection.Close()
		}
	}
	for i, text := range []string{body, fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)} {
		if _, err := io.WriteString(connections[i], text); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(connections[i]), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusAccepted {
			said, _ := io.ReadAll(response.Body)
			t.Errorf("got %d %s", response.StatusCode, said)
		}
	}
	if err := errors.Join(<-done, s.close()); err != nil {
		t.Error(err)
	}
}

// The enricher may wait for an AI for longer than the end of the system has.
func TestTheEnricherIsBrokenOffByTheEnd(t *testing.T) {
	t.Parallel()
	end, finish := context.WithCancel(t.Context())
	asked := make(chan struct{})
	handler := brokenOffBy(end, func(ctx context.Context, _ events.SQSEvent) (events.SQSEventResponse, error) {
		close(asked)
		<-ctx.Done() // an AI that does not answer
		return events.SQSEventResponse{}, ctx.Err()
	})
	done := make(chan error)
	go func() {
		_, err := handler(context.WithoutCancel(t.Context()), events.SQSEvent{})
		done <- err
	}()
	<-asked
	finish()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Connections that wait for another request of their callers make room for others.
func TestIdleConnectionsHoldUpNobody(t *testing.T) {
	t.Parallel()
	r := start(t, guarded(), t.TempDir())
	for i := range maxConnections {
		connection, err := net.Dial("tcp", r.listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		if _, err := io.WriteString(connection, "GET /nowhere HTTP/1.1\r\nHost: relay.example\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if response, err := http.ReadResponse(bufio.NewReader(connection), nil); err != nil || response.StatusCode != http.StatusNotFound {
			t.Fatalf("connection %d: %v", i, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // half of what an idle connection has
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+"/runs", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Api-Key", secret)
	response, err := r.client.Do(request)
	if err != nil {
		t.Fatalf("nobody answers any more: %v", err)
	}
	response.Body.Close()
}

type discard struct{}

func (discard) Send(context.Context, queue.Outgoing) error { return nil }

// Who sends a large body that nobody wants reads the answer all the same.
func TestARefusedSenderIsHeardOut(t *testing.T) {
	t.Parallel()
	r := start(t, guarded(), t.TempDir())
	response, said := r.exchange(t, "POST", "/reports", strings.Repeat("x", 10<<20), "Content-Type", "application/json")
	if response.StatusCode != http.StatusUnauthorized || !strings.Contains(said, `"code":"unauthorized"`) {
		t.Errorf("got %d %s", response.StatusCode, said)
	}
}

// No route reads more than the contract allows.
func TestEveryRouteReadsNoMoreThanABodyMayHave(t *testing.T) {
	t.Parallel()
	auth, err := intake.NewAuth(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	s := &system{log: planted.Log(t), auth: auth}
	var n int64
	s.limit(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		n, err = io.Copy(io.Discard, r.Body)
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "POST", "/v1/pages", io.LimitReader(zeros{}, 10<<20)))
	if n != report.MaxBody+1 || err == nil {
		t.Errorf("%d bytes were read, %v", n, err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// Of a report that is complete nothing is left but its pages: no byte of its
// texts is in the store.
func TestACompleteReportLeavesTheStore(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	_, url := command(t, data, "NOTION_MIN_GAP=0s")
	const marker = "plantedmarker"
	waitFor(t, url, fmt.Appendf(nil, `{"strategyReport":"# Plan\n\n%s","email":"x@acme.com","quotes":[{"text":"%s"}]}`, strings.Repeat(marker+" ", 3000), marker))
	files, err := filepath.Glob(filepath.Join(data, "relay.db*"))
	if err != nil || len(files) == 0 {
		t.Fatal(len(files), err)
	}
	for _, name := range files {
		for left := true; left; { // the message goes a moment after the record says that all is there
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			left = bytes.Contains(content, []byte(marker))
		}
	}
}
