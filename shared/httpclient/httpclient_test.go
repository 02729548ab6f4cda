package httpclient_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"notionrelay/shared/httpclient"
	"notionrelay/test/halfopen"
)

// Lambda freezes a process; its connection dies meanwhile. The next request goes
// into it, and must learn of it before its own time is over.
func TestARequestIntoAHalfOpenConnectionEnds(t *testing.T) {
	t.Parallel()
	server := halfopen.Start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) }))
	transport := httpclient.Transport()
	server.Trust(transport)
	if c := transport.HTTP2; c.SendPingTimeout <= 0 || c.PingTimeout <= 0 || c.SendPingTimeout+c.PingTimeout > 15*time.Second {
		t.Fatalf("a silent connection is pinged after %s and given up %s later", c.SendPingTimeout, c.PingTimeout)
	}
	transport.HTTP2.SendPingTimeout, transport.HTTP2.PingTimeout = 100*time.Millisecond, 100*time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // where the connection is not noticed, all requests end with it
	defer cancel()

	if protocol, err := get(ctx, transport, server.URL); err != nil || protocol != "HTTP/2.0" {
		t.Fatalf("got %q, %v", protocol, err)
	}
	server.Cut()
	if _, err := get(ctx, transport, server.URL); err == nil {
		t.Log("the connection was given up before the request") // on a slow machine
	}
	if _, err := get(ctx, transport, server.URL); err != nil {
		t.Errorf("the request after the one that ended: %v", err)
	}
	if got := server.Dials(); got != 2 {
		t.Errorf("got %d connections, want a second one", got)
	}
}

// get makes one request, by POST, which no transport repeats by itself.
func get(ctx context.Context, transport http.RoundTripper, url string) (body string, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, http.NoBody)
	if err != nil {
		return "", err
	}
	answer, err := transport.RoundTrip(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	all, err := io.ReadAll(answer.Body)
	return string(all), err
}
