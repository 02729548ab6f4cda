package report_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notionrelay/shared/report"
)

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	with := func(fields string) string { return `{"strategyReport":"# Hi",` + fields + `}` }
	tests := []struct{ name, body, code, field string }{
		{"nothing", ``, "invalid_json", ""},
		{"truncated", `{"strategyReport":"x"`, "invalid_json", ""},
		{"an array", `[]`, "invalid_json", ""},
		{"null", `null`, "invalid_json", ""},
		{"a second value", `{"strategyReport":"x"} {}`, "invalid_json", ""},
		{"invalid UTF-8", "{\"strategyReport\":\"\xff\"}", "invalid_json", ""},
		{"a NUL character", `{"strategyReport":"a\u0000b"}`, "invalid_json", ""},
		{"a NUL character in an unknown field", with(`"x":"\\\u0000"`), "invalid_json", ""},
		{"half of a surrogate pair", `{"strategyReport":"a\ud83db"}`, "invalid_json", ""},
		{"half of a surrogate pair at the end", `{"strategyReport":"\ud83d"}`, "invalid_json", ""},
		{"the second half alone", `{"strategyReport":"\ude00"}`, "invalid_json", ""},
		{"halves in the wrong order", `{"strategyReport":"\ude00\ud83d"}`, "invalid_json", ""},
		{"two first halves", `{"strategyReport":"\ud83d\ud83d"}`, "invalid_json", ""},
		{"a half before an escaped backslash", `{"strategyReport":"\ud83d\\ude00"}`, "invalid_json", ""},
		{"a half in a name", with(`"\uDC00":1`), "invalid_json", ""},
		{"a name twice", `{"strategyReport":"x","strategyReport":"y"}`, "invalid_json", ""},
		{"a name twice, once escaped", `{"strategyReport":"x","str\u0061tegyReport":"y"}`, "invalid_json", ""},
		{"an unknown name twice", with(`"a":1,"b":{},"a":2`), "invalid_json", ""},
		{"a name twice in an unknown field", with(`"x":[{"a":[],"a":{}}]`), "invalid_json", ""},
		{"a name twice in metadata", with(`"metadata":{"reportType":"a","reportType":"a"}`), "invalid_json", ""},
		{"a name twice in a quote", with(`"quotes":[{"text":"a","text":"b"}]`), "invalid_json", ""},
		{"an empty name twice", with(`"":1,"":2`), "invalid_json", ""},
		{"nesting of 65", with(`"x":` + strings.Repeat("[", 64) + strings.Repeat("]", 64)), "invalid_json", ""},
		{"no report", `{"email":"a@b.com"}`, "invalid_payload", ""},
		{"blank reports", `{"strategyReport":" \n","comprehensiveReport":"\t"}`, "invalid_payload", ""},
		{"reports that nobody sees", `{"strategyReport":"\u200b\ufeff\u2060\u00ad\u200d","comprehensiveReport":"\u3164\u115f\u2800\ufe0f\u00a0\u0007\udb40\udc41\ud80d\udc41\ud80d\udc42\ud81b\udfe4\ud834\udd59"}`, "invalid_payload", ""},
		{"null reports", `{"strategyReport":null,"comprehensiveReport":null}`, "invalid_payload", ""},
		{"a name in other letters", `{"StrategyReport":"x"}`, "invalid_payload", ""},
		{"a number for a report", `{"strategyReport":1}`, "invalid_payload", "strategyReport"},
		{"an object for a report", `{"comprehensiveReport":{}}`, "invalid_payload", "comprehensiveReport"},
		{"a number for an e-mail", with(`"email":1`), "invalid_payload", "email"},
		{"a bad e-mail", with(`"email":"nobody"`), "invalid_payload", "email"},
		{"an e-mail with a name", with(`"email":"A <a@b.com>"`), "invalid_payload", "email"},
		{"two e-mails", with(`"email":"a@b.com, c@d.com"`), "invalid_payload", "email"},
		{"an e-mail without a domain name", with(`"email":"a@-.com"`), "invalid_payload", "email"},
		{"an e-mail that is invisible", with(`"email":"\u200b"`), "invalid_payload", "email"},
		{"an e-mail of 101", with(`"email":"` + strings.Repeat("a", 95) + `@b.com"`), "invalid_payload", "email"},
		{"a number for a run id", with(`"runId":7`), "invalid_payload", "runId"},
		{"a run id of 201", with(`"runId":"` + strings.Repeat("é", 201) + `"`), "invalid_payload", "runId"},
		{"an account id of 201", with(`"accountId":"` + strings.Repeat("a", 201) + `"`), "invalid_payload", "accountId"},
		{"a string for metadata", with(`"metadata":"x"`), "invalid_payload", "metadata"},
		{"a number for a report type", with(`"metadata":{"reportType":1}`), "invalid_payload", "metadata.reportType"},
		{"an object for quotes", with(`"quotes":{}`), "invalid_payload", "quotes"},
		{"a string for a quote", with(`"quotes":["x"]`), "invalid_payload", "quotes[0]"},
		{"null for a quote", with(`"quotes":[null]`), "invalid_payload", "quotes[0]"},
		{"a quote without text", with(`"quotes":[{"text":"a"},{"theme":"b"}]`), "invalid_payload", "quotes[1].text"},
		{"a string for a score", with(`"quotes":[{"text":"a","relevanceScore":"1"}]`), "invalid_payload", "quotes[0].relevanceScore"},
		{"a score above 1", with(`"quotes":[{"text":"a","relevanceScore":1.01}]`), "invalid_payload", "quotes[0].relevanceScore"},
		{"a score below 0", with(`"quotes":[{"text":"a","relevanceScore":-0.01}]`), "invalid_payload", "quotes[0].relevanceScore"},
		{"5,001 quotes", with(`"quotes":[` + strings.Repeat(`{"text":"a"},`, 5000) + `{"text":"a"}]`), "invalid_payload", "quotes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := report.Parse([]byte(tt.body))
			var invalid *report.InvalidError
			if !errors.As(err, &invalid) {
				t.Fatalf("got error %v, want an InvalidError", err)
			}
			if invalid.Code != tt.code || invalid.Field != tt.field {
				t.Errorf("got %s on %q (%v), want %s on %q", invalid.Code, invalid.Field, err, tt.code, tt.field)
			}
			if invalid.Sentence == "" {
				t.Error("got no sentence for the caller")
			}
		})
	}
}

