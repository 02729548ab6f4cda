package notion_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"notionrelay/shared/httpclient"
	"notionrelay/shared/notion"
	"notionrelay/shared/property"
	"notionrelay/test/halfopen"
	"notionrelay/test/planted"
)

// The connection is lost while Lambda has frozen the process. Once, four
// requests in a row were sent into it, and each took its full time.
func TestAHalfOpenConnectionCostsOneRequest(t *testing.T) {
	t.Parallel()
	t.Run("a write", func(t *testing.T) {
		t.Parallel()
		create := func(ctx context.Context, c *notion.Client, database string) error {
			_, err := c.CreatePage(ctx, notion.NewPage{DatabaseID: database, Properties: property.Values{"title": property.Title("x")}})
			return err
		}
		ctx, line, client, database := overHTTP2(t, create)
		err := create(ctx, client, database)
		if e, ok := errors.AsType[*notion.Error](err); err != nil && (!ok || notion.FateOf(e) != notion.Await) {
			t.Errorf("got %v, want a request that may have had its effect", err)
		}
		if err := create(ctx, client, database); err != nil || line.Dials() != 2 {
			t.Errorf("got %v over %d connections, want an answer over the second one", err, line.Dials())
		}
	})
	t.Run("a read", func(t *testing.T) {
		t.Parallel()
		read := func(ctx context.Context, c *notion.Client, database string) error {
			_, err := c.RowsSince(ctx, database, "", time.Time{})
			return err
		}
		ctx, line, client, database := overHTTP2(t, read)
		if err := read(ctx, client, database); err != nil || line.Dials() != 2 {
			t.Errorf("got %v over %d connections, want an answer over the second one", err, line.Dials())
		}
	})
}

// overHTTP2 is a client whose connection has gone dead after its first request.
// Where that is not noticed, the context ends all that is left.
func overHTTP2(t *testing.T, first func(context.Context, *notion.Client, string) error) (context.Context, *halfopen.Server, *notion.Client, string) {
	t.Helper()
	sim := simulator(t)
	line := halfopen.Start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("got %s, want HTTP/2", r.Proto)
		}
		sim.ServeHTTP(w, r)
	}))
	transport := httpclient.Transport()
	line.Trust(transport)
	transport.HTTP2.SendPingTimeout, transport.HTTP2.PingTimeout = 100*time.Millisecond, 100*time.Millisecond
	client, err := notion.New(notion.Options{Token: "t", Log: planted.Log(t), BaseURL: line.URL, Transport: transport, Timeout: time.Minute, Jitter: func() float64 { return 0 }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	if err := first(ctx, client, sim.DatabaseID()); err != nil {
		t.Fatal(err)
	}
	line.Cut()
	return ctx, line, client, sim.DatabaseID()
}

// The command and the Lambda functions give no transport.
func TestTheTransportNoticesBrokenConnections(t *testing.T) {
	t.Parallel()
	c, err := notion.New(notion.Options{Token: "t", Log: planted.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	if base, ok := notion.TransportOf(c).(*http.Transport); !ok || base.HTTP2 == nil || base.HTTP2.SendPingTimeout <= 0 || base.HTTP2.PingTimeout <= 0 {
		t.Errorf("got %#v, want one that pings", base)
	}
}
