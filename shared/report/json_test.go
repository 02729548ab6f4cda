package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"notionrelay/shared/report"
)

// FuzzParse shows that what is taken for JSON has one meaning: encoding/json's
// own tokens have no name twice and no character that stands for a broken one.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"strategyReport":"\ud83d\ude00"}`, `{"strategyReport":"\ud83d"}`, `{"a":"\ude00\ud83d"}`, `{"a":"\ud83d\ufffd"}`, `{"a":"\ufffd"}`,
		`{"a":1,"\u0061":2}`, `{"strategyReport":"x","a":[{"b":"\\"},{"b":"\""}]}`, `{"a":{"a":1},"b":["a","a"]}`, `{"":"","":0}`,
		`{"a":"\x"}`, `{"a":"\u12g4"}`, `{"a":"\u+123"}`, `{"a":"\u12"}`, `{"a":"\"}`, `{"a":"`, `{"a":"\`, "{\"a\":\"\t\"}", `{"a""b":1}`, `{"a":"b""c"}`, `\"a"`, `{"a":"\/\b\f\n\r\t"}`, "{\"a\":\"\u2028\x7f\"}", `{"a"b:1}`,
		`{"strategyReport":"x","metadata":{"REPORTTYPE":5,"reportType":"T"}}`, `{"strategyReport":"x","metadata":{"AnalysisType":{}}}`,
		` { "strategyReport" : "x\"y" , "email":" a@b.com\n", "runId" :null, "metadata":{"a":[1, {"b":"]"}]} ,"quotes": [ {"text":"q","relevanceScore":0.5 },{"url":"u" ,"text":"\\"} ] } `, `{`, `[]`, ` {} `,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		payload, err := report.Parse(body)
		invalid, ok := errors.AsType[*report.InvalidError](err)
		unreadable := ok && (invalid.Sentence == "The body must be valid UTF-8." || invalid.Sentence == "The body is not valid JSON.")
		if valid := utf8.Valid(body) && json.Valid(body); unreadable == valid {
			t.Fatalf("%q got %v, though that it is valid is %t", body, err, valid)
		}
		switch {
		case err != nil && !ok:
			t.Fatalf("got %v, want an InvalidError", err)
		case ok && invalid.Code == "invalid_json":
			return
		}
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.UseNumber()
		broken, failure := ambiguities(decoder)
		if failure != nil {
			t.Fatal(failure)
		}
		for _, escape := range []string{"\ufffd", `\ufffd`} { // those that were sent
			broken -= strings.Count(strings.ToLower(string(body)), escape)
		}
		if broken > 0 {
			t.Errorf("%q has %d names twice or broken characters", body, broken)
		}
		if err == nil {
			wantSame(t, payload, body)
			wantSameBehindTheQueue(t, payload)
		}
	})
}

// wantSame compares what Parse has read with what encoding/json reads.
func wantSame(t *testing.T, got report.Payload, body []byte) {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		t.Fatal(err)
	}
	want := report.Payload{Reports: map[string]string{}}
	read := func(name string, into any) {
		if raw, ok := fields[name]; ok {
			if err := json.Unmarshal(raw, into); err != nil {
				t.Errorf("%s of %q was taken: %v", name, body, err)
			}
		}
	}
	for _, k := range report.Kinds {
		var markdown string
		if read(k.Field, &markdown); markdown != "" {
			want.Reports[k.Field] = markdown
		}
	}
	read("email", &want.Email)
	read("runId", &want.RunID)
	read("accountId", &want.AccountID)
	want.Email, want.RunID, want.AccountID = strings.TrimSpace(want.Email), strings.TrimSpace(want.RunID), strings.TrimSpace(want.AccountID)
	var quotes []map[string]any
	read("quotes", &quotes)
	for i, q := range quotes {
		text, _ := q["text"].(string)
		url, _ := q["url"].(string)
		if i >= len(got.Quotes) || got.Quotes[i].Text != text || got.Quotes[i].URL != url {
			t.Errorf("quote %d of %q is read otherwise", i, body)
		}
		if score, ok := q["relevanceScore"].(float64); ok != (got.Quotes[i].RelevanceScore != nil) || ok && score != *got.Quotes[i].RelevanceScore {
			t.Errorf("score %d of %q is read otherwise", i, body)
		}
	}
	if len(got.Quotes) != len(quotes) {
		t.Errorf("got %d quotes of %q, want %d", len(got.Quotes), body, len(quotes))
	}
	if metadata := fields["metadata"]; string(metadata) != "null" && !bytes.Equal(got.Metadata.Raw, metadata) {
		t.Errorf("got metadata %q, want %q", got.Metadata.Raw, metadata)
	}
	got.Metadata, got.Quotes = report.Metadata{}, nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("payload of %q (-want +got):\n%s", body, diff)
	}
}

// wantSameBehindTheQueue writes what was accepted into a message, and reads it.
func wantSameBehindTheQueue(t *testing.T, accepted report.Payload) {
	t.Helper()
	sent, err := json.Marshal(accepted)
	if err != nil {
		t.Fatal(err)
	}
	var got report.Payload
	if err := json.Unmarshal(sent, &got); err != nil {
		t.Fatalf("%s cannot be read any more: %v", sent, err)
	}
	// Its form may change: white space, and escapes that mean the same.
	accepted.Metadata.Raw, got.Metadata.Raw = nil, nil
	if diff := cmp.Diff(accepted, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("payload (-accepted +read):\n%s", diff)
	}
}

// ambiguities counts the names that the next value has twice in one object, and
// the replacement characters in its strings.
func ambiguities(d *json.Decoder) (found int, err error) {
	token, err := d.Token()
	if s, ok := token.(string); ok {
		found += strings.Count(s, "\ufffd")
	}
	delimiter, ok := token.(json.Delim)
	if err != nil || !ok {
		return found, err
	}
	names := map[json.Token]bool{}
	for d.More() {
		if delimiter == '{' {
			name, err := d.Token()
			if err != nil {
				return found, err
			}
			found += strings.Count(fmt.Sprint(name), "\ufffd")
			if names[name] {
				found++
			}
			names[name] = true
		}
		more, err := ambiguities(d)
		if found += more; err != nil {
			return found, err
		}
	}
	_, err = d.Token() // the end of the object or array
	return found, err
}

// What a body holds besides a report costs little, however much of it there is.
func TestParseCopiesNothingThatIsNotDeclared(t *testing.T) {
	var names strings.Builder
	for i := range 300_000 {
		fmt.Fprintf(&names, `"%x":0,`, i)
	}
	for name, members := range map[string]string{
		"names":    names.String() + `"last":0`,
		"objects":  `"a":[` + strings.Repeat(`{"":0},`, 500_000) + `0]`,
		"metadata": `"metadata":{` + names.String() + `"last":0}`,
		"quotes":   `"quotes":[` + strings.Repeat(`{"a":[0,0]},`, 300_000) + `0]`,
		"right":    `"quotes":[` + strings.Repeat(`{"text":"x","url":"y"},`, report.MaxQuotes-1) + `{"text":"x"}]`,
	} {
		body := []byte(`{"strategyReport":"x",` + members + `}`)
		allocations := testing.AllocsPerRun(1, func() { _, _ = report.Parse(body) })
		if allocations > 200 {
			t.Errorf("%s: %.0f allocations, want at most 200", name, allocations)
		}
	}
}

// What is accepted is written into a message and read from it, as the same: also
// what encoding/json would take for a declared field since it is as good as blind
// to capitals.
func TestAnAcceptedReportIsReadAgainAsItWas(t *testing.T) {
	t.Parallel()
	for _, metadata := range []string{
		`{"reportType":"Brand Study","more":[1e400,{"a":null}]}`, `{"ReportType":5}`, `{"reportType":"good","REPORTTYPE":"evil"}`,
		`{"ReportType":"evil","reportType":"good"}`, `{"AnalysisType":{},"analysisType":"multi-community"}`, `{"report\u0054ype":"escaped"}`,
		`{"reportType":null,"analysisType":null}`, `{}`,
	} {
		accepted, err := report.Parse([]byte(`{"strategyReport":"# Plan","metadata":` + metadata + `}`))
		if err != nil {
			t.Fatalf("%s: %v", metadata, err)
		}
		wantSameBehindTheQueue(t, accepted)
	}
}
