package queue

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"notionrelay/shared/report"
)

// PublishGroup is the one message group of the publish queue. A Notion token
// has one queue, and one group lets one message at a time out of it.
const PublishGroup = "notion"

// MaxBody is the room that a body has in an SQS message of 1 MiB; the rest is
// left to the attributes of a dead letter.
const MaxBody = 1<<20 - 4096

const (
	version     = 1
	maxUnpacked = 64 << 20 // no message of ours is larger; a broken one stays bounded
)

// ErrTooLarge is returned by Encode when a message does not fit a queue, even
// packed.
var ErrTooLarge = errors.New("message is larger than a queue takes")

// ErrUnreadable is returned by Decode for a body that Encode has not made. Trying
// again does not help.
var ErrUnreadable = errors.New("message is unreadable")

// Kind says what a message asks for.
type Kind string

// The kinds of message.
const (
	Publish Kind = "publish" // write the base pages of a report
	Enrich  Kind = "enrich"  // find title, introduction and quotes; on the enrich queue
	Texts   Kind = "texts"   // write this title and introduction
	Quotes  Kind = "quotes"  // write these quotes
	Settle  Kind = "settle"  // see whether title, introduction and quotes have come; a timer
)

// Message is what one function tells another about a report. The report id in
// it is the only identity: SQS's own ids change when a message is redriven.
type Message struct {
	Kind     Kind   `json:"kind"`
	ReportID string `json:"reportId"`
	// Cursor gives messages of one kind about one report different deduplication
	// ids, and is nowhere else. It is the version of the run's record where a job
	// begins, and the number of the part where there are several.
	Cursor int64 `json:"-"`

	// Answer names, with Texts and Quotes, the answer of the enricher that they are
	// or are a part of. Answers that differ have different names: a question may be
	// answered twice, and the publisher writes one of the answers.
	Answer string `json:"answer,omitempty"`

	Payload *report.Payload `json:"payload,omitempty"` // with Publish and Enrich
	Subject *report.Subject `json:"subject,omitempty"` // with Enrich and Quotes: whom the pages are for
	Texts   *HomepageTexts  `json:"texts,omitempty"`   // with Texts
	Quotes  *QuotesPart     `json:"quotes,omitempty"`  // with Quotes
}

// HomepageTexts is what the AI has written for a report. An empty text leaves the
// standard one where it is.
type HomepageTexts struct {
	Title        string   `json:"title,omitempty"`
	Introduction string   `json:"introduction,omitempty"` // markdown
	Warnings     []string `json:"warnings,omitempty"`     // what the run's status should say
}

// QuotesPart is the quotes of a report, or a part of them where all would not
// fit a message: those from Offset on, of Total in all. Every part names all options
// of the whole, since the database is made with all of them.
type QuotesPart struct {
	Offset int            `json:"offset"`
	Total  int            `json:"total"`
	Quotes []report.Quote `json:"quotes"`
	Posts  int            `json:"posts"` // that were analysed; 0 when unknown

	Categories []string `json:"categories,omitempty"`
	Sentiments []string `json:"sentiments,omitempty"`
	Themes     []string `json:"themes,omitempty"`

	Warnings []string `json:"warnings,omitempty"`
}

// DeduplicationID names the message within SQS's five minutes of
// deduplication. The cursor makes each new beginning of a job a message of its
// own, while a repeated send of one is dropped.
func (m Message) DeduplicationID() string {
	return fmt.Sprintf("%s-%s-%d", m.ReportID, m.Kind, m.Cursor)
}

// envelope is the body on the wire. Packed holds the gzipped JSON of the rest
// of the message where the message would not fit otherwise; kind and report id
// stay readable for whoever looks at a queue.
type envelope struct {
	Version int `json:"version"`
	Message
	Packed []byte `json:"packed,omitempty"`
}

// Encode gives a message the form in which it travels, packed only when that
// is what makes it fit.
func Encode(m Message) (string, error) {
	body, err := marshal(envelope{Version: version, Message: m})
	if err != nil || len(body) <= MaxBody {
		return body, err
	}
	var packed narrow
	z := gzip.NewWriter(&packed)
	if _, err := io.WriteString(z, body); err != nil {
		return "", fmt.Errorf("pack message of %s: %w", m.ReportID, err)
	}
	if err := z.Close(); err != nil {
		return "", fmt.Errorf("pack message of %s: %w", m.ReportID, err)
	}
	body, err = marshal(envelope{Version: version, Message: Message{Kind: m.Kind, ReportID: m.ReportID}, Packed: packed.Bytes()})
	if err == nil && len(body) > MaxBody {
		return "", fmt.Errorf("encode message of %s in %d bytes: %w", m.ReportID, len(body), ErrTooLarge)
	}
	return body, err
}

// narrow takes no more than what a body has room for, in base64. What cannot be
// packed is found out half way.
type narrow struct{ bytes.Buffer }

func (n *narrow) Write(p []byte) (int, error) {
	if n.Len()+len(p) > base64.StdEncoding.DecodedLen(MaxBody) {
		return 0, ErrTooLarge
	}
	return n.Buffer.Write(p)
}

// Decode reads a body that Encode made.
func Decode(body string) (Message, error) {
	e, err := unmarshal([]byte(body))
	if err != nil || e.Packed == nil {
		return e.Message, err
	}
	z, err := gzip.NewReader(bytes.NewReader(e.Packed))
	if err != nil {
		return Message{}, fmt.Errorf("unpack message of %s: %w: %w", e.ReportID, ErrUnreadable, err)
	}
	unpacked, err := io.ReadAll(io.LimitReader(z, maxUnpacked))
	if err != nil {
		return Message{}, fmt.Errorf("unpack message of %s: %w: %w", e.ReportID, ErrUnreadable, err)
	}
	e, err = unmarshal(unpacked)
	return e.Message, err
}

// sqsForbidden are the only characters that a JSON string may hold as they
// are and an SQS message body may not.
var sqsForbidden = strings.NewReplacer("\ufffe", `\ufffe`, "\uffff", `\uffff`)

func marshal(e envelope) (string, error) {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(e); err != nil {
		return "", fmt.Errorf("encode message of %s: %w", e.ReportID, err)
	}
	body := strings.TrimSuffix(b.String(), "\n")
	if strings.Contains(body, "\xef\xbf") { // what both begin with; to look for them takes long
		body = sqsForbidden.Replace(body)
	}
	return body, nil
}

func unmarshal(data []byte) (envelope, error) {
	var e envelope
	switch err := json.Unmarshal(data, &e); {
	case err != nil:
		return envelope{}, fmt.Errorf("decode message: %w: %w", ErrUnreadable, err)
	case e.Version != version:
		return envelope{}, fmt.Errorf("decode message of version %d: %w", e.Version, ErrUnreadable)
	case e.ReportID == "":
		return envelope{}, fmt.Errorf("decode message without a report id: %w", ErrUnreadable)
	}
	return e, nil
}
