package notion

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"notionrelay/shared/httpclient"
)

// exchange is one request to Notion and what came of it, as it came.
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

// transport sends the client library's requests to the configured host, keeps
// what comes back in the exchange of the request's context, and hands the
// library nothing.
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
	r.Header.Set("User-Agent", httpclient.UserAgent)
	r.URL.Scheme, r.URL.Host, r.Host = t.host.Scheme, t.host.Host, t.host.Host
	x.method, x.path = r.Method, r.URL.Path
	if intended, ok := r.Context().Value(intentKey{}).(time.Time); ok && time.Since(intended) > sendLimit {
		return nil, errTooLate
	}
	x.sent = true

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
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: answer.Proto, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(nothing)), Request: r,
	}, nil
}

// WithIntent says when the intent of a context's write was stored. A process
// that was suspended since does not send it any more: others may have found that
// it never happened. Reads of the context are sent whenever.
func WithIntent(ctx context.Context, at time.Time) context.Context {
	return context.WithValue(ctx, intentKey{}, at)
}

type intentKey struct{}

var errTooLate = errors.New("the intent is too old to be sent")

// withExchange gives the requests of a context a place for what comes back.
func withExchange(ctx context.Context) (context.Context, *exchange) {
	x := new(exchange)
	return context.WithValue(ctx, exchangeKey{}, x), x
}
