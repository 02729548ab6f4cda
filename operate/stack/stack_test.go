package stack_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/smithy-go/logging"

	"notionrelay/operate/stack"
	"notionrelay/test/awstest"
	"notionrelay/test/planted"
)

// queues answers for queues of which each has its dead letters, as far as their
// names.
func queues(w http.ResponseWriter, r *http.Request) {
	var request struct{ QueueUrl, QueueName string } //nolint:revive // AWS's names
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetQueueUrl") {
		_ = json.NewEncoder(w).Encode(map[string]string{"QueueUrl": "https://sqs.example/1/" + request.QueueName})
		return
	}
	name := request.QueueUrl[strings.LastIndexByte(request.QueueUrl, '/')+1:]
	_ = json.NewEncoder(w).Encode(map[string]any{"Attributes": map[string]string{
		"QueueArn": "arn:aws:sqs:us-east-1:1:" + name, "RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:1:dead-` + name + `","maxReceiveCount":10}`,
	}})
}

// relay is a stack with everything.
func relay(t *testing.T) awstest.StackOptions {
	t.Helper()
	secrets := awstest.StartParameters(t, map[string]string{"/relay/webhook-secrets": " ,new-secret-of-callers, old"})
	o := awstest.StackOptions{
		Name: "relay", Resources: map[string]string{}, Outputs: map[string]string{"ReportsUrl": "https://api.example/reports"},
		Functions: map[string]map[string]string{"relay-WebhookFunction": {"WEBHOOK_SECRETS": "ssm:/relay/webhook-secrets"}},
		SQS:       http.HandlerFunc(queues), SSM: awstest.Forward(t, secrets.Endpoint),
	}
	for _, id := range []string{
		"PublishQueue", "PublishDeadLetters", "EnrichQueue", "EnrichDeadLetters", "WaitingQueue", "WaitingDeadLetters", "RunsTable",
		"WebhookFunction", "PublisherFunction", "EnricherFunction",
	} {
		o.Resources[id] = "relay-" + id
	}
	return o
}

func TestAStackIsFoundByTheNamesOfItsTemplate(t *testing.T) {
	t.Parallel()
	server := awstest.StartStack(t, relay(t))
	s, err := stack.New(server.Config).Stack(t.Context(), "relay")
	if err != nil {
		t.Fatal(err)
	}
	system := s.System(planted.Log(t))
	url, secret, err := system.Webhook(t.Context())
	if url != "https://api.example" || secret != "new-secret-of-callers" || err != nil {
		t.Errorf("the webhook is at %q with %q, %v", url, secret, err)
	}
	if works, err := system.Works(t.Context()); !works || err != nil {
		t.Errorf("it works: %t, %v", works, err)
	}
}

// The SDK writes warnings to standard error, in the midst of the live screen.
func TestTheSDKSaysNothingByItself(t *testing.T) {
	t.Parallel()
	a, err := stack.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	logger := a.CloudFormation.Options().Logger
	if _, quiet := logger.(logging.Nop); !quiet {
		t.Errorf("it logs with %T", logger)
	}
}

func TestWhatIsNoRelayIsRefused(t *testing.T) {
	t.Parallel()
	o := relay(t)
	o.Resources = maps.Clone(o.Resources)
	delete(o.Resources, "WaitingQueue")
	a := stack.New(awstest.StartStack(t, o).Config)
	for name, says := range map[string]string{"relay": "it has no WaitingQueue", "another": "another does not exist"} {
		if _, err := a.Stack(t.Context(), name); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("the stack %s: %v, want %q", name, err, says)
		}
	}
}

// Lambda takes no change while another one is under way, and a change takes a while.
func TestAMappingIsSwitchedOnceItCanBe(t *testing.T) {
	t.Parallel()
	server := awstest.StartStack(t, relay(t))
	s, err := stack.New(server.Config).Stack(t.Context(), "relay")
	if err != nil {
		t.Fatal(err)
	}
	server.SetMapping(1, "Updating", 2) // by a deployment
	if err := s.Mapping().SetEnabled(t.Context(), false); err != nil || server.State() != "Disabled" {
		t.Errorf("the mapping is %s, %v; want it disabled", server.State(), err)
	}
	if works, err := s.System(planted.Log(t)).Works(t.Context()); works || err != nil {
		t.Errorf("it works: %t, %v", works, err)
	}
	if err := s.Mapping().SetEnabled(t.Context(), true); err != nil || server.State() != "Enabled" {
		t.Errorf("the mapping is %s, %v; want it enabled", server.State(), err)
	}
	server.SetMapping(1, "Disabling", -1) // for ever
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Mapping().SetEnabled(ctx, false); err == nil {
		t.Error("a mapping that does not change was taken for one that has")
	}
	server.SetMapping(0, "Enabled", 0)
	if err := s.Mapping().SetEnabled(t.Context(), false); err == nil {
		t.Error("a mapping that does not exist was disabled")
	}
}

func TestTheEnvironmentOfAFunctionIsEnough(t *testing.T) {
	t.Parallel()
	a := stack.New(awstest.StartStack(t, relay(t)).Config)
	environment := map[string]string{
		"PUBLISH_QUEUE_URL": "https://sqs.example/1/publish.fifo", "ENRICH_QUEUE_URL": "https://sqs.example/1/enrich",
		"WAITING_QUEUE_URL": "https://sqs.example/1/waiting", "RUNS_TABLE": "runs",
	}
	log := planted.Log(t)
	system, err := a.Environment(t.Context(), func(name string) string { return environment[name] }, log)
	if err != nil {
		t.Fatal(err)
	}
	if q := system.Publish; !q.FIFO || q.Dead == nil || system.Source != nil {
		t.Errorf("the system is %+v", system)
	}
	delete(environment, "RUNS_TABLE")
	delete(environment, "ENRICH_QUEUE_URL")
	_, err = a.Environment(t.Context(), func(name string) string { return environment[name] }, log)
	if err == nil || !strings.HasSuffix(err.Error(), "does not say ENRICH_QUEUE_URL, RUNS_TABLE") {
		t.Errorf("without two of the variables: %v", err)
	}
}
