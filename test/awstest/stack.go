package awstest

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Stack is a running server that speaks CloudFormation and Lambda, as far as it
// takes to find the parts of one stack, to read the environments of its functions
// and to switch the event source mapping of a queue. What is asked of SQS,
// DynamoDB and SSM it hands on.
type Stack struct {
	Endpoint string // of all five
	Config   aws.Config

	o  StackOptions
	mu sync.Mutex
	// The mapping, and how often it will be seen at its change before it has changed.
	state    string
	changing int
	mappings int
}

// StackOptions describe a stack.
type StackOptions struct {
	Name      string
	Resources map[string]string            // physical ids by logical ones
	Outputs   map[string]string            // by their keys
	Functions map[string]map[string]string // environments by physical ids
	// SQS, DynamoDB and SSM answer what is asked of them; nothing does when nil.
	SQS, DynamoDB, SSM http.Handler
}

// Forward hands requests on to the server at that address.
func Forward(tb testing.TB, endpoint string) http.Handler {
	tb.Helper()
	target, err := url.Parse(endpoint)
	if err != nil {
		tb.Fatal(err)
	}
	transport := &http.Transport{}
	tb.Cleanup(transport.CloseIdleConnections)
	return &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
}

// StartStack serves a stack until the test ends. Its mapping is enabled.
func StartStack(tb testing.TB, o StackOptions) *Stack {
	tb.Helper()
	s := &Stack{o: o, state: "Enabled", mappings: 1}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2015-03-31/event-source-mappings/", s.listMappings)
	mux.HandleFunc("GET /2015-03-31/event-source-mappings", s.listMappings)
	mux.HandleFunc("PUT /2015-03-31/event-source-mappings/{id}", s.updateMapping)
	mux.HandleFunc("GET /2015-03-31/functions/{name}/configuration", s.configuration)
	mux.HandleFunc("POST /", s.post)
	server := httptest.NewServer(mux)
	transport := &http.Transport{}
	tb.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	s.Endpoint, s.Config = server.URL, aws.Config{
		BaseEndpoint: &server.URL, Region: Region, HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider(AccessKey, AccessKey, ""),
	}
	return s
}

// State is that of the mapping.
func (s *Stack) State() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// SetMapping puts so many mappings into a state, to which they hold for that many
// looks if it is a passing one.
func (s *Stack) SetMapping(mappings int, state string, looks int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mappings, s.state, s.changing = mappings, state, looks
}

// looksAtChange is how often a change is seen under way.
const looksAtChange = 2

func (s *Stack) listMappings(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	mappings := []map[string]any{}
	for range s.mappings {
		mappings = append(mappings, map[string]any{"UUID": "mapping", "EventSourceArn": r.URL.Query().Get("EventSourceArn"), "State": s.state})
	}
	if s.changing--; s.changing == 0 {
		s.state = map[string]string{"Enabling": "Enabled", "Disabling": "Disabled", "Updating": "Enabled"}[s.state]
	}
	answer(w, http.StatusOK, map[string]any{"EventSourceMappings": mappings})
}

// updateMapping refuses a change while another one is under way, as Lambda does.
func (s *Stack) updateMapping(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Enabled bool `json:"Enabled"`
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		refuse(w, http.StatusBadRequest, "InvalidParameterValueException")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != "Enabled" && s.state != "Disabled" {
		refuse(w, http.StatusBadRequest, "ResourceInUseException")
		return
	}
	s.state, s.changing = "Disabling", looksAtChange
	if request.Enabled {
		s.state = "Enabling"
	}
	answer(w, http.StatusAccepted, map[string]any{"UUID": "mapping", "State": s.state})
}

func (s *Stack) configuration(w http.ResponseWriter, r *http.Request) {
	environment, ok := s.o.Functions[r.PathValue("name")]
	if !ok {
		refuse(w, http.StatusNotFound, "ResourceNotFoundException")
		return
	}
	answer(w, http.StatusOK, map[string]any{"Environment": map[string]any{"Variables": environment}})
}

// post answers the services that are asked for by a header or a form.
func (s *Stack) post(w http.ResponseWriter, r *http.Request) {
	service, _, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	handler := map[string]http.Handler{"AmazonSQS": s.o.SQS, "DynamoDB_20120810": s.o.DynamoDB, "AmazonSSM": s.o.SSM, "": http.HandlerFunc(s.cloudFormation)}[service]
	if handler == nil {
		refuse(w, http.StatusNotFound, "UnknownOperationException")
		return
	}
	handler.ServeHTTP(w, r)
}

type stackOutput struct{ OutputKey, OutputValue string }

type stackResource struct{ LogicalResourceId, PhysicalResourceId, ResourceStatus string } //nolint:revive // AWS's names

func (s *Stack) cloudFormation(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || r.Form.Get("StackName") != s.o.Name {
		w.WriteHeader(http.StatusBadRequest)
		say(w, struct {
			XMLName xml.Name `xml:"ErrorResponse"`
			Code    string   `xml:"Error>Code"`
			Message string   `xml:"Error>Message"`
		}{Code: "ValidationError", Message: "Stack with id " + r.Form.Get("StackName") + " does not exist"})
		return
	}
	switch r.Form.Get("Action") {
	case "DescribeStacks":
		var outputs []stackOutput
		for key, value := range s.o.Outputs {
			outputs = append(outputs, stackOutput{key, value})
		}
		say(w, struct {
			XMLName xml.Name      `xml:"DescribeStacksResponse"`
			Name    string        `xml:"DescribeStacksResult>Stacks>member>StackName"`
			Outputs []stackOutput `xml:"DescribeStacksResult>Stacks>member>Outputs>member"`
		}{Name: s.o.Name, Outputs: outputs})
	case "ListStackResources":
		var resources []stackResource
		for logical, physical := range s.o.Resources {
			resources = append(resources, stackResource{logical, physical, "CREATE_COMPLETE"})
		}
		say(w, struct {
			XMLName   xml.Name        `xml:"ListStackResourcesResponse"`
			Resources []stackResource `xml:"ListStackResourcesResult>StackResourceSummaries>member"`
		}{Resources: resources})
	default:
		w.WriteHeader(http.StatusBadRequest)
	}
}

// A client that has gone is no matter of these.

func say(w http.ResponseWriter, body any) { _ = xml.NewEncoder(w).Encode(body) }

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) //nolint:errchkjson // maps of texts
}

func refuse(w http.ResponseWriter, status int, kind string) {
	w.Header().Set("X-Amzn-Errortype", kind)
	answer(w, status, map[string]string{"message": "refused: " + kind, "__type": kind})
}
