package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"notionrelay/shared/report"
)

// FuzzParse shows that what is taken for JSON has one meaning: encoding/json's
// own tokens have no name twice and no character that stands for a broken one.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"strategyReport":"\ud83d\ude00"}`, `{"strategyReport":"\ud83d"}`, `{"a":"\ude00\ud83d"}`, `{"a":"\ud83d\ufffd"}`, `{"a":"\ufffd"}`,
		`{"a":1,"\u0061":2}`, `{"strategyReport":"x","a":[{"b":"\\"},{"b":"\""}]}`, `{"a":{"a":1},"b":["a","a"]}`, `{"":"","":0}`, `{`, `[]`, ` {} `,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		_, err := report.Parse(body)
		invalid, ok := errors.AsType[*report.InvalidError](err)
		switch {
		case err != nil && !ok:
			t.Fatalf("got %v, want an InvalidError", err)
		case ok && invalid.Code == "invalid_json":
			return
		}
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.UseNumber()
		broken, err := ambiguities(decoder)
		if err != nil {
			t.Fatalf("it was taken for JSON: %v", err)
		}
		for _, escape := range []string{"\ufffd", `\ufffd`} { // those that were sent
			broken -= strings.Count(strings.ToLower(string(body)), escape)
		}
		if broken > 0 {
			t.Errorf("%q has %d names twice or broken characters", body, broken)
		}
	})
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
