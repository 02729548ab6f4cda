package notion

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
)

// exchange is one request to Notion and what came of it. The client library
// keeps neither the request id nor a body that is not JSON, and fails on
// answers with properties that it does not know; so the transport writes down
// the answer as it came, and the answer is read from here.
type exchange struct {
	method string
	path   string
	sent   bool // the request reached the transport below
	status int
	header http.Header
	body   []byte
	err    error
}

type exchangeKey struct{}

// transport sends the client library's requests to the configured host and
// keeps what comes back in the exchange of the request's context.
type transport struct {
	base http.RoundTripper
	host *url.URL // scheme and host; the library's are a constant
}

// maxAnswer bounds what is read of an answer, in bytes. A page of 100 blocks
// with long texts stays below 10 MB.
const maxAnswer = 32 << 20

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	x := r.Context().Value(exchangeKey{}).(*exchange)
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = t.host.Scheme, t.host.Host, t.host.Host
	x.method, x.path, x.sent = r.Method, r.URL.Path, true

	answer, err := t.base.RoundTrip(r)
	if err != nil {
		x.err = err
		return nil, err
	}
	defer answer.Body.Close()
	x.status, x.header = answer.StatusCode, answer.Header
	if x.body, x.err = io.ReadAll(io.LimitReader(answer.Body, maxAnswer)); x.err != nil {
		return nil, x.err
	}
	answer.Body = io.NopCloser(bytes.NewReader(x.body))
	return answer, nil
}

// withExchange gives the requests of a context a place for what comes back.
func withExchange(ctx context.Context) (context.Context, *exchange) {
	x := new(exchange)
	return context.WithValue(ctx, exchangeKey{}, x), x
}
