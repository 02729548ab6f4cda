package apigateway_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"notionrelay/shared/apigateway"
)

// echo answers with what it has seen of a request.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	w.Header().Add("X-Seen", r.Method+" "+r.URL.Path+" "+r.RequestURI+" "+r.Host+" "+r.Header.Get("Webhook-Id"))
	w.Header().Add("X-Seen", apigateway.RequestID(r.Context()))
	w.WriteHeader(http.StatusTeapot)
	fmt.Fprintf(w, "%s %v", body, err)
})

func event(change func(*events.APIGatewayV2HTTPRequest)) events.APIGatewayV2HTTPRequest {
	e := events.APIGatewayV2HTTPRequest{RawPath: "/reports", RawQueryString: "token=a%20b", Headers: map[string]string{"webhook-id": "w"}, Body: "hello"}
	e.RequestContext.HTTP.Method, e.RequestContext.DomainName, e.RequestContext.RequestID = "POST", "relay.example", "id-1"
	if change != nil {
		change(&e)
	}
	return e
}

func TestFunction(t *testing.T) {
	t.Parallel()
	seen := "POST /reports /reports?token=a%20b relay.example w,id-1"
	for _, tt := range []struct {
		name       string
		change     func(*events.APIGatewayV2HTTPRequest)
		seen, body string
	}{
		{"plain", nil, seen, "hello <nil>"},
		{"encoded", func(e *events.APIGatewayV2HTTPRequest) {
			e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte("héllo")), true
		}, seen, "héllo <nil>"},
		{"broken encoding", func(e *events.APIGatewayV2HTTPRequest) { e.Body, e.IsBase64Encoded = "%", true }, seen, " unexpected EOF"},
		{"default stage", func(e *events.APIGatewayV2HTTPRequest) { e.RequestContext.Stage = "$default" }, seen, "hello <nil>"},
		{"a stage of its own", func(e *events.APIGatewayV2HTTPRequest) { e.RawPath, e.RequestContext.Stage = "/v1/reports", "v1" },
			"POST /reports /v1/reports?token=a%20b relay.example w,id-1", "hello <nil>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := apigateway.Function(echo)(t.Context(), event(tt.change))
			want := events.APIGatewayV2HTTPResponse{StatusCode: 418, Headers: map[string]string{"X-Seen": tt.seen}, Body: tt.body}
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestTheGatewayTellsHowARequestHasCome(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		proto, stage string
		want         string
	}{
		{"https", "$default", "true "},
		{"http", "v1", "false /v1"},
		{"javascript", "", "true "},
		{"", "v1", "true /v1"},
	} {
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, r.TLS != nil, " ", apigateway.Stage(r.Context()))
		})
		got, err := apigateway.Function(h)(t.Context(), event(func(e *events.APIGatewayV2HTTPRequest) {
			e.Headers["x-forwarded-proto"], e.RequestContext.Stage = tt.proto, tt.stage
		}))
		if err != nil || got.Body != tt.want {
			t.Errorf("%+v: got %q, %v, want %q", tt, got.Body, err, tt.want)
		}
	}
}

func TestAnAnswerThatIsNoTextIsEncoded(t *testing.T) {
	t.Parallel()
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte{0xff}) })
	got, err := apigateway.Function(h)(t.Context(), event(nil))
	if err != nil || got.StatusCode != 200 || !got.IsBase64Encoded || got.Body != "/w==" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func ExampleFunction() {
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello from ", r.URL.Path) })
	answer, err := apigateway.Function(hello)(context.Background(), events.APIGatewayV2HTTPRequest{RawPath: "/reports"})
	fmt.Println(answer.StatusCode, answer.Body, err)
	// Output: 200 hello from /reports <nil>
}
