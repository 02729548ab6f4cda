// Package report is the domain: what a caller may send, what makes two sends
// the same report, and what the pages of a report are called. It does no I/O
// and imports nothing else of this module.
package report

import (
	"encoding/json"
)

// Limits of the public contract.
const (
	MaxBody   = 4 << 20 // bytes of a request body
	MaxQuotes = 5000
	MaxEmail  = 100 // characters; Notion's schema allows no longer e-mail property
	MaxID     = 200 // characters of runId and accountId
	maxDepth  = 64  // nesting of the JSON
)

// Payload is a research run as its flow sends it, checked and trimmed.
type Payload struct {
	Reports   map[string]string `json:"reports,omitempty"` // markdown by Kind.Field; only what was sent
	Email     string            `json:"email,omitempty"`
	RunID     string            `json:"runId,omitempty"`
	AccountID string            `json:"accountId,omitempty"`
	Metadata  Metadata          `json:"metadata,omitzero"`
	Quotes    []Quote           `json:"quotes,omitempty"`
}

// Metadata is what the flow says about the run. Only two of its fields are
// read; Raw keeps all of them as they came.
type Metadata struct {
	ReportType   string
	AnalysisType string
	Raw          json.RawMessage
}

// Quote is one quote that the research found.
type Quote struct {
	Text           string   `json:"text"`
	Category       string   `json:"category,omitempty"`
	Sentiment      string   `json:"sentiment,omitempty"`
	Theme          string   `json:"theme,omitempty"`
	RelevanceScore *float64 `json:"relevanceScore,omitempty"` // 0 to 1
	Justification  string   `json:"justification,omitempty"`
	URL            string   `json:"url,omitempty"`
	Subreddit      string   `json:"subreddit,omitempty"`
	PostID         string   `json:"postId,omitempty"`
	Date           string   `json:"date,omitempty"`
}

// MarshalJSON gives the metadata back as it came.
func (m Metadata) MarshalJSON() ([]byte, error) {
	if m.Raw == nil {
		return []byte("{}"), nil
	}
	return m.Raw, nil
}

// UnmarshalJSON reads the metadata of a payload that was accepted before, in the
// way in which it was judged: encoding/json would take "REPORTTYPE" for the same
// field.
func (m *Metadata) UnmarshalJSON(data []byte) error {
	var r reader
	*m = r.metadata("metadata", string(data))
	if r.err != nil {
		return r.err
	}
	return nil
}

// IsZero lets an absent metadata object stay absent in JSON.
func (m Metadata) IsZero() bool { return m.Raw == nil }
