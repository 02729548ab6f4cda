package copywriter_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"notionrelay/shared/copywriter"
	"notionrelay/shared/httpclient"
	"notionrelay/shared/report"
)

// wire is the way to a provider that is not there.
type wire func(*http.Request) (*http.Response, error)

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) { return w(r) }

const baseURL = "https://ai.example/api/v1"

func overWire(w wire) *copywriter.Copywriter {
	return copywriter.New(copywriter.Options{APIKey: "key", BaseURL: baseURL, TitleModel: "openai/gpt-4o-mini", IntroModel: "intros", Transport: w})
}

// answered is an answer with headers, given as names and values in turn.
func answered(status int, body string, headers ...string) *http.Response {
	r := &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body))}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

const aTitle = `{"choices":[{"message":{"role":"assistant","content":"Home Cooking Market Analysis"},"finish_reason":"stop"}]}`

// TestEveryRequest pins what is sent, to the letter: another version of the
// library shows up here.
func TestEveryRequest(t *testing.T) {
	t.Parallel()
	title := func(c *copywriter.Copywriter) error {
		_, err := c.Title(t.Context(), report.Subject{Company: "Pots <&> Pans"}, nil)
		return err
	}
	try := func(c *copywriter.Copywriter) error { return c.Try(t.Context()) }
	const (
		asked = `"messages":[{"role":"system","content":"INSTRUCTIONS"},{"role":"user","content":"Company: Pots \u003c\u0026\u003e Pans\n"}]`
		tried = `"messages":[{"role":"user","content":"Say yes."}]`
	)
	for _, tt := range []struct {
		name, model string
		ask         func(*copywriter.Copywriter) error
		want        string
	}{
		{"title", "openai/gpt-4o-mini", title, `{"model":"openai/gpt-4o-mini",` + asked + `,"max_tokens":50,"temperature":0.3,"stream":false}`},
		{"try", "openai/gpt-4o-mini", try, `{"model":"openai/gpt-4o-mini",` + tried + `,"max_tokens":16,"stream":false}`},
		{"title of a model that reasons", "gpt-5-mini", title, `{"model":"gpt-5-mini",` + asked + `,"max_completion_tokens":50,"stream":false}`},
		{"try of a model that reasons", "o3", try, `{"model":"o3",` + tried + `,"max_completion_tokens":16,"stream":false}`},
		{"title of a model that reasons, elsewhere", "openai/gpt-5-mini", title, `{"model":"openai/gpt-5-mini",` + asked + `,"max_tokens":50,"temperature":0.3,"stream":false}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var body string
			var header http.Header
			c := copywriter.New(copywriter.Options{APIKey: "key", BaseURL: baseURL, TitleModel: tt.model, IntroModel: tt.model, Transport: wire(func(r *http.Request) (*http.Response, error) {
				body, header = sent(t, r), r.Header
				return answered(200, aTitle), nil
			})})
			if err := tt.ask(c); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(tt.want, instructions.ReplaceAllString(body, `"system","content":"INSTRUCTIONS"`)); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
			want := http.Header{"Accept": {"application/json"}, "Authorization": {"Bearer key"}, "Content-Type": {"application/json"}, "User-Agent": {httpclient.UserAgent}}
			if diff := cmp.Diff(want, header); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
		})
	}
}

var instructions = regexp.MustCompile(`"system","content":"You name market research([^"\\]|\\.)*"`)

// sent is the body of a request, which is one for a completion.
func sent(t *testing.T, r *http.Request) string {
	t.Helper()
	if r.Method != http.MethodPost || r.URL.String() != baseURL+"/chat/completions" {
		t.Errorf("got %s %s", r.Method, r.URL)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || r.ContentLength != int64(len(body)) {
		t.Errorf("body of %d bytes, said to have %d: %v", len(body), r.ContentLength, err)
	}
	return string(body)
}

// What the answer to a request says of the next one.
func TestRepeats(t *testing.T) {
	t.Parallel()
	type span struct{ least, most time.Duration }
	exactly := func(d time.Duration) span { return span{d, d} }
	const never = -1
	usual := span{375 * time.Millisecond, 500 * time.Millisecond}
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // in every bubble
	for name, tt := range map[string]struct {
		answer *http.Response // none is a lost connection
		want   span
	}{
		"nothing":                     {answered(503, ""), usual},
		"no connection":               {nil, usual},
		"timeout":                     {answered(408, ""), usual},
		"conflict":                    {answered(409, ""), usual},
		"too many":                    {answered(429, ""), usual},
		"seconds":                     {answered(503, "", "Retry-After", "3"), exactly(3 * time.Second)},
		"half a second":               {answered(503, "", "Retry-After", "0.5"), exactly(500 * time.Millisecond)},
		"milliseconds, which precede": {answered(503, "", "Retry-After", "3", "Retry-After-Ms", "700"), exactly(700 * time.Millisecond)},
		"a time":                      {answered(503, "", "Retry-After", now.Add(4*time.Second).Format(http.TimeFormat)), exactly(4 * time.Second)},
		"a time that is over":         {answered(503, "", "Retry-After", now.Add(-time.Hour).Format(http.TimeFormat)), exactly(0)},
		"nothing readable":            {answered(503, "", "Retry-After", "soon", "Retry-After-Ms", "NaN"), usual},
		"less than nothing":           {answered(503, "", "Retry-After", "-5"), usual},
		"the longest wait":            {answered(503, "", "Retry-After", "10"), exactly(10 * time.Second)},
		"a longer one":                {answered(503, "", "Retry-After", "10.1"), exactly(never)},
		"a time too far":              {answered(503, "", "Retry-After", now.Add(time.Minute).Format(http.TimeFormat)), exactly(never)},
		"for ever":                    {answered(503, "", "Retry-After", "1e999"), exactly(never)},
		"no":                          {answered(503, "", "X-Should-Retry", "false"), exactly(never)},
		"yes":                         {answered(400, "", "X-Should-Retry", "true"), usual},
		"a refusal":                   {answered(400, "", "Retry-After", "3"), exactly(never)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var at []time.Time
				var bodies []string
				_, err := overWire(func(r *http.Request) (*http.Response, error) {
					bodies = append(bodies, sent(t, r))
					switch at = append(at, time.Now()); {
					case len(at) > 1:
						return answered(200, aTitle), nil
					case tt.answer == nil:
						return nil, io.ErrUnexpectedEOF
					}
					return tt.answer, nil
				}).Title(t.Context(), subject, documents)
				switch {
				case tt.want.least == never:
					if err == nil || len(at) != 1 {
						t.Errorf("got %v after %d requests, want one", err, len(at))
					}
				case err != nil || len(at) != 2 || bodies[0] != bodies[1]:
					t.Errorf("got %v after %d requests %q, want two equal ones", err, len(at), bodies)
				case at[1].Sub(at[0]) < tt.want.least || at[1].Sub(at[0]) > tt.want.most:
					t.Errorf("repeated after %s, want %+v", at[1].Sub(at[0]), tt.want)
				}
			})
		})
	}
}

