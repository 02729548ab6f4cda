package report

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// InvalidError says what is wrong with a request. Sentence is for the caller;
// nothing in it repeats what the request contained.
type InvalidError struct {
	Code     string // invalid_json or invalid_payload
	Field    string // the one field to blame, or empty
	Sentence string
}

func (e *InvalidError) Error() string {
	if e.Field == "" {
		return e.Code + ": " + e.Sentence
	}
	return e.Code + ": " + e.Field + ": " + e.Sentence
}

// Parse reads and judges a request body by the public contract. Every error is
// an *InvalidError. Unknown fields are ignored, null counts as absent, and a
// declared field of another type is refused.
func Parse(body []byte) (Payload, error) {
	if err := checkJSON(body); err != nil {
		return Payload{}, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return Payload{}, invalidJSON("The body must be one JSON object.")
	}
	o := object{fields: fields}
	p := Payload{
		Reports:   map[string]string{},
		Email:     strings.TrimSpace(o.text("email")),
		RunID:     strings.TrimSpace(o.text("runId")),
		AccountID: strings.TrimSpace(o.text("accountId")),
	}
	for _, k := range Kinds {
		if markdown := o.text(k.Field); markdown != "" {
			p.Reports[k.Field] = markdown
		}
	}
	p.Metadata = o.metadata("metadata")
	p.Quotes = o.quotes("quotes")
	if o.err != nil {
		return Payload{}, o.err
	}
	return p, p.validate()
}

func (p Payload) validate() error {
	if len(p.Documents()) == 0 {
		return invalidPayload("", "At least one report is required")
	}
	if p.Email != "" && !validEmail(p.Email) {
		return invalidPayload("email", fmt.Sprintf("The e-mail address must be a valid address of at most %d characters.", MaxEmail))
	}
	for field, id := range map[string]string{"runId": p.RunID, "accountId": p.AccountID} {
		if utf8.RuneCountInString(id) > MaxID {
			return invalidPayload(field, fmt.Sprintf("The id must have at most %d characters.", MaxID))
		}
	}
	return nil
}

// object reads declared fields from a JSON object and keeps the first error.
// Names are matched exactly, which encoding/json's structs do not do.
type object struct {
	fields map[string]json.RawMessage
	path   string // of the object within the body, with its final dot
	err    error
}

func (o *object) read(name, kind string, into any) (present bool) {
	raw, ok := o.fields[name]
	if !ok || o.err != nil || string(raw) == "null" {
		return false
	}
	if err := json.Unmarshal(raw, into); err != nil {
		o.err = invalidPayload(o.path+name, "The value must be "+kind+".")
		return false
	}
	return true
}

func (o *object) text(name string) string {
	var s string
	o.read(name, "a string", &s)
	return s
}

func (o *object) metadata(name string) Metadata {
	m := object{path: o.path + name + "."}
	if !o.read(name, "an object", &m.fields) {
		return Metadata{}
	}
	read := Metadata{ReportType: m.text("reportType"), AnalysisType: m.text("analysisType"), Raw: o.fields[name]}
	if m.err != nil {
		o.err = m.err
	}
	return read
}

func (o *object) quotes(name string) []Quote {
	var raw []json.RawMessage
	if !o.read(name, "an array", &raw) {
		return nil
	}
	if len(raw) > MaxQuotes {
		o.err = invalidPayload(o.path+name, fmt.Sprintf("There must be at most %d quotes.", MaxQuotes))
		return nil
	}
	quotes := make([]Quote, 0, len(raw))
	for i, r := range raw {
		q := object{path: fmt.Sprintf("%s%s[%d]", o.path, name, i)}
		if err := json.Unmarshal(r, &q.fields); err != nil || q.fields == nil {
			o.err = invalidPayload(q.path, "The value must be an object.")
			return nil
		}
		q.path += "."
		quotes = append(quotes, q.quote())
		if q.err != nil {
			o.err = q.err
			return nil
		}
	}
	return quotes
}

func (o *object) quote() Quote {
	var text string
	hasText := o.read("text", "a string", &text)
	q := Quote{
		Text:          text,
		Category:      o.text("category"),
		Sentiment:     o.text("sentiment"),
		Theme:         o.text("theme"),
		Justification: o.text("justification"),
		URL:           o.text("url"),
		Subreddit:     o.text("subreddit"),
		PostID:        o.text("postId"),
		Date:          o.text("date"),
	}
	var score float64
	if o.read("relevanceScore", "a number", &score) {
		q.RelevanceScore = &score
	}
	switch {
	case o.err != nil:
	case !hasText:
		o.err = invalidPayload(o.path+"text", "A quote must have a text.")
	case score < 0 || score > 1:
		o.err = invalidPayload(o.path+"relevanceScore", "The relevance score must be between 0 and 1.")
	}
	return q
}

func invalidJSON(sentence string) error {
	return &InvalidError{Code: "invalid_json", Sentence: sentence}
}

func invalidPayload(field, sentence string) error {
	return &InvalidError{Code: "invalid_payload", Field: field, Sentence: sentence}
}
