package main

import (
	"testing"

	"notionrelay/test/ascommand"
	"notionrelay/test/awstest"
)

func TestMain(m *testing.M) { ascommand.Main(main, func() { m.Run() }) }

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
			environment := append(awstest.StartParameters(t, tt.parameters).Environment(),
				"PUBLISH_QUEUE_URL=q", "PUBLISH_DLQ_URL=q", "ENRICH_QUEUE_URL=q", "WAITING_QUEUE_URL=q", "RUNS_TABLE=t",
				"NOTION_DATABASE_ID=0123456789abcdef0123456789abcdef", "NOTION_API_KEY=ssm:/relay/notion-api-key", "RESEARCH_DATABASE_URL=ssm:/relay/research-database-url")
			ascommand.Fails(t, environment, tt.want, "hidden")
		})
	}
}
