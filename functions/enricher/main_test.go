package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"notionrelay/test/awstest"
)

// asCommand makes the test binary behave as the function.
const asCommand = "RELAY_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// The waiting queue's messages go through this function too: a death for want of
// an AI's key would hold up every run.
func TestItStartsWithoutTheSecretsThatAreOptional(t *testing.T) {
	t.Parallel()
	parameters := awstest.StartParameters(t, nil).Endpoint
	for name, tt := range map[string]struct {
		setting, want string
	}{
		"no key of the AI":             {"AI_API_KEY=ssm:/relay/ai-api-key", "/relay/ai-api-key"},
		"no address of the database":   {"RESEARCH_DATABASE_URL=ssm:/relay/research-database-url", "/relay/research-database-url"},
		"not an address of a database": {"RESEARCH_DATABASE_URL=postgres://:hidden@:no/port", "going on without the research database"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command := exec.CommandContext(t.Context(), os.Args[0])
			command.Env = []string{
				asCommand + "=1", "PUBLISH_QUEUE_URL=q", "ENRICH_QUEUE_URL=q", "WAITING_QUEUE_URL=q", tt.setting,
				"AWS_REGION=" + awstest.Region, "AWS_ACCESS_KEY_ID=" + awstest.AccessKey, "AWS_SECRET_ACCESS_KEY=" + awstest.AccessKey, "AWS_ENDPOINT_URL_SSM=" + parameters,
			}
			output, err := command.CombinedOutput()
			said := string(output)
			// It has started when it finds that this is no Lambda.
			if err == nil || !strings.Contains(said, "AWS_LAMBDA_RUNTIME_API") || !strings.Contains(said, `"level":"WARN"`) || !strings.Contains(said, tt.want) {
				t.Errorf("%v, %s; want a start, and a warning that speaks of %s", err, said, tt.want)
			}
			if strings.Contains(said, "hidden") {
				t.Errorf("it printed a secret: %s", said)
			}
		})
	}
}
