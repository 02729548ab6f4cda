// Package apigateway lets an http.Handler be the Lambda function behind an HTTP
// API of Amazon API Gateway. The handler is then the same on one machine, where
// net/http serves it.
//
// The kept libraries for this translate every kind of event and write header
// values that this API does not send, and cost more to start than what is here.
package apigateway

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// Function is the handler as a Lambda function for events of format 2.0. The
// path that the handler sees is without the API's stage, which Stage tells. The
// request has come by TLS unless the gateway says that it has not, as only a
// local one does; what a header says of it anywhere else is the caller's word.
func Function(h http.Handler) func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	return func(ctx context.Context, event events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		r, err := requestOf(context.WithValue(ctx, originKey{}, originOf(event)), event)
		if err != nil {
			return events.APIGatewayV2HTTPResponse{}, err
		}
		w := &recorder{header: http.Header{}}
		h.ServeHTTP(w, r)
		return w.answer(), nil
	}
}

// RequestID is the id under which API Gateway logs a request; empty where there
// is no API Gateway.
func RequestID(ctx context.Context) string {
	from, _ := ctx.Value(originKey{}).(origin)
	return from.requestID
}

// Stage is what comes before the path in the addresses of the API, such as
// "/v1"; empty where there is nothing.
func Stage(ctx context.Context) string {
	from, _ := ctx.Value(originKey{}).(origin)
	return from.stage
}

type originKey struct{}

// origin is what an event says beside the request itself.
type origin struct{ requestID, stage string }

func originOf(event events.APIGatewayV2HTTPRequest) origin {
	from := origin{requestID: event.RequestContext.RequestID}
	if stage := event.RequestContext.Stage; stage != "" && stage != "$default" {
		from.stage = "/" + stage
	}
	return from
}

func requestOf(ctx context.Context, event events.APIGatewayV2HTTPRequest) (*http.Request, error) {
	var body io.Reader = strings.NewReader(event.Body)
	if event.IsBase64Encoded {
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	http1 := event.RequestContext.HTTP
	r, err := http.NewRequestWithContext(ctx, http1.Method, "/", body)
	if err != nil {
		return nil, fmt.Errorf("read request %s: %w", event.RequestContext.RequestID, err)
	}
	r.URL.Path, r.URL.RawQuery = event.RawPath, event.RawQueryString
	r.RequestURI = r.URL.RequestURI()
	r.URL.Path = strings.TrimPrefix(event.RawPath, Stage(ctx))
	r.Host, r.RemoteAddr = event.RequestContext.DomainName, http1.SourceIP
	for name, value := range event.Headers {
		r.Header.Set(name, value)
	}
	if r.Header.Get("X-Forwarded-Proto") != "http" {
		r.TLS = &tls.ConnectionState{}
	}
	return r, nil
}

// recorder keeps what a handler answers.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *recorder) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

func (w *recorder) answer() events.APIGatewayV2HTTPResponse {
	w.WriteHeader(http.StatusOK)
	a := events.APIGatewayV2HTTPResponse{StatusCode: w.status, Headers: map[string]string{}, Body: w.body.String()}
	for name, values := range w.header {
		a.Headers[name] = strings.Join(values, ",")
	}
	if !utf8.ValidString(a.Body) {
		a.Body, a.IsBase64Encoded = base64.StdEncoding.EncodeToString(w.body.Bytes()), true
	}
	return a
}
