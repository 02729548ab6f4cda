package publish

import (
	"time"

	"notionrelay/shared/config"
	"notionrelay/shared/tree"
)

// Settings are what the publisher reads from the environment.
type Settings struct {
	NotionAPIKey     config.Secret `env:"NOTION_API_KEY" lambda:"required"`
	NotionDatabaseID string        `env:"NOTION_DATABASE_ID" lambda:"required"` // the reports database
	ReportTypeColumn string        `env:"REPORT_TYPE_COLUMN" envDefault:"Report Type"`
	EmailColumn      string        `env:"CONTACT_EMAIL_COLUMN" envDefault:"Contact Email"`
	NotionBaseURL    string        `env:"NOTION_BASE_URL"`                              // empty: Notion itself
	NotionMinGap     time.Duration `env:"NOTION_MIN_GAP" envDefault:"100ms" least:"0s"` // between two writes
	NotionBudget     int           `env:"NOTION_BUDGET" envDefault:"180" least:"1"`     // requests in any 60 s
	HomepageCoverURL string        `env:"HOMEPAGE_COVER_URL"`                           // empty: no banner
	PublishQueueURL  string        `env:"PUBLISH_QUEUE_URL" lambda:"required"`
	PublishDLQURL    string        `env:"PUBLISH_DLQ_URL" lambda:"required"`
	EnrichQueueURL   string        `env:"ENRICH_QUEUE_URL" lambda:"required"`
	WaitingQueueURL  string        `env:"WAITING_QUEUE_URL" lambda:"required"`
	RunsTable        string        `env:"RUNS_TABLE" lambda:"required"`

	ResearchDatabaseURL config.Secret `env:"RESEARCH_DATABASE_URL"` // empty: no accounts, no statistics
}

// Database is the reports database that the settings name.
func (s Settings) Database() Database {
	return Database{s.NotionDatabaseID, tree.Columns{ReportType: s.ReportTypeColumn, ContactEmail: s.EmailColumn}}
}

// The function and its queue, in the cloud and on one machine.
const (
	// Timeout leaves room for a request that takes 65 s, the look for it, and
	// the waits between.
	Timeout = 3 * time.Minute
	// Visibility is six times the function's timeout, as AWS advises.
	Visibility = 6 * Timeout
	// MaxReceives is the publish queue's: one more delivery, and SQS itself moves
	// a message to the dead letters, without a reason. It guards only against
	// processes that die: see newMessageAt.
	MaxReceives = 10
)