// Each further wait is twice as long.
func TestTheThirdRequestIsTheLast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		_, err := overWire(func(*http.Request) (*http.Response, error) {
			at = append(at, time.Now())
			return answered(500, ""), nil
		}).Title(t.Context(), subject, documents)
		if !errors.Is(err, copywriter.ErrUnavailable) || len(at) != 3 {
			t.Fatalf("got %v after %d requests", err, len(at))
		}
		if wait := at[2].Sub(at[1]); wait < 750*time.Millisecond || wait > time.Second {
			t.Errorf("waited %s for the third", wait)
		}
	})
}

// A question of whether the provider is there is answered at once.
func TestATryIsNotRepeated(t *testing.T) {
	t.Parallel()
	requests := 0
	err := overWire(func(*http.Request) (*http.Response, error) { requests++; return answered(503, ""), nil }).Try(t.Context())
	refusal, ok := errors.AsType[*copywriter.RefusalError](err)
	if !ok || refusal.Status != 503 || refusal.Model != "openai/gpt-4o-mini" || requests != 1 {
		t.Errorf("got %v after %d requests", err, requests)
	}
}

// What a provider sends without end costs no more than an answer may have.
func TestAnEndlessAnswerIsNotReadToItsEnd(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 400, 500} {
		for _, begin := range []string{"", `{"choices":[{"message":{"content":"`, `{"error":{"message":"`} {
			t.Run(fmt.Sprint(status, begin), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var bodies []*endless
					_, err := overWire(func(*http.Request) (*http.Response, error) {
						body := &endless{t: t, begin: begin}
						bodies = append(bodies, body)
						r := answered(status, "")
						r.Body = body
						return r, nil
					}).Title(t.Context(), subject, documents)
					if want := map[bool]error{true: copywriter.ErrUnavailable, false: copywriter.ErrUnusable}[status == 500]; !errors.Is(err, want) {
						t.Errorf("got %v, want %v", err, want)
					}
					for _, body := range bodies {
						if body.read > 2<<20 || !body.closed {
							t.Errorf("%d bytes of an answer were read; closed: %v", body.read, body.closed)
						}
					}
				})
			})
		}
	}
}

