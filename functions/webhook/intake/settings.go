package intake

import (
	"time"

	"notionrelay/shared/config"
)

// Settings are what the webhook reads from the environment.
type Settings struct {
	PublishQueueURL string          `env:"PUBLISH_QUEUE_URL" lambda:"required"`
	RunsTable       string          `env:"RUNS_TABLE" lambda:"required"`
	WebhookSecrets  []config.Secret `env:"WEBHOOK_SECRETS" lambda:"required"`  // of callers, any of them is good
	StatusTokenKey  config.Secret   `env:"STATUS_TOKEN_KEY" lambda:"required"` // of the links to reports, several separated by commas: the first signs, all verify
}

// Timeout is the function's. API Gateway waits no longer than 30 s.
const Timeout = 30 * time.Second
