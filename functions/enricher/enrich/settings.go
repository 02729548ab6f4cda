package enrich

import (
	"time"

	"notionrelay/shared/config"
)

// Settings are what the enricher reads from the environment.
type Settings struct {
	PublishQueueURL string        `env:"PUBLISH_QUEUE_URL" lambda:"required"`
	EnrichQueueURL  string        `env:"ENRICH_QUEUE_URL" lambda:"required"`
	WaitingQueueURL string        `env:"WAITING_QUEUE_URL" lambda:"required"`
	AIAPIKey        config.Secret `env:"AI_API_KEY"` // empty: no AI
	AIBaseURL       string        `env:"AI_BASE_URL" envDefault:"https://openrouter.ai/api/v1"`
	AITitleModel    string        `env:"AI_TITLE_MODEL" envDefault:"openai/gpt-4o-mini"`
	AIIntroModel    string        `env:"AI_INTRO_MODEL" envDefault:"openai/gpt-4o-mini"`

	ResearchDatabaseURL config.Secret `env:"RESEARCH_DATABASE_URL"` // empty: no stored quotes
}

// The function and its queue, in the cloud and on one machine.
const (
	Timeout = 2 * time.Minute
	// Visibility is six times the function's timeout, as AWS advises.
	Visibility = 6 * Timeout
	// MaxReceives is the enrich queue's: the deliveries in which sources are
	// asked, and one more for a delivery whose process died.
	MaxReceives = maxAsksResearch + 1
	// WaitingReceives is the waiting queue's, the most that SQS takes: what waits
	// there outlasts a publish queue that refuses messages for days.
	WaitingReceives = 1000
)