// endless is a body of which there is always more.
type endless struct {
	t      *testing.T
	begin  string
	read   int
	closed bool
}

func (e *endless) Read(p []byte) (int, error) {
	if e.read += len(p); e.read > 100<<20 {
		e.t.Fatal("there is no end to the reading")
	}
	n := copy(p, e.begin)
	e.begin = e.begin[n:]
	for i := range p[n:] {
		p[n+i] = ' '
	}
	return len(p), nil
}

func (e *endless) Close() error {
	e.closed = true
	return nil
}

// An answer that breaks off is there and cannot be used.
func TestABrokenAnswerIsAskedForOnceMore(t *testing.T) {
	t.Parallel()
	requests := 0
	got, err := overWire(func(*http.Request) (*http.Response, error) {
		if requests++; requests > 1 {
			return answered(200, aTitle), nil
		}
		r := answered(200, "")
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader(aTitle[:20]), iotest.ErrReader(io.ErrUnexpectedEOF)))
		return r, nil
	}).Title(t.Context(), subject, documents)
	if got != "Home Cooking Market Analysis" || err != nil || requests != 2 {
		t.Errorf("got %q, %v after %d requests", got, err, requests)
	}
}

// Providers repeat in their errors what they were sent.
func TestErrorsQuoteNothing(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 400, 500} {
		for _, body := range []string{`{"error":{"message":"PLANTED","code":"PLANTED","type":"PLANTED"}}`, `"PLANTED"`, `{"choices":"PLANTED"}`, "PLANTED"} {
			t.Run(fmt.Sprint(status, body), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					c := overWire(func(*http.Request) (*http.Response, error) { return answered(status, body), nil })
					if _, err := c.Title(t.Context(), subject, documents); err == nil || strings.Contains(err.Error(), "PLANTED") {
						t.Errorf("title: got %v", err)
					}
					if err := c.Try(t.Context()); err != nil && strings.Contains(err.Error(), "PLANTED") {
						t.Errorf("try: got %v", err)
					}
				})
			})
		}
	}
}

// A redirection does not take the reports and the key somewhere else.
func TestRedirects(t *testing.T) {
	t.Parallel()
	const first = "ai.example/api/v1/chat/completions"
	for name, tt := range map[string]struct {
		to   string
		want []string
		err  error
	}{
		"on the same host":   {"/v2", []string{first, "ai.example/v2"}, nil},
		"to another host":    {"https://evil.example/v1", []string{first}, copywriter.ErrUnavailable},
		"to a host below it": {"https://evil.ai.example/v1", []string{first}, copywriter.ErrUnavailable},
		"to no encryption":   {"http://ai.example/api/v1/chat/completions", []string{first}, copywriter.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			_, err := overWire(func(r *http.Request) (*http.Response, error) {
				got = append(got, r.URL.Host+r.URL.Path)
				if len(got) == 1 {
					return answered(307, "", "Location", tt.to), nil
				}
				return answered(200, aTitle), nil
			}).Title(t.Context(), subject, documents)
			if !errors.Is(err, tt.err) {
				t.Errorf("got %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}
