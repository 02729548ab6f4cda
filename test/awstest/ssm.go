package awstest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
)

// maxParameters is how many names GetParameters takes.
const maxParameters = 10

// StartParameters serves parameters by their names as SSM's GetParameters does,
// until the test ends, and returns its address. It knows no other action.
func StartParameters(tb testing.TB, values map[string]string) (endpoint string) {
	tb.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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
		_ = json.NewEncoder(w).Encode(parametersOf(values, request.Names)) // the client notices
	}))
	tb.Cleanup(server.Close)
	return server.URL
}

type parameter struct {
	Name  string `json:"Name"`
	Value string `json:"Value"`
	Type  string `json:"Type"`
}

type parameters struct {
	Parameters        []parameter `json:"Parameters"`
	InvalidParameters []string    `json:"InvalidParameters"`
}

func parametersOf(values map[string]string, names []string) (p parameters) {
	for _, name := range names {
		if value, ok := values[name]; ok {
			p.Parameters = append(p.Parameters, parameter{Name: name, Value: value, Type: "SecureString"})
		} else {
			p.InvalidParameters = append(p.InvalidParameters, name)
		}
	}
	return p
}
