// Package hostile is a table of requests that mean no good, with the exact answer
// of each. It is sent to the webhook's handler, and to the whole system as a
// process of its own.
package hostile

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"notionrelay/shared/report"
)

// Request is a request that means no good, and what it gets.
type Request struct {
	Name string
	// Line is method and target; the version is HTTP/1.1 if it names none.
	Line string
	// Header replaces what a good request has: "Name: value" lines. One without
	// a value takes the header away.
	Header string
	Body   string

	Status int
	Code   string // of the answer, and the field that it blames; empty where net/http refuses by itself
}

// Marker is in whatever a request could have repeated to others, and in nothing
// that is accepted.
const Marker = "evil"

// Good is a report that is accepted.
const Good = `{"strategyReport":"# Plan","runId":"run-1","email":"x@acme.com"}`

const (
	// Secret lets a caller in.
	Secret = "a secret of the tests"
	// SigningSecret does so, too, and signs.
	SigningSecret = "whsec_c2l4dGVlbiBieXRlcyBvciBtb3Jl" //nolint:gosec // "sixteen bytes or more", and opens nothing
)

var unknown = report.ID("nobody's", "")

// Send writes the request as it stands and reads the answer. Where it promises
// more than it has, it says that there is no more; the server would otherwise
// take that for a caller who has gone.
func (r Request) Send(tb testing.TB, addr string) (*http.Response, []byte) {
	tb.Helper()
	connection, err := new(net.Dialer).DialContext(tb.Context(), "tcp", addr)
	if err != nil {
		tb.Fatal(err)
	}
	defer connection.Close()
	written := make(chan struct{})
	go func() { // the answer may come, and the connection end, before all is written
		defer close(written)
		_, _ = io.WriteString(connection, r.raw())
		if r.Status >= 400 && strings.Contains(r.Header, "Content-Length:") {
			_ = connection.(*net.TCPConn).CloseWrite()
		}
	}()
	defer func() { <-written }()
	method, _, _ := strings.Cut(r.Line, " ")
	response, err := http.ReadResponse(bufio.NewReader(connection), &http.Request{Method: method})
	if err != nil {
		tb.Fatalf("no answer: %v", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil && response.StatusCode != http.StatusRequestHeaderFieldsTooLarge { // net/http hears nobody out
		tb.Fatalf("half an answer: %v", err)
	}
	return response, body
}

func (r Request) raw() string {
	line := r.Line
	if !strings.Contains(line, " HTTP/") {
		line += " HTTP/1.1"
	}
	replaced := map[string]bool{}
	var raw strings.Builder
	raw.WriteString(line + "\r\n")
	for header := range strings.SplitSeq(r.Header, "\n") {
		name, value, _ := strings.Cut(header, ":")
		if replaced[strings.ToLower(name)] = true; value != "" {
			raw.WriteString(header + "\r\n")
		}
	}
	for _, header := range []string{"Host: relay.example", "Authorization: Bearer " + Secret, "Content-Type: application/json", fmt.Sprint("Content-Length: ", len(r.Body))} {
		if name, _, _ := strings.Cut(header, ":"); !replaced[strings.ToLower(name)] {
			raw.WriteString(header + "\r\n")
		}
	}
	return raw.String() + "Connection: close\r\n\r\n" + r.Body
}

// Code is the code of an answer and the field that it blames. Every error of
// ours is JSON, names its request, and is kept by nobody on the way.
func Code(response *http.Response, body []byte) string {
	var answer struct {
		Error     string `json:"error"`
		Code      string `json:"code"`
		Field     string `json:"field"`
		RequestID string `json:"requestId"`
	}
	if response.Header.Get("Content-Type") != "application/json; charset=utf-8" || json.Unmarshal(body, &answer) != nil {
		return ""
	}
	switch {
	case answer.Code != "" && (answer.RequestID == "" || answer.Error == ""):
		return "an error without a sentence or a request id"
	case response.Header.Get("Cache-Control") != "no-store" || response.Header.Get("X-Content-Type-Options") != "nosniff":
		return "an answer that may be kept or guessed at"
	}
	return strings.TrimSpace(answer.Code + " " + answer.Field)
}

// signedHeader is the header of a request without a secret but with a signature.
func signedHeader(tb testing.TB, secret string, at time.Time, body string) string {
	tb.Helper()
	w, err := standardwebhooks.NewWebhookRaw([]byte(secret))
	if strings.HasPrefix(secret, "whsec_") {
		w, err = standardwebhooks.NewWebhook(secret)
	}
	if err != nil {
		tb.Fatal(err)
	}
	signature, err := w.Sign("id-1", at, []byte(body))
	if err != nil {
		tb.Fatal(err)
	}
	return fmt.Sprintf("Authorization:\nWebhook-Id: id-1\nWebhook-Timestamp: %d\nWebhook-Signature: %s", at.Unix(), signature)
}

// padded is a report of that many bytes.
func padded(size int) string {
	frame := `{"strategyReport":"x","pad":""}`
	return `{"strategyReport":"x","pad":"` + strings.Repeat("p", size-len(frame)) + `"}`
}

// noise is text that no packing makes smaller.
func noise(size int) string {
	bytes := make([]byte, size*3/4)
	_, _ = rand.NewChaCha8([32]byte{}).Read(bytes) // which never fails
	return base64.StdEncoding.EncodeToString(bytes)
}