func TestParseAccepts(t *testing.T) {
	t.Parallel()
	score := 0.5
	tests := []struct {
		name, body string
		want       report.Payload
	}{
		{"one report", `{"comprehensiveReport":"x"}`, report.Payload{Reports: map[string]string{"comprehensiveReport": "x"}}},
		{"nulls are absent", `{"strategyReport":"x","comprehensiveReport":null,"email":null,"runId":null,"accountId":null,"metadata":null,"quotes":null}`, report.Payload{Reports: map[string]string{"strategyReport": "x"}}},
		{"a blank e-mail is absent", `{"strategyReport":"x","email":"  "}`, report.Payload{Reports: map[string]string{"strategyReport": "x"}}},
		{"space around an e-mail", `{"strategyReport":"x","email":" a@b.com "}`, report.Payload{Reports: map[string]string{"strategyReport": "x"}, Email: "a@b.com"}},
		{"unknown fields", `{"strategyReport":"x","clientType":{"a":[1]},"templateId":7}`, report.Payload{Reports: map[string]string{"strategyReport": "x"}}},
		{"an escaped backslash before u0000", `{"strategyReport":"\\u0000"}`, report.Payload{Reports: map[string]string{"strategyReport": `\u0000`}}},
		{"a surrogate pair", `{"strategyReport":"\ud83d\uDE00"}`, report.Payload{Reports: map[string]string{"strategyReport": "😀"}}},
		{"escaped quotes and backslashes", `{"strategyReport":"\"\\\"{\\","\\":1,"\"":2}`, report.Payload{Reports: map[string]string{"strategyReport": `"\"{\`}}},
		{"a name in objects beside and within each other", `{"strategyReport":"x","a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}`, report.Payload{Reports: map[string]string{"strategyReport": "x"}}},
		{"a value that is a name as well", `{"strategyReport":"email","a":["email","email"],"b":"b"}`, report.Payload{Reports: map[string]string{"strategyReport": "email"}}},
		{"one visible character", `{"strategyReport":"\u200b.\u200b"}`, report.Payload{Reports: map[string]string{"strategyReport": "\u200b.\u200b"}}},
		{"brackets in a string", `{"strategyReport":"` + strings.Repeat("[", 100) + `"}`, report.Payload{Reports: map[string]string{"strategyReport": strings.Repeat("[", 100)}}},
		{"quotes", `{"strategyReport":"x","quotes":[{"text":"a","relevanceScore":0.5,"postId":"p"},{"text":""}]}`,
			report.Payload{Reports: map[string]string{"strategyReport": "x"}, Quotes: []report.Quote{{Text: "a", RelevanceScore: &score, PostID: "p"}, {}}}},
		{"metadata keeps all", `{"strategyReport":"x","metadata":{"reportType":"T","more":1}}`,
			report.Payload{Reports: map[string]string{"strategyReport": "x"}, Metadata: report.Metadata{ReportType: "T", Raw: json.RawMessage(`{"reportType":"T","more":1}`)}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := report.Parse([]byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("payload (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEmail(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("d", 63)
	for email, valid := range map[string]bool{
		"a@b.com": true, "a.b+c_d'e@b-c.co.uk": true, "!#$%&'*+-/=?^_`{|}~@b.com": true, "a@localhost": true,
		"élan@bücher.example": true, "उपयोगकर्ता@डाटामेल.भारत": true, "a@xn--bcher-kva.de": true, "a@1and1.com": true, "a@b.c0m": true,
		strings.Repeat("l", 64) + "@b.com": true, "a@" + long + ".com": true,

		"a@-.com": false, "a@b-.com": false, "a@-b.com": false, "a@b..com": false, "a@.com": false, "a@b.com.": false, "a@": false,
		"@b.com": false, "a": false, "a@b@c.com": false, ".a@b.com": false, "a.@b.com": false, "a..b@c.com": false,
		"a b@c.com": false, "a@b c.com": false, "a@b_c.com": false, `"a"@b.com`: false, "a@[1.2.3.4]": false, "a@1.2.3.4": false,
		"A <a@b.com>": false, "a@b.com,c@d.com": false, "mailto:a@b.com": false, "a(c)@b.com": false, "a@b.com\u200b": false, "\u3164@b.com": false, "a\u034f@b.com": false, "a@b\ufe0f.com": false, "a@\u115f.com": false, "a@b.\u0661\u0662": false, "a\u0000@b.com": false,
		strings.Repeat("l", 65) + "@b.com": false, "a@" + long + "d.com": false, "a@" + long + "." + strings.Repeat("d", 33) + ".com": false,
	} {
		body, err := json.Marshal(map[string]string{"strategyReport": "x", "email": email})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := report.Parse(body); (err == nil) != valid {
			t.Errorf("%q: got %v, want valid to be %v", email, err, valid)
		}
	}
}

func TestPayloadSurvivesItsOwnJSON(t *testing.T) {
	t.Parallel()
	want, err := report.Parse([]byte(`{"strategyReport":"x","email":"a@b.com","metadata":{"analysisType":"multi-community","more":[1]},"quotes":[{"text":"q","relevanceScore":0}]}`))
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got report.Payload
	if err := json.Unmarshal(encoded, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("payload (-want +got):\n%s", diff)
	}
}

func TestParseAcceptsWhatFlowsReallySend(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"webhook-small.json", "webhook-gumloop.json"} {
		body, err := os.ReadFile("../../testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		p, err := report.Parse(body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, want := len(p.Documents()), 2; got != want {
			t.Errorf("%s: got %d documents, want %d", name, got, want)
		}
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	base := report.Payload{Reports: map[string]string{"strategyReport": "a", "comprehensiveReport": "b"}, Email: "c@d.com", RunID: "e", AccountID: "f", Quotes: []report.Quote{{Text: "g"}}}
	same := base
	same.Metadata = report.Metadata{Raw: json.RawMessage(`{"generatedAt":"now"}`)}
	if base.Fingerprint() != same.Fingerprint() {
		t.Error("metadata changed the fingerprint")
	}
	seen := map[string]string{base.Fingerprint(): "base"}
	for name, change := range map[string]func(*report.Payload){
		"strategy": func(p *report.Payload) {
			p.Reports = map[string]string{"strategyReport": "x", "comprehensiveReport": "b"}
		},
		"comprehensive": func(p *report.Payload) {
			p.Reports = map[string]string{"strategyReport": "a", "comprehensiveReport": "x"}
		},
		"swapped": func(p *report.Payload) {
			p.Reports = map[string]string{"strategyReport": "b", "comprehensiveReport": "a"}
		},
		"email":      func(p *report.Payload) { p.Email = "x@d.com" },
		"run id":     func(p *report.Payload) { p.RunID = "x" },
		"account id": func(p *report.Payload) { p.AccountID = "x" },
		"quotes":     func(p *report.Payload) { p.Quotes = []report.Quote{{Text: "x"}} },
		"no quotes":  func(p *report.Payload) { p.Quotes = nil },
		"moved text": func(p *report.Payload) { p.Reports = map[string]string{"strategyReport": "ab"} },
	} {
		changed := base
		change(&changed)
		if other, taken := seen[changed.Fingerprint()]; taken {
			t.Errorf("%s has the fingerprint of %s", name, other)
		}
		seen[changed.Fingerprint()] = name
	}
	if report.ID("k", "f1") != report.ID("k", "f2") {
		t.Error("an idempotency key did not decide the id")
	}
	if report.ID("", "f1") == report.ID("f1", "") {
		t.Error("a key and a content of the same letters have the same id")
	}
}

func TestIsID(t *testing.T) {
	t.Parallel()
	id := report.ID("k", "f")
	for s, want := range map[string]bool{
		id: true, "": false, "rep_": false, id[:len(id)-1]: false, id + "0": false, strings.ToUpper(id): false,
		strings.Replace(id, "rep_", "row_", 1): false, id[:len(id)-1] + "w": false, id[:len(id)-1] + "/": false,
	} {
		if got := report.IsID(s); got != want {
			t.Errorf("%q: got %v, want %v", s, got, want)
		}
	}
}

func TestSubject(t *testing.T) {
	t.Parallel()
	tests := []struct{ email, company, contact string }{
		{"", "Client", "there"},
		{"x@salt-and-pepper.com", "Salt & Pepper", "X"},
		{"x@my-company.co.uk", "My Company", "X"},
		{"x@a-and-b-and-c.com", "A & B & C", "X"},
		{"x@and-more.com", "And More", "X"},
		{"x@anderson.com", "Anderson", "X"},
		{"x@mail.acme.com", "Acme", "X"},
		{"x@ACME.com", "Acme", "X"},
		{"x@my_shop.com", "My Shop", "X"},
		{"x@gmail.com", "Client", "X"},
		{"x@hotmail.co.uk", "Client", "X"},
		{"x@localhost", "Localhost", "X"},
		{"x@acme.github.io", "Acme", "X"},
		{"x@xn--bcher-kva.de", "Bücher", "X"},
		{"john.doe@acme.com", "Acme", "John.doe"},
		{"élan@acme.com", "Acme", "Élan"},
	}
	for _, tt := range tests {
		s := report.Payload{Email: tt.email}.Subject()
		if s.Company != tt.company || s.Contact != tt.contact {
			t.Errorf("%q: got %q, %q, want %q, %q", tt.email, s.Company, s.Contact, tt.company, tt.contact)
		}
	}
}

func TestReportType(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		metadata report.Metadata
		want     string
	}{
		{report.Metadata{}, "Market Research"},
		{report.Metadata{AnalysisType: "multi-community"}, "Multi Community"},
		{report.Metadata{AnalysisType: "-"}, "Market Research"},
		{report.Metadata{ReportType: " Brand  Study ", AnalysisType: "x"}, "Brand  Study"},
	} {
		if got := (report.Payload{Metadata: tt.metadata}).Subject().Type; got != tt.want {
			t.Errorf("%+v: got %q, want %q", tt.metadata, got, tt.want)
		}
	}
}

func TestTitlesKeepLettersAndFitNotion(t *testing.T) {
	t.Parallel()
	date := time.Date(2025, 6, 27, 23, 59, 0, 0, time.FixedZone("", -3600))
	if got, want := (report.Subject{Company: "L'Oréal", Type: "A/B"}).RowTitle(date), "L'Oréal A/B Report - 06/28/2025"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	long := report.Subject{Company: strings.Repeat("😀", 1001)}.HomepageTitle()
	if got, want := long, strings.Repeat("😀", 1000); got != want {
		t.Errorf("got a title of %d bytes, want %d", len(got), len(want))
	}
}

func ExampleParse() {
	_, err := report.Parse([]byte(`{"strategyReport":"# Plan","email":"nobody"}`))
	fmt.Println(err)
	// Output: invalid_payload: email: The e-mail address must be a valid address of at most 100 characters.
}

func ExampleSubject() {
	p := report.Payload{Email: "jane@salt-and-pepper.com"}
	fmt.Println(p.Subject().HomepageTitle())
	// Output: Salt & Pepper Market Research Analysis
}
