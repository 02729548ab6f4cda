package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The codes of an InvalidError.
const (
	InvalidJSON    = "invalid_json"
	InvalidPayload = "invalid_payload"
)

// InvalidError says what is wrong with a request. Sentence is for the caller;
// nothing in it repeats what the request contained.
type InvalidError struct {
	Code     string // InvalidJSON or InvalidPayload
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
	text := string(body)
	if err := checkJSON(text); err != nil {
		return Payload{}, err
	}
	var r reader
	p := r.payload(strings.TrimLeft(text, space))
	if r.err != nil {
		return Payload{}, r.err
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

// reader reads declared fields from JSON that is valid, and keeps the first
// error. Names are matched exactly, which encoding/json does not do, and what is
// not declared costs nothing, which with it is a copy.
type reader struct{ err *InvalidError }

const null = "null"

func (r *reader) payload(object string) Payload {
	p := Payload{Reports: map[string]string{}}
	for name, value := range members(object) {
		switch name {
		case "email":
			p.Email = strings.TrimSpace(r.text(name, value))
		case "runId":
			p.RunID = strings.TrimSpace(r.text(name, value))
		case "accountId":
			p.AccountID = strings.TrimSpace(r.text(name, value))
		case "metadata":
			p.Metadata = r.metadata(name, value)
		case "quotes":
			p.Quotes = r.quotes(name, value)
		default:
			if slices.ContainsFunc(Kinds, func(k Kind) bool { return k.Field == name }) {
				p.Reports[name] = r.text(name, value)
			}
		}
	}
	maps.DeleteFunc(p.Reports, func(_, markdown string) bool { return markdown == "" })
	return p
}

// is tells whether a value begins as one of its kind does. Null is of no kind
// and no error.
func (r *reader) is(field, value, kind, begins string) bool {
	if value == null {
		return false
	}
	if strings.IndexByte(begins, value[0]) < 0 {
		r.refuse(field, "The value must be "+kind+".")
		return false
	}
	return true
}

func (r *reader) refuse(field, sentence string) {
	if r.err == nil {
		r.err = invalidPayload(field, sentence)
	}
}

func (r *reader) text(field, value string) string {
	if !r.is(field, value, "a string", `"`) {
		return ""
	}
	return unquoted(value)
}

func (r *reader) metadata(field, object string) Metadata {
	if !r.is(field, object, "an object", "{") {
		return Metadata{}
	}
	m := Metadata{Raw: json.RawMessage(object)}
	for name, value := range members(object) {
		switch name {
		case "reportType":
			m.ReportType = r.text(field+"."+name, value)
		case "analysisType":
			m.AnalysisType = r.text(field+"."+name, value)
		}
	}
	return m
}

func (r *reader) quotes(field, array string) []Quote {
	if !r.is(field, array, "an array", "[") {
		return nil
	}
	quotes := []Quote{}
	for value := range elements(array) {
		if len(quotes) == MaxQuotes {
			r.refuse(field, fmt.Sprintf("There must be at most %d quotes.", MaxQuotes))
		}
		if r.err != nil {
			return nil
		}
		var inside reader // which needs no name for what is right
		quotes = append(quotes, inside.quote(value))
		if e := inside.err; e != nil {
			r.refuse(strings.TrimSuffix(fmt.Sprintf("%s[%d].%s", field, len(quotes)-1, e.Field), "."), e.Sentence)
		}
	}
	return quotes
}

func (r *reader) quote(object string) Quote {
	if object[0] != '{' {
		r.refuse("", "The value must be an object.")
		return Quote{}
	}
	var q Quote
	hasText := false
	for name, value := range members(object) {
		switch into := q.text(name); {
		case into != nil:
			*into = r.text(name, value)
			hasText = hasText || name == "text" && value != null
		case name == "relevanceScore":
			q.RelevanceScore = r.score(name, value)
		}
	}
	if !hasText {
		r.refuse("text", "A quote must have a text.")
	}
	return q
}

// text is the field of that name, or nil where there is no such text.
func (q *Quote) text(name string) *string {
	switch name {
	case "text":
		return &q.Text
	case "category":
		return &q.Category
	case "sentiment":
		return &q.Sentiment
	case "theme":
		return &q.Theme
	case "justification":
		return &q.Justification
	case "url":
		return &q.URL
	case "subreddit":
		return &q.Subreddit
	case "postId":
		return &q.PostID
	case "date":
		return &q.Date
	}
	return nil
}

func (r *reader) score(field, value string) *float64 {
	if !r.is(field, value, "a number", "-0123456789") {
		return nil
	}
	score, err := strconv.ParseFloat(value, 64) // an error is one too large
	if err != nil || score < 0 || score > 1 {
		r.refuse(field, "The relevance score must be between 0 and 1.")
	}
	return &score
}

func invalidJSON(sentence string) error {
	return &InvalidError{Code: InvalidJSON, Sentence: sentence}
}

func invalidPayload(field, sentence string) *InvalidError {
	return &InvalidError{Code: InvalidPayload, Field: field, Sentence: sentence}
}
