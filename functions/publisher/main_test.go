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

func TestItStartsWithWhatIsRequiredAndNotWithoutIt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		parameters map[string]string
		want       []string
	}{
		"no token of Notion's": {nil, []string{"NOTION_API_KEY: there is no parameter /relay/notion-api-key"}},
		// It has started when it finds that this is no Lambda.
		"no address of the database": {
			map[string]string{"/relay/notion-api-key": "token"}, []string{`"level":"WARN"`, "/relay/research-database-url", "AWS_LAMBDA_RUNTIME_API"},
		},
		"not an address of a database": {
			map[string]string{"/relay/notion-api-key": "token", "/relay/research-database-url": "postgres://:hidden@:no/port"},
			[]string{`"level":"WARN"`, "going on without the research database", "AWS_LAMBDA_RUNTIME_API"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command := exec.CommandContext(t.Context(), os.Args[0])
			command.Env = []string{
				asCommand + "=1", "PUBLISH_QUEUE_URL=q", "PUBLISH_DLQ_URL=q", "ENRICH_QUEUE_URL=q", "WAITING_QUEUE_URL=q", "RUNS_TABLE=t",
				"NOTION_DATABASE_ID=0123456789abcdef0123456789abcdef", "NOTION_API_KEY=ssm:/relay/notion-api-key", "RESEARCH_DATABASE_URL=ssm:/relay/research-database-url",
				"AWS_REGION=" + awstest.Region, "AWS_ACCESS_KEY_ID=" + awstest.AccessKey, "AWS_SECRET_ACCESS_KEY=" + awstest.AccessKey,
				"AWS_ENDPOINT_URL_SSM=" + awstest.StartParameters(t, tt.parameters).Endpoint,
			}
			output, err := command.CombinedOutput()
			said := string(output)
			if err == nil {
				t.Error("it has ended well")
			}
			for _, part := range tt.want {
				if !strings.Contains(said, part) {
					t.Errorf("it said %s, want %s", said, part)
				}
			}
			if strings.Contains(said, "hidden") {
				t.Errorf("it printed a secret: %s", said)
			}
		})
	}
}
