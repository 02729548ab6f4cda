package awstest

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// Parameters is a running server that speaks SSM, as far as GetParameters.
type Parameters struct {
	Endpoint string
	server   *httptest.Server

	mu     sync.Mutex
	values map[string]string
}

// maxParameters is how many names GetParameters takes.
const maxParameters = 10

// OpenParameters serves parameters by their names. Close stops that.
func OpenParameters(values map[string]string) *Parameters {
	p := &Parameters{values: maps.Clone(values)}
	p.server = httptest.NewServer(http.HandlerFunc(p.serve))
	p.Endpoint = p.server.URL
	return p
}

// Close stops the server.
func (p *Parameters) Close() error {
	p.server.Close()
	return nil
}

// StartParameters serves parameters by their names until the test ends.
func StartParameters(tb testing.TB, values map[string]string) *Parameters {
	tb.Helper()
	return untilTheEnd(tb, OpenParameters(values), nil)
}

func (p *Parameters) serve(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Names          []string `json:"Names"`
		WithDecryption bool     `json:"WithDecryption"`
	}
	err := json.NewDecoder(r.Body).Decode(&request)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if err != nil || r.Header.Get("X-Amz-Target") != "AmazonSSM.GetParameters" || len(request.Names) > maxParameters || !request.WithDecryption {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"__type":"ValidationException","message":"not what SSM would take"}`)) // the client notices
		return
	}
	_ = json.NewEncoder(w).Encode(p.named(request.Names)) //nolint:errchkjson // the client notices
}

// Environment is what a process needs to ask for the parameters.
func (p *Parameters) Environment() []string {
	return []string{"AWS_REGION=" + Region, "AWS_ACCESS_KEY_ID=" + AccessKey, "AWS_SECRET_ACCESS_KEY=" + AccessKey, "AWS_ENDPOINT_URL_SSM=" + p.Endpoint}
}

// Put gives a parameter that exists another value.
func (p *Parameters) Put(name, value string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.values[name] = value
}

type parameter struct {
	Name  string `json:"Name"`
	Value string `json:"Value"`
	Type  string `json:"Type"`
}

type found struct {
	Parameters        []parameter `json:"Parameters"`
	InvalidParameters []string    `json:"InvalidParameters"`
}

func (p *Parameters) named(names []string) (f found) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range names {
		if value, ok := p.values[name]; ok {
			f.Parameters = append(f.Parameters, parameter{Name: name, Value: value, Type: "SecureString"})
		} else {
			f.InvalidParameters = append(f.InvalidParameters, name)
		}
	}
	return f
}
