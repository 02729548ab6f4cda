// Package copywritertest is an AI provider for tests: a real HTTP server that
// speaks as much of chat completions as a copywriter asks for, and answers what
// a test tells it to.
package copywritertest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// Request is what the provider was asked.
type Request struct {
	Model       string    `json:"model"`
	Temperature float64   `json:"temperature"`
	MaxTokens   int       `json:"max_tokens"`
	Messages    []message `json:"messages"`

	Authorization string `json:"-"`
}

// Provider is a running provider.
type Provider struct {
	URL string // of the API, as AI_BASE_URL takes it

	mu       sync.Mutex
	requests []Request
}

// Start runs a provider for as long as the test does. Each answer of it is
// written by respond; a request that is no chat completion fails the test.
func Start(t testing.TB, respond func(http.ResponseWriter, *http.Request, Request)) *Provider {
	t.Helper()
	p := new(Provider)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := Request{Authorization: r.Header.Get("Authorization")}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/v1/chat/completions") {
			t.Errorf("got request %s %s: %v", r.Method, r.URL.Path, err)
		}
		p.mu.Lock()
		p.requests = append(p.requests, asked)
		p.mu.Unlock()
		respond(w, r, asked)
	}))
	t.Cleanup(func() {
		server.CloseClientConnections() // some of them hang on purpose
		server.Close()
	})
	p.URL = server.URL + "/v1"
	return p
}

// Requests are those that have come so far.
func (p *Provider) Requests() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Request(nil), p.requests...)
}

// Answer responds with a completed text.
func Answer(w http.ResponseWriter, text string) { finish(w, text, "stop") }

// AnswerCut responds with a text that ran into the limit of tokens.
func AnswerCut(w http.ResponseWriter, text string) { finish(w, text, "length") }

func finish(w http.ResponseWriter, text, reason string) {
	answer := completion{Object: "chat.completion", Choices: []choice{{FinishReason: reason, Message: message{Role: "assistant", Content: text}}}}
	body, err := json.Marshal(answer)
	if err != nil {
		panic(err) // strings can always be encoded
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body) // who asked may have gone
}

type completion struct {
	Object  string   `json:"object"`
	Choices []choice `json:"choices"`
}

type choice struct {
	FinishReason string  `json:"finish_reason"`
	Message      message `json:"message"`
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// Refuse responds with an error in the API's shape. The client's own
// repetitions follow at once.
func Refuse(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Retry-After-Ms", "1")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"error":{"message":"no","type":"t","code":"c","param":""}}`))
}

// Hang responds not at all, until whoever asked has given up.
func Hang(r *http.Request) { <-r.Context().Done() }
