package main

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// maxGatewayBody is the largest body that API Gateway lets through, in bytes.
const maxGatewayBody = 10 << 20

// gateway does what API Gateway's HTTP API does in front of the function: it
// turns a request into an event of format 2.0 and the answer back.
func gateway(handle func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxGatewayBody))
		if err != nil {
			http.Error(w, `{"message":"Request Entity Too Large"}`, http.StatusRequestEntityTooLarge)
			return
		}
		answer, err := handle(r.Context(), eventOf(r, string(body)))
		if err != nil {
			http.Error(w, `{"message":"Internal Server Error"}`, http.StatusInternalServerError)
			return
		}
		for name, value := range answer.Headers {
			w.Header().Set(name, value)
		}
		w.WriteHeader(answer.StatusCode)
		if _, err := io.WriteString(w, answer.Body); err != nil {
			return // the caller has gone
		}
	})
}

func eventOf(r *http.Request, body string) events.APIGatewayV2HTTPRequest {
	headers := map[string]string{"x-forwarded-proto": "http"}
	for name, values := range r.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	query := map[string]string{}
	for name, values := range r.URL.Query() {
		query[name] = strings.Join(values, ",")
	}
	event := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "$default", RawPath: r.URL.Path, RawQueryString: r.URL.RawQuery,
		Headers: headers, QueryStringParameters: query, Body: body,
	}
	event.RequestContext.Stage = "$default"
	event.RequestContext.RequestID = rand.Text()
	event.RequestContext.DomainName = r.Host
	event.RequestContext.HTTP = events.APIGatewayV2HTTPRequestContextHTTPDescription{
		Method: r.Method, Path: r.URL.Path, Protocol: r.Proto, UserAgent: r.UserAgent(),
	}
	return event
}
