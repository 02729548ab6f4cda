package main

import (
	"testing"

	"notionrelay/test/ascommand"
	"notionrelay/test/awstest"
)

func TestMain(m *testing.M) { ascommand.Main(main, func() { m.Run() }) }

// The waiting queue's messages go through this function too: a death for want of
// an AI's key would hold up every run.
func TestItStartsWithoutTheSecretsThatAreOptional(t *testing.T) {
	t.Parallel()
	parameters := awstest.StartParameters(t, nil).Environment()
	for name, tt := range map[string]struct {
		setting, want string
	}{
		"no key of the AI":             {"AI_API_KEY=ssm:/relay/ai-api-key", "/relay/ai-api-key"},
		"no address of the database":   {"RESEARCH_DATABASE_URL=ssm:/relay/research-database-url", "/relay/research-database-url"},
		"not an address of a database": {"RESEARCH_DATABASE_URL=postgres://:hidden@:no/port", "going on without the research database"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			environment := append([]string{"PUBLISH_QUEUE_URL=q", "ENRICH_QUEUE_URL=q", "WAITING_QUEUE_URL=q", tt.setting}, parameters...)
			// It has started when it finds that this is no Lambda.
			ascommand.Fails(t, environment, []string{"AWS_LAMBDA_RUNTIME_API", `"level":"WARN"`, tt.want}, "hidden")
		})
	}
}
