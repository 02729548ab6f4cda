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
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// Function is the handler as a Lambda function for events of format 2.0. The
// path that the handler sees is without the API's stage; RequestURI has it.
func Function(h http.Handler) func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	return func(ctx context.Context, event events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		r, err := requestOf(context.WithValue(ctx, idKey{}, event.RequestContext.RequestID), event)
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
	id, _ := ctx.Value(idKey{}).(string)
	return id
}

type idKey struct{}

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
	if stage := event.RequestContext.Stage; stage != "" && stage != "$default" {
		r.URL.Path = strings.TrimPrefix(event.RawPath, "/"+stage)
	}
	r.Host, r.RemoteAddr = event.RequestContext.DomainName, http1.SourceIP
	for name, value := range event.Headers {
		r.Header.Set(name, value)
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
