package main

import (
	"testing"

	"notionrelay/test/ascommand"
)

func TestMain(m *testing.M) { ascommand.Main(main, func() { m.Run() }) }

func TestItRefusesToStartWithoutASecret(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		secrets []string // variables
		want    string
	}{
		"not set":           {nil, "WEBHOOK_SECRETS"},
		"empty":             {[]string{"WEBHOOK_SECRETS="}, "WEBHOOK_SECRETS"},
		"nothing but space": {[]string{"WEBHOOK_SECRETS= , "}, "WEBHOOK_SECRETS"},
		"not base64":        {[]string{"WEBHOOK_SECRETS=good enough for a secret,whsec_%"}, "webhook secret 2 of 2"},
		"an empty key":      {[]string{"WEBHOOK_SECRETS=whsec_"}, "webhook secret 1 of 1"},
		"too short":         {[]string{"WEBHOOK_SECRETS=good enough for a secret,x"}, "webhook secret 2 of 2"},
		"a short key":       {[]string{"WEBHOOK_SECRETS=good enough for a secret", "STATUS_TOKEN_KEY=k"}, "status token key 1 of 1"},
		// With a secret it starts, and finds that this is no Lambda.
		"one": {[]string{"WEBHOOK_SECRETS=good enough for a secret"}, "AWS_LAMBDA_RUNTIME_API"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			environment := append([]string{"AWS_REGION=us-east-1", "PUBLISH_QUEUE_URL=q", "RUNS_TABLE=t", "STATUS_TOKEN_KEY=key of the status links"}, tt.secrets...)
			ascommand.Fails(t, environment, []string{tt.want}, "good")
		})
	}
}
