package parameters_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/google/go-cmp/cmp"

	"notionrelay/shared/parameters"
)

// server is a Parameter Store as far as GetParameters goes. It keeps the names
// of each call.
type server struct {
	values map[string]string
	calls  [][]string
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Names          []string
		WithDecryption bool
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if action := r.Header.Get("X-Amz-Target"); action != "AmazonSSM.GetParameters" || len(request.Names) > 10 || !request.WithDecryption {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"__type":"ValidationException","message":"%s of %d names"}`, action, len(request.Names))
		return
	}
	s.calls = append(s.calls, request.Names)
	type parameter struct{ Name, Value, Type string }
	var answer struct {
		Parameters        []parameter
		InvalidParameters []string
	}
	for _, name := range request.Names {
		if value, ok := s.values[name]; ok {
			answer.Parameters = append(answer.Parameters, parameter{name, value, "SecureString"})
		} else {
			answer.InvalidParameters = append(answer.InvalidParameters, name)
		}
	}
	_ = json.NewEncoder(w).Encode(answer) // the client notices
}

func store(t *testing.T, handler http.Handler) *parameters.Store {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return parameters.New(ssm.New(ssm.Options{
		BaseEndpoint: &s.URL, Region: "us-east-1", RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}))
}

func TestValuesReadsTenInACallAndLeavesOutWhatIsMissing(t *testing.T) {
	t.Parallel()
	s := &server{values: map[string]string{}}
	var names []string
	want := map[string]string{}
	for i := range 12 {
		name := fmt.Sprintf("/relay/%d", i)
		names = append(names, name)
		if i != 3 {
			s.values[name], want[name] = fmt.Sprint("value ", i), fmt.Sprint("value ", i)
		}
	}
	got, err := store(t, s).Values(t.Context(), names)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(slices.Collect(slices.Chunk(names, 10)), s.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestValuesSaysWhatCouldNotBeRead(t *testing.T) {
	t.Parallel()
	denied := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type":"AccessDeniedException","message":"not authorized"}`)
	})
	_, err := store(t, denied).Values(t.Context(), []string{"/relay/a", "/relay/b"})
	if err == nil || !strings.Contains(err.Error(), "/relay/a, /relay/b") || !strings.Contains(err.Error(), "not authorized") {
		t.Errorf("error %v, want one that names both parameters and the cause", err)
	}
}
